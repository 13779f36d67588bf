"""Port sets and the ports nobody touches."""

import pytest

from secops.scope import denied
from secops.scope.ports import PortSet


@pytest.mark.parametrize("text", ["0", "65536", "80-79", "x", "-1", "80-", "1-70000", "٨٠", "8 0", ""])
def test_refused(text: str) -> None:
    """Port 0, beyond 65535, backward ranges and other alphabets' digits are no ports."""
    with pytest.raises(ValueError):
        PortSet.parse([text])


def test_sets() -> None:
    """Ports merge, subtract and list as ranges."""
    some = PortSet.parse([80, "443", "8000-8002", "8003"])
    assert str(some) == "80,443,8000-8003"
    assert 8003 in some
    assert "80" not in some
    assert some.count() == len(list(some)) == 6
    assert str(some.minus(PortSet.parse(["8001"]))) == "80,443,8000,8002-8003"
    assert some.union(PortSet()) == some == some.intersect(PortSet.parse(["1-65535"]))
    assert not PortSet()


def test_denied() -> None:
    """Every printing port is denied, with a reason; web ports are not."""
    for port in (515, 631, 9100, 9107, 9116, 48899):
        assert port in denied.PORTS
        assert denied.why(port)
    assert 9117 not in denied.PORTS
    assert denied.why(443) == ""
