"""Where things were seen, without what is known of them: what a plan needs of an inventory, row by row."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core import address
from secops.core.fields import by_name
from secops.core.model import Entity, Kind, State
from secops.store.entities import assets, services, stream, table_of


@dataclass(frozen=True, slots=True)
class Place:
    """One known port."""

    id: str
    address: str
    port: int
    transport: str
    state: State


def known(connection: Connection, site: str) -> Iterator[Place]:
    """Every port known on the site, whatever its state, by address."""
    chosen = (
        sa.select(services.c.id, services.c.address, services.c.port, services.c.transport, services.c.state)
        .where(services.c.site == site, services.c.address.is_not(None), services.c.port.is_not(None))
        .order_by(services.c.address, services.c.port)
    )
    for row in connection.execute(chosen.execution_options(yield_per=5_000)):
        yield Place(row.id, address.unpack(bytes(row.address)), row.port, row.transport or "tcp", State(row.state))


def unseen(connection: Connection, site: str) -> Iterator[str]:
    """Addresses that were declared and never seen."""
    chosen = sa.select(assets.c.address).where(
        assets.c.site == site,
        assets.c.kind == Kind.IP.value,
        assets.c.state == State.DECLARED.value,
        assets.c.address.is_not(None),
    )
    for packed in connection.execute(chosen).scalars():
        yield address.unpack(bytes(packed))


def having(
    connection: Connection, site: str, kind: Kind, known: Collection[str], named: Mapping[str, Collection[str]]
) -> Iterator[Entity]:
    """Entities of a kind of which any of the `known` fields is known, or a field has one of the values `named`."""
    table = table_of(kind)
    wanted = [table.c[by_name()[name].column].is_not(None) for name in known]
    wanted += [table.c[by_name()[name].column].in_(list(values)) for name, values in named.items()]
    conditions = [table.c.site == site, sa.or_(*wanted)]
    if kind is not Kind.SERVICE:
        conditions.append(table.c.kind == kind.value)
    return stream(connection, table, *conditions)
