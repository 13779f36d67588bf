"""The two logs and the run ends read as the one sequence they are."""

import heapq

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import Logged
from secops.store import decisions, folds, observations, run_ends


def after(connection: Connection, seq: int, limit: int) -> list[Logged]:
    """At most `limit` entries after this place, in order, none left out between the first and the last."""
    parts = [each.after(connection, seq, limit) for each in (observations, decisions, run_ends)]
    return list(heapq.merge(*parts, key=lambda logged: logged.seq))[:limit]


def size(connection: Connection) -> int:
    """How many entries there are, folded ones included."""
    tables = (observations.observations, decisions.decisions, run_ends.run_ends)
    counted = [connection.execute(sa.select(sa.func.count()).select_from(each)).scalar_one() for each in tables]
    return sum(map(int, counted)) + folds.count(connection)
