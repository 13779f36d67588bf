"""What is declared is rebuilt to the byte too: units, systems, rows of registers, relations drawn and withdrawn."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.core.model import Decision, DecisionType
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.flows import merge as merging
from secops.hall.workspace import Workspace
from secops.store import decisions, relations
from tests.property.test_past import _empty
from tests.property.test_rebuild import _play, _step

pytestmark = pytest.mark.property

_codes = st.sampled_from(("S1", "S2"))
_said = st.one_of(
    st.tuples(st.just("system"), _codes, st.sampled_from(("", "S1", "S2", "out"))),
    st.tuples(st.just("supplier"), st.just("甲公司"), st.sampled_from(("in", "out"))),
    st.tuples(st.just("contract"), st.sampled_from(("H1", "H2")), st.sampled_from(("S1", "S2", "out"))),
    st.tuples(st.just("filing"), _codes, st.sampled_from(("2026-01-01", "2026-02-01", "out"))),
)
_steps = st.lists(st.one_of(_said.map(lambda each: ("say", each)), _step), min_size=2, max_size=12)


def _decision(what: tuple[str, str, str], at: int) -> Decision:
    kind, key, value = what
    payload: dict[str, object] = {"kind": kind}
    if value == "out":
        payload["withdrawn"] = True
    elif kind == "system":
        payload |= {"facts": {"name": key}, "addresses": ["198.18.0.1"]}
        payload["relations"] = [["depends-on", "system", value]] if value not in {"", key} else []
    elif kind == "supplier":
        payload["fields"] = {"name": key}
    elif kind == "contract":
        payload["fields"] = {"supplier": "甲公司", "systems": [value]}
    else:
        payload |= {"system": key, "fields": {"number": "1", "level": 3, "filed_on": value}}
    return Decision("gd", DecisionType.DECLARE, f"{kind}:{key}", payload, "me", Instant(at), "because")


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(_steps, st.integers(1, 4))
def test_declarations_are_rebuilt_to_the_byte(steps: list[tuple[str, object]], batch: int) -> None:
    """However the log was cut into batches, and whatever was drawn, ended and drawn again."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        workspace = Workspace(Path(folder))
        workspace.config.write_text('site = "gd"\n', "utf-8")
        workspace.make()
        workspace.database.write_bytes(_empty())
        with App(workspace, clock=ManualClock()) as app:
            for number, (what, given_) in enumerate(steps):
                if what == "say":
                    with app.database.write() as connection:
                        decisions.append(connection, [_decision(given_, 1_000_000 + number * 1000)])  # type: ignore[arg-type]
                else:
                    _play(app, [*[("none", None)] * number, (what, given_)])
            patch.setattr(merging, "BATCH", batch)
            summary = list(inventory.rebuild(app))[-1]
            assert isinstance(summary, Summary)
            assert summary.complete, summary.warnings


def test_a_withdrawn_relation_is_kept_with_who_ended_it(tmp_path: Path) -> None:
    """Drawn, withdrawn and drawn again: one relation now, and one that ended, by whom and when."""
    workspace = Workspace(tmp_path)
    workspace.config.write_text('site = "gd"\n', "utf-8")
    workspace.make()
    with App(workspace, clock=ManualClock()) as app:
        for number, other in enumerate(("S2", "", "S2")):
            with app.database.write() as connection:
                said = [("system", "S2", ""), ("system", "S1", other)]
                decisions.append(connection, [_decision(each, 1_000_000 + number * 1000) for each in said])
            list(merging.merge(app))
        id = inventory.find(app, "S1").id
        with app.database.read() as connection:
            (ended,) = relations.ended(connection, [id])
            drawn = [each for each in relations.touching(connection, [id]) if each.type == "depends-on"]
        assert (int(ended.at), ended.who, ended.reason) == (1_001_000, "me", "because")
        assert [int(each.first_seen) for each in drawn] == [1_002_000]
