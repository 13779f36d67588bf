"""A database looked over: whether it is whole, and whether what its tables say of each other is so."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.language import say
from secops.core.model import RelationType
from secops.store import dialect, legible, transfer
from secops.store.cases import cases
from secops.store.changes import changes
from secops.store.cursor import MERGE, cursors
from secops.store.database import Database, sequence
from secops.store.decisions import decisions
from secops.store.entities import asset_rows, assets, service_rows, services
from secops.store.findings import findings, transitions
from secops.store.looks import looks
from secops.store.numbers import numbers
from secops.store.observations import observations
from secops.store.relations import STATED, relation_rows, relations
from secops.store.run_ends import run_ends
from secops.store.sightings import sightings
from secops.store.transfer import Done, Told, quiet
from secops.store.views import ROWS

MOST = 20
"""Rows told of one kind of problem."""


@dataclass(frozen=True, slots=True)
class Law:
    """What no row may say: the words for it, and the statement that finds rows that do."""

    zh: str
    en: str
    broken: sa.Select[Any]


def problems(database: Database, told: Told = quiet) -> tuple[str, ...]:
    """What is wrong, a line each; empty where all is well."""
    with database.read() as connection:
        lacking = tuple(_shape(connection))
        if lacking:
            return lacking
        whole = _sqlite if database.embedded else _server
        found = tuple(whole(connection, told))
        return found if found and database.embedded else (*found, *_laws(connection, told))


def _sqlite(connection: Connection, told: Told) -> Iterator[str]:
    told(Done("", 0, 0))
    pages = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(100)") if row[0] != "ok"]
    yield from pages
    if pages:
        return  # what reads them otherwise fails
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(100):
        yield f"{row[0]} {row[1]} -> {row[2]}"
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    yield from legible.unread(raw, told)


def _server(connection: Connection, told: Told) -> Iterator[str]:
    """Every row is read whole: a page that cannot be is an error of the database."""
    numbers = transfer.count(connection)
    done, total = 0, sum(numbers.values())
    for name, number in numbers.items():
        connection.exec_driver_sql(f'SELECT sum(length(CAST(each AS TEXT))) FROM "{name}" each')  # noqa: S608 - ours
        done += number
        told(Done(name, done, total))
    broken = "SELECT CAST(indexrelid::regclass AS TEXT) FROM pg_index WHERE NOT indisvalid OR NOT indisready"
    for each in connection.exec_driver_sql(broken).scalars():
        yield say(f"索引不可用：{each}", f"an index is not usable: {each}")
    yield from _settings(connection)


def settings(database: Database) -> tuple[str, ...]:
    """Of the problems those that a setting of the server makes: no backup mends them."""
    if database.embedded:
        return ()
    with database.read() as connection:
        return tuple(_settings(connection))


def _settings(connection: Connection) -> Iterator[str]:
    for each in ("fsync", "full_page_writes"):
        if connection.exec_driver_sql(f"SHOW {each}").scalar() == "off":
            yield say(f"服务器关闭了 {each}，断电会丢数据", f"the server runs with {each} off: power cuts lose data")


def _shape(connection: Connection) -> Iterator[str]:
    """Tables, columns and indices that the program needs and the database has not."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    for table in transfer.tables():
        if table.name not in there:
            yield say(f"缺少表 {table.name}", f"no table {table.name}")
            continue
        columns = {each["name"] for each in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in columns:
                yield say(f"表 {table.name} 缺少列 {column.name}", f"table {table.name} has no column {column.name}")
        indices = {each["name"] for each in inspector.get_indexes(table.name)}
        wanted = [each for each in table.indexes if dialect.has(connection.dialect.name, each)]
        for index in sorted(str(each.name) for each in wanted):
            if index not in indices:
                yield say(f"表 {table.name} 缺少索引 {index}", f"table {table.name} has no index {index}")

    for name in sorted(ROWS.keys() - set(inspector.get_view_names())):
        yield say(f"缺少视图 {name}", f"no view {name}")


def _laws(connection: Connection, told: Told) -> Iterator[str]:
    laws = tuple(_every(connection))
    for place, law in enumerate(laws):
        told(Done("", place, len(laws)))
        for row in connection.execute(law.broken.limit(MOST)):
            yield f"{say(law.zh, law.en)}: {' '.join(str(each) for each in row)}"


def _every(connection: Connection) -> Iterator[Law]:
    newest = int(connection.execute(sa.select(sequence.c.value).where(sequence.c.name == "log")).scalar() or 0)
    logs = (observations, decisions, run_ends)
    for table in logs:
        high = sa.select(table.c.seq).where(table.c.seq > newest).order_by(table.c.seq)
        yield Law(f"{table.name} 的序号超过了发出的最大序号", f"{table.name} has a number never handed out", high)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        both = sa.select(logs[one].c.seq).join(logs[other], logs[one].c.seq == logs[other].c.seq)
        names = f"{logs[one].name}, {logs[other].name}"
        yield Law(f"同一序号出现在两个日志里（{names}）", f"one number in two logs ({names})", both)
    ahead = sa.select(cursors.c.name, cursors.c.seq).where(cursors.c.seq > newest, cursors.c.name == MERGE)
    yield Law("读取位置超过了日志末尾", "a reader stands behind the end of the log", ahead)
    for table, name in ((assets, "changed_seq"), (services, "changed_seq"), (changes, "seq"), (looks, "seq")):
        key = next(iter(table.primary_key))
        late = sa.select(key, table.c[name]).where(table.c[name] > newest)
        yield Law(f"{table.name} 指向不存在的日志", f"{table.name} names a place behind the log", late)
    yield from _pointers()


_BOTH_KNOWN: Final = (RelationType.RUNS_ON, RelationType.RESOLVES_TO)
"""What is found of these is found of both ends. The others, and what is declared, may lead to what nobody knows yet."""


def _pointers() -> Iterator[Law]:
    def absent(column: sa.Column[Any], *targets: sa.Column[Any]) -> list[sa.ColumnElement[bool]]:
        return [~sa.exists().where(target == column) for target in targets]

    orphans = sa.select(services.c.id, services.c.parent).where(
        services.c.parent.is_not(None), *absent(services.c.parent, assets.c.id)
    )
    yield Law("端口所属的地址不存在", "a service whose address is not there", orphans)
    for table in (asset_rows, service_rows, relation_rows):
        times = sa.select(sightings.c.number).join(numbers, numbers.c.number == sightings.c.number)
        unseen = sa.select(table.c.id).where(~times.where(numbers.c.id == table.c.id).exists())
        yield Law(f"{table.name} 缺少最近发现时间", f"{table.name} has rows of which no sighting is kept", unseen)
    found = sa.and_(relations.c.reason != STATED, relations.c.type.in_(map(str, _BOTH_KNOWN)))
    for end in (relations.c.source, relations.c.target):
        loose = sa.select(relations.c.id, end).where(found, *absent(end, assets.c.id, services.c.id))
        yield Law("关系的一端不存在", "a relation one of whose ends is not there", loose)
    steps = sa.select(transitions.c.finding, transitions.c.number).where(*absent(transitions.c.finding, findings.c.id))
    yield Law("变更记录所属的问题不存在", "a transition whose finding is not there", steps)
    case = findings.c["case"]
    filed = sa.select(findings.c.id, case).where(case != "", findings.c.open.is_(True), *absent(case, cases.c.id))
    yield Law("问题所属的通报单不存在", "a finding whose case is not there", filed)
    opened = sa.select(sa.func.count()).where(case == cases.c.id, findings.c.open.is_(True)).scalar_subquery()
    miscounted = sa.select(cases.c.id, cases.c.findings).where(cases.c.findings != opened)
    yield Law("通报单的问题数不符", "a case that counts its findings wrongly", miscounted)
