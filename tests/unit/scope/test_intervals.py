"""Address sets at their edges; the laws are in tests/property."""

import pytest

from secops.scope.intervals import IntervalSet, span


def test_mapped() -> None:
    """An IPv4-mapped IPv6 address is the IPv4 address it stands for."""
    assert "::ffff:198.18.0.1" in IntervalSet.parse(["198.18.0.0/24"])
    assert IntervalSet.parse(["::ffff:198.18.0.1"]) == IntervalSet.parse(["198.18.0.1"])


@pytest.mark.parametrize(
    "text",
    ["fe80::1%eth0", "198.18.0.1%1", "x", "", "198.18.0.1/24", "198.18.0.9-198.18.0.1", "198.18.0.1-2001:db8::1",
     "198.18.0.256", "198.18.0", "010.0.0.1", "1.2.3.4/33"],
)  # fmt: skip
def test_refused(text: str) -> None:
    """Zones, host bits, backward and mixed ranges, short and octal forms are no set, and no member."""
    with pytest.raises(ValueError):
        span(text)
    assert text not in IntervalSet.parse(["0.0.0.0/0", "::/0"])


def test_members() -> None:
    """Both ends of a range belong to it, their neighbours do not, nor does anything that is no text."""
    some = IntervalSet.parse(["198.18.0.5-198.18.0.9", "2001:db8::1"])
    assert [each in some for each in ("198.18.0.4", "198.18.0.5", "198.18.0.9", "198.18.0.10")] == [
        False,
        True,
        True,
        False,
    ]
    assert "2001:0db8:0::0001" in some
    assert 5 not in some
    assert list(some.addresses())[-1] == "2001:db8::1"
    assert list(some.networks()) == ["198.18.0.5/32", "198.18.0.6/31", "198.18.0.8/31", "2001:db8::1/128"]
    assert some.count() == 6
    assert not IntervalSet()
    assert str(IntervalSet.parse(["198.18.0.0/25", "198.18.0.128/25"])) == "198.18.0.0/24"
