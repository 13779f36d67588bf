"""`secops scope` and `secops audit` at the door: exit codes, data on stdout, help."""

import json
from pathlib import Path

import pytest

from secops.cli.main import main
from secops.hall.workspace import Workspace


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Workspace(tmp_path).make()
    (tmp_path / "secops.toml").write_text("")
    (tmp_path / "pass").write_text("correct horse\n")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("SECOPS_WORKSPACE", str(tmp_path))
    monkeypatch.delenv("SECOPS_LANG", raising=False)
    return tmp_path


def test_path(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """new, keygen, sign, verify, test, revoke: 0 where it may, 3 where it may not, JSON on stdout only."""
    file, secret = str(room / "scopes" / "a.yaml"), str(room / "pass")
    fields = ["--title", "甲", "--basis", "法", "--document", "号", "--issuer", "局", "--operator", "张三"]
    assert main(["scope", "new", file, "--include", "198.18.0.0/24", *fields]) == 0
    assert main(["scope", "verify", "a"]) == 3
    assert main(["scope", "keygen", "chief", "--passphrase-file", secret]) == 0
    assert main(["scope", "sign", "a", "--key", "chief", "--passphrase-file", secret]) == 0
    capsys.readouterr()
    assert main(["scope", "verify", "a", "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "usable"
    assert main(["scope", "test", "198.18.0.1:80"]) == 0
    assert main(["scope", "test", "198.18.0.1:80", "198.19.0.1:80"]) == 3
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["allowed"] for each in rows] == [True, True, False]
    assert main(["scope", "show", "-f", "jsonl"]) == 0
    assert main(["scope", "show", "a", "-f", "table"]) == 0
    assert main(["scope", "revoke", "a", "--reason", "over"]) == 0
    assert main(["scope", "verify", "a"]) == 3
    capsys.readouterr()
    assert main(["audit", "verify"]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 3
    assert main(["audit", "export", "--event", "scope."]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["audit", "export", "--since", "soon"]) == 2
    log = room / "audit.jsonl"
    log.write_bytes(log.read_bytes()[:-40])
    assert main(["audit", "verify"]) == 1


def test_empty_form(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A form that is not filled in is not signed: exit 2, every missing field named with its line."""
    file = str(room / "scopes" / "b.yaml")
    assert main(["scope", "new", file]) == 0
    assert main(["scope", "keygen", "chief", "--passphrase-file", str(room / "pass")]) == 0
    capsys.readouterr()
    assert main(["scope", "sign", "b", "--key", "chief", "--passphrase-file", str(room / "pass")]) == 2
    assert capsys.readouterr().err.count("error[E1218]") == 6


VERBS = ("new", "keygen", "sign", "verify", "show", "test", "revoke")
ALL = [["scope"], *(["scope", verb] for verb in VERBS), ["audit", "verify"], ["audit", "export"]]


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help begins with two examples and fits on 25 lines."""
    main([*words, "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 25
    assert sum("例：" in line for line in lines[:8]) == 2
