import json
from pathlib import Path

import pytest

from secops.cli.main import main


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SECOPS_WORKSPACE", "SECOPS_LANG", "SECOPS_QUIET", "SECOPS_VERBOSE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)


def test_init_makes_a_workspace_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new workspace is made and named on stderr; a second init there is refused and changes nothing."""
    assert main(["init", "work", "--site", "gz"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "work" in err
    text = (tmp_path / "work" / "secops.toml").read_text(encoding="utf-8")
    assert main(["init", "work"]) == 2
    assert "E1102" in capsys.readouterr().err
    assert (tmp_path / "work" / "secops.toml").read_text(encoding="utf-8") == text


def test_config_tells_where_a_setting_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`config show --origin` names file, variable or default for each setting."""
    main(["init", "work", "--site", "gz"])
    monkeypatch.setenv("SECOPS_OBSERVER", "probe-1")
    capsys.readouterr()
    assert main(["-w", "work", "config", "show", "--origin", "-f", "jsonl"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (rows["site"]["value"], rows["site"]["origin"]) == ("gz", str(tmp_path / "work" / "secops.toml"))
    assert rows["observer"]["origin"] == "SECOPS_OBSERVER"
    assert rows["store.url"]["origin"] == "default"


def test_explain_knows_every_code_and_guesses_a_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A code is explained, an unknown one answered with near ones, and the tables are whole."""
    assert main(["explain", "e1101", "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["code"] == "E1101"
    assert main(["explain", "E110l"]) == 2
    assert "E1101" in capsys.readouterr().err
    assert main(["explain", "codes", "-f", "jsonl"]) == 0
    assert all(json.loads(line)["meaning"] for line in capsys.readouterr().out.splitlines())


def test_schema_lists_and_describes_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name the names come, with one its schema, to a file where asked; an unknown one is refused."""
    assert main(["schema"]) == 0
    assert "finding" in capsys.readouterr().out.split()
    assert main(["schema", "finding", "-o", "finding.json"]) == 0
    assert json.loads((tmp_path / "finding.json").read_text(encoding="utf-8"))["title"] == "finding"
    assert main(["schema", "findng"]) == 2
    assert "finding" in capsys.readouterr().err


def test_the_database_is_checked_and_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sound database passes, its copy is a database too and is never written over."""
    main(["init", "work"])
    assert main(["-w", "work", "db", "check"]) == 0
    assert main(["-w", "work", "db", "backup", "copy.db"]) == 0
    assert (tmp_path / "copy.db").read_bytes().startswith(b"SQLite format 3")
    capsys.readouterr()
    assert main(["-w", "work", "db", "backup", "copy.db"]) == 2
    assert "E5302" in capsys.readouterr().err
    assert main(["-w", "work", "db", "restore", "copy.db", "--yes"]) == 0
    assert "before-restore-" in capsys.readouterr().err
    assert main(["-w", "work", "db", "upgrade"]) == 0
    assert "已是最新版本" in capsys.readouterr().err


def test_a_password_in_the_address_is_refused_and_shown_nowhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the error nor the list of settings says it; the error says where it belongs."""
    main(["init", "work"])
    monkeypatch.setenv("SECOPS_STORE_URL", "postgresql://u:geheim@h/d")
    assert main(["-w", "work", "db", "check"]) == 2
    told = capsys.readouterr()
    assert "E5112" in told.err
    assert "store.password_file" in told.err
    assert main(["-w", "work", "config", "show"]) == 0
    shown = capsys.readouterr()
    assert "postgresql://u@h/d" in shown.out
    assert "geheim" not in told.err + told.out + shown.err + shown.out


@pytest.mark.sqlite
def test_a_damaged_database_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no database is an error with its place, not a traceback."""
    main(["init", "work"])
    (tmp_path / "work" / "secops.db").write_bytes(b"not a database at all" * 500)
    capsys.readouterr()
    assert main(["-w", "work", "db", "check"]) == 1
    told = capsys.readouterr().err
    assert "E5104" in told
    assert "secops.db" in told


def test_doctor_looks_at_machine_and_workspace(capsys: pytest.CaptureFixture[str]) -> None:
    """Every check has a name and a state, outside a workspace too, and a loose key is bad."""
    main(["doctor", "-f", "jsonl"])
    before = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {each["state"] for each in before} <= {"ok", "warning", "bad"}
    assert "Python" in {each["name"] for each in before}
    main(["init", "work"])
    key = Path("work/keys/loose.key")
    key.write_text("x")
    key.chmod(0o644)
    capsys.readouterr()
    assert main(["-w", "work", "doctor", "-f", "jsonl"]) == 1
    bad = [each for each in map(json.loads, capsys.readouterr().out.splitlines()) if each["state"] == "bad"]
    assert any("loose.key" in each["found"] for each in bad)
    assert all(each["hint"] for each in bad)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_writes_a_script_that_asks_back(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The script for each shell asks the program itself, so that it knows the verbs of the version installed."""
    assert main(["completion", shell]) == 0
    assert f"__complete {shell}" in capsys.readouterr().out


def test_demo_keeps_away_from_a_folder_that_is_not_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with other things in it is refused and left as it is."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert main(["demo", "mine"]) == 2
    assert "E1104" in capsys.readouterr().err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_doctor_tells_the_optional_parts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by what it gives; one that lacks with how to have it."""
    from secops.hall.flows import doctor

    monkeypatch.setattr(
        doctor, "EXTRAS", (("mirror", ("json",), "镜像", "mirror"), ("x", ("no_such",), "其他", "other"))
    )
    main(["doctor", "-f", "jsonl"])
    told = [each for each in map(json.loads, capsys.readouterr().out.splitlines()) if each["name"].startswith("可选")]
    assert [(each["state"], "yuedun-secops[x]" in each["hint"]) for each in told] == [("ok", False), ("warning", True)]
