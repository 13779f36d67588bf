"""The two logs and the run ends read as the one sequence they are."""

import heapq

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import DecisionType, Logged
from secops.store import decisions, folds, observations, run_ends


def after(connection: Connection, seq: int, limit: int) -> list[Logged]:
    """At most `limit` entries after this place, in order, none left out between the first and the last."""
    parts = [each.after(connection, seq, limit) for each in (observations, decisions, run_ends)]
    return list(heapq.merge(*parts, key=lambda logged: logged.seq))[:limit]


def behind(connection: Connection, seq: int) -> int:
    """How many numbers after this place were given to what was seen, declared, or ended a run; 0 where none was."""
    declared = decisions.decisions.c.type == str(DecisionType.DECLARE)
    newest = (
        sa.select(sa.func.max(observations.observations.c.seq)),
        sa.select(sa.func.max(run_ends.run_ends.c.seq)),
        sa.select(sa.func.max(decisions.decisions.c.seq)).where(declared, decisions.decisions.c.seq > seq),
    )
    return max(0, *(int(connection.execute(each).scalar() or 0) - seq for each in newest))


def size(connection: Connection) -> int:
    """How many entries there are, folded ones included."""
    tables = (observations.observations, decisions.decisions, run_ends.run_ends)
    counted = [connection.execute(sa.select(sa.func.count()).select_from(each)).scalar_one() for each in tables]
    return sum(map(int, counted)) + folds.count(connection)
