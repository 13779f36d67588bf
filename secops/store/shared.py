"""What several sites have in common: values grouped in the database, so that only what is shared comes out of it.

A value that more than the limit have is left where it is: it is a product's, a template's or a portal's.
"""

import json
from collections.abc import Collection, Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.address import unpack
from secops.core.fields import Type, by_name
from secops.core.model import Kind, RelationType
from secops.core.standing import LIVING
from secops.store import dialect
from secops.store.entities import assets, services
from secops.store.relations import relations
from secops.store.rows import among, chunks

_LIVING: Final = sorted(each.value for each in LIVING)
_FETCH: Final = 5_000


def values(connection: Connection, site: str, field: str, limit: int) -> Iterator[tuple[str, str]]:
    """Value and website, for every value that 2 to `limit` living websites have; by value and id."""
    column = by_name()[field].column
    websites = sa.select(assets.c.id, assets.c[column].label("value")).where(*_websites(site))
    if by_name()[field].type is Type.TEXTS:
        rows = dialect.members(assets.c[column])
        joined = assets.join(rows, sa.true())
        websites = sa.select(assets.c.id, rows.c.value.label("value")).select_from(joined).where(*_websites(site))
    yield from _grouped(connection, websites.where(assets.c[column].is_not(None)), limit)


def certificates(connection: Connection, site: str, limit: int) -> Iterator[tuple[str, str]]:
    """Certificate and holder, for every one that 2 to `limit` living websites and other ports have."""
    sites = sa.select(assets.c.id, assets.c.tls_fingerprint.label("value")).where(
        *_websites(site), assets.c.tls_fingerprint.is_not(None)
    )
    name = sa.func.coalesce(services.c.service_name, "")
    ports = sa.select(services.c.id, services.c.tls_fingerprint.label("value")).where(
        services.c.site == site, services.c.state.in_(_LIVING), services.c.tls_fingerprint.is_not(None),
        name.not_like("http%"),
    )  # fmt: skip
    yield from _grouped(connection, sa.union_all(sites, ports), limit)


def redirects(connection: Connection, site: str) -> Iterator[tuple[str, str]]:
    """Id of a living website and the whole URL it redirects to."""
    location = assets.c.http_location
    whole = sa.or_(dialect.starts(location, "http://"), dialect.starts(location, "https://"))
    chosen = sa.select(assets.c.id, location).where(*_websites(site), whole).order_by(assets.c.id)
    for row in connection.execute(chosen.execution_options(yield_per=_FETCH)):
        yield row[0], row[1]


def links(connection: Connection, site: str, ids: Collection[str], limit: int) -> Iterator[tuple[str, str]]:
    """Pages that link to pages, both among `ids`, both ends with at most `limit` links: no portals, none all cite."""
    drawn = (relations.c.site == site, relations.c.type == RelationType.CONNECTS_TO.value, relations.c.reason == "link")
    known = frozenset(ids)
    pairs: list[tuple[str, str]] = []
    for part in chunks(sorted(known), _FETCH):
        few = sa.select(relations.c.source).where(*drawn, among(relations.c.source, part))
        few = few.group_by(relations.c.source).having(sa.func.count() <= limit)
        chosen = sa.select(relations.c.source, relations.c.target).where(*drawn, relations.c.source.in_(few))
        pairs += [(row[0], row[1]) for row in connection.execute(chosen) if row[1] in known]
    cited: set[str] = set()
    for part in chunks(sorted({target for _, target in pairs}), _FETCH):
        many = sa.select(relations.c.target).where(*drawn, among(relations.c.target, part))
        many = many.group_by(relations.c.target).having(sa.func.count() > limit)
        cited |= set(connection.execute(many).scalars())
    yield from sorted(pair for pair in pairs if pair[1] not in cited)


def addresses(connection: Connection, site: str, limit: int) -> Iterator[tuple[str, str]]:
    """Address and website, for every address that 2 to `limit` living websites have."""
    chosen = sa.select(assets.c.id, assets.c.address.label("value")).where(*_websites(site))
    for place, id in _grouped(connection, chosen.where(assets.c.address.is_not(None)), limit):
        yield unpack(bytes(place)), id


def crowded(connection: Connection, site: str, limit: int) -> frozenset[str]:
    """Addresses with more than `limit` living websites."""
    there = sa.select(assets.c.address).where(*_websites(site), assets.c.address.is_not(None))
    many = there.group_by(assets.c.address).having(sa.func.count() > limit)
    return frozenset(unpack(bytes(each)) for each in connection.execute(many).scalars())


def at_addresses(connection: Connection, site: str, packed: Collection[bytes]) -> dict[str, list[str]]:
    """The living websites at each of these (packed) addresses."""
    found: dict[str, list[str]] = {}
    for part in chunks(sorted(packed)):
        chosen = sa.select(assets.c.address, assets.c.id).where(*_websites(site), assets.c.address.in_(part))
        for place, id in connection.execute(chosen):
            found.setdefault(unpack(bytes(place)), []).append(id)
    return found


def told(connection: Connection, ids: Collection[str]) -> Iterator[dict[str, Any]]:
    """What a member of a candidate is known by: columns as `assets.candidate.Member` has them."""
    prefix = f"{Kind.SERVICE}-"
    for table in (assets, services):
        kind = sa.literal(Kind.SERVICE.value) if table is services else assets.c.kind
        wanted = sorted(each for each in ids if each.startswith(prefix) is (table is services))
        for part in chunks(wanted, _FETCH):
            chosen = sa.select(
                table.c.id, kind.label("kind"), table.c.key, table.c.address, table.c.port, table.c.org_id,
                table.c.system_id, table.c.http_title, table.c.http_icp, table.c.tls_names, table.c.tls_subject,
            ).where(among(table.c.id, part))  # fmt: skip
            for row in connection.execute(chosen):
                yield {
                    "id": row.id, "kind": Kind(row.kind), "key": row.key, "port": row.port or 0,
                    "address": unpack(bytes(row.address)) if row.address is not None else "",
                    "org": row.org_id or "", "system": row.system_id or "", "title": row.http_title or "",
                    "icp": tuple(json.loads(row.http_icp or "[]")), "names": tuple(json.loads(row.tls_names or "[]")),
                    "subject": row.tls_subject or "",
                }  # fmt: skip


def _websites(site: str) -> tuple[sa.ColumnElement[bool], ...]:
    return assets.c.site == site, assets.c.kind == Kind.WEBSITE.value, assets.c.state.in_(_LIVING)


def _grouped(
    connection: Connection, rows: sa.Select[Any] | sa.CompoundSelect[Any], limit: int
) -> Iterator[tuple[Any, str]]:
    every = rows.cte("every_one")
    shared = (
        sa.select(every.c.value)
        .group_by(every.c.value)
        .having(sa.func.count(sa.distinct(every.c.id)).between(2, limit))
    ).cte("shared")
    chosen = sa.select(every.c.value, every.c.id).distinct().join(shared, shared.c.value == every.c.value)
    ordered = chosen.order_by(every.c.value, every.c.id)
    for row in connection.execute(ordered.execution_options(yield_per=_FETCH)):
        yield row[0], row[1]
