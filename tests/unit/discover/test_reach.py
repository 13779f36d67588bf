from secops.core.clock import Instant
from secops.core.model import Observation, Status, Target
from secops.discover.reach import over_ipv6


def seen(address, name="www.example.gov.cn", **facts):
    target = Target(address, 443, name=name)
    return Observation("s", "o", "r", "http@1", target, Instant(1), Status.SUCCESS, {"http.status_code": 200} | facts)


def test_answer_over_ipv6():
    """A named site that answers at an IPv6 address is reachable over IPv6."""
    assert over_ipv6(seen("2001:db8::1"), ()).facts["http.ipv6"] is True


def test_name_without_ipv6_address():
    """A site whose name has no IPv6 address is not."""
    assert over_ipv6(seen("198.18.0.1"), {"www.example.gov.cn"}).facts["http.ipv6"] is False


def test_nothing_is_said_without_knowing():
    """A name with an IPv6 address nobody asked, an address without a name, a port that is no site: nothing is said."""
    for each in (seen("198.18.0.1"), seen("2001:db8::1", name=""), seen("2001:db8::1", **{"http.status_code": 200})):
        kept = over_ipv6(each, {"other.example.gov.cn"})
        assert ("http.ipv6" in kept.facts) == (":" in each.target.address and bool(each.target.name))
    port = Observation("s", "o", "r", "port@1", Target("2001:db8::1", 1, name="a.cn"), Instant(1), Status.OPEN)
    assert over_ipv6(port, {"a.cn"}) is port
