"""The statements by which `store.looks` finds and takes in repetitions, as each database runs them fast.

SQLite takes in the times by upserts straight from what the looks touched, whose numbers lie as close as the looks do:
every row is there, and what it would insert if one were not (a relation since withdrawn) says nothing. PostgreSQL knows
nothing of a table it just filled until it is told to look (ANALYZE), and its temporary tables end with the transaction.
"""

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Words:
    """`noted`: empty tables for this stretch. `find`, `together` and `move` are run in order; the others answer."""

    noted: tuple[str, ...]
    upto: sa.TextClause
    find: tuple[sa.TextClause, ...]
    together: sa.TextClause
    new: sa.TextClause
    shorten: sa.TextClause
    count: sa.TextClause
    move: tuple[sa.TextClause, ...]


@cache
def words(dialect: str) -> Words:
    """The statements for this database."""
    if dialect == "postgresql":
        return _worded(_NOTED_POSTGRESQL, "pg_temp", "least", _MOVE_POSTGRESQL)
    return _worded(_NOTED_SQLITE, "temp", "min", _MOVE_SQLITE)


def _worded(noted: tuple[str, ...], temp: str, least: str, move: tuple[str, ...]) -> Words:
    def say(text: str) -> sa.TextClause:
        return sa.text(text.format(temp=temp, least=least))

    known = (sa.text("ANALYZE pg_temp.noted"),) if temp == "pg_temp" else ()
    return Words(
        noted,
        upto=say(_UPTO),
        find=(say(_FIND), *known),
        together=say(_TOGETHER),
        new=say("SELECT seq, known FROM {temp}.noted WHERE same = 0 ORDER BY seq LIMIT :most"),
        shorten=say("DELETE FROM {temp}.noted WHERE seq > :upto"),
        count=say("SELECT count(*) FROM {temp}.noted WHERE same = 1"),
        move=tuple(map(say, move)),
    )


_ASKED = "same INTEGER, known INTEGER"
_NOTED_SQLITE = (
    f"CREATE TEMP TABLE IF NOT EXISTS noted (seq INTEGER PRIMARY KEY, look TEXT, at INTEGER, {_ASKED})",
    "DELETE FROM temp.noted",
)
"""The observations of the stretch: whether one only repeats (`same`), and whether its look was ever heard of."""
_ENDING = "ON COMMIT DROP"
_TEXT = 'TEXT COLLATE "C"'
_NOTED_POSTGRESQL = (
    f"CREATE TEMP TABLE IF NOT EXISTS noted (seq BIGINT PRIMARY KEY, look {_TEXT}, at BIGINT, {_ASKED}) {_ENDING}",
    f"CREATE TEMP TABLE IF NOT EXISTS moved (number BIGINT, at BIGINT) {_ENDING}",
    "TRUNCATE pg_temp.noted, pg_temp.moved",
)
_UPTO = """SELECT max(seq) FROM (SELECT seq FROM observations WHERE seq > :after
AND seq < {least}(coalesce((SELECT min(seq) FROM decisions WHERE seq > :after), 9223372036854775807),
              coalesce((SELECT min(seq) FROM run_ends WHERE seq > :after), 9223372036854775807))
ORDER BY seq LIMIT :most) stretch"""
_FIND = """INSERT INTO {temp}.noted SELECT o.seq, o.look, o.seen_at,
CASE WHEN l.digest = o.digest AND o.seen_at >= l.at THEN 1 ELSE 0 END, CASE WHEN l.look IS NULL THEN 0 ELSE 1 END
FROM observations o LEFT JOIN looks l ON l.look = o.look WHERE o.seq > :after AND o.seq <= :upto"""
_TOGETHER = """UPDATE {temp}.noted SET same = 0 WHERE same = 1 AND seq IN (SELECT o.seq FROM observations o JOIN
(SELECT DISTINCT s.site, s.address, s.port, s.transport FROM {temp}.noted n JOIN observations s ON s.seq = n.seq
 WHERE n.same = 0) n
ON o.site = n.site AND o.address = n.address AND o.port = n.port AND o.transport = n.transport
WHERE o.seq > :after AND o.seq <= :upto)"""
"""Looks at one port are judged together: one that says something new may end what another said."""
_TOUCHED = "FROM {temp}.noted r JOIN looks l ON l.look = r.look, %s touched WHERE r.same = 1"
_MOVE_SQLITE = (
    "INSERT INTO sightings (number, last_seen) SELECT touched.value, r.at " + _TOUCHED % "json_each(l.touched)" + """
ON CONFLICT (number) DO UPDATE SET last_seen = excluded.last_seen WHERE excluded.last_seen > sightings.last_seen""",
    """INSERT INTO looks (look, at, seq, touched)
SELECT look, at, seq, '' FROM {temp}.noted WHERE same = 1 ORDER BY look
ON CONFLICT (look) DO UPDATE SET at = excluded.at, seq = excluded.seq
WHERE (excluded.at, excluded.seq) > (looks.at, looks.seq)""",
)  # fmt: skip
_MOVE_POSTGRESQL = (
    "INSERT INTO pg_temp.moved SELECT CAST(touched.value AS BIGINT), max(r.at) "
    + _TOUCHED % "json_array_elements_text(CAST(l.touched AS JSON))"
    + " GROUP BY 1",
    "ANALYZE pg_temp.moved",
    """UPDATE sightings SET last_seen = m.at FROM pg_temp.moved m
WHERE sightings.number = m.number AND sightings.last_seen < m.at""",
    """UPDATE looks SET at = n.at, seq = n.seq FROM (SELECT look, at, seq FROM (SELECT look, at, seq,
row_number() OVER (PARTITION BY look ORDER BY at DESC, seq DESC) AS place
FROM pg_temp.noted WHERE same = 1) placed WHERE place = 1) n WHERE looks.look = n.look""",
)
