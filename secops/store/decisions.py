"""What people decided: append-only, in the same order as what was seen."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Decision, DecisionType, Logged
from secops.store.database import metadata, next_seq
from secops.store.rows import Big, insert_new, pack, plain, unpack

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("seq", Big, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
_PARAMETERS: Final = 500
sa.Index("decisions_by_subject", decisions.c.type, decisions.c.site, decisions.c.subject, decisions.c.seq)


def append(connection: Connection, items: Sequence[Decision]) -> int:
    """Log the decisions that are not logged yet, in this order; gives how many were new."""
    if not items:
        return 0
    first = next_seq(connection, len(items))
    return insert_new(connection, decisions, [_encode(seq, each) for seq, each in enumerate(items, first)])


def after(connection: Connection, seq: int, limit: int) -> list[Logged]:
    """At most `limit` decisions after this place of the log, in order."""
    chosen = sa.select(decisions).where(decisions.c.seq > seq).order_by(decisions.c.seq).limit(limit)
    return [_decode(row) for row in connection.execute(chosen)]


def by_seq(connection: Connection, seq: int) -> Decision | None:
    """The decision at this place of the log."""
    row = connection.execute(sa.select(decisions).where(decisions.c.seq == seq)).first()
    if row is None:
        return None
    entry = _decode(row).entry
    assert isinstance(entry, Decision)
    return entry


def latest(
    connection: Connection, type: DecisionType, *, upto: int | None = None, reason: str = "", at: int | None = None
) -> list[Logged]:
    """The newest decision of this type on each subject of each site (not after `upto`), in order of the log.

    `reason`: only of those made for this reason; `at`: of those made up to this instant.
    """
    conditions = [decisions.c.type == str(type)]
    if reason:
        conditions.append(decisions.c.reason == reason)
    if upto is not None:
        conditions.append(decisions.c.seq <= upto)
    if at is not None:
        conditions.append(decisions.c.at <= at)
    newest = sa.select(sa.func.max(decisions.c.seq)).where(*conditions).group_by(decisions.c.site, decisions.c.subject)
    chosen = sa.select(decisions).where(decisions.c.seq.in_(newest)).order_by(decisions.c.seq)
    return [_decode(row) for row in connection.execute(chosen)]


def of_kinds(connection: Connection, type: DecisionType, site: str, kinds: Iterable[str]) -> Iterator[Logged]:
    """The newest decision of this type on each subject of these kinds, streamed, in order of the subjects."""
    for kind in sorted(kinds):
        # the subjects are `kind:key`; `;` follows `:`
        mine = sa.and_(
            decisions.c.type == str(type), decisions.c.site == site,
            decisions.c.subject >= f"{kind}:", decisions.c.subject < f"{kind};",
        )  # fmt: skip
        newest = sa.select(sa.func.max(decisions.c.seq)).where(mine).group_by(decisions.c.subject)
        chosen = sa.select(decisions).where(decisions.c.seq.in_(newest))
        for row in connection.execute(chosen).yield_per(2_000):
            yield _decode(row)


def of_subjects(
    connection: Connection, type: DecisionType, site: str, subjects: Sequence[str], *, at: int | None = None
) -> dict[str, Logged]:
    """The newest decision of this type on each of these subjects that has one; `at`: of those up to this instant."""
    until = [] if at is None else [decisions.c.at <= at]
    found: dict[str, Logged] = {}
    for start in range(0, len(subjects), _PARAMETERS):
        part = subjects[start : start + _PARAMETERS]
        newest = (
            sa.select(sa.func.max(decisions.c.seq))
            .where(decisions.c.type == str(type), decisions.c.site == site, decisions.c.subject.in_(part), *until)
            .group_by(decisions.c.subject)
        )
        for row in connection.execute(sa.select(decisions).where(decisions.c.seq.in_(newest))):
            found[row.subject] = _decode(row)
    return found


def declared_since(connection: Connection, kind: str, at: int) -> dict[str, list[str]]:
    """Site -> the subjects of this kind of which something was declared after an instant.

    The index is by type, site and subject, so the sites are stepped through: what a site declared of other kinds is
    not read.
    """
    mine = decisions.c.type == str(DecisionType.DECLARE)
    found: dict[str, list[str]] = {}
    for site in sites(connection):
        about = (decisions.c.subject >= f"{kind}:", decisions.c.subject < f"{kind};", decisions.c.at > at)
        chosen = sa.select(decisions.c.subject).where(mine, decisions.c.site == site, *about).distinct()
        if subjects := list(connection.execute(chosen).scalars()):
            found[site] = subjects
    return found


def histories(
    connection: Connection, type: DecisionType, site: str, subjects: Sequence[str]
) -> dict[str, list[Logged]]:
    """Every decision of this type on each of these subjects, oldest first."""
    found: dict[str, list[Logged]] = {}
    for start in range(0, len(subjects), _PARAMETERS):
        part = subjects[start : start + _PARAMETERS]
        mine = [decisions.c.type == str(type), decisions.c.site == site, decisions.c.subject.in_(part)]
        for row in connection.execute(sa.select(decisions).where(*mine).order_by(decisions.c.seq)):
            found.setdefault(row.subject, []).append(_decode(row))
    return found


def last(connection: Connection) -> int:
    """The place of the newest decision; 0 where there is none."""
    return int(connection.execute(sa.select(sa.func.max(decisions.c.seq))).scalar() or 0)


def as_of(connection: Connection, at: int, kinds: Sequence[str]) -> list[Logged] | None:
    """The newest declaration up to an instant on each subject of these kinds; None where none was made since."""
    about = [sa.and_(decisions.c.subject >= f"{each}:", decisions.c.subject < f"{each};") for each in kinds]
    mine = [decisions.c.type == str(DecisionType.DECLARE), sa.or_(sa.false(), *about)]
    if connection.execute(sa.select(decisions.c.seq).where(*mine, decisions.c.at > at).limit(1)).scalar() is None:
        return None
    newest = sa.select(sa.func.max(decisions.c.seq)).where(*mine, decisions.c.at <= at)
    newest = newest.group_by(decisions.c.site, decisions.c.subject)
    chosen = sa.select(decisions).where(decisions.c.seq.in_(newest)).order_by(decisions.c.seq)
    return [_decode(row) for row in connection.execute(chosen)]


def sites(connection: Connection) -> Iterator[str]:
    """The sites of which anything was declared, in order."""
    site = ""
    declared = decisions.c.type == str(DecisionType.DECLARE)
    while True:  # from one to the next in the index: a select of the distinct ones would read it whole
        after = sa.select(decisions.c.site).where(declared, decisions.c.site > site).order_by(decisions.c.site).limit(1)
        found = connection.execute(after).scalar()
        if found is None:
            return
        site = str(found)
        yield site


def between(
    connection: Connection, site: str, first: int, last: int, kinds: Sequence[str]
) -> Iterator[tuple[Logged | None, Logged]]:
    """Of each subject of these kinds declared after `first` up to `last`: the declaration before, and the newest."""
    about = [sa.and_(decisions.c.subject >= f"{each}:", decisions.c.subject < f"{each};") for each in kinds]
    mine = [decisions.c.type == str(DecisionType.DECLARE), decisions.c.site == site, sa.or_(sa.false(), *about)]
    newest = sa.func.max(decisions.c.seq)
    inside = sa.select(decisions.c.subject, newest).where(*mine, decisions.c.at > first, decisions.c.at <= last)
    for subject, seq in connection.execute(inside.group_by(decisions.c.subject).order_by(decisions.c.subject)).all():
        earlier = sa.select(newest).where(*mine, decisions.c.subject == subject, decisions.c.at <= first)
        before = connection.execute(earlier).scalar()
        rows = connection.execute(sa.select(decisions).where(decisions.c.seq.in_([seq, before or 0]))).all()
        found = {row.seq: _decode(row) for row in rows}
        yield found.get(before or 0), found[seq]


def of_subject(connection: Connection, site: str, subject: str) -> list[Logged]:
    """Every decision about this subject, oldest first."""
    chosen = sa.select(decisions).where(
        decisions.c.type.in_([str(each) for each in DecisionType]),
        decisions.c.site == site,
        decisions.c.subject == subject,
    )
    return [_decode(row) for row in connection.execute(chosen.order_by(decisions.c.seq))]


def newest_of(connection: Connection, site: str, subject: str) -> Logged | None:
    """The newest decision about this subject."""
    chosen = sa.select(decisions).where(
        decisions.c.type.in_([str(each) for each in DecisionType]),
        decisions.c.site == site,
        decisions.c.subject == subject,
    )
    row = connection.execute(chosen.order_by(decisions.c.seq.desc()).limit(1)).first()
    return None if row is None else _decode(row)


def of_type(connection: Connection, site: str, type: DecisionType) -> list[Logged]:
    """Every decision of this type, oldest first."""
    chosen = sa.select(decisions).where(decisions.c.type == str(type), decisions.c.site == site)
    return [_decode(row) for row in connection.execute(chosen.order_by(decisions.c.seq))]


def _encode(seq: int, each: Decision) -> dict[str, object]:
    return {
        "seq": seq,
        "id": each.id,
        "site": each.site,
        "type": str(each.type),
        "subject": plain(each.subject),
        "payload": pack(each.payload),
        "who": plain(each.who),
        "at": int(each.at),
        "reason": plain(each.reason),
    }


def _decode(row: sa.Row[tuple[object, ...]]) -> Logged:
    return Logged(
        row.seq,
        Decision(
            site=row.site,
            type=DecisionType(row.type),
            subject=row.subject,
            payload=unpack(row.payload),
            who=row.who,
            at=Instant(row.at),
            reason=row.reason,
        ),
    )
