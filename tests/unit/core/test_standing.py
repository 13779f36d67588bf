import pytest

from secops.core.model import Kind, State
from secops.core.standing import Standing, standing

SEEN = (State.ACTIVE, 100)
AWAY = (State.GONE, 100)
PAPER = (State.DECLARED, 0)


@pytest.mark.parametrize(
    ("kind", "own", "more", "expected"),
    [
        (Kind.IP, SEEN, {"declared": True, "system": False}, Standing.REGISTERED),
        (Kind.IP, SEEN, {"declared": False, "system": True}, Standing.REGISTERED),
        (Kind.IP, SEEN, {"declared": False, "system": False}, Standing.UNDECLARED),
        (Kind.IP, AWAY, {"declared": True, "system": True}, Standing.VANISHED),
        (Kind.WEBSITE, PAPER, {"declared": True, "system": True, "status": "planned"}, Standing.REGISTERED),
        (Kind.WEBSITE, SEEN, {"declared": True, "system": True, "offline_on": 99}, Standing.CONTRADICTING),
        (Kind.WEBSITE, SEEN, {"declared": True, "system": True, "offline_on": 100}, Standing.REGISTERED),
        (Kind.WEBSITE, AWAY, {"declared": True, "system": True, "offline_on": 99}, Standing.REGISTERED),
        (Kind.IP, SEEN, {"declared": True, "system": False, "conflicts": ("host.os",)}, Standing.CONTRADICTING),
        (Kind.SYSTEM, PAPER, {"declared": True, "system": False}, Standing.VANISHED),
        (Kind.SYSTEM, PAPER, {"declared": True, "system": False, "parts": [AWAY, SEEN]}, Standing.REGISTERED),
        (Kind.SYSTEM, PAPER, {"declared": True, "system": False, "parts": [SEEN], "offline_on": 9},
         Standing.CONTRADICTING),
        (Kind.HOST, PAPER, {"declared": True, "system": False, "parts": [SEEN]}, Standing.REGISTERED),
        (Kind.NETWORK, PAPER, {"declared": True, "system": False}, Standing.REGISTERED),
    ],
)  # fmt: skip
def test_declared_and_found_give_one_word(
    kind: Kind, own: tuple[State, int], more: dict[str, object], expected: Standing
) -> None:
    """Each combination of what was declared and what was seen has its standing."""
    assert standing(kind, own, **more) is expected


def test_every_standing_is_named() -> None:
    """Each word has a title people read."""
    assert all(each.shown for each in Standing)
