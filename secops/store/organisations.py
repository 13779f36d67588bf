"""The units that answer for assets, as last declared."""

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import Organisation
from secops.store.database import metadata
from secops.store.rows import among, plain, upsert

organisations = sa.Table(
    "organisations",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent", sa.Text, nullable=False),
    sa.Column("credit_code", sa.Text, nullable=False),
    sa.Column("contact", sa.Text, nullable=False),
    sa.Column("phone", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
)
_NAMES = tuple(column.name for column in organisations.columns)


def put(connection: Connection, items: Sequence[Organisation]) -> None:
    """Write these units as they are declared now."""
    upsert(connection, organisations, [encode(each) for each in items])


def encode(each: Organisation) -> dict[str, object]:
    """The row of a unit."""
    return {name: plain(getattr(each, name)) for name in _NAMES}


def remove(connection: Connection, site: str, ids: Sequence[str]) -> None:
    """Forget units whose declaration was withdrawn."""
    for each in ids:
        connection.execute(organisations.delete().where(organisations.c.site == site, organisations.c.id == each))


def every(connection: Connection, site: str | None = None) -> Iterator[Organisation]:
    """All units, by site and id."""
    chosen = sa.select(organisations).order_by(organisations.c.site, organisations.c.id)
    if site is not None:
        chosen = chosen.where(organisations.c.site == site)
    for row in connection.execute(chosen).mappings():
        yield Organisation(**row)


def by_ids(connection: Connection, site: str, ids: Collection[str]) -> dict[str, Organisation]:
    """Those of these units of a site that there are."""
    chosen = sa.select(organisations).where(organisations.c.site == site, among(organisations.c.id, ids))
    return {row["id"]: Organisation(**row) for row in connection.execute(chosen).mappings()} if ids else {}


def get(connection: Connection, site: str, id: str) -> Organisation | None:
    """One unit."""
    chosen = sa.select(organisations).where(organisations.c.site == site, organisations.c.id == id)
    row = connection.execute(chosen).mappings().first()
    return Organisation(**row) if row else None
