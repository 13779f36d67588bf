"""Fills the mirror from the SQLite store, whole or by what changed since.

What changed is found by `changed_seq`; what was only seen again by the log itself, through what each look touched, so
that merging pays nothing for the mirror.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from secops.core.fields import Derivation, Field
from secops.core.model import Kind
from secops.store import mirror_computed as computed
from secops.store.mirror_source import SIGHTINGS, Numbers, Place, Source, chunks, last, sightings, table
from secops.store.mirror_tables import ALIKE, ASSETS, BOTH, ORGANISATIONS, ROW, SEEN, SERVICES, STATE, Wide, layout
from secops.store.views import ROWS

SEEN_ONE_BY_ONE: Final = 250_000
"""Log entries since, up to which the entities they touched are looked up; beyond, every time is read anew."""
RELOAD: Final = 5
"""A change of more than one row in so many is taken in by reading all of them."""

_Times = tuple[Sequence[Wide], Sequence[str], Iterator[Any]]
"""Tables, the columns of times to bring up in them, and what is read of these."""
Tell = Callable[[int, int], None]
"""Told how many rows are in so far, of about how many."""


def silent(_done: int, _total: int) -> None:
    """Nobody is told."""


def count(duck: Any, rows: str) -> int:
    """How many rows there are of what can stand behind FROM."""
    ((number,),) = duck.execute(f"SELECT count(*) FROM {rows}").fetchall()
    return int(number)


def whole(duck: Any, views: Sequence[Source], now: int, tell: Tell = silent) -> dict[str, int]:
    """Fill an empty mirror; gives rows by table. The last two views are for what is small, the others for rows."""
    *wide_views, view, words = views
    duck.execute("SET preserve_insertion_order = false")
    duck.execute("SET checkpoint_threshold = '1TB'")
    duck.execute(STATE)
    duck.execute(ORGANISATIONS)
    for wide in BOTH:
        for each in wide.made():
            duck.execute(each)
    taken = 0
    total = sum(last(view, wide) for wide in BOTH)
    for wide in BOTH:
        ahead = table(wide_views, wide, timed=False)
        if wide is SERVICES:
            _organisations(duck, view, "organisations")
            _systems(duck, view, words)
            _sightings(duck, view)
        else:
            _ports(duck, "services")
        for rows in _numbered(duck, wide, wide.name, _timed(duck, ahead), words):
            _insert(duck, wide, wide.name, "rows")
            taken += rows
            tell(taken, max(taken, total))
    duck.execute("DROP TABLE ports")
    duck.execute("DROP TABLE systems")
    duck.execute("DROP TABLE sightings")
    place = view.place()
    duck.execute(
        "INSERT INTO state VALUES (?, ?, ?, ?, ?, ?)", [layout(), place.upto, place.epoch, place.entry, now, now]
    )
    duck.execute("CHECKPOINT")
    return {wide.name: count(duck, f"{wide.name}_rows") for wide in BOTH}


def _numbered(duck: Any, wide: Wide, name: str, parts: Iterator[Any], words: Source) -> Iterator[int]:
    """What is read, as `rows` in DuckDB, some at a time; gives how many. `words`: a view for words, see `Numbers`."""
    numbers = Numbers(duck, wide, name, words)
    for each in parts:
        duck.register("rows", numbers.put(each))
        yield each.num_rows
        duck.unregister("rows")


def _read(duck: Any, wide: Wide, into: str, parts: Iterator[Any], words: Source, *, name: str = "") -> None:
    """A temporary table of rows as the mirror has them, without what is computed."""
    columns = ", ".join(f'{each.reading.format("r")} AS "{each.name}"' for each in wide.own)
    begin = f"CREATE OR REPLACE TEMP TABLE {into} AS"
    for _ in _numbered(duck, wide, name or wide.name, parts, words):
        duck.execute(f"{begin} SELECT {columns}, r.{ALIKE}, r.{ROW} FROM rows r")
        begin = f"INSERT INTO {into}"


def changed(duck: Any, views: Sequence[Source], since: Place, now: int) -> int | None:
    """Take in what changed after this place; gives how many rows, None where reading all is quicker or needed.

    Each of the four views is asked for its own at the same time: rows of either table, what was only seen, words.
    """
    *ahead, seen, words = views
    view = ahead[0]
    place = view.place()
    if place == since:
        return 0
    moved = sum(_count(view, wide, f"changed_seq > {since.upto}") for wide in BOTH)
    if moved * RELOAD > sum(last(view, wide) for wide in BOTH) + 50_000:
        return None
    duck.execute("BEGIN")
    again = _again(seen, since, place) if place.upto > since.upto else ()
    parts = [table([each], wide, f"changed_seq > {since.upto}") for each, wide in zip(ahead, BOTH, strict=True)]
    for rows, wide in zip(parts, BOTH, strict=True):
        _read(duck, wide, f"new_{wide.name}", rows, words)
    _organisations(duck, view, "new_organisations")
    _places(duck)
    _systems_now(duck)
    _moved_pointers(duck)
    duck.execute("DELETE FROM organisations")
    duck.execute("INSERT INTO organisations SELECT * FROM new_organisations")
    duck.execute("DELETE FROM services_rows WHERE rowid IN (SELECT place FROM old_services)")
    _insert(duck, SERVICES, "services", "new_services", read=True)
    _ports(duck, "services SEMI JOIN parents USING (parent)")
    _keep_ports(duck)
    duck.execute("DELETE FROM assets_rows WHERE rowid IN (SELECT place FROM old_assets)")
    _insert(duck, ASSETS, "assets", "new_assets", read=True)
    _update_pointers(duck)
    for each in again:
        _seen(duck, each)
    if not all(_whole(duck, view, wide) for wide in BOTH):
        duck.execute("ROLLBACK")
        return None
    duck.execute(
        "UPDATE state SET upto = ?, epoch = ?, entry = ?, refreshed_at = ?", [place.upto, place.epoch, place.entry, now]
    )
    duck.execute("COMMIT")
    return moved


def _whole(duck: Any, view: Source, wide: Wide) -> bool:
    """Whether no row is missing. Rows are numbered without gaps, as a rule; to count them all takes longest."""
    have = count(duck, f"{wide.name}_rows")
    return have == last(view, wide) or have == _count(view, wide, "true")


def _count(view: Source, wide: Wide, condition: str) -> int:
    return int(view.rows(f"SELECT count(*) FROM {ROWS[wide.name]} WHERE {condition}")[0][0])


def staged(duck: Any, views: Sequence[Source]) -> None:
    """The store as it is now in temporary views `now_assets` and `now_services`, to hold the mirror against.

    Words are read of every row: what the digests of `store.alike` say is held against them too. So no view is asked
    for the words of any.
    """
    _organisations(duck, views[0], "new_organisations")
    for wide in BOTH:
        for each in wide.made("now_", "TEMP"):
            duck.execute(each)
    _systems(duck, views[0], views[0], prefix="now_")
    _sightings(duck, views[0])
    for wide in BOTH:
        if wide is ASSETS:
            _ports(duck, "now_services")
        rows = _timed(duck, table(views, wide, timed=False, said=True))
        for _ in _numbered(duck, wide, f"now_{wide.name}", rows, views[0]):
            _insert(duck, wide, f"now_{wide.name}", "rows", units="new_organisations")


def _sightings(duck: Any, view: Source) -> None:
    """When each was last seen, to be joined: looked up row by row in the store it takes five times as long."""
    begin = "CREATE OR REPLACE TEMP TABLE sightings AS"
    for each in sightings(view):
        duck.register("seen", each)
        duck.execute(f"{begin} SELECT * FROM seen")
        duck.unregister("seen")
        begin = "INSERT INTO sightings"


def _timed(duck: Any, parts: Iterator[Any]) -> Iterator[Any]:
    """Rows with when they were last seen. Joined to the rows themselves, they would be written in pieces."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    for rows in parts:
        duck.register("ids", pa.table({"id": rows.column("id"), "place": pa.arange(0, rows.num_rows)}))
        found = f"SELECT t.{SEEN} FROM ids r LEFT JOIN sightings t ON t.id = r.id ORDER BY r.place"
        times = duck.sql(found).to_arrow_table()
        duck.unregister("ids")
        yield rows.append_column(SEEN, times.column(0))


def _systems(duck: Any, view: Source, words: Source, *, prefix: str = "") -> None:
    """What rows have from their system, read from the store."""
    rows = table([view], ASSETS, f"kind = '{Kind.SYSTEM}'", said=bool(prefix))
    _read(duck, ASSETS, "read_systems", rows, words, name=f"{prefix}assets")
    duck.execute(f"CREATE OR REPLACE TEMP TABLE systems AS SELECT * FROM {_told('read_systems', prefix)}")


def _systems_now(duck: Any) -> None:
    """The same of a mirror that is brought up: those that changed, and those that its new rows point at."""
    wanted = dict.fromkeys(
        ("id", "site", *sorted({computed.source(each) for each in _pointed("system_id")} - {"gone"}))
    )
    listed = ", ".join(f'"{each}"' for each in wanted)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE new_systems AS "
        f"SELECT {listed} FROM {_told('new_assets')} WHERE kind = '{Kind.SYSTEM}'"
    )
    pointed = " UNION ".join(f"SELECT system_id AS id FROM new_{wide.name}" for wide in BOTH)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE systems AS FROM new_systems UNION ALL BY NAME "
        f"SELECT {listed} FROM assets a SEMI JOIN ({pointed}) p ON p.id = a.id "
        f"ANTI JOIN new_systems n ON n.id = a.id WHERE kind = '{Kind.SYSTEM}'"
    )


def _told(rows: str, prefix: str = "", wide: Wide = ASSETS) -> str:
    """Rows with what they say alike."""
    said = ", ".join(f'a."{each.name}"' for each in wide.alike)
    return f"(SELECT r.*, {said} FROM {rows} r JOIN {prefix}{wide.name}_alike a ON a.number = r.{ALIKE})"


def _insert(
    duck: Any,
    wide: Wide,
    into: str,
    rows: str,
    *,
    units: str = "organisations",
    read: bool = False,
) -> None:
    """Rows with their computed columns: from the unit, from the system, and of assets from their services.

    `read`: the columns are typed already.
    """
    columns = ", ".join(f'"{name}"' for name in (*(p.name for p in wide.own), *(f.column for f in wide.computed)))
    listed = [f'r."{p.name}"' if read else p.reading.format("r") for p in wide.own]
    listed += [computed.value(each) for each in wide.computed]
    joined = " LEFT JOIN ports p ON p.parent = r.id" if any(map(computed.over_ports, wide.computed)) else ""
    duck.execute(
        f"INSERT INTO {into}_rows ({columns}, {ALIKE}, {ROW}) "
        f"SELECT {', '.join(listed)}, r.{ALIKE}, r.{ROW} FROM {rows} r "
        f"LEFT JOIN {units} o ON {computed.UNIT} LEFT JOIN systems s ON {computed.SYSTEM}{joined}"
    )


def _ports(duck: Any, rows: str) -> None:
    """What the active services of each address come to."""
    duck.execute(f"CREATE OR REPLACE TEMP TABLE ports AS {computed.ports(rows, computed.members(ASSETS.computed))}")


def _places(duck: Any) -> None:
    """Where the rows of before are that go: of what changed, and of addresses of which it is gathered.

    They are looked for once, to be found by their place from then on. Of an address that did not change itself the row
    is read again as it is.
    """
    gathered = ("id", "parent", "state", *computed.members(ASSETS.computed))
    own = ", ".join(f's."{each.name}"' for each in SERVICES.own if each.name in gathered)
    duck.execute(  # an inner join: of a semi join DuckDB reads every id, here it skips what cannot be among so few
        f"CREATE OR REPLACE TEMP TABLE old_services AS SELECT s.rowid AS place, {own}, s.{ALIKE} FROM services_rows s "
        f"JOIN new_services n ON n.{ROW} = s.{ROW} AND n.id = s.id"
    )
    listed = ", ".join(f'"{each}"' for each in gathered)
    then, now = (f"SELECT {listed} FROM {_told(f'{age}_services', wide=SERVICES)}" for age in ("old", "new"))
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE parents AS SELECT DISTINCT parent FROM "
        f"(({then} EXCEPT {now}) UNION ALL ({now} EXCEPT {then})) WHERE parent IS NOT NULL"
    )
    over = ", ".join(f'a."{each.column}"' for each in ASSETS.computed if computed.over_ports(each))
    duck.execute(
        f"CREATE OR REPLACE TEMP TABLE old_assets AS SELECT a.rowid AS place, a.id, {over} FROM assets_rows a "
        "JOIN (SELECT id FROM new_assets UNION SELECT parent FROM parents) n ON n.id = a.id"
    )
    columns = ", ".join(f'"{each.name}"' for each in ASSETS.own)
    duck.execute(
        f"INSERT INTO new_assets SELECT {columns}, {ALIKE}, {ROW} FROM assets_rows WHERE rowid IN "
        "(SELECT place FROM old_assets o ANTI JOIN new_assets n ON n.id = o.id)"
    )
    duck.execute("INSERT INTO parents SELECT id FROM new_assets n ANTI JOIN old_assets o ON o.id = n.id")


def _keep_ports(duck: Any) -> None:
    """Beside what active services come to: nothing where none is left, and as before where none changed."""
    members = [each for each in ASSETS.computed if each.derived and each.derived.how is Derivation.MEMBERS]
    count = next(each.column for each in ASSETS.computed if each.derived and each.derived.how is Derivation.COUNT)
    listed = ", ".join(f'"{each.column}" AS "{computed.source(each)}"' for each in members)
    duck.execute("INSERT INTO ports BY NAME (SELECT parent, 0 AS number FROM parents ANTI JOIN ports USING (parent))")
    duck.execute(
        f'INSERT INTO ports BY NAME (SELECT id AS parent, "{count}" AS number, {listed} FROM old_assets o '
        "ANTI JOIN ports p ON p.parent = o.id)"
    )


def _organisations(duck: Any, view: Source, into: str) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    names = ("site", "id", "name", "contact")
    dummies = ", ".join(f"'' AS {each}" for each in names)
    text = f"SELECT {dummies} UNION ALL SELECT {', '.join(names)} FROM organisations"
    duck.register("units", pa.concat_tables(chunks([(view, text)])))
    chosen = "SELECT site, id, nullif(name, '') AS name, nullif(contact, '') AS contact FROM units WHERE id <> ''"
    duck.execute(
        f"INSERT INTO organisations {chosen}"
        if into == "organisations"
        else f"CREATE OR REPLACE TEMP TABLE {into} AS {chosen}"
    )


def _moved_pointers(duck: Any) -> None:
    """Units and systems that say something else than they did, each whole as it is now; those gone say nothing."""
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE moved_units AS SELECT coalesce(n.site, o.site) AS site, "
        "coalesce(n.id, o.id) AS id, "
        "n.name AS name, n.contact AS contact, n.id IS NULL AS gone FROM new_organisations n FULL JOIN organisations o "
        "ON n.site = o.site AND n.id = o.id "
        "WHERE n.id IS NULL OR o.id IS NULL OR n.name IS DISTINCT FROM o.name OR n.contact IS DISTINCT FROM o.contact"
    )
    through = _pointed("system_id")
    columns = sorted({computed.source(each) for each in through} - {"gone"})
    differs = " OR ".join(f'a."{each}" IS DISTINCT FROM s."{each}"' for each in columns)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE moved_systems AS SELECT s.*, false AS gone FROM new_systems s "
        f"LEFT JOIN (FROM assets WHERE kind = '{Kind.SYSTEM}') a ON a.id = s.id WHERE a.id IS NULL OR {differs}"
    )


def _pointed(via: str) -> list[Field]:
    found = {each.name: each for wide in BOTH for each in wide.computed if each.derived and each.derived.via == via}
    return list(found.values())


def _update_pointers(duck: Any) -> None:
    for wide in BOTH:
        for via, source in (("org_id", "moved_units"), ("system_id", "moved_systems")):
            fields = [each for each in wide.computed if each.derived and each.derived.via == via]
            if count(duck, source):
                sets = ", ".join(f'"{f.column}" = m."{computed.source(f)}"' for f in fields)
                duck.execute(
                    f"UPDATE {wide.name}_rows AS t SET {sets} FROM {source} m WHERE m.site = t.site AND m.id = t.{via}"
                )


def _again(view: Source, since: Place, place: Place) -> Iterable[_Times]:
    """Times of what was only seen again: of the few that looks touched since and that did not change; else every one.

    They are read from now on. CROSS: in this order, or SQLite may begin with every wide row.
    """
    if place.upto - since.upto <= SEEN_ONE_BY_ONE:
        touched = (
            "WITH touched AS MATERIALIZED (SELECT DISTINCT each.value AS number FROM observations o "
            "JOIN looks l ON l.look = o.look, json_each(l.touched) each "
            f"WHERE o.seq > {since.upto} AND o.seq <= {place.upto}), known AS MATERIALIZED "
            f"(SELECT n.id, s.{SEEN} "
            "FROM touched t CROSS JOIN numbers n USING (number) CROSS JOIN sightings s USING (number))"
        )
        known = " UNION ALL ".join(
            f"SELECT r.id, r.first_seen, k.{SEEN} FROM known k CROSS JOIN {ROWS[wide.name]} r ON r.id = k.id "
            f"WHERE r.changed_seq <= {since.upto}"
            for wide in BOTH
        )
        return [_times(view, BOTH, ("first_seen", SEEN), f"({touched} {known})")]
    every: list[tuple[Sequence[Wide], str, str]] = [((wide,), "first_seen", ROWS[wide.name]) for wide in BOTH]
    every.append((BOTH, SEEN, SIGHTINGS))
    return (_times(view, tables, (column,), source) for tables, column, source in every)


def _times(view: Source, tables: Sequence[Wide], columns: Sequence[str], source: str) -> _Times:
    dummies = ", ".join(f"0 AS {each}" for each in columns)
    text = f"SELECT '' AS id, {dummies} UNION ALL SELECT id, {', '.join(columns)} FROM {source}"
    return tables, columns, chunks([(view, text)])


def _seen(duck: Any, times: _Times) -> None:
    tables, columns, parts = times
    sets = ", ".join(f"{each} = n.{each}" for each in columns)
    differs = " OR ".join(f"n.{each} <> t.{each}" for each in columns)
    for part in parts:
        duck.register("seen", part)
        for wide in tables if part.num_rows else ():
            duck.execute(f"UPDATE {wide.name}_rows AS t SET {sets} FROM seen n WHERE n.id = t.id AND ({differs})")
        duck.unregister("seen")
