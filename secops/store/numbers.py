"""Short numbers of entities and relations: what moves with every look is kept by number, in rows of a few bytes.

A number is given once and to nobody else later: a relation that is drawn again after it was withdrawn has its own.
"""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.store.database import metadata
from secops.store.rows import Big, among, fill

numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("number", Big, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
)
"""Numbers rise in order of birth: what was found together lies together."""


def of(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """The numbers of those that have one."""
    if not ids:
        return {}
    chosen = sa.select(numbers.c.id, numbers.c.number).where(among(numbers.c.id, ids))
    return {id: number for id, number in connection.execute(chosen).all()}  # noqa: C416 - a Row is no tuple to mypy


def given(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """The numbers of all of these: who has none gets the next, in the order given."""
    wanted = dict.fromkeys(ids)
    found = of(connection, wanted)
    new = [id for id in wanted if id not in found]
    if new:
        last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(numbers.c.number), 0))).scalar_one()
        rows = list(enumerate(new, int(last) + 1))
        fill(connection, numbers, rows)
        found |= {id: number for number, id in rows}
    return found
