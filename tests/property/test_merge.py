"""Laws of merging: idempotent, order-free within a run, sites never meet, replay gives the same inventory."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.assets import merge as merging
from secops.assets.marks import read
from secops.assets.merge import merge
from secops.assets.register import Declared, Register
from secops.assets.work import Merged
from secops.core.clock import Instant
from secops.core.model import Entity, Logged, Observation, Status, Target
from secops.scope.yaml_source import Source

pytestmark = pytest.mark.property

_KEYS = tuple("SHA256:" + letter * 43 for letter in "AB")
_ADDRESSES = ("198.18.0.1", "198.18.0.2", "2001:db8::5")
_texts = st.sampled_from(("a", "b", "=cmd()", "\x00\ud800"))


@st.composite
def _facts(draw: st.DrawFn, collector: str) -> dict[str, object]:
    facts: dict[str, object] = {}
    if draw(st.booleans()):
        facts["service.product"] = draw(_texts)
    if collector == "ssh":
        facts |= {"service.name": "ssh", "ssh.host_key": (draw(st.sampled_from(_KEYS)),)}
    if collector == "http":
        facts |= {"service.name": "http", "http.status_code": draw(st.sampled_from((200, 404)))}
        facts["tls.enabled"] = True
        if draw(st.booleans()):
            facts["http.title"] = draw(_texts)
    if collector == "tls":
        facts |= {"tls.enabled": True, "tls.version": draw(_texts)}
    if collector == "nmap":
        facts |= {"service.name": "http", "host.os": draw(_texts)}
    return facts


@st.composite
def observations(draw: st.DrawFn, run: str, start: int) -> list[Observation]:
    """One run: every (collector, target) at most once; a port speaks one protocol."""
    found = []
    for address in draw(st.lists(st.sampled_from(_ADDRESSES), min_size=1, unique=True)):
        for port in draw(st.lists(st.sampled_from((22, 443)), unique=True)):
            name = draw(st.sampled_from(("", "www.example"))) if port == 443 else ""
            wanted = draw(
                st.sampled_from(
                    (("ssh",), ("nmap", "ssh"), ("port",))
                    if port == 22
                    else (("tls", "http"), ("http",), ("port",), ("nmap", "http", "tls"))
                )
            )
            found += [
                Observation(
                    site=draw(st.sampled_from(("gd", "gz"))),
                    observer="o",
                    run=run,
                    collector=f"{collector}@1",
                    target=Target(address, port, name=name),
                    seen_at=Instant(start + draw(st.integers(0, 50))),
                    status=Status.SUCCESS,
                    facts=draw(_facts(collector)),
                    in_scope=draw(st.booleans()),
                )
                for collector in wanted
            ]
    return found


def _logged(items: list[Observation], first: int = 1) -> list[Logged]:
    return [Logged(seq, each) for seq, each in enumerate(items, first)]


_RULES = read(Source.read(Path(__file__).parents[2] / "rules" / "identity" / "machines.yaml"))


def _fold(known: dict[str, Entity], log: list[Logged], before: Merged | None = None) -> Merged:
    """Merge with what was kept of machines before."""
    evidence = {} if before is None else before.evidence
    times = {} if before is None else {id: each.at for id, each in before.looks.items()}
    return merge(known, log, rules=_RULES, evidence=evidence, times=times)


def _shown(outcome: Merged) -> dict[str, object]:
    """What is kept of machines, without its place in the log; when a look was last is its own row."""
    return {look: replace(each, seq=0, at=0, dirty=False) for look, each in outcome.evidence.items()}


def _apply(known: dict[str, Entity], outcome: Merged) -> dict[str, Entity]:
    return known | outcome.entities


def _bare(known: dict[str, Entity]) -> dict[str, object]:
    """Without the places in the log, which an order decides."""
    return {
        id: replace(each, changed_seq=0, sources={name: (at, 0, look) for name, (at, _, look) in each.sources.items()})
        for id, each in known.items()
    }


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(observations("r1", 1000), st.data())
def test_the_order_within_a_run_does_not_matter(seen: list[Observation], data: st.DataObject) -> None:
    """However the log orders the looks of one run, the same is known afterwards."""
    before = data.draw(observations("r0", 0))
    base = _fold({}, _logged(before))
    known = _apply({}, base)
    shuffled = data.draw(st.permutations(seen))
    first = 1 + len(before)
    ours, theirs = _fold(known, _logged(seen, first), base), _fold(known, _logged(list(shuffled), first), base)
    assert _bare(_apply(known, ours)) == _bare(_apply(known, theirs))
    assert _shown(ours) == _shown(theirs)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(observations("r1", 1000))
def test_the_same_entries_twice_change_nothing(seen: list[Observation]) -> None:
    """Merging what is merged already leaves every entity as it is and records no change."""
    first = _fold({}, _logged(seen))
    once = _apply({}, first)
    again = _fold(once, _logged(seen), first)
    assert _apply(once, again) == once
    assert again.changes == []
    assert again.evidence == {}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(observations("r1", 1000), observations("r2", 2000), st.data())
def test_how_the_log_is_cut_into_batches_does_not_matter(
    one: list[Observation], two: list[Observation], data: st.DataObject
) -> None:
    """Entities and changes are the same in one batch or in many."""
    log = _logged([*one, *two])
    whole = _fold({}, log)
    at = data.draw(st.integers(0, len(log)))
    first = _fold({}, log[:at])
    second = _fold(first.entities, log[at:], first)
    assert first.entities | second.entities == whole.entities
    assert [*first.changes, *second.changes] == whole.changes
    assert _shown(first) | _shown(second) == _shown(whole)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(observations("r0", 0), observations("r1", 30), st.data())
def test_what_is_plain_need_not_be_tried_out(
    before: list[Observation], seen: list[Observation], data: st.DataObject
) -> None:
    """Where a repetition plainly moves times alone, trying it out comes to the same."""
    base = _fold({}, _logged(before))
    log = _logged(list(data.draw(st.permutations(seen))), 1 + len(before))
    ours = _fold(base.entities, log, base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "plain", lambda *_: False)
        theirs = _fold(base.entities, log, base)
    assert ours == theirs


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(observations("r1", 1000))
def test_sites_never_meet(seen: list[Observation]) -> None:
    """What is known of one site is what it would be if the other did not exist."""
    both = merge({}, _logged(seen))
    for site in ("gd", "gz"):
        alone = merge({}, [each for each in _logged(seen) if each.entry.site == site])
        mine = {id: each for id, each in both.entities.items() if each.site == site}
        assert mine == alone.entities
        ends = {id for each in both.relations.values() if each.site == site for id in (each.source, each.target)}
        assert ends <= mine.keys()


def test_a_narrower_network_wins_and_a_system_lends_its_unit() -> None:
    """An address belongs to the most specific declaration; without a unit its system's answers."""
    register = Register(
        "gd",
        [
            Declared("organisation:A", {"kind": "organisation", "name": "A"}, 1),
            Declared("system:S", {"kind": "system", "org": "B", "addresses": ["198.18.0.9:443"]}, 2),
            Declared("network:198.18.0.0/16", {"kind": "network", "org": "A"}, 3),
            Declared("network:198.18.0.0/24", {"kind": "network", "system": "S", "zone": "Z"}, 4),
        ],
    )
    place = 0xFFFF_0000_0000 + (198 << 24) + (18 << 16)
    assert register.at(place + 256).org == "A"
    inner = register.at(place + 9)
    assert (inner.org, inner.system, inner.zone) == ("B", register.system_id("S"), "Z")
