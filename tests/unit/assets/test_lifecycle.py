"""Only what a complete run asked and nobody answered ages."""

import pytest

from secops.assets import draft as drafts
from secops.assets.draft import Cause, Draft
from secops.assets.lifecycle import Covered, miss, settle
from secops.core.clock import Instant
from secops.core.model import Coverage, Entity, Kind, State


def _service(address: str = "198.18.0.5", port: int = 80) -> Entity:
    facts = {"address": address, "port": port, "transport": "tcp"}
    return Entity(Kind.SERVICE, "gd", f"{address}:{port}/tcp", Instant(1), Instant(1), facts=facts)


def _block(first: str, last: str, *, canary: bool | None = None, ports: tuple[int, ...] = (80,)) -> Coverage:
    return Coverage("r", 0, ((first, last),), ports, canary=canary, answered=1)


@pytest.mark.parametrize(
    ("blocks", "asked"),
    [
        ([_block("198.18.0.0", "198.18.0.9")], True),
        ([_block("198.18.0.5", "198.18.0.5")], True),
        ([_block("198.18.0.6", "198.18.0.9")], False),
        ([_block("198.18.0.0", "198.18.0.9", ports=(443,))], False),
        ([_block("198.18.0.0", "198.18.0.9", canary=False)], False),
        ([_block("198.18.0.0", "198.18.0.9", canary=True)], True),
        ([_block("198.18.0.0", "198.18.0.2"), _block("198.18.0.3", "198.18.0.9")], True),
        ([], False),
    ],
)
def test_asked_means_address_and_port_of_a_sound_block(blocks: list[Coverage], asked: bool) -> None:
    """A block whose canary was silent asked nothing."""
    assert Covered(blocks).asked(_service()) is asked


def test_one_miss_makes_stale_and_three_make_gone() -> None:
    """Each covered miss is counted; the third ends it."""
    draft = Draft.of(_service(), "service-x")
    states = []
    for seq in range(1, 4):
        miss(draft, Cause(seq, seq))
        states.append(draft.state)
    assert states == [State.STALE, State.STALE, State.GONE]
    assert [(each.old, each.new) for each in draft.changes] == [("active", "stale"), ("stale", "gone")]


def test_an_address_is_as_alive_as_its_liveliest_port() -> None:
    """One active port keeps it; without ports nothing is concluded."""
    draft = drafts.born(Kind.IP, "gd", "198.18.0.5", Cause(1, 1), 1)
    settle(draft, Cause(2, 2), [])
    assert draft.state is State.ACTIVE
    settle(draft, Cause(2, 2), [State.GONE, State.STALE])
    assert draft.state is State.STALE
    settle(draft, Cause(3, 3), [State.GONE, State.GONE])
    assert draft.state is State.GONE


def test_a_run_that_heard_nobody_says_nothing_of_anybody() -> None:
    """It may have been deaf itself: without an answer and without a canary its silence is no absence."""
    block = Coverage("r", 0, (("198.18.0.0", "198.18.0.255"),), (80,))
    assert not Covered([block])
    assert Covered([block, Coverage("r", 1, (("198.18.1.0", "198.18.1.255"),), (80,), answered=1)])
