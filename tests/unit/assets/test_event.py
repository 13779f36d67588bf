"""What changes come to: one event per thing, of the right class."""

from secops.assets.event import Class, happenings
from secops.core.clock import Instant
from secops.core.model import Change, Kind


def change(entity, field, old, new, *, kind=Kind.SERVICE, seq=1):
    return Change(entity, kind, "s", field, old, new, Instant(seq * 1000), seq, run="r")


def classes(*changes, parents=None):
    return {each.entity: each.class_ for each in happenings(changes, parents or {})}


def test_each_class():
    """Born is new, a fact moved is changed, lost is closed or vanished, back is reopened; owners alone are nothing."""
    found = classes(
        change("service-1", "born", None, "x"),
        change("service-1", "service.name", None, "ftp"),
        change("service-2", "service.version", "1", "2"),
        change("service-3", "state", "active", "stale"),
        change("service-4", "state", "gone", "active"),
        change("service-5", "org_id", "", "A"),
        change("ip-1", "state", "active", "gone", kind=Kind.IP),
        change("ip-2", "state", "declared", "active", kind=Kind.IP),
    )
    assert found == {
        "service-1": Class.NEW,
        "service-2": Class.CHANGED,
        "service-3": Class.CLOSED,
        "service-4": Class.REOPENED,
        "ip-1": Class.VANISHED,
        "ip-2": Class.NEW,
    }


def test_ports_go_with_their_host():
    """Where the address vanishes its ports are not told one by one; a port already told stale is not told again."""
    lost = change("service-1", "state", "active", "stale")
    host = change("ip-1", "state", "active", "stale", kind=Kind.IP)
    assert classes(lost, host, parents={"service-1": "ip-1"}) == {"ip-1": Class.VANISHED}
    assert classes(lost, parents={"service-1": "ip-1"}) == {"service-1": Class.CLOSED}
    assert classes(change("service-1", "state", "stale", "gone")) == {}


def test_changed_tells_what():
    """A changed thing says what changed, from what to what."""
    (told,) = happenings([change("service-2", "service.version", "1", "2", seq=7)], {})
    assert (dict(told.fields), told.seq) == ({"service.version": ("1", "2")}, 7)


def test_a_host_that_went_up_in_another_has_not_vanished() -> None:
    """It is gone for that reason, and told as changed."""
    at = Instant(1)
    told = [
        Change("host-a", Kind.HOST, "gd", "merged", None, "host-b", at, 7, "serial"),
        Change("host-a", Kind.HOST, "gd", "state", "active", "gone", at, 7, "merged into another machine"),
    ]
    assert [each.class_ for each in happenings(told, {})] == [Class.CHANGED]
