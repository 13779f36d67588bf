"""What was seen: append-only. The same look is recorded once, so a block redone after a crash changes nothing."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Logged, Observation, Status, Target, Transport, Value
from secops.store import dialect, folds
from secops.store.database import metadata, next_seq
from secops.store.rows import Big, chunks, insert_new, pack_or_none, plain, unpack

observations = sa.Table(
    "observations",
    metadata,
    sa.Column("seq", Big, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("observer", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("collector", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("transport", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("facts", sa.Text),
    sa.Column("extra", sa.Text),
    sa.Column("raw_digest", sa.Text, nullable=False),
    sa.Column("in_scope", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("look", sa.Text),
    sa.Column("digest", sa.LargeBinary),
)


def append(connection: Connection, items: Sequence[Observation]) -> int:
    """Log the observations that are not logged yet, in this order; gives how many were new."""
    items = _unfolded(connection, items)
    if not items:
        return 0
    first = next_seq(connection, len(items))
    return insert_new(connection, observations, [_encode(seq, each) for seq, each in enumerate(items, first)])


def _unfolded(connection: Connection, items: Sequence[Observation]) -> Sequence[Observation]:
    """Those that are not logged already and folded since: a run of long ago may be told once more."""
    runs = folds.among(connection, {each.run for each in items})
    if not runs:
        return items
    known = {each.id for each in _repeated(connection, list(folds.of_runs(connection, runs))).values()}
    return [each for each in items if each.id not in known]


def _repeated(connection: Connection, found: Sequence[folds.Fold]) -> dict[int, Observation]:
    """The looks that were folded, by place in the log."""
    bases = {each.seq: each.entry for each in at(connection, sorted({one.base for one in found}))}
    told: dict[int, Observation] = {}
    for each in found:
        base = bases[each.base]
        assert isinstance(base, Observation)
        told[each.seq] = replace(base, run=each.run, seen_at=Instant(each.at), extra={}, raw_digest="")
    return told


def after(connection: Connection, seq: int, limit: int) -> list[Logged]:
    """At most `limit` observations after this place of the log, in order."""
    chosen = sa.select(observations).where(observations.c.seq > seq).order_by(observations.c.seq).limit(limit)
    return [_decode(row) for row in connection.execute(chosen).all()]


def at(connection: Connection, seqs: Sequence[int]) -> list[Logged]:
    """The observations at these places of the log, in order."""
    found: list[Logged] = []
    for part in chunks(sorted(seqs), 5_000):
        listed = dialect.members(sa.literal(json.dumps(part)))
        chosen = sa.select(observations).where(observations.c.seq.in_(sa.select(dialect.number(listed.c.value))))
        chosen = chosen.order_by(observations.c.seq)
        found += [_decode(row) for row in connection.execute(chosen).all()]
    return found


def by_seqs(connection: Connection, seqs: Sequence[int]) -> dict[int, Observation]:
    """The observations at these places of the log: what a field's `origin` points at."""
    found: dict[int, Observation] = {}
    for part in chunks(sorted(set(seqs))):
        for row in connection.execute(sa.select(observations).where(observations.c.seq.in_(part))):
            logged = _decode(row)
            assert isinstance(logged.entry, Observation)
            found[logged.seq] = logged.entry
    if lost := set(seqs) - found.keys():
        found |= _repeated(connection, folds.at(connection, lost))
    return found


def of_run(connection: Connection, run: str) -> Iterator[Observation]:
    """Every observation of one run, in order of the log, folded ones last (a full scan: for reports and tests)."""
    for row in connection.execute(
        sa.select(observations).where(observations.c.run == run).order_by(observations.c.seq)
    ):
        entry = _decode(row).entry
        assert isinstance(entry, Observation)
        yield entry
    yield from _repeated(connection, list(folds.of_runs(connection, [run]))).values()


def span(connection: Connection, run: str) -> tuple[int, int] | None:
    """When the first and the last look of one run were (a full scan); None where it has none."""
    seen = observations.c.seen_at
    chosen = sa.select(sa.func.min(seen), sa.func.max(seen)).where(observations.c.run == run)
    first, last = connection.execute(chosen).one()
    times = [each.at for each in folds.of_runs(connection, [run])]
    times += [] if first is None else [int(first), int(last)]
    return (min(times), max(times)) if times else None


def count(connection: Connection, run: str | None = None) -> int:
    """How many are logged, in all or of one run."""
    chosen = sa.select(sa.func.count()).select_from(observations)
    kept = connection.execute(chosen if run is None else chosen.where(observations.c.run == run)).scalar_one()
    return int(kept) + folds.count(connection, run)


def _encode(seq: int, each: Observation) -> dict[str, object]:
    facts = pack_or_none(each.facts)
    return {
        "seq": seq,
        "id": each.id,
        "site": each.site,
        "observer": each.observer,
        "run": each.run,
        "collector": each.collector,
        "address": each.target.address,
        "port": each.target.port,
        "transport": str(each.target.transport),
        "name": plain(each.target.name),
        "seen_at": int(each.seen_at),
        "status": str(each.status),
        "facts": facts,
        "extra": pack_or_none(each.extra),
        "raw_digest": each.raw_digest,
        "in_scope": each.in_scope,
        "look": each.look,
        "digest": _said(each, facts or ""),
    }


def _said(each: Observation, facts: str) -> bytes:
    """All that merging reads of a look, as 16 bytes: equal for looks that say the same."""
    text = f"{each.status}\0{each.in_scope}\0{each.extra.get('identified', '')}\0{facts}"
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _decode(row: Sequence[Any]) -> Logged:
    """The observation of a row of `select(observations)`."""
    (seq, _, site, observer, run, collector, address, port, transport, name, at, status, said, extra, raw, scoped, look,
     digest) = row  # fmt: skip
    facts: dict[str, Value] = {}
    for field, value in unpack(said).items() if said else ():
        facts[field] = tuple(value) if isinstance(value, list) else value  # type: ignore[assignment]  # as written
    target = Target(address, port, _TRANSPORTS[transport], name)
    told = unpack(extra) if extra else {}
    seen = Observation(site, observer, run, collector, target, at, _STATUSES[status], facts, told, raw, bool(scoped))
    return Logged(seq, seen, bytes(digest) if digest else b"", look or "")


_TRANSPORTS: Final = {each.value: each for each in Transport}
_STATUSES: Final = {each.value: each for each in Status}
