"""Where words stand: an index of the pieces of the entities' texts. It proposes, the condition on the entity decides.

Derived and no fact: outside the digest, filled as entities are written. SQLite: FTS5 that keeps postings only, to which
an entity's new pieces are added (those it no longer has propose it in vain until the next rebuild). PostgreSQL: the
pieces of each entity as an array under a GIN index.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from secops.core.fields import by_name, facts_of
from secops.core.filter_words import SEARCHED
from secops.core.model import Entity, Kind, Value
from secops.core.query import TEXTUAL, Compare, Op, Wild, fold, pattern
from secops.store.database import metadata
from secops.store.pieces import begins, cut, needed
from secops.store.rows import among, plain

texts = sa.Table(
    "texts",
    metadata,
    sa.Column("doc", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("pieces", sa.Text().with_variant(ARRAY(sa.Text), "postgresql")),
)
sa.Index("texts_by_pieces", texts.c.pieces, postgresql_using="gin").ddl_if(dialect="postgresql")

FTS: Final = "texts_pieces"
MAKE: Final = f"CREATE VIRTUAL TABLE {FTS} USING fts5(pieces, content='', detail=none, columnsize=0, tokenize='ascii')"
MOST: Final = 10_000
"""A word in more texts than this is found by reading on from the first as fast, and is not looked up."""
_BATCH: Final = 4_000
_ADDRESSES: Final = frozenset("0123456789abcdef.:[]/tcpud")
"""Characters that keys of addresses and their ports are made of, folded; those keys are not in the index."""
_MARK: Final = "§"
"""Before the pieces of services, so that a word common among them is not thought common among assets."""
_BARE_KEYS: Final = frozenset({Kind.IP, Kind.SERVICE})


@event.listens_for(texts, "after_create")
def _made(_table: sa.Table, connection: Connection, **_kw: object) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(MAKE)


@event.listens_for(texts, "before_drop")
def _dropped(_table: sa.Table, connection: Connection, **_kw: object) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {FTS}")


_NAMES: Final = {kind: tuple(sorted(SEARCHED & facts_of(kind))) for kind in Kind}


@dataclass(frozen=True, slots=True)
class Words:
    """What the index is to take in, as (id, pieces): of new entities, and of those it has already."""

    new: Sequence[tuple[str, str]]
    more: Sequence[tuple[str, str]]


def words(
    entities: Mapping[str, Entity],
    before: Mapping[str, Entity],
    differ: Mapping[str, Collection[str]],
    *,
    embedded: bool,
) -> Words:
    """The texts of these entities, by id.

    `before`: as they were when last taken in, `differ`: the facts that are others since; those in neither are new.
    `embedded`: whether it is for SQLite, which is told of an entity only what it has more.
    """
    new: list[tuple[str, str]] = []
    more: list[tuple[str, str]] = []
    for id, each in entities.items():
        fields = differ.get(id)
        if fields is None:
            if pieces := _pieces(_values(each, _NAMES[each.kind]), _mark(each.kind)):
                new.append((id, pieces))
        elif names := SEARCHED.intersection(fields):
            values = _values(each, _NAMES[each.kind]) if not embedded else _more(each, before[id], names)
            if pieces := _pieces(values, _mark(each.kind)):
                more.append((id, pieces))
    return Words(new, more)


def put(connection: Connection, words: Words) -> None:
    """Take these in."""
    _add(connection, words.new, words.more)


def build(connection: Connection) -> None:
    """Take in everything anew, from whatever columns the tables have: for migrations."""
    clear(connection)
    there = sa.inspect(connection)
    for name in ("assets", "services"):
        columns = {each["name"] for each in there.get_columns(name)}
        wanted = sorted(by_name()[each].column for each in SEARCHED if by_name()[each].column in columns)
        table = sa.table(name, *(sa.column(each) for each in ("id", *({"kind", "key"} & columns), *wanted)))
        keyed = "kind" in columns
        found = connection.execute(sa.select(table).execution_options(yield_per=1000)).mappings()
        while page := list(islice(found, _BATCH)):
            rows = []
            for row in page:
                values = [str(row[each]) for each in wanted if row[each] is not None]
                if keyed and row["kind"] != Kind.IP:
                    values.append(str(row["key"]))
                if pieces := _pieces(values, _mark(None if keyed else Kind.SERVICE)):
                    rows.append((str(row["id"]), pieces))
            _add(connection, rows, [])


def clear(connection: Connection) -> None:
    """Empty the index."""
    connection.execute(texts.delete())
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"INSERT INTO {FTS}({FTS}) VALUES('delete-all')")


def lookup(connection: Connection, word: str, kind: Kind | None) -> list[str] | None:
    """Ids of all entities of the kind in whose indexed texts the word may stand, and maybe of others.

    None where the word is too short, or in too many.
    """
    chosen = _choice(connection.dialect.name, word, _mark(kind))
    if chosen is None:
        return None
    docs, ids = chosen
    few = sa.select(sa.func.count()).select_from(docs.limit(MOST + 1).subquery())
    if int(connection.execute(few).scalar_one()) > MOST:
        return None
    return list(connection.execute(ids).scalars())


def word_of(compare: Compare, kind: Kind | None) -> str:
    """What must stand in the text for the comparison to hold, folded; empty where the index cannot tell."""
    if compare.op not in TEXTUAL | {Op.EQ} or not isinstance(compare.value, str):
        return ""
    word = compare.value
    if compare.op is Op.LIKE:
        word = max("".join("\0" if isinstance(e, Wild) else e for e in pattern(word)).split("\0"), key=len)
    word = fold(word)
    return word if word and _covers(compare.field, word, kind) else ""


def _covers(field: str, word: str, kind: Kind | None) -> bool:
    """Whether the index knows every entity of this kind in whose field the word stands."""
    if field != "key":
        return field in SEARCHED
    return (kind is not None and kind not in _BARE_KEYS) or not frozenset(word) <= _ADDRESSES


def _values(entity: Entity, names: Iterable[str]) -> list[str]:
    values = [] if entity.kind in _BARE_KEYS else [plain(entity.key)]
    for name in names:
        values += _value(entity.facts.get(name))
    return values


def _more(now: Entity, then: Entity, names: Collection[str]) -> list[str]:
    """What the entity has in these fields and had not."""
    known = {value for name in names for value in _value(then.facts.get(name))}
    return [value for name in sorted(names) for value in _value(now.facts.get(name)) if value not in known]


def _value(value: Value) -> Sequence[str]:
    """The texts that a fact is or has."""
    if value is None:
        return ()
    return [plain(str(each)) for each in value] if isinstance(value, tuple) else (plain(str(value)),)


def _pieces(values: Iterable[str], mark: str) -> str:
    """What the index is given: before each piece the mark, which keeps one sort of thing from another."""
    return " ".join([mark + piece for each in values for piece in cut(each)])


def _mark(kind: Kind | None) -> str:
    return _MARK if kind is Kind.SERVICE else ""


def _add(connection: Connection, new: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> None:
    """Take in whole texts of entities, and what texts the index has got more of."""
    if connection.dialect.name != "sqlite":
        arrays = [{"id": id, "pieces": sorted(set(pieces.split(" ")))} for id, pieces in (*new, *more)]
        if arrays:
            connection.execute(
                sa.text(
                    "INSERT INTO texts (id, pieces) VALUES (:id, :pieces)"
                    " ON CONFLICT (id) DO UPDATE SET pieces = excluded.pieces"
                ),
                arrays,
            )
        return
    rows: list[tuple[int, str]] = []
    if more:
        held = sa.select(texts.c.id, texts.c.doc).where(among(texts.c.id, [id for id, _ in more]))
        docs = {id: doc for id, doc in connection.execute(held).all()}  # noqa: C416 - rows are pairs to no type checker
        rows = sorted((docs[id], pieces) for id, pieces in more if id in docs)
        new = [*new, *((id, pieces) for id, pieces in more if id not in docs)]
    if new:
        first = int(connection.exec_driver_sql("SELECT coalesce(max(doc), 0) + 1 FROM texts").scalar_one())
        numbered = [(doc, id) for doc, (id, _) in enumerate(new, first)]
        connection.exec_driver_sql("INSERT OR REPLACE INTO texts (doc, id) VALUES (?, ?)", numbered)
        rows += [(doc, pieces) for doc, (_, pieces) in enumerate(new, first)]
    if rows:  # in order of their numbers: FTS5 writes out what it holds whenever one goes back
        connection.exec_driver_sql(f"INSERT INTO {FTS} (rowid, pieces) VALUES (?, ?)", rows)  # noqa: S608 - a name of ours


def _choice(name: str, word: str, mark: str) -> tuple[sa.Select[Any], sa.Select[Any]] | None:
    """What gives the places of the word, and what gives the ids of the entities there."""
    pieces = [mark + each for each in needed(word)]
    if name != "sqlite":
        wanted = sa.text("texts.pieces @> CAST(:wanted AS text[])").bindparams(wanted=pieces)
        found = sa.select(texts.c.id).where(wanted)
        return (found, found) if pieces else None
    start = begins(word) if not pieces else ""
    if not pieces and not start:
        return None
    match = " AND ".join(f'"{each}"' for each in pieces) if pieces else f'"{mark}{start}" *'
    fts = sa.table(FTS, sa.column("rowid"))
    docs = sa.select(fts.c.rowid).where(sa.literal_column(FTS).op("MATCH")(match))
    there = fts.join(texts, texts.c.doc == fts.c.rowid)
    return docs, sa.select(texts.c.id).select_from(there).where(sa.literal_column(FTS).op("MATCH")(match))
