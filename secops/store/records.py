"""Rows of the registers in force, as last declared; their history is in the decisions."""

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.record import Record
from secops.store.database import metadata
from secops.store.rows import among, pack, plain, unpack, upsert

records = sa.Table(
    "records",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("org_id", sa.Text, nullable=False),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("valid_until", sa.Text, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
sa.Index("records_by_system", records.c.site, records.c.system)


def put(connection: Connection, items: Sequence[Record]) -> None:
    """Write these rows as they are now."""
    upsert(connection, records, [encode(each) for each in items])


def remove(connection: Connection, site: str, subjects: Collection[str]) -> None:
    """Forget withdrawn rows, named by `type:key`."""
    for each in subjects:
        type, _, key = each.partition(":")
        chosen = sa.and_(records.c.site == site, records.c.type == type, records.c.key == key)
        connection.execute(records.delete().where(chosen))


def listed(
    connection: Connection,
    site: str,
    type: str | None = None,
    *,
    org: str = "",
    system: str = "",
    due_before: str = "",
) -> Iterator[Record]:
    """Rows by type and key. `due_before`: only those out of date before this day."""
    conditions = [records.c.site == site]
    if type is not None:
        conditions.append(records.c.type == type)
    if org:
        conditions.append(records.c.org_id == org)
    if system:
        conditions.append(records.c.system == system)
    if due_before:
        conditions += [records.c.valid_until != "", records.c.valid_until < due_before]
    chosen = sa.select(records).where(*conditions).order_by(records.c.type, records.c.key)
    for row in connection.execute(chosen.execution_options(yield_per=1000)):
        yield _decode(row)


def get(connection: Connection, site: str, type: str, key: str) -> Record | None:
    """One row."""
    chosen = sa.select(records).where(records.c.site == site, records.c.type == type, records.c.key == key)
    row = connection.execute(chosen).first()
    return None if row is None else _decode(row)


def of_systems(connection: Connection, site: str, systems: Collection[str]) -> list[Record]:
    """Every row about these systems, and every contract and outsourced person: they name systems of their own."""
    about = sa.or_(among(records.c.system, systems), records.c.type.in_(["contract", "staff"]))
    chosen = sa.select(records).where(records.c.site == site, about).order_by(records.c.type, records.c.key)
    return [_decode(row) for row in connection.execute(chosen)]


def counts(connection: Connection, site: str, today: str) -> dict[str, tuple[int, int]]:
    """Type -> how many rows, how many of them out of date today."""
    late = sa.func.sum(sa.case((sa.and_(records.c.valid_until != "", records.c.valid_until < today), 1), else_=0))
    chosen = sa.select(records.c.type, sa.func.count(), late).where(records.c.site == site).group_by(records.c.type)
    return {type: (number, int(old)) for type, number, old in connection.execute(chosen)}


def encode(each: Record) -> dict[str, object]:
    """The row of a record."""
    return {
        "site": each.site,
        "type": each.type,
        "key": plain(each.key),
        "org_id": plain(each.org_id),
        "system": plain(each.system),
        "valid_until": each.valid_until,
        "fields": pack(each.fields),
        "seq": each.seq,
        "at": int(each.at),
        "who": plain(each.who),
        "reason": plain(each.reason),
    }


def _decode(row: sa.Row[tuple[object, ...]]) -> Record:
    return Record(
        site=row.site,
        type=row.type,
        key=row.key,
        org_id=row.org_id,
        system=row.system,
        valid_until=row.valid_until,
        fields=unpack(row.fields),
        seq=row.seq,
        at=Instant(row.at),
        who=row.who,
        reason=row.reason,
    )
