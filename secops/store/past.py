"""The store as it stood at an earlier moment, under the names it has today: questions need not know the difference.

Inside `opened` the tables of assets, services, relations and findings are views of that moment, made of temporary
tables that only this connection sees: what did not change since is read where it lies, what did change has been taken
back. Organisations and rows of registers follow when the caller hands them in (`put`), because what a decision says is
not this room's to know.

Nobody keeps when a thing was seen between two of its changes: `last_seen` is just after the moment where today's lies
later.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.finding import Step
from secops.core.model import Kind, Organisation
from secops.core.record import Record
from secops.store import changes, dialect, entities, organisations, records
from secops.store.database import Database
from secops.store.entities import assets, services
from secops.store.findings import findings
from secops.store.relations import ended_relations, relations

_PART: Final = 5_000
_CORE: Final = frozenset({"state", "declared", "org_id", "system_id", "parent"})
"""Columns of every entity whose changes are kept."""


@contextmanager
def opened(database: Database, at: Instant) -> Iterator[Connection]:
    """One consistent view of the store as of `at`; nothing can be written through it that lasts.

    It costs time and temporary space in proportion to what changed since, not to what is there.
    """
    with database.scratch() as connection:
        main = dialect.schema(connection)
        _moved(connection, at)
        for table in (assets, services):
            _copied(connection, table, main)
        _taken_back(connection, at)
        for table in (assets, services):
            _shown(connection, table, main, at)
        _relations(connection, main, at)
        _findings(connection, main, at)
        yield connection


def put(connection: Connection, table: str, rows: Sequence[Organisation] | Sequence[Record]) -> None:
    """Let `organisations` or `records` hold these rows inside this view."""
    known = {"organisations": organisations.organisations, "records": records.records}[table]
    main = dialect.schema(connection)
    _run(connection, f"CREATE TEMP TABLE {table} AS SELECT * FROM {main}.{table} WHERE 1 = 0")  # noqa: S608 - our names
    if rows:
        found = [records.encode(each) if isinstance(each, Record) else organisations.encode(each) for each in rows]
        connection.execute(known.insert(), found)


def _run(connection: Connection, text: str, values: Mapping[str, object] | None = None) -> None:
    connection.execute(sa.text(text), values or {})


def _moved(connection: Connection, at: Instant) -> None:
    """Which entities changed since, and of what was born since nothing else."""
    _run(connection, "CREATE TEMP TABLE past_moved (id TEXT PRIMARY KEY)")
    for field in changes.fields(connection):
        _run(
            connection,
            "INSERT INTO past_moved SELECT DISTINCT entity FROM changes WHERE field = :field AND at > :at"
            " ON CONFLICT DO NOTHING",
            {"field": field, "at": int(at)},
        )


def _copied(connection: Connection, table: sa.Table, main: str) -> None:
    """Today's rows of what changed since and was there then."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    _run(
        connection,
        f"CREATE TEMP TABLE past_{table.name} AS SELECT {names} FROM {main}.{table.name}"  # noqa: S608 - our names
        " WHERE id IN (SELECT id FROM past_moved)",
    )
    _run(connection, f"CREATE UNIQUE INDEX past_{table.name}_by_id ON past_{table.name} (id)")


def _taken_back(connection: Connection, at: Instant) -> None:
    """Every field of these rows as it was: what its first change since changed it from."""
    for field in changes.fields(connection):
        if field == "born":
            continue
        for part in _parts(changes.before(connection, field, at)):
            for table, service in ((assets, False), (services, True)):
                mine = [(id, old) for id, old in part if id.startswith(f"{Kind.SERVICE}-") is service]
                rows = [{"entity": id, **entities.cells(table, field, old, core=_CORE)} for id, old in mine]
                if rows and len(rows[0]) > 1:
                    told = ", ".join(f'"{name}" = :{name}' for name in rows[0] if name != "entity")
                    connection.execute(
                        sa.text(f"UPDATE past_{table.name} SET {told} WHERE id = :entity"),  # noqa: S608 - our names
                        rows,
                    )
    for table in (assets, services):
        _run(
            connection,
            f"DELETE FROM past_{table.name} WHERE id IN"  # noqa: S608 - our names
            " (SELECT entity FROM changes WHERE field = 'born' AND at > :at)",
            {"at": int(at)},
        )


def _parts(found: Iterator[tuple[str, Any]]) -> Iterator[list[tuple[str, Any]]]:
    part: list[tuple[str, Any]] = []
    for each in found:
        part.append(each)
        if len(part) == _PART:
            yield part
            part = []
    if part:
        yield part


def _shown(connection: Connection, table: sa.Table, main: str, at: Instant) -> None:
    """The table of then in the place of today's."""
    for column in ("parent", "address") if table is services else ("kind", "address", "system_id"):
        _run(connection, f"CREATE INDEX past_{table.name}_by_{column} ON past_{table.name} ({column})")
    names = ", ".join(
        f'CASE WHEN last_seen <= {int(at)} THEN last_seen ELSE {int(at) + 1} END AS "last_seen"'
        if column.name == "last_seen"
        else f'"{column.name}"'
        for column in table.columns
    )
    _run(
        connection,
        f"CREATE TEMP VIEW {table.name} AS SELECT {names} FROM {main}.{table.name}"  # noqa: S608 - our names
        f" WHERE id NOT IN (SELECT id FROM past_moved) UNION ALL SELECT {names} FROM past_{table.name}",
    )


def _relations(connection: Connection, main: str, at: Instant) -> None:
    seen = f"CASE WHEN last_seen <= {int(at)} THEN last_seen ELSE {int(at)} END AS last_seen"
    names = ", ".join(seen if each.name == "last_seen" else each.name for each in relations.columns)
    _run(
        connection,
        f"CREATE TEMP VIEW relations AS SELECT {names} FROM {main}.relations"  # noqa: S608 - our names and a number
        f" WHERE first_seen <= {int(at)} UNION ALL SELECT {names} FROM {main}.{ended_relations.name}"
        f" WHERE first_seen <= {int(at)} AND ended_at > {int(at)}",
    )


def _findings(connection: Connection, main: str, at: Instant) -> None:
    """Findings by their last transition up to then; which case one belonged to is told as today."""
    then = int(at)
    told = ("at", "number", "severity", "rule_digest", "evidence", "org_id", "system_id")
    renamed = {"changed_at": "at", "transition": "number"}
    opened_at = (
        f"(SELECT max(o.at) FROM {main}.transitions o WHERE o.finding = f.id AND o.at <= {then}"  # noqa: S608 - ours
        f" AND o.step IN ('{Step.OPENED}', '{Step.REOPENED}'))"
    )
    columns = []
    for column in findings.columns:
        source = renamed.get(column.name, column.name)
        if column.name == "open":
            columns.append(f"t.step <> '{Step.RESOLVED}' AS open")
        elif column.name == "opened_at":
            columns.append(f"{opened_at} AS opened_at")
        else:
            columns.append(f'{"t" if source in told else "f"}."{source}" AS "{column.name}"')
    today = ", ".join(f'"{column.name}"' for column in findings.columns)
    newest = f"(SELECT max(n.number) FROM {main}.transitions n WHERE n.finding = f.id AND n.at <= {then})"  # noqa: S608
    _run(
        connection,
        f"CREATE TEMP VIEW findings AS SELECT {today} FROM {main}.findings WHERE changed_at <= {then}"  # noqa: S608
        f" UNION ALL SELECT {', '.join(columns)} FROM {main}.findings f"
        f" JOIN {main}.transitions t ON t.finding = f.id AND t.number = {newest} WHERE f.changed_at > {then}",
    )
