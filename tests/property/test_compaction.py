"""A compacted database answers as before: every list of today and of then, history, sources, differences, a rebuild."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.core.model import Kind
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.flows import merge as merging
from secops.hall.flows import rebuild as rebuilding
from secops.hall.flows.compact import compact
from secops.hall.flows.difference import diff
from secops.hall.flows.history import history
from secops.hall.flows.inventory import listed
from secops.hall.flows.inventory_at import listed_at
from secops.hall.workspace import Workspace
from secops.store import compaction, folds, observations
from tests.property.test_past import _empty
from tests.property.test_rebuild import _any, _mixed, _play

pytestmark = pytest.mark.property

_START = 1_000_000


def _logged(app: App, steps: list[tuple[str, object]], first: int = 0) -> None:
    last: list[object] = []
    for number, (what, given_) in enumerate(steps, first):
        if what in {"look", "again"}:
            last = given_ if what == "look" else last  # type: ignore[assignment]
            with app.database.write() as connection:
                seen = [_any(number, _START + number * 1000 + i, each) for i, each in enumerate(last)]  # type: ignore[arg-type]
                observations.append(connection, seen)
        else:
            _play(app, [*[("none", None)] * number, (what, given_)])


def _told(app: App, moments: int) -> list[object]:
    """Every answer there is."""
    kinds = (None, Kind.SERVICE)
    rows = [row for kind in kinds for row in listed(app, kind=kind)]
    answers: list[object] = [rows, inventory.digest(app)]
    for number in range(moments):
        at = Instant(_START + number * 1000 + 500)
        answers.append([list(listed_at(app, at, kind=kind)) for kind in kinds])
    for row in rows:
        answers.append(list(history(app, str(row["id"]))))
        answers.append(inventory.show(app, str(row["id"])).sources)
    answers.append(list(diff(app, "1970-01-01T00:16:40.500Z", "now")))
    with app.database.read() as connection:
        runs = [f"run{number}" for number in range(moments)]
        answers.append([observations.count(connection, run) for run in runs])
        answers.append([sorted(each.id for each in observations.of_run(connection, run)) for run in runs])
    return answers


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_mixed, min_size=3, max_size=16), st.lists(_mixed, max_size=4), st.integers(0, 16),
       st.sampled_from((1, 3, 4_000)), st.sampled_from((2, 7, 4_000)))  # fmt: skip
def test_nothing_is_answered_otherwise(steps: list[tuple[str, object]], more: list[tuple[str, object]], keep: int,
                                       block: int, batch: int) -> None:  # fmt: skip
    """Before and after, whatever was folded and however small the pieces; rebuilt, and gone on with, it is the same."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "BLOCK", block)
        patch.setattr(merging, "BATCH", batch)
        patch.setattr(merging.looks, "MOST", batch * 2)
        patch.setattr(rebuilding, "ROOM", batch * 3)
        workspace = Workspace(Path(folder))
        workspace.config.write_text('site = "gd"\n', "utf-8")
        workspace.make()
        workspace.database.write_bytes(_empty())
        clock = ManualClock(Instant(_START + keep * 1000))
        with App(workspace, clock=clock) as app:
            _logged(app, steps)
            list(merging.merge(app))
            clock.advance(1_000)
            before = _told(app, len(steps))
            clock.advance(-1_000)
            summary = list(compact(app, keep=0, who="me"))[-1]
            assert isinstance(summary, Summary)
            clock.advance(1_000)
            with app.database.read() as connection:
                assert summary.counts["looks"] == folds.count(connection)
            assert _told(app, len(steps)) == before
            done = list(inventory.rebuild(app))[-1]
            assert isinstance(done, Summary)
            assert done.complete, done.warnings
            assert _told(app, len(steps)) == before
            _logged(app, more, len(steps))
            _logged(app, steps)  # told once more, by a file imported again
            list(merging.merge(app))
            again = list(inventory.rebuild(app))[-1]
            assert isinstance(again, Summary)
            assert again.complete, again.warnings


def test_much_of_what_only_repeats_is_folded(tmp_path: Path) -> None:
    """Of ten equal runs all but the first and the newest look go, and a second time there is nothing more to do."""
    workspace = Workspace(tmp_path)
    workspace.config.write_text('site = "gd"\n', "utf-8")
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(_START + 100_000_000))) as app:
        look = [(place, 22, "ssh", "a", "", 0) for place in range(1, 4)]
        _logged(app, [("look", look), *[("again", None)] * 9])
        first, second = (list(compact(app, keep=0, who="me"))[-1] for _ in range(2))
        assert isinstance(first, Summary)
        assert isinstance(second, Summary)
        assert (first.counts["looks"], second.counts["looks"]) == (24, 0)
        with app.database.read() as connection:
            assert observations.count(connection) == 30
        assert "db.compacted" in app.audit.path.read_text("utf-8")
