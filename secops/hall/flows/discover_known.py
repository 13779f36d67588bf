"""What the inventory tells a plan: hosts that bear little, and what has likely changed since."""

from collections.abc import Iterable, Mapping

from secops.core.clock import DAY_MS
from secops.core.model import Kind, State
from secops.discover import fragile
from secops.discover.plan import Group
from secops.hall.app import App
from secops.scope.intervals import IntervalSet
from secops.store import changes, places

RECENT_DAYS = 14
"""What changed within these is asked before what did not."""
_HOSTS_MOST = 100_000


def fragile_hosts(app: App, targets: IntervalSet) -> tuple[str, ...]:
    """The targets that the inventory knows as printers, controllers, medical devices or old agents."""
    found: dict[str, None] = {}
    with app.database.read() as connection:
        for each in places.having(connection, app.site, Kind.IP, ("device.type",), {}):
            if fragile.known(each.facts):
                found[each.key] = None
        named = {"service.name": sorted(fragile.SERVICES)}
        for each in places.having(connection, app.site, Kind.SERVICE, ("service.device_type", "snmp.versions"), named):
            if each.state is not State.GONE and fragile.known(each.facts):
                found[str(each.facts.get("address", ""))] = None
    kept = [each for each in found if each in targets][:_HOSTS_MOST]
    return tuple(IntervalSet.parse(kept).networks())


def likely(app: App, targets: IntervalSet, ports: Mapping[str, tuple[int, ...]]) -> tuple[Group, ...]:
    """What a delta run asks first: declared but never seen, lately changed, unanswered lately, then the other known.

    `ports`: by transport those the plan may ask at all.
    """
    now = app.clock.now()
    ranks: list[dict[tuple[str, int], list[str]]] = [{}, {}, {}, {}]
    with app.database.read() as connection:
        fresh = [each for each in places.unseen(connection, app.site) if each in targets]
        moved = {each.entity for each in changes.in_time(connection, now - RECENT_DAYS * DAY_MS, now, site=app.site)}
        for each in places.known(connection, app.site):
            if each.port not in ports.get(each.transport, ()) or each.address not in targets:
                continue
            place = 1 if each.state is State.STALE else 3 if each.state is State.GONE else 0 if each.id in moved else 2
            ranks[place].setdefault((each.transport, each.port), []).append(each.address)
    groups = [
        Group(tuple(IntervalSet.parse(fresh).networks()), asked, transport)
        for transport, asked in ports.items()
        if fresh and asked
    ]
    for rank in ranks:
        groups += _grouped(rank)
    return tuple(groups)


def _grouped(rank: Mapping[tuple[str, int], Iterable[str]]) -> list[Group]:
    """Ports with the same addresses are asked together."""
    alike: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for (transport, port), addresses in rank.items():
        alike.setdefault((transport, tuple(IntervalSet.parse(addresses).networks())), []).append(port)
    return [Group(targets, tuple(sorted(ports)), transport) for (transport, targets), ports in alike.items()]
