"""`secops inventory review | merge | split` at the terminal."""

import json
from pathlib import Path
from typing import Any

import pytest

from secops.cli.main import main
from secops.core.clock import Instant
from secops.core.model import Observation, Status, Target
from secops.hall.app import App
from secops.hall.workspace import Workspace
from secops.store import observations

_A, _B = ("SHA256:" + letter * 43 for letter in "AB")
_NOW = 1_750_000_000_000


def _see(app: App, run: str, at: int, place: int, port: int, **facts: object) -> None:
    told = {name.replace("__", "."): value for name, value in facts.items()}
    collector = "ssh@1" if port == 22 else "netbios@1"
    target = Target(f"198.18.0.{place}", port)
    seen = Observation("gd", "o", run, collector, target, Instant(_NOW + at), Status.SUCCESS, told)
    with app.database.write() as connection:
        observations.append(connection, [seen])


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    for name, value in (("SECOPS_QUIET", "0"), ("SECOPS_VERBOSE", "0"), ("SECOPS_LANG", "zh")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SECOPS_WORKSPACE", str(tmp_path))
    (tmp_path / "secops.toml").write_text('site = "gd"\n', encoding="utf-8")
    Workspace(tmp_path).make()
    with App(Workspace(tmp_path)) as app:
        _see(app, "r1", 0, 1, 22, ssh__host_key=(_A,))
        _see(app, "r1", 1, 1, 137, host__names=("web01",))
        main(["inventory", "rebuild"])
        _see(app, "r2", 90_000_000, 1, 22, ssh__host_key=(_B,))
        _see(app, "r2", 90_000_001, 1, 137, host__names=("web01",))
        main(["inventory", "rebuild"])
    capsys.readouterr()
    return tmp_path


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["inventory", *words, "-f", "json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("workspace")
def test_eyes_read_no_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds, weights, reasons and states are in words where people read them."""
    (doubt,) = _json(capsys, "review", "list")
    host = _json(capsys, "review", "show", doubt["id"])["machines"][0]["id"]
    assert main(["inventory", "show", host, "-f", "table"]) == 0
    shown = capsys.readouterr().out
    assert "是否同一台  名称或证书相同" in shown
    assert "  强  SSH 主机密钥" in shown
    assert main(["inventory", "review", "reject", doubt["id"], "--reason", "两台"]) == 0
    assert main(["inventory", "review", "list", "--state", "all", "-f", "table"]) == 0
    assert capsys.readouterr().out.count("已否决") == 1


@pytest.mark.usefixtures("workspace")
def test_a_doubt_is_listed_shown_and_accepted_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A replaced key under the old name waits; accepted, the older host stays with both keys known."""
    (doubt,) = _json(capsys, "review", "list")
    assert doubt["kind"] == "same"
    shown = _json(capsys, "review", "show", doubt["id"][:12])
    assert len(shown["machines"]) == 2
    assert main(["inventory", "review", "accept", doubt["id"]]) == 2
    assert "E1336" in capsys.readouterr().err
    assert main(["inventory", "review", "accept", doubt["id"], "--reason", "已核实重装"]) == 0
    assert main(["inventory", "review", "accept", doubt["id"], "--reason", "x"]) == 2
    assert "E1332" in capsys.readouterr().err
    (host,) = _json(capsys, "list", "kind:host state:active")
    told = _json(capsys, "show", host["id"])
    assert {each["mark"] for each in told["identifiers"]} >= {f"ssh:{_A}", f"ssh:{_B}"}
    assert [each["why"].partition(" ")[0] for each in told["merges"]] == ["已核实重装"]
    history = _json(capsys, "history", host["id"])
    assert "merged" in {each["field"] for each in history}
    assert main(["inventory", "split", host["id"], "--reason", "误并"]) == 0
    assert [each["id"] for each in _json(capsys, "review", "list", "--state", "rejected")] == [doubt["id"]]


@pytest.mark.usefixtures("workspace")
def test_a_rejected_doubt_stays_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    """It is not asked again."""
    (doubt,) = _json(capsys, "review", "list")
    assert main(["inventory", "review", "reject", doubt["id"], "--reason", "换了新机"]) == 0
    assert _json(capsys, "review", "list") == []
    assert [each["state"] for each in _json(capsys, "review", "list", "--state", "all")] == ["rejected"]


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["review", "show", "review-none"], "E1331"),
        (["review", "list", "--kind", "smae"], "E1335"),
        (["merge", "198.18.0.1", "198.18.0.1", "--reason", "x"], "E1333"),
        (["split", f"ssh:{_A}", "--reason", "x"], "E1334"),
        (["split", f"ssh:{_A}", "--mark", "mac:", "--reason", "x"], "E1334"),
    ],
)
def test_wrong_words_say_what_is_wrong(words: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its code and a hint."""
    assert main(["inventory", *words]) == 2
    assert code in capsys.readouterr().err


@pytest.mark.usefixtures("workspace")
def test_a_shared_mark_names_who_bears_it(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses, hosts, when it showed last there; of many the first, and how many more there are."""
    with App(Workspace(workspace)) as app:
        for place in range(10, 16):
            _see(app, "r3", 180_000_000 + place, place, 22, ssh__host_key=("SHA256:" + "C" * 43,))
            _see(app, "r3", 180_000_000 + place, place, 137, host__names=(f"web{place}",))
        main(["inventory", "rebuild"])
        _see(app, "r4", 270_000_000, 15, 22, ssh__host_key=("SHA256:" + "D" * 43,))
        main(["inventory", "rebuild"])
    capsys.readouterr()
    (doubt,) = (each for each in _json(capsys, "review", "list") if each["kind"] == "shared")
    shown = _json(capsys, "review", "show", doubt["id"])
    assert shown["bearers_count"] == 5
    told = {each["address"]: each for each in shown["bearers"]}
    assert sorted(told) == [f"198.18.0.{place}" for place in range(10, 15)]
    assert all(each["now"] for each in told.values())
    assert told["198.18.0.12"]["key"].startswith("pair:198.18.0.12|")
    assert told["198.18.0.12"]["last_seen"].startswith("2025-06-18")
    monkeypatch.setattr("secops.hall.flows.bearers.MOST", 4)
    assert main(["inventory", "review", "show", doubt["id"], "-f", "table"]) == 0
    out, err = capsys.readouterr()
    assert out.count("仍带有") == 4
    assert "另有 1 处没有列出" in err
