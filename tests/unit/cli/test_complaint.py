"""What the option parser complains of, in the words of every other error."""

import pytest

from secops.cli.main import main


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("inventory list --colums x", "没有选项 --colums ~是否想写 --columns？；secops inventory list -h"),
        ("inventory show", "没有写 ID~secops inventory show -h"),
        ("inventory list a b", "多出来的：b~含空格的查询整个放在引号里；secops inventory list -h"),
        ("inventory lsit", "没有命令 lsit~是否想写 list？；secops inventory -h"),
        ("inventory list --limit x", "--limit 的值不对：要写整数，不小于 0~secops inventory list -h"),
        ("inventory list -f xml", "--format/-f 的值不对：可写 table, json, jsonl, csv~secops inventory list -h"),
        ("inventory list --kind", "选项 --kind 后面要写它的值~"),
        ("inventory declare --plan=3", "选项 --plan 不带值~"),
    ],
)
def test_a_slip_of_the_command_line_is_told_in_the_language_in_force(
    line: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, what was meant, where the usage stands; code 2."""
    monkeypatch.setenv("SECOPS_LANG", "zh")
    assert main(line.split()) == 2
    told = capsys.readouterr().err
    what, _, hint = says.partition("~")
    assert f"error[E1004]: {what.strip()}" in told
    assert hint in told
    assert "Usage" not in told


def test_help_is_headed_in_chinese(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The parser's own words, of which it knows no Chinese."""
    monkeypatch.setenv("SECOPS_LANG", "zh")
    assert main(["inventory", "list", "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("用法：secops inventory list [选项] [query]")
    for word in ("Usage", "Options:", "Arguments:", "Show this", "[default"):
        assert word not in told
