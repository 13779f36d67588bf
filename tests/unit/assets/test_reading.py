"""What one look says, read once."""

from secops.assets.reading import Reading, read
from secops.core.clock import Instant
from secops.core.model import Decision, DecisionType, Kind, Logged, Observation, Status, Target, Value, entity_id


def _look(collector: str, port: int, facts: dict[str, Value], *, address: str = "198.18.0.1") -> list[Reading]:
    seen = Observation("gd", "o", "r", f"{collector}@1", Target(address, port), Instant(5), Status.SUCCESS, facts)
    return read([Logged(1, seen)])


def test_only_looks_at_what_can_be_an_asset_are_read() -> None:
    """Decisions and looks at multicast addresses say nothing here."""
    decision = Decision("gd", DecisionType.DECLARE, "unit:A", {}, "me", Instant(1))
    assert read([Logged(1, decision)]) == []
    assert _look("http", 80, {}, address="224.0.0.1") == []


def test_facts_are_parted_by_whom_they_tell_of() -> None:
    """A look at a port tells of the address only what no port has; unknown fields and wrong types are left out."""
    facts: dict[str, Value] = {"http.title": "门户", "nonsense": 1, "port": 9}
    (one,) = _look("http", 80, facts | {"http.status_code": "200"})
    assert one.facts.keys() == {"http.title"}
    assert one.of_service == {"http.title": "门户"} == one.of_website
    assert "http.title" not in one.of_ip


def test_it_names_whom_to_know_beforehand() -> None:
    """Address, port and website; the website of the scheme that the port speaks; of an address alone nothing else."""
    (plain,) = _look("http", 80, {"tls.enabled": False})
    (secure,) = _look("http", 443, {"tls.enabled": True})
    (ping,) = _look("icmp", 0, {})
    (shell,) = _look("ssh", 22, {})
    assert plain.website == entity_id("gd", Kind.WEBSITE, "http://198.18.0.1:80")
    assert secure.website == entity_id("gd", Kind.WEBSITE, "https://198.18.0.1:443")
    assert plain.concerned == [plain.ip, plain.service, plain.website]
    assert ping.concerned == [ping.ip]
    assert shell.concerned == [shell.ip, shell.service]


def test_links_are_ids_of_websites_each_once() -> None:
    """What is no web address is passed by."""
    links = ("http://a.example/1", "http://a.example/2", "mailto:x@y", "https://b.example")
    (one,) = _look("http", 80, {"http.links": links})
    wanted = [entity_id("gd", Kind.WEBSITE, key) for key in ("http://a.example:80", "https://b.example:443")]
    assert sorted(one.links) == sorted(wanted)
