"""Who bears a mark that several machines show: where, whether still, and whose, so that a person can decide."""

from collections.abc import Collection
from typing import Final

from secops.assets.identity import ip_id
from secops.core.clock import Instant, render
from secops.hall.app import App
from secops.store import entities, evidence, organisations

MOST: Final = 100


def bearers(app: App, marks: Collection[str], place: str = "") -> tuple[list[dict[str, object]], int]:
    """The first `MOST` places that show one of these marks, those of today first, and how many there are.

    A row: address, host (its id, empty for none), key, state, now (it shows there still), last_seen (when it showed
    last), org_id, org.name. `place`: of this address alone.
    """
    with app.database.read() as connection:
        found, number = evidence.bearers(connection, app.site, marks, place, MOST)
        ids = {row.host for row in found if row.host} | {ip_id(app.site, row.place) for row in found}
        known = entities.by_ids(connection, ids)
        orgs = {each.org_id for each in known.values() if each.org_id}
        units = organisations.by_ids(connection, app.site, orgs)
    told: list[dict[str, object]] = []
    for row in found:
        host, address = known.get(row.host), known.get(ip_id(app.site, row.place))
        org = next((each.org_id for each in (address, host) if each is not None and each.org_id), "")
        told.append({
            "address": row.place, "host": row.host, "key": host.key if host is not None else "",
            "state": str(host.state) if host is not None else "", "now": bool(row.now),
            "last_seen": render(Instant(row.at)) if row.at is not None else "",
            "org_id": org, "org.name": units[org].name if org in units else "",
        })  # fmt: skip
    return told, number
