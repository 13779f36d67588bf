"""What contradicts the register follows from the logs alone, however they were cut, and equals a fresh look at it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.assets import contradiction
from secops.assets.draft import Cause, Draft
from secops.assets.register import Register
from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.core.model import Decision, DecisionType, Kind, Observation, Status, Target
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.flows import merge as merging
from secops.hall.workspace import Workspace
from secops.store import cursor, decisions, entities, observations

pytestmark = pytest.mark.property

_places = st.sampled_from(("198.18.0.1", "198.18.0.2"))
_look = st.tuples(_places, st.sampled_from(("甲局", "乙局", "")), st.sampled_from(("粤ICP备1号-1", "粤ICP备2号", "")),
                  st.sampled_from(("Linux", "Windows 10", "")))  # fmt: skip
_gone = st.just({"withdrawn": True})
_unit = st.fixed_dictionaries(
    {"name": st.sampled_from(("甲局", "乙局")), "parent": st.sampled_from(("", "A", "B")),
     "icp": st.sampled_from(([], ["粤ICP备1号"], ["粤ICP备2号"]))}
)  # fmt: skip
_system = st.fixed_dictionaries(
    {"org": st.sampled_from(("A", "B", "")), "addresses": st.lists(_places, max_size=2, unique=True),
     "websites": st.sampled_from(([], ["w.example"]))}
)  # fmt: skip
_address = st.fixed_dictionaries(
    {"zone": st.sampled_from(("", "内", "外")), "facts": st.sampled_from(({}, {"host.os": "麒麟"}))}
)
_network = st.fixed_dictionaries({"zone": st.sampled_from(("内", "外")), "org": st.sampled_from(("A", "B"))})
_stated = st.one_of(
    st.tuples(st.sampled_from(("organisation:A", "organisation:B")), _unit | _gone),
    st.tuples(st.just("system:S"), _system | _gone),
    st.tuples(st.sampled_from(("ip:198.18.0.1", "ip:198.18.0.2")), _address | _gone),
    st.tuples(st.just("network:198.18.0.0/24"), _network | _gone),
)
_step = st.one_of(
    st.tuples(st.just("see"), st.lists(_look, min_size=1, max_size=3)),
    st.tuples(st.just("state"), st.lists(_stated, min_size=1, max_size=3)),
    st.tuples(st.just("merge"), st.just([])),
)
_BEFORE: list[tuple[str, list[object]]] = [
    ("state", [("organisation:A", {"name": "甲局"}), ("organisation:B", {"name": "乙局"}),
               ("system:S", {"org": "A", "websites": ["w.example"], "addresses": ["198.18.0.1"]}),
               ("network:198.18.0.0/24", {"zone": "内", "org": "A"})]),
    ("see", [("198.18.0.1", "乙局", "粤ICP备2号", "Linux")]),
]  # fmt: skip


def _seen(number: int, at: int, look: tuple[str, str, str, str]) -> Observation:
    address, unit, icp, system = look
    facts: dict[str, object] = {"http.status_code": 200, "tls.enabled": True}
    facts |= {"tls.subject": f"CN=w,O={unit}"} if unit else {}
    facts |= {"http.icp": (icp,)} if icp else {}
    facts |= {"host.os": system} if system else {}
    return Observation("gd", "o", f"run{number}", "http@1", Target(address, 443, name="w.example"), Instant(at),
                       Status.SUCCESS, facts)  # type: ignore[arg-type]  # fmt: skip


def _play(app: App, steps: list[tuple[str, list[object]]]) -> None:
    for number, (what, given_) in enumerate(steps):
        at = 1_000_000 + number * 1000
        with app.database.write() as connection:
            if what == "see":
                looks = [_seen(number, at + i, each) for i, each in enumerate(given_)]  # type: ignore[arg-type]
                observations.append(connection, looks)
            elif what == "state":
                stated = {subject: payload for subject, payload in given_}  # type: ignore[misc]  # noqa: C416 - the last counts
                decisions.append(connection, [
                    Decision("gd", DecisionType.DECLARE, subject, {"kind": subject.partition(":")[0], **payload}, "me",
                             Instant(at))
                    for subject, payload in stated.items()
                ])  # fmt: skip
        if what == "merge":
            list(merging.merge(app))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_step, min_size=1, max_size=6), st.integers(1, 4))
def test_contradictions_are_a_function_of_the_logs(steps: list[tuple[str, list[object]]], batch: int) -> None:
    """A replay in other batches gives the same digest, and no entity says other than a fresh look would."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        workspace = Workspace(Path(folder))
        workspace.make()
        with App(workspace, clock=ManualClock()) as app:
            _play(app, [*_BEFORE, *steps])
            patch.setattr(merging, "BATCH", batch)
            summary = list(inventory.rebuild(app))[-1]
            assert isinstance(summary, Summary)
            assert summary.complete, summary.warnings
            with app.database.read() as connection:
                register = merging.registers(connection, cursor.get(connection)).get("gd", Register("gd"))
                for kind in (Kind.WEBSITE, Kind.IP, Kind.SYSTEM):
                    for each in entities.of_kind(connection, "gd", kind):
                        fresh = Draft.of(each, each.id)
                        contradiction.contradict(fresh, Cause(0, 0), register)
                        assert fresh.facts.get(contradiction.FIELD) == each.facts.get(contradiction.FIELD)
