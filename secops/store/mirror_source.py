"""What the mirror reads of the SQLite store: Arrow batches, no row ever a Python object.

Of each row the columns that are its own come as they are, and the digest of what it says in the same words as others
(`store.alike`), which is given a number the first time it is met: then those words are read, as one text. To read that
text of every row takes half as long again, sixty columns a row five times as long.
"""

import json
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from secops.store.alike import SIZE
from secops.store.mirror_tables import ALIKE, ROW, SEEN, Wide
from secops.store.views import LAST_SEEN, ROWS

BATCH: Final = 61_440
CHUNK: Final = 245_760
"""Rows handed on at once: two of DuckDB's row groups."""


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


SIGHTINGS: Final = f"(SELECT n.id, s.{SEEN} FROM sightings s JOIN numbers n ON n.number = s.number)"
"""When each entity and relation was last seen, by id."""


class Source:
    """One consistent view of the store, read in Arrow batches. For who has the store's file alone (`store.gate`)."""

    def __init__(self, path: Path) -> None:
        import adbc_driver_sqlite.dbapi as adbc  # noqa: PLC0415 - an extra

        self.connection = adbc.connect(f"file:{quote(str(path))}?mode=rw")
        with self.connection.cursor() as cursor:
            for each in ("query_only=ON", "cache_size=-65536", "mmap_size=2000000000", "busy_timeout=10000"):
                cursor.execute(f"PRAGMA {each}")
                cursor.fetchall()
        self.readings: list[_Reading] = []

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """A small answer."""
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            return [tuple(row) for row in cursor.fetchall()]

    def batches(self, text: str) -> Iterator[Any]:
        """A large one in batches. Its first row only shows the types and is not given."""
        with self.connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH)})
            cursor.execute(text)
            skip = 1
            for batch in cursor.fetch_record_batch():
                yield batch.slice(skip)
                skip = 0

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
        for each in self.readings:
            each.end()
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


def table(
    views: Sequence[Source], wide: Wide, condition: str = "true", *, timed: bool = True, said: bool = False
) -> Iterator[Any]:
    """The rows of a table as Arrow tables of about `CHUNK` rows, each view reading its part ahead of who takes them.

    `timed`: each with its `last_seen`, looked up one by one; else that is in `sightings`. `said`: the words of each in
    the place of their digest, as they are of rows that have none.
    """
    bounds = ["true"]
    if len(views) > 1:
        step = last(views[0], wide) // len(views) + 1
        bounds = [f"rowid > {n * step} AND rowid <= {(n + 1) * step}" for n in range(len(views))]
        bounds[0] = f"rowid <= {step}"
    texts = [_select(wide, f"{each} AND ({condition})", timed=timed, said=said) for each in bounds]
    return chunks(list(zip(views, texts, strict=True)))


def last(view: Source, wide: Wide) -> int:
    """The greatest number of a row: about as many as there are."""
    return int(view.rows(f"SELECT ifnull(max(rowid), 0) FROM {ROWS[wide.name]}")[0][0])


def _select(wide: Wide, condition: str, *, timed: bool, said: bool) -> str:
    own = [each for each in wide.own if timed or each.name != SEEN]
    dummies = ", ".join(f'{each.dummy} AS "{each.name}"' for each in own)
    columns = ", ".join(LAST_SEEN if each.name == SEEN else f'"{each.name}"' for each in own)
    words = f"CAST({_words(wide)} AS BLOB)"
    alike = words if said else f"coalesce({ALIKE}, {words})"
    return (
        f"SELECT {dummies}, x'00' AS {ALIKE}, 0 AS {ROW} UNION ALL SELECT {columns}, {alike}, r.rowid "
        f"FROM {ROWS[wide.name]} r WHERE {condition}"
    )


def _words(wide: Wide) -> str:
    """What a row says alike with others, as one text; it is longer than a digest."""
    listed = ", ".join(f'"{each.name}"' for each in wide.alike)
    return f"json_array({listed})"


def words(view: Source, wide: Wide, ids: Sequence[str]) -> dict[bytes, str]:
    """What these rows say alike, by the digests that they have."""
    rows = f"SELECT {ALIKE}, {_words(wide)} FROM {ROWS[wide.name]} WHERE id IN (SELECT value FROM json_each(?))"
    with view.connection.cursor() as cursor:
        cursor.execute(rows, [json.dumps(ids)])
        digests, texts = cursor.fetch_arrow_table().columns
    return dict(zip(digests.to_pylist(), texts.to_pylist(), strict=True))


def sightings(view: Source) -> Iterator[Any]:
    """When each entity was last seen."""
    return chunks([(view, f"SELECT '' AS id, 0 AS {SEEN} UNION ALL SELECT id, {SEEN} FROM {SIGHTINGS}")])


def chunks(parts: Sequence[tuple[Source, str]]) -> Iterator[Any]:
    """What these questions answer, each read by a thread of its own from now on; one Arrow table at least."""
    return _tables(_Reading(parts))


def _tables(reading: "_Reading") -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    try:
        held: list[Any] = []
        given = False
        for found in reading.batches():
            held.append(found)
            if sum(each.num_rows for each in held) >= CHUNK:
                yield pa.Table.from_batches(held)
                held, given = [], True
        if held and (not given or any(each.num_rows for each in held)):
            yield pa.Table.from_batches(held)
    finally:
        reading.end()


class _Reading:
    """Threads that read ahead. Each view knows of it and ends it before it is closed under them."""

    def __init__(self, parts: Sequence[tuple[Source, str]]) -> None:
        self._ready: queue.Queue[Any] = queue.Queue(maxsize=len(parts) * CHUNK // BATCH)
        self._stop = threading.Event()
        self._readers = [threading.Thread(target=self._read, args=each, daemon=True) for each in parts]
        for view, _ in parts:
            view.readings.append(self)
        for each in self._readers:
            each.start()

    def batches(self) -> Iterator[Any]:
        """Whatever is read, as it comes. Raises what went wrong in reading."""
        left = len(self._readers)
        while left:
            found = self._ready.get()
            if isinstance(found, BaseException):
                raise found
            if found is None:
                left -= 1
            else:
                yield found

    def end(self) -> None:
        """Read no further; wait for the batches that are being read."""
        self._stop.set()
        for each in self._readers:
            while each.is_alive():
                with suppress(queue.Empty):
                    self._ready.get_nowait()
                each.join(0.02)

    def _read(self, view: Source, text: str) -> None:
        """Batches, then None; or what went wrong."""
        try:
            for batch in view.batches(text):
                if self._stop.is_set():
                    return
                self._ready.put(_coded(batch))
        except BaseException as error:  # noqa: BLE001 - raised where they are taken
            self._ready.put(error)
        else:
            self._ready.put(None)


def _coded(batch: Any) -> Any:
    """The batch with each digest, or text, of what rows say alike once. Done by who reads, beside who takes it."""
    place = batch.schema.get_field_index(ALIKE)
    return batch if place < 0 else batch.set_column(place, ALIKE, batch.column(place).dictionary_encode())


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=SIZE).digest()


class Numbers:
    """Numbers of what rows say alike, in a table of the mirror: the same words, the same number."""

    def __init__(self, duck: Any, wide: Wide, name: str, view: Source) -> None:
        """`view`: is asked for the words of digests, and reads nothing else meanwhile."""
        self._duck = duck
        self._wide = wide
        self._view = view
        self._name = f"{name}_alike"
        ((count, last),) = duck.execute(f"SELECT count(*), coalesce(max(number), 0) FROM {self._name}").fetchall()
        self._stored = bool(count)
        self._last = int(last)
        self._known: dict[bytes, int] = {}

    def put(self, rows: Any) -> Any:
        """The rows with numbers in the place of digests or words; what is new is in the table afterwards."""
        import pyarrow as pa  # noqa: PLC0415 - an extra

        place = rows.schema.get_field_index(ALIKE)
        parts = rows.column(place).chunks
        told = [each.dictionary.to_pylist() for each in parts]
        digests = [[each if len(each) == SIZE else _digest(each) for each in said] for said in told]
        self._look_up([each for each in chain(*digests) if each not in self._known])
        fresh: dict[bytes, bytes] = {}
        for digest, said in zip(chain(*digests), chain(*told), strict=True):
            if digest not in self._known:
                self._last += 1
                self._known[digest] = self._last
                fresh[digest] = said
        if fresh:
            texts = self._texts(rows, fresh)
            self._add(pa.table({
                "number": [self._known[each] for each in fresh],
                "digest": list(fresh),
                "text": [texts[each] for each in fresh],
            }))  # fmt: skip
        numbers = [
            pa.array([self._known[each] for each in said], pa.int32()).take(part.indices)
            for said, part in zip(digests, parts, strict=True)
        ]
        return rows.set_column(place, ALIKE, pa.chunked_array(numbers, pa.int32()))

    def _texts(self, rows: Any, fresh: Mapping[bytes, bytes]) -> dict[bytes, str]:
        """The words of each digest: as they came, or as a row says them that has it."""
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.compute as pc  # noqa: PLC0415 - an extra

        texts = {digest: said.decode() for digest, said in fresh.items() if len(said) != SIZE}
        wanted = [each for each in fresh if each not in texts]
        if wanted:
            column = pc.cast(rows.column(ALIKE), pa.binary())
            met = pa.table({"id": rows.column("id"), "digest": column}).filter(pc.is_in(column, pa.array(wanted)))
            ids = met.group_by("digest").aggregate([("id", "min")]).column("id_min").to_pylist()
            texts |= words(self._view, self._wide, ids)
        return texts

    def _look_up(self, digests: list[bytes]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - an extra

        if not self._stored or not digests:
            return
        self._duck.register("asked", pa.table({"digest": digests}))
        found = self._duck.execute(f"SELECT digest, number FROM {self._name} SEMI JOIN asked USING (digest)").fetchall()
        self._duck.unregister("asked")
        self._known.update({bytes(digest): int(number) for digest, number in found})

    def _add(self, fresh: Any) -> None:
        self._duck.register("fresh", fresh)
        self._duck.execute(
            f"INSERT INTO {self._name} SELECT number, digest, {self._wide.spoken()} "
            "FROM (SELECT number, digest, from_json(text, '[\"VARCHAR\"]') AS l FROM fresh)"
        )
        self._duck.unregister("fresh")
