"""Fills the mirror from the SQLite store, whole or by what changed since: Arrow batches, no row ever a Python object.

What changed is found by `changed_seq`; what was only seen again by the log itself, through what each look touched, so
that merging pays nothing for the mirror.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from secops.core.fields import Derivation, Field, by_name
from secops.core.model import Kind, State
from secops.store.derive import ORGANISATION
from secops.store.mirror_tables import ASSETS, BOTH, ORGANISATIONS, SERVICES, STATE, Layer, Part, Wide, layout
from secops.store.views import ROWS

BATCH: Final = 16_384
SEEN_ONE_BY_ONE: Final = 250_000
"""Log entries since, up to which the entities they touched are looked up; beyond, every time is read anew."""
RELOAD: Final = 5
"""A change of more than one row in so many is taken in by reading all of them."""

SINGULAR: Final = frozenset({"id", "key", "parent", "http_body_sha256", "tls_fingerprint"})


@dataclass(frozen=True, slots=True)
class Place:
    """How far a mirror has come, and of which history: place of the log, rebuilding, the entry that stands there."""

    upto: int
    epoch: int
    entry: str


PLACE: Final = """SELECT ifnull((SELECT seq FROM cursors WHERE name = 'merge'), 0),
ifnull((SELECT seq FROM cursors WHERE name = 'epoch'), 0)"""
ENTRY: Final = """SELECT id FROM observations WHERE seq = {0} UNION ALL SELECT id FROM decisions WHERE seq = {0}
UNION ALL SELECT run FROM run_ends WHERE seq = {0}"""


class Source:
    """One consistent view of the store, read in Arrow batches. For who has the store's file alone (`store.gate`)."""

    def __init__(self, path: Path) -> None:
        import adbc_driver_sqlite.dbapi as adbc  # noqa: PLC0415 - an extra

        self.connection = adbc.connect(f"file:{quote(str(path))}?mode=rw")
        with self.connection.cursor() as cursor:
            for each in ("query_only=ON", "cache_size=-65536", "busy_timeout=10000"):
                cursor.execute(f"PRAGMA {each}")
                cursor.fetchall()
        self.cursors: list[Any] = []

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """A small answer."""
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            return [tuple(row) for row in cursor.fetchall()]

    def batches(self, text: str) -> Any:
        """A large one, as a stream that DuckDB reads."""
        cursor = self.connection.cursor()
        self.cursors.append(cursor)
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH)})
        cursor.execute(text)
        return cursor.fetch_record_batch()

    def place(self) -> Place:
        """Where the store stands."""
        ((upto, epoch),) = self.rows(PLACE)
        return Place(int(upto), int(epoch), self.entry(int(upto)))

    def entry(self, seq: int) -> str:
        """The id of the log entry there, empty where there is none."""
        found = self.rows(ENTRY.format(int(seq)))
        return str(found[0][0]) if found else ""

    def beyond(self, known: Place) -> Place | None:
        """Where the store stands, of the history that `known` is a place of; None where it is of another."""
        here = self.place()
        other = here.epoch != known.epoch or here.upto < known.upto or self.entry(known.upto) != known.entry
        return None if other else here

    def close(self) -> None:
        """Let go of the view."""
        for each in self.cursors:
            each.close()
        self.connection.close()


@contextmanager
def sources(path: Path, count: int = 1) -> Iterator[list[Source]]:
    """So many views of the store, all of the same moment."""
    found: list[Source] = []
    try:
        while True:
            found = [Source(path) for _ in range(count)]
            if len({each.place() for each in found}) == 1:
                break
            for each in found:
                each.close()
        yield found
    finally:
        for each in found:
            each.close()


def count(duck: Any, rows: str) -> int:
    """How many rows there are of what can stand behind FROM."""
    ((number,),) = duck.execute(f"SELECT count(*) FROM {rows}").fetchall()
    return int(number)


def whole(duck: Any, views: Sequence[Source], now: int) -> dict[str, int]:
    """Fill an empty mirror; gives rows by table."""
    duck.execute("SET preserve_insertion_order = false")
    duck.execute(STATE)
    duck.execute(ORGANISATIONS)
    for wide in BOTH:
        listed = ", ".join(f'"{name}" {type_}{_kept(name)}' for name, type_ in wide.columns)
        duck.execute(f"CREATE TABLE {wide.name} ({listed})")
    _organisations(duck, views[0], "organisations")
    _take(duck, ASSETS, views[:1], "systems", f"kind = '{Kind.SYSTEM}'")
    for wide in BOTH:
        if wide is ASSETS:
            _ports(duck, "services")
        for layer in wide.layers:
            _insert(duck, wide, layer.parts, _streams(duck, wide, views, layer))
    duck.execute("DROP TABLE ports")
    duck.execute("DROP TABLE systems")
    place = views[0].place()
    duck.execute(
        "INSERT INTO state VALUES (?, ?, ?, ?, ?, ?)", [layout(), place.upto, place.epoch, place.entry, now, now]
    )
    return {wide.name: count(duck, wide.name) for wide in BOTH}


def _kept(name: str) -> str:
    """Values that are each their own are not worth the search for a dictionary."""
    return " USING COMPRESSION uncompressed" if name in SINGULAR else ""


def changed(duck: Any, view: Source, since: Place, now: int) -> int | None:
    """Take in what changed after this place; gives how many rows, None where reading all is quicker or needed."""
    place = view.place()
    if place == since:
        return 0
    bounds = {}
    for wide in BOTH:
        duck.execute(f"DROP TABLE IF EXISTS temp.new_{wide.name}")
        bounds[wide.name] = int(view.rows(f"SELECT count(*) FROM {wide.name} WHERE changed_seq > {since.upto}")[0][0])
    total = {wide.name: int(view.rows(f"SELECT count(*) FROM {wide.name}")[0][0]) for wide in BOTH}
    if sum(bounds.values()) * RELOAD > sum(total.values()) + 50_000:
        return None
    duck.execute("BEGIN")
    for wide in BOTH:
        _take(duck, wide, [view], f"new_{wide.name}", f"changed_seq > {since.upto}")
    _organisations(duck, view, "new_organisations")
    _take(duck, ASSETS, [view], "systems", f"kind = '{Kind.SYSTEM}'")
    _moved_pointers(duck)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE parents AS SELECT parent FROM new_services WHERE parent IS NOT NULL UNION "
        "SELECT s.parent FROM services s SEMI JOIN new_services n ON n.id = s.id WHERE s.parent IS NOT NULL"
    )
    duck.execute("DELETE FROM organisations")
    duck.execute("INSERT INTO organisations SELECT * FROM new_organisations")
    duck.execute("DELETE FROM services USING new_services n WHERE n.id = services.id")
    _insert(duck, SERVICES, SERVICES.parts, "new_services", read=True)
    _ports(duck, "services SEMI JOIN parents USING (parent)")
    duck.execute(
        "INSERT INTO ports BY NAME (SELECT id AS parent, 0 AS number FROM assets a "
        "SEMI JOIN parents p ON p.parent = a.id ANTI JOIN ports o ON o.parent = a.id)"
    )
    _keep_ports(duck)
    columns = ", ".join(f'"{each.name}"' for each in ASSETS.parts)
    duck.execute(
        f"INSERT INTO new_assets SELECT {columns} FROM assets WHERE rowid IN (SELECT a.rowid FROM assets a "
        "SEMI JOIN parents p ON p.parent = a.id ANTI JOIN new_assets n ON n.id = a.id)"
    )
    duck.execute("DELETE FROM assets USING new_assets n WHERE n.id = assets.id")
    _insert(duck, ASSETS, ASSETS.parts, "new_assets", read=True)
    _update_pointers(duck)
    if place.upto > since.upto:
        _seen(duck, view, since, place)
    counted = {wide.name: count(duck, wide.name) for wide in BOTH}
    if counted != total:
        duck.execute("ROLLBACK")
        return None
    duck.execute(
        "UPDATE state SET upto = ?, epoch = ?, entry = ?, refreshed_at = ?", [place.upto, place.epoch, place.entry, now]
    )
    duck.execute("COMMIT")
    return sum(bounds.values())


def staged(duck: Any, views: Sequence[Source]) -> None:
    """The store as it is now in temporary tables `now_assets` and `now_services`, to hold the mirror against."""
    _organisations(duck, views[0], "new_organisations")
    _take(duck, ASSETS, views[:1], "systems", f"kind = '{Kind.SYSTEM}'")
    for wide in BOTH:
        _take(duck, wide, views, f"read_{wide.name}", "true")
    _ports(duck, "read_services")
    for wide in BOTH:
        columns = ", ".join(f'"{name}"' for name, _ in wide.columns)
        duck.execute(
            f"CREATE OR REPLACE TEMP TABLE now_{wide.name} AS SELECT {columns} FROM "
            f"({_joined(wide, wide.parts, f'read_{wide.name}', units='new_organisations', read=True)})"
        )
        duck.execute(f"DROP TABLE read_{wide.name}")


def _select(wide: Wide, parts: Sequence[Part], condition: str) -> str:
    dummies = ", ".join(f'{each.dummy} AS "{each.name}"' for each in parts)
    columns = ", ".join(f'"{each.name}"' for each in parts)
    columns = columns.replace('"last_seen"', "(SELECT s.last_seen FROM sightings s WHERE s.id = r.id)")
    return f"SELECT {dummies} UNION ALL SELECT {columns} FROM {ROWS[wide.name]} r WHERE {condition}"


def _streams(duck: Any, wide: Wide, views: Sequence[Source], layer: Layer) -> str:
    """The rows of a layer as something to select from, each view reading its part."""
    bounds = ["true"]
    if len(views) > 1:
        last = int(views[0].rows(f"SELECT ifnull(max(rowid), 0) FROM {ROWS[wide.name]}")[0][0])
        step = last // len(views) + 1
        bounds = [f"rowid > {n * step} AND rowid <= {(n + 1) * step}" for n in range(len(views))]
        bounds[0] = f"rowid <= {step}"
    names = []
    for number, (view, bound) in enumerate(zip(views, bounds, strict=False)):
        text = _select(wide, layer.parts, f"{bound} AND {layer.condition}")
        duck.register(f"stream_{number}", view.batches(text))
        names.append(f"SELECT * FROM stream_{number}")
    return f"({' UNION ALL '.join(names)})"


def _take(duck: Any, wide: Wide, views: Sequence[Source], into: str, condition: str) -> None:
    columns = ", ".join(f'{each.reading.format("r")} AS "{each.name}"' for each in wide.parts)
    rows = _streams(duck, wide, views, Layer(wide.parts, condition))
    duck.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT {columns} FROM {rows} r WHERE id <> ''")


def _insert(duck: Any, wide: Wide, parts: Sequence[Part], rows: str, *, read: bool = False) -> None:
    columns = ", ".join(f'"{name}"' for name in (*(p.name for p in parts), *(f.column for f in wide.computed)))
    duck.execute(f"INSERT INTO {wide.name} ({columns}) {_joined(wide, parts, rows, read=read)}")


def _joined(wide: Wide, parts: Sequence[Part], rows: str, *, units: str = "organisations", read: bool = False) -> str:
    """Rows with their computed columns: from the unit, from the system, and of assets from their services."""
    listed = [f'r."{p.name}"' if read else f'{p.reading.format("r")} AS "{p.name}"' for p in parts]
    listed += [f'{_value(each)} AS "{each.column}"' for each in wide.computed]
    ports = " LEFT JOIN ports p ON p.parent = r.id" if any(map(_of_ports, wide.computed)) else ""
    return (
        f"SELECT {', '.join(listed)} FROM {rows} r LEFT JOIN {units} o ON o.site = r.site AND o.id = r.org_id "
        f"LEFT JOIN systems s ON s.site = r.site AND s.id = r.system_id{ports} WHERE r.id <> ''"
    )


def _value(field: Field) -> str:
    derived = field.derived
    assert derived is not None
    if derived.how is Derivation.COUNT:
        return "coalesce(p.number, 0)"
    if derived.how is Derivation.MISSING:
        return f"{'o' if derived.via == ORGANISATION else 's'}.id IS NULL"
    column = _of(field)
    if derived.how is Derivation.MEMBERS:
        return f'coalesce(p."{column}", [])'
    return f'o."{column}"' if derived.via == ORGANISATION else f's."{column}"'


def _of(field: Field) -> str:
    """The column elsewhere that it comes from; of `moved_units` and `moved_systems`, whether it is gone."""
    assert field.derived is not None
    if field.derived.how is Derivation.MISSING:
        return "gone"
    return field.derived.of.replace(".", "_")


def _of_ports(field: Field) -> bool:
    return field.derived is not None and field.derived.how in {Derivation.COUNT, Derivation.MEMBERS}


def _ports(duck: Any, rows: str) -> None:
    """What the active services of each address come to."""
    members = [each.derived.of for each in ASSETS.computed if each.derived and each.derived.how is Derivation.MEMBERS]
    columns = [by_name()[each].column for each in members]
    listed = ", ".join(f'list_sort(list_distinct(list("{each}"))) AS "{each}"' for each in columns)
    duck.execute(
        f"CREATE OR REPLACE TEMP TABLE ports AS SELECT parent, count(*) AS number, {listed} FROM {rows} "
        f"WHERE state = '{State.ACTIVE}' AND parent IS NOT NULL GROUP BY parent"
    )


def _keep_ports(duck: Any) -> None:
    """Of assets that changed while their services did not: what the row of before says of these."""
    members = [each for each in ASSETS.computed if each.derived and each.derived.how is Derivation.MEMBERS]
    count = next(each.column for each in ASSETS.computed if each.derived and each.derived.how is Derivation.COUNT)
    listed = ", ".join(f'a."{each.column}" AS "{_of(each)}"' for each in members)
    duck.execute(
        f'INSERT INTO ports BY NAME (SELECT a.id AS parent, a."{count}" AS number, {listed} FROM assets a '
        "SEMI JOIN new_assets n ON n.id = a.id ANTI JOIN ports o ON o.parent = a.id)"
    )


def _organisations(duck: Any, view: Source, into: str) -> None:
    names = ("site", "id", "name", "contact")
    text = (
        "SELECT " + ", ".join(f"'' AS {n}" for n in names) + f" UNION ALL SELECT {', '.join(names)} FROM organisations"
    )
    duck.register("units", view.batches(text))
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
    columns = sorted({_of(each) for each in through} - {"gone"})
    differs = " OR ".join(f'a."{each}" IS DISTINCT FROM s."{each}"' for each in columns)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE moved_systems AS SELECT s.*, false AS gone FROM systems s "
        f"LEFT JOIN assets a ON a.id = s.id WHERE a.id IS NULL OR {differs}"
    )


def _pointed(via: str) -> list[Field]:
    found = {each.name: each for wide in BOTH for each in wide.computed if each.derived and each.derived.via == via}
    return list(found.values())


def _update_pointers(duck: Any) -> None:
    for wide in BOTH:
        for via, source in (("org_id", "moved_units"), ("system_id", "moved_systems")):
            fields = [each for each in wide.computed if each.derived and each.derived.via == via]
            if count(duck, source):
                sets = ", ".join(f'"{f.column}" = m."{_of(f)}"' for f in fields)
                duck.execute(
                    f"UPDATE {wide.name} AS t SET {sets} FROM {source} m WHERE m.site = t.site AND m.id = t.{via}"
                )


def _seen(duck: Any, view: Source, since: Place, place: Place) -> None:
    """Times of what was only seen again."""
    few = place.upto - since.upto <= SEEN_ONE_BY_ONE
    touched = (
        "SELECT DISTINCT each.value FROM observations o JOIN looks l ON l.look = o.look, json_each(l.touched) each "
        f"WHERE o.seq > {since.upto} AND o.seq <= {place.upto}"
    )
    for wide in BOTH:
        text = "SELECT '' AS id, 0 AS first_seen, 0 AS last_seen UNION ALL "
        text += f"SELECT id, first_seen, last_seen FROM {wide.name}"
        duck.register("seen", view.batches(text + (f" WHERE id IN ({touched})" if few else "")))
        duck.execute("CREATE OR REPLACE TEMP TABLE seen_now AS SELECT * FROM seen WHERE id <> ''")
        duck.execute(
            f"UPDATE {wide.name} AS t SET first_seen = n.first_seen, last_seen = n.last_seen FROM seen_now n "
            "WHERE n.id = t.id AND (n.last_seen <> t.last_seen OR n.first_seen <> t.first_seen)"
        )
