import pytest

from secops.cli import words
from secops.core.finding import Severity, Step
from secops.core.model import Kind, State


def test_every_value_people_meet_in_tables_has_a_chinese_word() -> None:
    """Kinds, states, severities and steps are never shown to a Chinese reader as program words."""
    for key, values in (("kind", Kind), ("state", State), ("severity", Severity), ("step", Step)):
        assert all(words.value(key, each) != each for each in values)


def test_english_readers_get_the_plain_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """In English the values and counts read as the machine records do, without underscores."""
    monkeypatch.setenv("SECOPS_LANG", "en")
    assert words.value("severity", "high") == "high"
    assert words.count("cases_opened") == "cases opened"


def test_open_means_findings_when_grading_and_ports_when_discovering() -> None:
    """The same key is told by the kind of its run."""
    assert words.count("open", "grade") == "现有问题"
    assert words.count("open", "discover") == "开放"
    assert words.state("crashed") == "异常中止"


def test_times_are_short_in_tables() -> None:
    """A table shows day, hour, minute and second; what only looks like a time stays as it is."""
    assert words.value("last_seen", "2026-11-28T17:57:24.813+08:00") == "2026-11-28 17:57:24"
    assert words.value("name", "2026-11-28T17:57:24 又及") == "2026-11-28T17:57:24 又及"
