"""What a word means as a moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock, parse
from secops.core.errors import UsageError
from secops.core.model import Observation, Status, Target
from secops.hall.app import App
from secops.hall.flows.moment import instant
from secops.hall.workspace import Workspace
from secops.store import observations, runs
from secops.store.runs import Run

_NOW = parse("2026-11-08T12:00:00+08:00")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(_NOW)) as opened:
        yield opened


def _run(app: App, id: str, kind: str) -> None:
    told = Run(id, kind, "default", "", {}, "", Instant(_NOW - 9000), Instant(_NOW - 9000), None, 1, {}, {})
    with app.database.write() as connection:
        runs.begin(connection, told)
        runs.end(connection, id, Instant(_NOW - 5000), "done", {})


def test_a_date_means_the_end_of_that_day_in_china(app: App) -> None:
    """Yesterday's date is its last millisecond, today's is now; times are themselves, in any zone."""
    assert instant(app, "2026-11-07") == parse("2026-11-08T00:00:00+08:00") - 1
    assert instant(app, "2026-11-08") == instant(app, "now") == _NOW
    assert instant(app, "2026-11-07T16:00:00Z") == parse("2026-11-08T00:00:00+08:00")


def test_a_period_begins_where_its_first_day_does(app: App) -> None:
    """What changed on that day is in it, however the day is written."""
    begins = parse("2026-11-07T00:00:00+08:00") - 1
    for word in ("2026-11-07", "2026年11月7日", "２０２６－１１－０７", "2026/11/07"):
        assert instant(app, word, end=False) == begins


@pytest.mark.parametrize("word", ["2026-11-09", "2026-11-08T12:00:01+08:00"])
def test_what_has_not_come_is_refused(app: App, word: str) -> None:
    """Tomorrow has no inventory."""
    with pytest.raises(UsageError, match="E1390"):
        instant(app, word)


def test_a_run_means_its_end_and_an_import_the_times_it_tells(app: App) -> None:
    """Of a run first its beginning, where asked; a file imported today tells of the day it was made."""
    _run(app, "r", "discover")
    _run(app, "i", "import")
    seen = Observation("default", "o", "i", "nmap@1", Target("198.18.0.1", 22), Instant(1_000), Status.OPEN, {})
    with app.database.write() as connection:
        observations.append(connection, [seen])
    assert (instant(app, "r", end=False), instant(app, "r")) == (_NOW - 9001, _NOW - 5000)
    assert (instant(app, "i", end=False), instant(app, "i")) == (999, 1_000)
    with pytest.raises(UsageError, match="E1315"):
        instant(app, "no such run")
