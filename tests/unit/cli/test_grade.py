"""`secops rules` and `secops grade` from the door."""

import json
from pathlib import Path

import pytest

from secops.cli.main import main
from secops.core.clock import SystemClock
from secops.core.model import Entity, Kind
from secops.hall.app import App
from secops.hall.workspace import Workspace
from secops.store import entities


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("SECOPS_WORKSPACE", "SECOPS_QUIET", "SECOPS_VERBOSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECOPS_WORKSPACE", str(tmp_path))
    made = Workspace(tmp_path)
    made.config.write_text("", "utf-8")
    made.make()
    now = SystemClock().now()
    service = Entity(
        Kind.SERVICE, "default", "198.18.0.1:21/tcp", now, now, changed_seq=1,
        facts={"address": "198.18.0.1", "port": 21, "transport": "tcp", "service.name": "ftp"},
    )  # fmt: skip
    with App(made) as app, app.database.write() as connection:
        entities.put(connection, {service.id: service})
    return made


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(each) for each in text.splitlines()]


def test_grading_from_run_to_explanation(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """run, list, show, explain: stdout is records, the last of the run its summary."""
    assert main(["grade", "run"]) == 0
    records = lines(capsys.readouterr().out)
    assert records[0]["type"] == "meta"
    assert records[-1]["type"] == "summary"
    assert main(["grade", "list", "-f", "jsonl"]) == 0
    (row,) = lines(capsys.readouterr().out)
    assert row["rule"] == "ftp-exposed"
    assert main(["grade", "show", str(row["id"]), "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["remedy"]
    assert main(["grade", "explain", str(row["id"]), "-f", "table"]) == 0
    told = capsys.readouterr().out
    assert "service.name" in told
    assert "21" in told


def test_a_threshold_is_asked_for(workspace: Workspace) -> None:
    """Findings alone are no failure; --fail-on makes them exit 6 from that severity on."""
    assert main(["grade", "run", "--fail-on", "high"]) == 0
    assert main(["grade", "run", "--fail-on", "medium"]) == 6
    assert main(["grade", "run", "--fail-on", "middling"]) == 2


def test_rules_at_the_door(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """list, show, test, lint and try; a broken file makes lint exit 2 with its place."""
    assert main(["rules", "list", "-f", "jsonl"]) == 0
    assert len(lines(capsys.readouterr().out)) >= 20
    assert main(["rules", "show", "ftp-exposed", "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["means"]
    assert main(["rules", "test"]) == 0
    assert main(["rules", "lint"]) == 0
    capsys.readouterr()
    assert main(["rules", "try", "ftp-exposed", "-f", "jsonl"]) == 0
    assert lines(capsys.readouterr().out)[0]["key"] == "198.18.0.1:21/tcp"
    broken = workspace.root / "rules" / "mine.yaml"
    broken.write_text("id: mine\ntitel: x\n", "utf-8")
    assert main(["rules", "lint", str(broken), "-f", "jsonl"]) == 2
    assert lines(capsys.readouterr().out)[0]["where"] == f"{broken}:2:1"
    assert main(["rules", "show", "no-such-rule"]) == 2
