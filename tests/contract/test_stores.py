"""The same work on either store: imported, merged, graded, asked, reported, rebuilt, moved across, all of it equal."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from secops.cli.main import main
from secops.core.clock import Instant, SystemClock

pytestmark = pytest.mark.contract

SAMPLES = Path(__file__).parents[1] / "golden" / "intake" / "samples"
FILES = ("nmap.xml", "httpx.jsonl", "zgrab2.jsonl", "suricata.jsonl", "zeek-dhcp.log")
QUESTIONS = (
    ("inventory", "list", "-f", "csv"),
    ("inventory", "list", "kind:service", "-f", "csv"),
    ("inventory", "list", "kind:service -port:22", "-f", "jsonl"),
    ("inventory", "list", "text:nginx", "-f", "jsonl"),
    ("inventory", "count", "port>=80 seen>2000-01-01"),
    ("inventory", "facets", "services.ports", "-f", "jsonl"),
    ("inventory", "facets", "service", "kind:service", "-f", "jsonl"),
    ("inventory", "graph"),
    ("inventory", "organisations", "-f", "jsonl"),
)
"""What is told of days and of times of the files themselves: nothing of when this test ran."""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SECOPS_WORKSPACE", "SECOPS_LANG", "SECOPS_QUIET", "SECOPS_VERBOSE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setattr(SystemClock, "now", lambda _: Instant(1_795_800_000_000))
    monkeypatch.chdir(tmp_path)


def _digest(capsys: pytest.CaptureFixture[str], work: str) -> str:
    capsys.readouterr()
    assert main(["-w", work, "inventory", "rebuild", "-f", "jsonl"]) == 0
    (summary,) = [each for each in map(json.loads, capsys.readouterr().out.splitlines()) if each["type"] == "summary"]
    assert summary["counts"]["same_digest"] == 1
    return str(summary["warnings"])


def _asked(capsys: pytest.CaptureFixture[str], work: str) -> dict[tuple[str, ...], str]:
    found = {}
    for each in QUESTIONS:
        capsys.readouterr()
        assert main(["-w", work, *each]) == 0, each
        found[each] = capsys.readouterr().out
    return found


def _worked(capsys: pytest.CaptureFixture[str], work: str) -> dict[str, Any]:
    """A workspace from nothing to its reports, and all it says."""
    if not Path(work).is_dir():
        assert main(["init", work]) == 0
    for name in FILES:
        assert main(["-w", work, "discover", "import", str(SAMPLES / name)]) == 0
    capsys.readouterr()
    assert main(["-w", work, "grade", "run", "-f", "jsonl"]) == 0
    graded = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    rules = [{k: v for k, v in each.items() if k != "run"} for each in graded if each["type"] == "rule"]
    assert main(["-w", work, "report", "make", "assets", "-o", f"{work}.csv"]) in {0, 5}
    assert main(["-w", work, "db", "check"]) == 0
    return {"rules": rules, "digest": _digest(capsys, work), "asked": _asked(capsys, work)}


def test_either_store_gives_the_same_answers(
    postgres: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the same files the same inventory, findings, reports and digest; and so after moving to the other store."""
    here = _worked(capsys, "embedded")
    assert sum(each["opened"] for each in here["rules"]) > 0
    assert [each for each, answer in here["asked"].items() if not answer.strip()] == []
    with postgres.database() as url, postgres.database() as second:
        monkeypatch.setenv("SECOPS_STORE_URL", url)
        there = _worked(capsys, "server")
        assert there == here
        assert main(["-w", "server", "db", "backup", "server.db"]) == 0
        monkeypatch.delenv("SECOPS_STORE_URL")
        assert main(["-w", "embedded", "db", "backup", "embedded.db"]) == 0
        shutil.copytree("embedded", "third")
        assert main(["-w", "third", "db", "restore", "server.db", "--yes"]) == 0
        assert main(["-w", "third", "db", "check"]) == 0
        assert _asked(capsys, "third") == here["asked"]
        assert _digest(capsys, "third") == here["digest"]
        monkeypatch.setenv("SECOPS_STORE_URL", second)
        assert main(["-w", "server", "db", "restore", "embedded.db", "--yes"]) == 0
        assert main(["-w", "server", "db", "check"]) == 0
        assert _asked(capsys, "server") == here["asked"]
        assert _digest(capsys, "server") == here["digest"]
