"""`kill -9` in the middle of a migration, a backup and a restore, on both stores: the old state or the new, whole."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from secops.core.clock import Instant
from secops.core.model import Observation, Status, Target
from secops.store import migrate, observations, transfer, views
from secops.store.backup import backup, restore, verify
from secops.store.check import problems
from secops.store.database import Database
from secops.store.migrate import HEAD, upgrade, version

pytestmark = pytest.mark.chaos

KILLS = max(3, int(os.environ.get("SECOPS_KILLS", "10")) // 3)
ROWS = 2_000
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database on either store."""
    if request.param == "sqlite":
        yield f"sqlite+pysqlite:///{tmp_path / 'secops.db'}"
    else:
        with request.getfixturevalue("postgres").database() as made:
            yield made


def _looks(first: int, number: int) -> list[Observation]:
    return [
        Observation("gd", "o", f"r{first}", "http@1", Target(f"198.18.{each >> 8}.{each & 255}", 80), Instant(each),
                    Status.SUCCESS, {"http.title": "首页" * 20})
        for each in range(first, first + number)
    ]  # fmt: skip


def _fill(store: Database, first: int = 0, number: int = ROWS) -> None:
    with store.write() as connection:
        observations.append(connection, _looks(first, number))


def _sums(store: Database) -> dict[str, transfer.Sum]:
    with store.read() as connection:
        return transfer.measure(connection, transfer.quiet)


_CHILD = """
import sys
from pathlib import Path
from secops.store.backup import backup, restore
from secops.store.database import Database
from secops.store.migrate import upgrade
store = Database(sys.argv[2])
print("begun", flush=True)
if sys.argv[1] == "migrate":
    upgrade(store)
else:
    {"backup": backup, "restore": restore}[sys.argv[1]](store, Path(sys.argv[3]))
print("done", flush=True)
"""


def _begin(*words: str) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, *words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    return child


def _span(*words: str) -> float:
    """How long it takes when nobody kills it."""
    begun = time.monotonic()
    child = _begin(*words)
    begun = time.monotonic()
    assert child.wait(120) == 0
    return time.monotonic() - begun


class _Killer:
    """Kills children somewhere within their span, which it learns: one that ended first was given too long."""

    def __init__(self, dice: random.Random, span: float) -> None:
        self.dice, self.span, self.killed = dice, span * 0.8, 0

    def strike(self, *words: str) -> None:
        """Start one and kill it; the next is given less time where it had ended."""
        child = _begin(*words)
        time.sleep(self.dice.uniform(0, self.span))
        child.send_signal(signal.SIGKILL)
        if child.wait() == 0:
            self.span /= 2
        else:
            self.killed += 1

    def due(self) -> Iterator[int]:
        """Turns until enough were killed; a span that shrinks comes to that soon."""
        for turn in range(KILLS * 10):
            if self.killed == KILLS:
                return
            yield turn
        assert self.killed == KILLS


def _first_release(url: str) -> Database:
    store = Database(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with store.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        rows = [{"id": f"ip-{each}", "origin": '{"name":1}', "sources": '{"http":[1,1]}'} for each in range(ROWS)]
        connection.execute(
            sa.text(
                "INSERT INTO assets (id, site, key, state, declared, first_seen, last_seen, misses, generation,"
                " changed_seq, kind, origin, sources)"
                " VALUES (:id, 'gd', :id, 'active', false, 1, 1, 0, 1, 0, 'ip', :origin, :sources)"
            ),
            rows,
        )
    return store


def test_a_killed_migration_leaves_the_old_schema_or_the_new(url: str, seed: random.Random) -> None:
    """All steps or none, every row there, and the next opening finishes it."""
    store = _first_release(url)
    killer = _Killer(seed, _span("migrate", url))
    for _ in killer.due():
        _emptied(store)
        store = _first_release(url)
        killer.strike("migrate", url)
        with store.read() as connection:
            found = version(connection)
            assert found in {"0001", HEAD}
            has = sa.inspect(connection).has_table("looks")
            assert has is (found == HEAD)
            assert connection.execute(sa.text("SELECT count(*) FROM assets")).scalar() == ROWS
        upgrade(store)
        with store.read() as connection:
            assert version(connection) == HEAD
            assert connection.execute(sa.text("SELECT count(*) FROM assets")).scalar() == ROWS
        assert problems(store) == ()
    store.close()


def test_a_killed_backup_is_no_backup(url: str, tmp_path: Path, seed: random.Random) -> None:
    """Under its name there is a whole copy or nothing; the next backup is not hindered by what was left."""
    store = Database(url)
    upgrade(store)
    _fill(store)
    before = _sums(store)
    killer = _Killer(seed, _span("backup", url, str(tmp_path / "first.db")))
    target = tmp_path / "copy.db"
    for _ in killer.due():
        killer.strike("backup", url, str(target))
        if target.exists():
            verify(target)
            target.unlink()
        assert _sums(store) == before
    backup(store, target)
    verify(target)
    assert [each.name for each in tmp_path.glob("copy.db*")] == ["copy.db"]
    store.close()


def test_a_killed_restore_leaves_what_was_or_what_the_backup_held(
    url: str, tmp_path: Path, seed: random.Random
) -> None:
    """Nothing half done: every table is wholly the old one or the new one, and a second try ends it."""
    store = Database(url)
    upgrade(store)
    _fill(store)
    new = _sums(store)
    copy = tmp_path / "copy.db"
    backup(store, copy)
    _fill(store, ROWS, ROWS // 2)
    old = _sums(store)
    assert old != new
    killer = _Killer(seed, _span("restore", url, str(copy)))
    assert _sums(store) == new
    for _ in killer.due():
        _fill(store, ROWS, ROWS // 2)
        assert _sums(store)["observations"] == old["observations"]
        killer.strike("restore", url, str(copy))
        found = _sums(store)["observations"]
        assert found in (old["observations"], new["observations"])
        restore(store, copy)
        assert _sums(store) == new
        assert problems(store) == ()
    store.close()


def test_a_server_killed_during_a_restore_comes_back_as_it_was(own_postgres: Any, tmp_path: Path) -> None:
    """The program is told, and the server that starts again has what it had."""
    store = Database(own_postgres.url(own_postgres.fresh()))
    upgrade(store)
    _fill(store)
    backup(store, tmp_path / "copy.db")
    _fill(store, ROWS, ROWS // 2)
    old = _sums(store)
    child = _begin("restore", store.url, str(tmp_path / "copy.db"))
    deadline = time.monotonic() + 30
    busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND pid <> pg_backend_pid()"
    while time.monotonic() < deadline and own_postgres.ask("postgres", busy) == [(0,)]:
        pass
    own_postgres.kill()
    assert child.wait(60) != 0
    own_postgres.start()
    assert _sums(store) == old
    restore(store, tmp_path / "copy.db")
    assert problems(store) == ()
    store.close()


def _emptied(store: Database) -> None:
    """Back to a database without tables."""
    with store.write() as connection:
        views.drop(connection)
        found = sa.MetaData()
        if store.embedded:
            connection.exec_driver_sql("DROP TABLE IF EXISTS texts_pieces")
        found.reflect(connection)
        found.drop_all(connection)
    store.close()


@pytest.fixture
def seed() -> random.Random:
    """Told, so that a failure can be had again."""
    chosen = int(os.environ.get("SECOPS_SEED", "0")) or random.randrange(2**32)
    print(f"SECOPS_SEED={chosen}")
    return random.Random(chosen)
