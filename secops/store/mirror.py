"""The columnar mirror: one DuckDB file beside the SQLite store, for questions that would read every wide row.

It is a copy and never the truth: made on request, kept current by what changed whenever it is used, thrown away when
anything about it is in doubt. One process at a time writes it; while it does, or while others read an old state, it
is not to be had (`Unavailable`), and the store answers instead.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from secops.core.clock import Clock
from secops.core.errors import SecopsError, StoreError
from secops.core.language import say
from secops.store import mirror_load as load
from secops.store.attention import listening
from secops.store.database import Connection, Database
from secops.store.mirror_query import View
from secops.store.mirror_source import ENTRY, PLACE, Place, Source, sources
from secops.store.mirror_tables import BOTH, Wide, layout

EXTRA: Final = ("duckdb", "pyarrow", "adbc_driver_sqlite")
FILE: Final = "mirror.duckdb"
THREADS: Final = 4
WAIT: Final = 3.0
"""Seconds to wait for another process that writes it."""


class Unavailable(StoreError):
    """The mirror cannot be had now; the store can."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the mirror's file. `behind`: log entries not taken in yet, None where it must be made anew."""

    exists: bool
    path: Path
    size: int = 0
    refreshed_at: int = 0
    behind: int | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: `whole` anew or by what changed, how many rows. `unusable`: what was there was unreadable."""

    whole: bool
    rows: int
    unusable: bool = False


class Mirror:
    """The mirror of one store. `folder` is where its file lies."""

    def __init__(self, database: Database, folder: Path, clock: Clock, *, memory_mb: int = 2048) -> None:
        self.database = database
        self.path = folder / FILE
        self.clock = clock
        self.memory_mb = memory_mb
        self._held: Any = None
        self._open = ExitStack()

    def release(self) -> None:
        """Let go of the file: while it is held to be read, no other process can bring it up."""
        self._held = None
        self._open.close()

    def status(self) -> Status:
        """Look at it without touching it."""
        self._source()
        if not self.path.exists():
            return Status(False, self.path)
        size = self.path.stat().st_size
        try:
            with self._opened(read_only=True) as duck:
                state = _state(duck)
                rows = sum(load.count(duck, f"{wide.name}_rows") for wide in BOTH)
                ((at,),) = duck.execute("SELECT refreshed_at FROM state").fetchall()
        except Unavailable as error:
            if error.code == "E5132":
                raise
            return Status(True, self.path, size)
        here = self._here(state)
        behind = here.upto - state.upto if here is not None and state is not None else None
        return Status(True, self.path, size, int(at), behind, rows)

    def refresh(self, *, anew: bool = False, tell: load.Tell = load.silent) -> Refreshed:
        """Bring it up to the store, by what changed where that is possible. Raises Unavailable."""
        source = self._source()
        self.release()
        with self._turn():
            self._sweep()
            unusable = False
            if not anew and self.path.exists():
                try:
                    rows = self._change(source)
                except Unavailable as error:
                    if error.code != "E5133":
                        raise
                    rows, unusable = None, True
                if rows is not None:
                    return Refreshed(False, rows)
            return Refreshed(True, self._make(source, tell), unusable)

    @contextmanager
    def read(self) -> Iterator[View]:
        """The mirror, current; its file stays open for the next question. Raises Unavailable."""
        if not self.path.exists():
            raise _missing(self.path)
        self._source()
        with self._words():
            view = View(self._current())
            with self._watched(view.interrupt):
                yield view

    def current(self) -> None:
        """Bring it up, if it is not, and keep it open. Raises Unavailable."""
        with self.read():
            pass

    def stands(self, connection: Connection) -> bool:
        """Whether what is open says what this transaction sees."""
        return self._held is not None and _state(self._held) == self._seen(connection, _state(self._held))

    @contextmanager
    def _watched(self, interrupt: Callable[[], None], *, alone: bool = False) -> Iterator[None]:
        """What is at work ends when the database's patience does, or with Ctrl-C; `alone`: between its steps only."""
        import duckdb  # noqa: PLC0415 - an extra

        patience = self.database.patience
        with listening(interrupt, patience.left, alone=alone) as heard:
            try:
                yield
                if alone and heard.interrupted:
                    raise KeyboardInterrupt
            except Exception as error:  # each library has its own way to say that it was interrupted
                if heard.interrupted:
                    raise KeyboardInterrupt from error
                if isinstance(error, duckdb.InterruptException):
                    raise patience.late() from error
                raise

    def _current(self) -> Any:
        if self._held is None:
            self._held = self._open.enter_context(self._opened(read_only=True))
        state = _state(self._held)
        if state is None or self._here(state) != state:
            self.refresh()
            self._held = self._open.enter_context(self._opened(read_only=True))
        return self._held

    @contextmanager
    def _words(self) -> Iterator[None]:
        """The engine's complaints as `Unavailable`; after one the file is let go."""
        import duckdb  # noqa: PLC0415 - an extra

        try:
            yield
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            self.release()
            raise self._told(error) from error

    def drop(self) -> None:
        """Delete it. Raises Unavailable while another process writes it."""
        self.release()
        with self._turn():
            self._discard()

    def verify(self) -> dict[str, int]:
        """Hold every row against the store: table -> rows that differ. Raises Unavailable."""
        source = self._source()
        self.refresh()
        with (
            self._turn(),
            self._opened() as duck,
            self._views(source, 2) as views,
            self._watched(duck.interrupt, alone=True),
        ):
            state = _state(duck)
            if state != views[0].place():
                raise _busy(self.path, say("核对期间台账有变化", "the inventory changed meanwhile"))
            load.staged(duck, views)
            return {wide.name: _differing(duck, wide) for wide in BOTH}

    @contextmanager
    def _views(self, source: Path, count: int = 1) -> Iterator[Sequence[Source]]:
        """Views of the store by its other library, while this process has no connection to it."""
        with self.database.closed(WAIT) as free:
            if not free:
                why = say("本进程还有未结束的查询", "this process has a question to the store open")
                raise _busy(self.path, why)
            with sources(source, count) as views:
                yield views

    def _here(self, known: Place | None) -> Place | None:
        """Where the store stands, as the mirror that knows this place would remember it; None: another history."""
        with self.database.read() as connection:
            return self._seen(connection, known)

    @staticmethod
    def _seen(connection: Connection, known: Place | None) -> Place | None:
        upto, epoch = connection.exec_driver_sql(PLACE).one()
        seq = known.upto if known is not None else upto
        found = connection.exec_driver_sql(ENTRY.format(int(seq))).scalar()
        entry = str(found or "")
        if known is None or entry != known.entry or upto < known.upto or epoch != known.epoch:
            return None
        return Place(int(upto), int(epoch), entry)

    def _change(self, source: Path) -> int | None:
        """Take in what changed; None where the file is of another history. Raises Unavailable."""
        with self._opened() as duck, self._views(source, 4) as views, self._watched(duck.interrupt, alone=True):
            state = _state(duck)
            if state is None or views[0].beyond(state) is None:
                return None
            return load.changed(duck, views, state, int(self.clock.now()))

    def _make(self, source: Path, tell: load.Tell) -> int:
        """Beside the old one, which it replaces once it is whole."""
        part = self.path.with_suffix(".part")
        try:
            with self._opened(part) as duck, self._views(source, 4) as views, self._watched(duck.interrupt, alone=True):
                rows = load.whole(duck, views, int(self.clock.now()), tell)
            Path(f"{self.path}.wal").unlink(missing_ok=True)
            part.replace(self.path)
        finally:
            self._sweep()
        return sum(rows.values())

    def _sweep(self) -> None:
        """Delete what was not finished, by whom ever: who writes is alone."""
        for each in self.path.parent.glob(f"{self.path.stem}.part*"):
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()

    def _discard(self) -> None:
        for each in (self.path, Path(f"{self.path}.wal")):
            each.unlink(missing_ok=True)

    def _source(self) -> Path:
        """The store's file, once all that is needed is there."""
        if any(find_spec(each) is None for each in EXTRA):
            raise Unavailable(
                "E5130",
                say("没有安装列式镜像所需的组件", "the columnar mirror's libraries are not installed"),
                why=", ".join(each for each in EXTRA if find_spec(each) is None),
                hint="pip install 'yuedun-secops[mirror]'",
            )
        found = self.database.path
        if found is None:
            raise Unavailable(
                "E5131",
                say("列式镜像只用于 SQLite 数据库", "the columnar mirror is for SQLite"),
                where=self.database.where,
                hint=say("服务器数据库自己回答", "a server answers itself"),
            )
        return found

    @contextmanager
    def _opened(self, path: Path | None = None, *, read_only: bool = False) -> Iterator[Any]:
        """The file open, with memory and threads bounded and nothing to be loaded from anywhere."""
        import duckdb  # noqa: PLC0415 - an extra

        path = path or self.path
        settings = {
            "memory_limit": f"{self.memory_mb}MB",
            "threads": str(min(THREADS, os.cpu_count() or 1)),
            "temp_directory": f"{path}.tmp",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        }
        try:
            duck = duckdb.connect(str(path), read_only=read_only, config=settings)
            duck.execute("SET enable_external_access = false")
        except duckdb.Error as error:
            raise self._told(error) from error
        try:
            with self._words():
                yield duck
        finally:
            with suppress(duckdb.Error):
                duck.close()

    def _told(self, error: Exception) -> SecopsError:
        text = str(error)
        if " lock on file" in text.lower() or "different configuration" in text:
            return _busy(self.path, text)
        if "space" in text.lower() or "memory" in text.lower():
            return Unavailable(
                "E5134",
                say("列式镜像缺少空间或内存", "the columnar mirror lacks space or memory"),
                where=str(self.path),
                why=text[:400],
                hint=say("腾出空间，或调大 mirror.memory_mb", "free some space, or raise mirror.memory_mb"),
            )
        return Unavailable(
            "E5133",
            say("列式镜像读不出来", "the columnar mirror cannot be read"),
            where=str(self.path),
            why=text[:400],
            hint=say("重新生成：secops db mirror refresh --anew", "make it anew: secops db mirror refresh --anew"),
        )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the one process that writes it. Raises Unavailable when another does not end soon."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        until = self.clock.monotonic() + WAIT
        with self.path.with_suffix(".lock").open("a+b") as handle:
            while True:
                try:
                    flock(handle, LOCK_EX | LOCK_NB)
                    break
                except OSError:
                    if self.clock.monotonic() >= until:
                        raise _busy(self.path, "") from None
                    self.clock.sleep(0.05)
            yield


def _state(duck: Any) -> Place | None:
    """How far the mirror has come; None where it was made for other columns."""
    found = duck.execute("SELECT upto, epoch, entry FROM state WHERE layout = ?", [layout()]).fetchall()
    return Place(int(found[0][0]), int(found[0][1]), str(found[0][2])) if found else None


def _differing(duck: Any, wide: Wide) -> int:
    """Rows that only one side has, or that the two have differently."""
    columns = ", ".join(f'"{name}"' for name, _ in wide.columns)
    told = [f"(SELECT id, hash({columns}) AS said FROM {name})" for name in (wide.name, f"now_{wide.name}")]
    return load.count(duck, f"{told[0]} a FULL JOIN {told[1]} b ON a.id = b.id WHERE a.said IS DISTINCT FROM b.said")


def _missing(path: Path) -> Unavailable:
    return Unavailable(
        "E5135",
        say("还没有列式镜像", "there is no columnar mirror"),
        where=str(path),
        hint="secops db mirror refresh",
    )


def _busy(path: Path, why: str) -> Unavailable:
    return Unavailable(
        "E5132",
        say("列式镜像正被另一个进程读写", "another process is at the columnar mirror"),
        where=str(path),
        why=why[:400],
        hint=say("稍后再试", "try again in a while"),
    )
