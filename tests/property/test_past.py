"""The list of an earlier moment is the list that was seen then, whatever came after."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.fields import FIELDS
from secops.core.model import Kind
from secops.hall.app import App
from secops.hall.flows import merge as merging
from secops.hall.flows.inventory import listed
from secops.hall.flows.inventory_at import listed_at
from secops.hall.workspace import Workspace
from tests.property.test_rebuild import _play, _step

pytestmark = pytest.mark.property

_NOW_ONLY = {each.name for each in FIELDS if each.derived is not None and each.name != "org.name"} | {"last_seen"}
"""What is computed of today's, and when something was seen last."""
QUERIES = ("*", "state:active", "org:A", "-org:A", "kind:network", "declared:true")


def _kept(rows: Iterator[dict[str, object]]) -> list[dict[str, object]]:
    return [{k: v for k, v in row.items() if k not in _NOW_ONLY} for row in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_step, min_size=1, max_size=6), st.lists(_step, max_size=6), st.sampled_from(QUERIES))
def test_what_was_listed_then_is_listed_again(before: list[tuple[str, object]], after: list[tuple[str, object]],
                                              query: str) -> None:  # fmt: skip
    """Assets and services, with and without a filter: changes, births, declarations and silences are taken back."""
    with TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        workspace.make()
        with App(workspace, clock=ManualClock()) as app:
            _play(app, before)
            list(merging.merge(app))
            then = Instant(1_000_000 + len(before) * 1000 - 1)
            kinds = (None, Kind.SERVICE)
            told = [_kept(listed(app, query, kind=kind)) for kind in kinds]
            _play(app, [*[("none", None)] * len(before), *after])
            list(merging.merge(app))
            assert [_kept(listed_at(app, then, query, kind=kind)) for kind in kinds] == told


def test_pages_go_on_and_sights_are_refused(tmp_path: Path) -> None:
    """So many rows behind an id, in order; a past list by `seen` is no question."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock()) as app:
        _play(app, [("see", [(place, 22, "a") for place in range(1, 5)]), ("merge", None)])
        _play(app, [("none", None), ("see", [(1, 22, "b")]), ("merge", None)])
        then = Instant(1_000_999)
        whole = [row["id"] for row in listed_at(app, then)]
        assert whole == sorted(whole)
        assert [row["id"] for row in listed_at(app, then, after=str(whole[0]), limit=2)] == whole[1:3]
        with pytest.raises(UsageError, match="E1318"):
            list(listed_at(app, then, "seen<7d"))
