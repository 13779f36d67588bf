"""How a history reads."""

from secops.cli.inventory_time import _titled
from secops.cli.show import Format

ROW = {"field": "state", "kind": "service", "old": "active", "new": "gone", "reason": "coverage", "source": "coverage"}


def test_the_end_of_a_run_is_told_as_a_source_and_as_a_reason() -> None:
    """As a source it is the end of a task, as a reason what that showed."""
    (row,) = _titled([ROW], Format.TABLE)
    assert row["source"] == "扫描任务结束"
    assert row["reason"] == "扫描范围内未见"


def test_a_decision_is_a_source_by_its_id() -> None:
    """The word in Chinese, the id as it is."""
    (row,) = _titled([ROW | {"source": "decision dec-abc"}], Format.TABLE)
    assert row["source"] == "决定 dec-abc"


def test_records_have_it_as_it_is_kept() -> None:
    """Only tables are translated."""
    assert list(_titled([ROW], Format.JSONL)) == [ROW]
