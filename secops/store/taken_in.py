"""Up to when the inventory took in what it tells: what was seen and decided, how runs ended, what was judged."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import DecisionType
from secops.store import changes, cursor
from secops.store.decisions import decisions
from secops.store.findings import findings
from secops.store.run_ends import run_ends
from secops.store.sightings import sightings


def upto(connection: Connection) -> Instant | None:
    """The time of the newest thing taken in; None where nothing is known.

    A moment asked of the past at this time has the same in it. What is logged and not merged yet does not count, nor
    that a query was kept under a name.
    """
    merged = cursor.get(connection)
    decided = sa.and_(decisions.c.seq <= merged, decisions.c.type != str(DecisionType.SAVE))
    newest: tuple[tuple[Any, Any], ...] = (
        (sightings.c.last_seen, sa.true()), (findings.c.changed_at, sa.true()), (decisions.c.at, decided),
        (run_ends.c.at, run_ends.c.seq <= merged),
    )  # fmt: skip
    found = [connection.execute(sa.select(sa.func.max(column)).where(which)).scalar() for column, which in newest]
    found += [changes.newest(connection, each) for each in changes.fields(connection)]
    return max((Instant(int(each)) for each in found if each), default=None)
