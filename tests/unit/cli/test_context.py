import io
import json
import signal

import pytest

from secops.cli.context import Stop, exit_code, follow
from secops.cli.show import Format
from secops.core.events import Note, Progress, Row, Started, Summary


def test_a_stream_begins_with_meta_and_ends_with_summary(capsys: pytest.CaptureFixture[str]) -> None:
    """In jsonl the first record is versioned meta, the last the summary, and the talk is on stderr only."""
    out = io.StringIO()
    events = [
        Started("r1", "discover"),
        Row("observation", {"port": 1}),
        Progress("x", 1, 2),
        Note("看\x1b[2J"),
        Summary("r1", "discover", complete=True),
    ]
    last = follow(events, format=Format.JSONL, stream=out)
    records = [json.loads(each) for each in out.getvalue().splitlines()]
    assert [each["type"] for each in records] == ["meta", "observation", "summary"]
    assert records[0]["schema"].startswith("secops/")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "\\x1b" in captured.err
    assert "\x1b[2J" not in captured.err
    assert last is events[-1]


def test_quiet_silences_the_talk_and_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With -q stderr is empty and stdout holds the same records."""
    monkeypatch.setenv("SECOPS_QUIET", "1")
    out = io.StringIO()
    follow([Started("r", "x"), Note("n"), Summary("r", "x", complete=True)], format=Format.JSONL, stream=out)
    assert len(out.getvalue().splitlines()) == 2
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("state", "complete", "code"),
    [
        ("done", True, 0),
        ("incomplete", False, 5),
        ("interrupted", False, 130),
        ("stopped", False, 143),
        ("refused", False, 3),
    ],
)
def test_exit_code_tells_how_the_run_ended(state: str, complete: bool, code: int) -> None:
    """Each end of a run has its own exit code."""
    assert exit_code(Summary("r", "x", complete=complete, state=state)) == code


def test_second_interrupt_stops_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The first Ctrl-C asks to drain, the second raises."""
    stop = Stop()
    stop.hear(signal.SIGINT, None)
    assert stop()
    with pytest.raises(KeyboardInterrupt):
        stop.hear(signal.SIGINT, None)
    assert not stop.terminated
    assert "Ctrl-C" in capsys.readouterr().err
