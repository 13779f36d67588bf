from pathlib import Path

from secops.cli.demo import story
from secops.hall.flows.demo import Outcome


def test_the_story_tells_counts_top_findings_and_next_commands(tmp_path: Path) -> None:
    """The closing summary names counts, gravest findings, what was left alone, files and three commands."""
    told = Outcome(tmp_path, seconds=12.3, assets={"ip": 3, "website": 2}, severities={"high": 4}, cases=2)
    told.top = [("high", "登录页面未加密", 4, "http://x\x1b[31m")]
    told.untouched = [("打印机端口", "127.0.0.1:9100", 0)]
    told.alerts, told.transitions = {"alerts.jsonl": 4, "http://127.0.0.1:9200": 3}, 4
    told.files = [("资产台账", tmp_path / "a.xlsx")]
    told.example, told.drill_run, told.verdict = "fnd-abcdefghijkl", "RUN", "具备开赛条件"
    text = "\n".join(story(told, Path("demo")))
    for words in (
        "用时 12 秒",
        "IP 地址 3",
        "高危 4",
        "登录页面未加密：4 处",
        "打印机端口: 0",
        "a.xlsx",
        "fnd-abcdefgh",
    ):
        assert words in text
    assert text.count("secops -w demo ") == 3
    assert "\x1b" not in text
    assert told.clean


def test_a_touched_printer_is_not_clean(tmp_path: Path) -> None:
    """One connection where none may be, and the demo says so."""
    told = Outcome(tmp_path, untouched=[("打印机端口", "127.0.0.1:9100", 1)])
    assert not told.clean
    assert "被触碰" in "\n".join(story(told, Path("demo")))
