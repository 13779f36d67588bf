"""`alert push`: one at a time, a backlog is told, and what can be sent is sent."""

import json

import pytest

from secops.core.clock import Instant
from secops.core.errors import Locked, UsageError
from secops.core.events import Summary
from secops.core.finding import Finding, Severity, Step, Transition
from secops.core.letter import Route, Stream
from secops.core.model import Kind
from secops.hall.app import App
from secops.hall.config import load
from secops.hall.flows import alert
from secops.hall.workspace import Workspace
from secops.store import outbox

NOW = Instant(1_750_000_000_000)


@pytest.fixture
def app(tmp_path):
    workspace = Workspace(tmp_path)
    workspace.make()
    config = load(None, {"alert.sinks": "jsonl,elasticsearch", "elasticsearch.url": "http://127.0.0.1:9"})
    with App(workspace, config=config) as opened:
        found = Finding("r", "e", Kind.SERVICE, "s", Severity.HIGH, True, NOW, NOW, 1, "d")
        transition = Transition(found, Step.OPENED, NOW)
        body = {"event": {"id": transition.id}}
        both = [Route(name, frozenset({Stream.ALERTS})) for name in ("jsonl", "elasticsearch")]
        with opened.database.write() as connection:
            outbox.enqueue(connection, [transition], [body], [body], both)
        yield opened


def last(events):
    *_, summary = events
    assert isinstance(summary, Summary)
    return summary


def test_an_unreachable_sink_leaves_a_backlog_and_the_file_has_all(app):
    """With Elasticsearch away the file sink gets everything, and the summary is incomplete with the backlog's size."""
    summary = last(alert.push(app, wait=0))
    assert not summary.complete
    assert summary.state == "incomplete"
    assert (summary.counts["delivered"], summary.counts["backlog"]) == (1, 1)
    (line,) = app.workspace.alerts.read_text().splitlines()
    assert json.loads(line)["event"]["id"].endswith(":1")


def test_one_sink_alone_can_be_pushed(app):
    """Naming a sink pushes it alone, and nothing is left of it."""
    assert last(alert.push(app, only=("jsonl",))).complete


def test_two_pumps_never_run_at_once(app):
    """A second pump is told that another is running."""
    with app.workspace.lock("alert"), pytest.raises(Locked):
        list(alert.push(app))


def test_a_list_tells_where_each_letter_stands(app):
    """Each letter is a row with sink, state and a readable time; filters choose."""
    rows = list(alert.listed(app, alert.wanted(sinks=("jsonl",), severities=("high",))))
    assert [(each["sink"], each["state"], each["rule"]) for each in rows] == [("jsonl", "queued", "r")]
    assert rows[0]["at"].startswith("2025-06-15T")
    with pytest.raises(UsageError):
        alert.wanted(severities=("hgih",))
