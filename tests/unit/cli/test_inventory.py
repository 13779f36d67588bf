"""`secops inventory` at the terminal: data on stdout, talk on stderr, codes that scripts can read."""

import json
from pathlib import Path

import pytest

from secops.cli.main import main

_YAML = """organisations:
  - {id: A, name: "=甲局"}
systems:
  - {code: S, name: 系统, organisation: A, level: 3}
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (("SECOPS_QUIET", "0"), ("SECOPS_VERBOSE", "0"), ("SECOPS_LANG", "zh")):
        monkeypatch.setenv(name, value)  # restored afterwards, whatever an option sets
    monkeypatch.setenv("SECOPS_WORKSPACE", str(tmp_path))
    (tmp_path / "secops.toml").write_text('site = "gd"\n', encoding="utf-8")
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "a.yaml").write_text(_YAML, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("workspace")
def test_lists_hold_nothing_but_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON line an asset on stdout; the hint for more on stderr."""
    assert main(["inventory", "declare"]) == 0
    capsys.readouterr()
    assert main(["inventory", "list", "kind:system", "--limit", "1"]) == 0
    told = capsys.readouterr()
    (row,) = [json.loads(each) for each in told.out.splitlines()]
    assert (row["key"], row["org.name"], row["system.level"]) == ("S", "=甲局", 3)
    assert "--after" in told.err


def test_csv_for_spreadsheets_runs_no_formula(workspace: Path) -> None:
    """The file begins with a byte order mark and quotes what looks like a formula."""
    assert main(["inventory", "declare", "-q"]) == 0
    out = workspace / "a.csv"
    assert main(["inventory", "list", "-o", str(out)]) == 0
    data = out.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert "'=甲局" in data.decode("utf-8-sig")


@pytest.mark.parametrize("more", [[], ["--at", "now"]])
def test_a_list_shows_the_columns_asked_for(
    workspace: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    """In that order and no others, in every format, of today and of a moment."""
    assert main(["inventory", "declare", "-q"]) == 0
    capsys.readouterr()
    asked = ["inventory", "list", "kind:system", "--columns", "责任单位,key,system.level", *more]
    assert main([*asked, "-f", "jsonl"]) == 0
    assert main([*asked, "-f", "csv"]) == 0
    assert main([*asked, "-f", "table"]) == 0
    line, *rest = capsys.readouterr().out.splitlines()
    assert list(json.loads(line).items()) == [("org.name", "=甲局"), ("key", "S"), ("system.level", 3)]
    assert rest[:2] == ["org.name,key,system.level", "'=甲局,S,3"]
    assert rest[3].split() == ["=甲局", "S", "3"]


def test_an_export_has_the_columns_asked_for(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a list has them, in that order; a field that only services have is known, for they are exported too."""
    assert main(["inventory", "declare", "-q"]) == 0
    capsys.readouterr()
    for at in ([], ["--at", "now"]):
        assert main(["inventory", "export", "kind:system", "--columns", "责任单位,key", "-f", "jsonl", *at]) == 0
        assert json.loads(capsys.readouterr().out) == {"org.name": "=甲局", "key": "S"}
    out = workspace / "a.csv"
    assert main(["inventory", "export", "--columns", "key,service.banner,等保级别", "-o", str(out)]) == 0
    head, *rest = out.read_text(encoding="utf-8-sig").splitlines()
    assert head == "key,service.banner,system.level"
    assert "S,,3" in rest
    assert main(["inventory", "export", "--columns", "kee"]) == 2
    assert "E1513" in capsys.readouterr().err


def test_a_bad_row_exits_as_incomplete(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rest is declared, the place told, the code 5."""
    (workspace / "inventory" / "b.yaml").write_text("systems:\n  - {cod: T, name: n}\n", encoding="utf-8")
    assert main(["inventory", "declare", "-f", "jsonl"]) == 5
    told = capsys.readouterr()
    assert "b.yaml:2:6" in told.err
    summary = json.loads(told.out.splitlines()[-1])
    assert (summary["type"], summary["counts"]["declared"]) == ("summary", 2)


@pytest.mark.usefixtures("workspace")
def test_show_history_and_diff_find_by_key(capsys: pytest.CaptureFixture[str]) -> None:
    """A declared code is enough; every fact names the decision."""
    assert main(["inventory", "declare", "-q", "--who", "李四"]) == 0
    capsys.readouterr()
    assert main(["inventory", "show", "S", "-f", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["sources"]["name"]["who"] == "李四"
    assert main(["inventory", "history", "S", "-f", "json"]) == 0
    assert [each["field"] for each in json.loads(capsys.readouterr().out)][:2] == ["born", "name"]
    assert main(["inventory", "diff", "2020-01-01", "-f", "json"]) == 0
    assert [each["key"] for each in json.loads(capsys.readouterr().out)] == ["S", "A"]
    assert main(["inventory", "show", "S", "-f", "table"]) == 0
    assert "等保级别" in capsys.readouterr().out


@pytest.mark.usefixtures("workspace")
def test_what_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown ids, fields and times end with code 2 and a diagnosis on stderr."""
    assert main(["inventory", "show", "198.18.0.1"]) == 2
    assert main(["inventory", "list", "colour:red"]) == 2
    assert main(["inventory", "diff", "yesterday"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("error[E") == 3


@pytest.mark.usefixtures("workspace")
def test_rebuild_gives_the_same_digest(capsys: pytest.CaptureFixture[str]) -> None:
    """The summary carries the digest and the exit code is 0."""
    assert main(["inventory", "declare", "-q"]) == 0
    capsys.readouterr()
    assert main(["inventory", "rebuild", "-f", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["counts"]["same_digest"] == 1


@pytest.mark.usefixtures("workspace")
def test_an_export_is_one_line_an_entity(capsys: pytest.CaptureFixture[str]) -> None:
    """Whole records, also where a table would be the terminal's choice."""
    assert main(["inventory", "declare", "-q"]) == 0
    capsys.readouterr()
    assert main(["inventory", "export"]) == 0
    (row,) = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert row["origin"]["name"] == 2
