import json
from pathlib import Path

from secops.cli.runlog import NAME, RunLog
from secops.core.events import Note, Progress, Row, Started, Summary


def test_the_log_holds_the_talk_and_no_rows(tmp_path: Path) -> None:
    """Start, notes, a little progress and the summary are kept with their times; rows are not."""
    log = RunLog(tmp_path)
    for event in (
        Note("before"),
        Started("r1", "discover"),
        Progress("x", 1, 9),
        Progress("x", 2, 9),
        Row("observation", {}),
        Note("n", warning=True),
        Summary("r1", "discover", complete=True),
    ):
        log.note(event)
    log.close()
    kept = [json.loads(each) for each in (tmp_path / "r1" / NAME).read_text().splitlines()]
    assert [each["type"] for each in kept] == ["started", "progress", "note", "summary"]
    assert all(each["at"] for each in kept)


def test_a_fault_leaves_its_traceback(tmp_path: Path) -> None:
    """What ended the run is kept whole, though the terminal shows a line."""
    log = RunLog(tmp_path)
    log.note(Started("r1", "grade"))
    try:
        raise ValueError("why")
    except ValueError as error:
        log.fault(error)
    log.close()
    assert "ValueError: why" in json.loads((tmp_path / "r1" / NAME).read_text().splitlines()[-1])["traceback"]


def test_no_log_is_no_fault(tmp_path: Path) -> None:
    """Outside a workspace, or where the folder cannot be made, the run goes on without a log."""
    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file"):
        log = RunLog(folder)
        log.note(Started("r1", "grade"))
        log.note(Note("n"))
        log.close()
