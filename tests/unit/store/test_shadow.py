"""What stands beside a value so that any database compares it as it is meant."""

import pytest

from secops.core.query import Op
from secops.core.query import places as meant
from secops.store.shadow import places


def _digits(text: str) -> str:
    return f"{meant(Op.EQ, text)[0]:032x}"


def test_places_are_in_the_order_of_the_line() -> None:
    """The lowest address comes first, however the set was told; what is no address has no place."""
    found = places(("198.18.0.10", "198.18.0.9", "2001:db8::1", "printer"))
    assert found == f'["{_digits("198.18.0.9")}","{_digits("198.18.0.10")}","{_digits("2001:db8::1")}"]'
    assert places(()) == "[]"


@pytest.mark.parametrize(
    ("op", "value", "first", "last"),
    [
        (Op.CIDR, "198.18.0.0/30", "198.18.0.0", "198.18.0.3"),
        (Op.RANGE, ("198.18.0.1", "198.18.0.9"), "198.18.0.1", "198.18.0.9"),
        (Op.EQ, "198.18.0.1", "198.18.0.1", "198.18.0.1"),
        (Op.LT, "198.18.0.1", "::", "198.18.0.0"),
        (Op.GTE, "198.18.0.1", "198.18.0.1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ],
)
def test_every_comparison_is_a_stretch_of_the_line(op: Op, value: object, first: str, last: str) -> None:
    """From the first to the last place that a comparison of addresses wants."""
    low, high = meant(op, value)  # type: ignore[arg-type]  # as the table above has them
    assert (f"{low:032x}", f"{high:032x}") == (_digits(first), _digits(last))
