"""Single looks and what becomes of them."""

from dataclasses import replace

import pytest

from secops.assets.merge import merge
from secops.assets.work import Merged
from secops.core.clock import Instant
from secops.core.model import Entity, Kind, Logged, Observation, RelationType, Status, Target

_A, _B = ("SHA256:" + letter * 43 for letter in "AB")


def _see(
    seq: int,
    collector: str,
    port: int = 443,
    *,
    address: str = "198.18.0.1",
    at: int = 0,
    status: Status = Status.SUCCESS,
    in_scope: bool = True,
    run: str = "r",
    **facts: object,
) -> Logged:
    told = {key.replace("__", "."): value for key, value in facts.items()}
    extra = {"identified": told.pop("identified")} if "identified" in told else {}
    target = Target(address, port)
    seen = Observation("gd", "o", run, f"{collector}@1", target, Instant(at or seq), status, told, extra)
    return Logged(seq, replace(seen, in_scope=in_scope))


def _of(outcome: Merged, kind: Kind) -> list[Entity]:
    return sorted((each for each in outcome.entities.values() if each.kind is kind), key=lambda each: each.key)


def _next(before: Merged, *entries: Logged) -> Merged:
    after = merge(before.entities, entries)
    after.entities = before.entities | after.entities
    return after


def test_an_open_port_makes_an_address_and_a_service() -> None:
    """Both are born of the look, with its facts and where they came from."""
    found = merge({}, [_see(7, "ssh", 22, service__name="ssh", service__product="OpenSSH")])
    (ip,) = _of(found, Kind.IP)
    (service,) = _of(found, Kind.SERVICE)
    assert (ip.key, ip.facts["address"]) == ("198.18.0.1", "198.18.0.1")
    assert service.parent == ip.id
    assert service.facts["service.product"] == "OpenSSH"
    assert service.provenance["service.product"] == 7
    assert [each.field for each in found.changes] == ["born", "born"]


def test_a_page_makes_a_website_that_runs_on_its_address() -> None:
    """Also under IPv6, and with the certificate that was read before the page."""
    found = merge({}, [
        _see(1, "tls", address="2001:db8::1", tls__enabled=True, tls__version="TLSv1.3"),
        _see(2, "http", address="2001:db8::1", tls__enabled=True, http__status_code=200, http__title="=cmd()"),
    ])  # fmt: skip
    (website,) = _of(found, Kind.WEBSITE)
    assert website.key == "https://[2001:db8::1]:443"
    assert website.facts["tls.version"] == "TLSv1.3"
    assert website.facts["http.title"] == "=cmd()"
    (relation,) = found.relations.values()
    assert (relation.type, relation.source) == (RelationType.RUNS_ON, website.id)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_page_is_related_to_the_sites_it_points_at(order: tuple[int, int]) -> None:
    """Whichever of the two sites is seen first; a site's link to itself and what is no address draw nothing."""
    links = ("http://198.18.0.1:8080", "http://198.18.0.1", "https://elsewhere.example.cn", "ftp://198.18.0.9")
    looks = [
        _see(1, "http", 80, http__status_code=200, http__links=links),
        _see(2, "http", 8080, http__status_code=200),
    ]
    found = merge({}, [looks[each] for each in order])
    sites = {each.key: each.id for each in _of(found, Kind.WEBSITE)}
    drawn = {
        (each.source, each.target, each.reason)
        for each in found.relations.values()
        if each.type is RelationType.CONNECTS_TO
    }
    assert len(drawn) == 2
    assert (sites["http://198.18.0.1:80"], sites["http://198.18.0.1:8080"], "link") in drawn
    assert len(sites) == 2


def test_what_a_collector_no_longer_sees_is_no_longer_known() -> None:
    """A header that went away goes away, with a change that names the look."""
    first = merge({}, [_see(1, "http", http__status_code=200, http__powered_by="PHP/5.6")])
    second = _next(first, _see(2, "http", run="s", http__status_code=200))
    (service,) = _of(second, Kind.SERVICE)
    assert "http.powered_by" not in service.facts
    assert ("http.powered_by", "PHP/5.6", None) in [(each.field, each.old, each.new) for each in second.changes]


def test_an_older_look_changes_nothing_but_the_first_sight() -> None:
    """An import of last year's file does not overwrite today's facts."""
    first = merge({}, [_see(1, "http", at=1000, http__status_code=200, http__title="new")])
    second = _next(first, _see(2, "http", at=10, run="s", http__status_code=200, http__title="old"))
    (service,) = _of(second, Kind.SERVICE)
    assert service.facts["http.title"] == "new"
    assert (service.first_seen, service.last_seen) == (10, 1000)
    assert second.changes == []


def test_a_port_that_changed_its_protocol_forgets_the_former() -> None:
    """When SSH answers where a web server stood, the page is over."""
    first = merge({}, [_see(1, "http", http__status_code=200, http__server="nginx", service__name="http")])
    second = _next(first, _see(2, "ssh", run="s", service__name="ssh"))
    (service,) = _of(second, Kind.SERVICE)
    assert service.facts["service.name"] == "ssh"
    assert "http.server" not in service.facts


def test_a_value_behind_another_comes_back() -> None:
    """The product of nmap waits behind the page's and is shown again when the page no longer tells one."""
    known = merge(
        {},
        [_see(1, "nmap", service__product="Apache"), _see(2, "http", http__status_code=200, service__product="nginx")],
    )
    (before,) = _of(known, Kind.SERVICE)
    after = _next(known, _see(3, "http", run="s", http__status_code=200))
    (service,) = _of(after, Kind.SERVICE)
    assert before.facts["service.product"] == "nginx"
    assert service.facts["service.product"] == "Apache"
    assert service.provenance["service.product"] == 1


def test_a_silent_service_says_why_it_is_not_understood() -> None:
    """Unknown is a reason, not a blank."""
    found = merge({}, [_see(1, "port", status=Status.OPEN, identified="timeout")])
    (service,) = _of(found, Kind.SERVICE)
    assert service.why_unknown("service.name") == "timeout"


def test_rows_out_of_scope_are_flagged_until_seen_in_scope() -> None:
    """An import may bring what no scope covers: kept, and marked."""
    first = merge({}, [_see(1, "nmap", in_scope=False, service__name="http")])
    assert all(each.extra.get("out_of_scope") is True for each in first.entities.values())
    second = _next(first, _see(2, "nmap", run="s", service__name="http"))
    assert not any("out_of_scope" in each.extra for each in second.entities.values())


def test_hostile_values_are_bounded_and_typed() -> None:
    """Wrong types are dropped, long texts cut, impossible characters replaced."""
    found = merge({}, [_see(1, "http", http__status_code=True, http__title="x" * 9999, service__product="a\x00\ud800")])
    (service,) = _of(found, Kind.SERVICE)
    assert "http.status_code" not in service.facts
    assert len(str(service.facts["http.title"])) == 4096
    assert service.facts["service.product"] == "a\ufffd?"


def test_a_group_address_is_no_asset() -> None:
    """A multicast address in an import makes nothing."""
    assert merge({}, [_see(1, "nmap", address="224.0.0.1")]).entities == {}


def test_a_sweep_for_certificates_adds_and_a_handshake_ends_it() -> None:
    """What a hello showed stands above an older handshake, whose suite stays; the next handshake withdraws it."""
    first = merge({}, [
        _see(1, "tls", tls__enabled=True, tls__subject="CN=old", tls__cipher="X"),
        _see(2, "http", tls__enabled=True, http__status_code=200),
    ])  # fmt: skip
    swept = _next(first, _see(3, "tls+hello", tls__enabled=True, tls__subject="CN=new", tls__ja3s="0" * 32))
    whole = _next(swept, _see(4, "tls", tls__enabled=True, tls__subject="CN=old", tls__cipher="X"))
    for kind in (Kind.SERVICE, Kind.WEBSITE):
        (now,), (then,) = _of(swept, kind), _of(whole, kind)
        assert (now.facts["tls.subject"], now.facts["tls.cipher"], now.facts["tls.ja3s"]) == ("CN=new", "X", "0" * 32)
        assert (then.facts["tls.subject"], "tls.ja3s" in then.facts) == ("CN=old", False)
