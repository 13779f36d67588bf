"""The outbox: letters written in the grading transaction, sent by the pump, kept until answered.

One row per (sink, stream, id, version): enqueueing the same transition again changes nothing. The body is dropped once
the letter is delivered; the row stays as its receipt.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.finding import Transition
from secops.core.ids import canonical
from secops.core.letter import Letter, LetterState, Outcome, Receipt, Route, Stream
from secops.store.database import Database, metadata
from secops.store.rows import insert_new

QUIET_MS = 2000
WAITING = (LetterState.UNKNOWN, LetterState.QUEUED)
_STATE_OF = {
    Outcome.DELIVERED: LetterState.DELIVERED,
    Outcome.RETRY: LetterState.QUEUED,
    Outcome.DEAD: LetterState.DEAD,
    Outcome.UNKNOWN: LetterState.UNKNOWN,
}

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("sink", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("org_id", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("sink", "stream", "id", "version"),
    sa.Index("outbox_by_state", "sink", "state", "seq"),
    sqlite_autoincrement=True,
)


def enqueue(
    connection: Connection,
    transitions: Sequence[Transition],
    alerts: Sequence[Mapping[str, object]],
    findings: Sequence[Mapping[str, object]],
    routes: Sequence[Route],
) -> int:
    """Write the letters of these transitions; gives how many rows are new.

    Call it inside the transaction that writes the transitions. `alerts[i]` and `findings[i]` are the documents of
    `transitions[i]`, made by `deliver.ecs.documents`; `routes` comes from `hall.sinks.routes(config)`.
    A sink gets one row per transition for its alerts stream (id = transition id) and one for its findings stream
    (id = finding id, version = transition number). `seq` is the position in the queue.
    """
    rows: list[dict[str, object]] = []
    for transition, alert, finding in zip(transitions, alerts, findings, strict=True):
        bodies = {Stream.ALERTS: canonical(alert), Stream.FINDINGS: canonical(finding)}
        ids = {Stream.ALERTS: transition.id, Stream.FINDINGS: transition.finding.id}
        rows.extend(
            _row(route.sink, stream, ids[stream], transition, bodies[stream])
            for route in routes
            for stream in (Stream.ALERTS, Stream.FINDINGS)
            if stream in route.streams
        )
    return insert_new(connection, outbox, rows)


def _row(sink: str, stream: Stream, id: str, transition: Transition, body: str) -> dict[str, object]:
    finding = transition.finding
    return {
        "sink": sink,
        "stream": str(stream),
        "id": id,
        "version": finding.transition,
        "step": str(transition.step),
        "rule": finding.rule,
        "entity": finding.entity,
        "severity": str(finding.severity),
        "org_id": finding.org_id,
        "at": int(transition.at),
        "state": str(LetterState.QUEUED),
        "attempts": 0,
        "due": 0,
        "reason": "",
        "body": body,
    }


def claim(connection: Connection, sink: str, limit: int, now: Instant) -> list[Letter]:
    """The oldest letters due for this sink, doubtful ones first, marked UNKNOWN until a receipt is written.

    Should none ever be written, they are due again after QUIET_MS: what a killed sender had on its way has arrived.
    """
    letters: list[Letter] = []
    for state in WAITING:
        query = (
            sa.select(outbox)
            .where(outbox.c.sink == sink, outbox.c.state == str(state), outbox.c.due <= int(now))
            .order_by(outbox.c.seq)
            .limit(limit - len(letters))
        )
        if len(letters) < limit:
            letters.extend(_letter(row) for row in connection.execute(query).mappings())
    if letters:
        marked = outbox.update().where(outbox.c.seq == sa.bindparam("b_seq"))
        marked = marked.values(state=str(LetterState.UNKNOWN), due=int(now) + QUIET_MS)
        connection.execute(marked, [{"b_seq": each.seq} for each in letters])
    return letters


def _letter(row: sa.RowMapping) -> Letter:
    return Letter(
        seq=row["seq"],
        sink=row["sink"],
        stream=Stream(row["stream"]),
        id=row["id"],
        version=row["version"],
        body=row["body"],
        attempts=row["attempts"],
        doubtful=row["state"] == str(LetterState.UNKNOWN),
    )


def settle(connection: Connection, receipts: Sequence[Receipt], now: Instant, due: Sequence[Instant]) -> None:
    """Write how each sending ended; the body of a delivered letter is dropped."""
    groups: dict[bool, list[dict[str, object]]] = {True: [], False: []}
    for receipt, when in zip(receipts, due, strict=True):
        delivered = receipt.outcome is Outcome.DELIVERED
        final = delivered or receipt.outcome is Outcome.DEAD
        groups[delivered].append(
            {
                "b_seq": receipt.seq,
                "b_state": str(_STATE_OF[receipt.outcome]),
                "b_due": 0 if final else int(when),
                "b_settled": int(now) if final else None,
                "b_reason": receipt.reason[:1000],
            }
        )
    statement = (
        outbox.update()
        .where(outbox.c.seq == sa.bindparam("b_seq"))
        .values(
            state=sa.bindparam("b_state"),
            due=sa.bindparam("b_due"),
            settled_at=sa.bindparam("b_settled"),
            reason=sa.bindparam("b_reason"),
            attempts=outbox.c.attempts + 1,
        )
    )
    if groups[True]:
        connection.execute(statement.values(body=""), groups[True])
    if groups[False]:
        connection.execute(statement, groups[False])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters a list or a retry is about; empty means any."""

    severities: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    def clauses(self) -> list[sa.ColumnElement[bool]]:
        """The conditions as SQL."""
        pairs = (
            (outbox.c.severity, self.severities),
            (outbox.c.org_id, self.orgs),
            (outbox.c.rule, self.rules),
            (outbox.c.state, self.states),
            (outbox.c.sink, self.sinks),
            (outbox.c.stream, self.streams),
            (outbox.c.id, self.ids),
        )
        return [column.in_(values) for column, values in pairs if values]


_LISTED = [column for column in outbox.c if column.name != "body"]


def entries(connection: Connection, wanted: Wanted, *, limit: int = 0) -> Iterator[Mapping[str, object]]:
    """The matching letters without their bodies, in queue order; `limit` 0 gives all."""
    query = sa.select(*_LISTED).where(*wanted.clauses()).order_by(outbox.c.seq)
    if limit:
        query = query.limit(limit)
    for row in connection.execution_options(yield_per=1000).execute(query).mappings():
        yield dict(row)


def revive(connection: Connection, wanted: Wanted) -> int:
    """Queue matching dead letters again, as doubtful ones; gives how many."""
    result = connection.execute(
        outbox.update()
        .where(outbox.c.state == str(LetterState.DEAD), *wanted.clauses())
        .values(state=str(LetterState.UNKNOWN), due=0, settled_at=None)
    )
    return result.rowcount


def hasten(connection: Connection, wanted: Wanted) -> int:
    """Let matching waiting letters be tried at once; gives how many were held back."""
    result = connection.execute(
        outbox.update()
        .where(outbox.c.state.in_([str(each) for each in WAITING]), outbox.c.due > 0, *wanted.clauses())
        .values(due=0)
    )
    return result.rowcount


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Sink -> state -> how many letters."""
    found: dict[str, dict[str, int]] = {}
    query = sa.select(outbox.c.sink, outbox.c.state, sa.func.count()).group_by(outbox.c.sink, outbox.c.state)
    for sink, state, count in connection.execute(query):
        found.setdefault(sink, {})[state] = count
    return found


class StoredOutbox:
    """The pump's view of the table: each call one synced transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def claim(self, sink: str, limit: int, now: Instant) -> Sequence[Letter]:
        """See `core.letter.Outbox`."""
        with self.database.write() as connection:
            return claim(connection, sink, limit, now)

    def settle(self, receipts: Sequence[Receipt], now: Instant, due: Sequence[Instant]) -> None:
        """See `core.letter.Outbox`."""
        with self.database.write() as connection:
            settle(connection, receipts, now, due)

    def waiting(self, sink: str) -> int:
        """See `core.letter.Outbox`."""
        return self._scalar(sa.select(sa.func.count()), sink) or 0

    def next_due(self, sink: str) -> Instant | None:
        """See `core.letter.Outbox`."""
        found = self._scalar(sa.select(sa.func.min(outbox.c.due)), sink)
        return None if found is None else Instant(found)

    def _scalar(self, query: sa.Select[Any], sink: str) -> int | None:
        states = [str(each) for each in WAITING]
        with self.database.read() as connection:
            found: int | None = connection.execute(
                query.select_from(outbox).where(outbox.c.sink == sink, outbox.c.state.in_(states))
            ).scalar_one_or_none()
        return found
