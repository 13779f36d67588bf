"""Where the rows of a report come from: the columnar mirror where it stands, else the store. The same rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from secops.core.clock import Instant
from secops.core.errors import StoreError
from secops.core.fields import by_name, of_kind
from secops.core.language import say
from secops.core.model import Kind, Value
from secops.core.query import Query
from secops.hall.app import App
from secops.hall.flows import mirror, past
from secops.store import columns, search
from secops.store import compile as conditions_of
from secops.store.grading import Transaction

if TYPE_CHECKING:
    from secops.store.mirror_query import View

Columns = list[Sequence[Value]]
T = TypeVar("T")


@contextmanager
def opened(app: App, at: Instant | None, *, whole: bool) -> Iterator[tuple[Transaction, "View | None"]]:
    """The store as of `at`; beside it, where `whole` asks for much of today's, the mirror of the same moment."""
    from secops.store.mirror import Unavailable

    usable = whole and at is None and app.config.text("mirror.use") != "off" and app.database.path is not None
    if usable and app.mirror.path.exists():
        try:
            app.mirror.current()
        except Unavailable as error:
            app.tell(error)
            usable = False
        if usable:
            try:
                with app.mirror.read() as view, app.database.read() as connection:
                    yield connection, view if app.mirror.stands(connection) else None
            finally:
                mirror.release(app)
            return
    with past.opened(app, at) as connection:
        yield connection, None


class Source:
    """What one report reads. `view`: the mirror, of the same moment as the transaction."""

    def __init__(
        self, app: App, connection: Transaction, now: Instant, at: Instant | None, view: "View | None" = None
    ) -> None:
        self._app, self._connection, self._now, self._at = app, connection, now, at
        self._view = view

    def rows(self, query: Query, kind: Kind | None, fields: Sequence[str]) -> Iterator[Mapping[str, Value]]:
        """These fields, and `id`, `key` and `state`, of all of the kind that the query meets, in order of id."""
        names = list(dict.fromkeys(("id", "key", "state", *fields)))
        if self._mirrored(query):
            mirrored = self._out_of_mirror(query, kind, names)
            for row in self.unbroken(mirrored, lambda: self._out_of_store(query, kind, names)):
                yield dict(zip(names, row, strict=True))
            return
        for row in self._out_of_store(query, kind, names):
            values = dict(zip(names, row, strict=True))
            yield values if self._at is None else past.unseen(values, self._at)

    def batches(self, query: Query, kind: Kind | None, fields: Sequence[str], parted: str) -> Iterator[Columns] | None:
        """These fields by batches of columns in the order of keys, sets as text; None where there is no mirror."""
        if not self._mirrored(query):
            return None
        from secops.store import mirror_rows

        assert self._view is not None
        found = mirror_rows.columns(self._view, query, kind, fields, self._now, parted=parted, by_key=True)
        return self._completed(found, kind, fields)

    def unbroken(self, mirrored: Iterator[T], stored: Callable[[], Iterator[T]]) -> Iterator[T]:
        """The rows out of the mirror; where that fails (no room to sort), the same out of the store from there on."""
        import duckdb

        done = 0
        try:
            for row in mirrored:
                yield row
                done += 1
        except duckdb.Error as error:
            self._view = None
            self._app.tell(
                StoreError(
                    "E5133",
                    say("列式镜像读不出来", "the columnar mirror cannot be read"),
                    where=str(self._app.mirror.path),
                    why=str(error)[:400],
                )
            )
            yield from islice(stored(), done, None)

    def any(self, query: Query, kind: Kind) -> bool:
        """Whether the query meets any of the kind."""
        return next(iter(self._out_of_store(query, kind, ("id",))), None) is not None

    def _mirrored(self, query: Query) -> bool:
        from secops.store.mirror_query import answers

        return self._view is not None and answers(query)

    def _out_of_store(self, query: Query, kind: Kind | None, names: Sequence[str]) -> Iterator[columns.Values]:
        return columns.rows(self._connection, kind, self.condition(query, kind), names, self._now)

    def condition(self, query: Query, kind: Kind | None) -> Any:
        """By the index of words today, which no past moment has."""
        if self._at is not None:
            return conditions_of.where(query, kind, self._now)
        return search.condition(self._connection, query, kind, self._now)

    def _out_of_mirror(self, query: Query, kind: Kind | None, names: Sequence[str]) -> Iterator[columns.Values]:
        from secops.store import mirror_rows

        assert self._view is not None
        for found in self._completed(mirror_rows.columns(self._view, query, kind, names, self._now), kind, names):
            yield from zip(*found, strict=True)

    def _completed(self, batches: Iterator[Columns], kind: Kind | None, names: Sequence[str]) -> Iterator[Columns]:
        """The batches with the columns that the mirror lacks, read from the store by their ids."""
        from secops.store.mirror_tables import held

        lacking = [name for name in names if not held(by_name()[name])]
        for batch in batches:
            if lacking and kind is not None:
                ids = [str(each) for each in batch[names.index("id")]]
                told = dict(conditions_of.values(self._connection, kind, ids, lacking, self._now))
                for name in lacking:
                    batch[names.index(name)] = [told[id][name] for id in ids]
            yield batch


def every_field(kind: Kind) -> list[str]:
    """The names of all fields of a kind."""
    return [each.name for each in of_kind(kind)]
