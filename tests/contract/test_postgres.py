"""The store on a real PostgreSQL: what only a server can do to it, and what a million assets need of it."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from secops.core import address
from secops.core.clock import Instant
from secops.core.errors import Locked, SecopsError, StoreError, UsageError
from secops.core.filter import parse
from secops.core.model import Entity, Kind, Observation, Status, Target
from secops.store import compile as compiling
from secops.store import database as databases
from secops.store import entities, observations, server
from secops.store.backup import backup
from secops.store.database import Database, next_seq
from secops.store.derive import table_of
from secops.store.migrate import upgrade

pytestmark = pytest.mark.contract

NOW = Instant(1_750_000_000_000)


@pytest.fixture
def url(postgres: Any) -> Iterator[str]:
    with postgres.database() as made:
        yield made


@pytest.fixture
def store(url: str) -> Iterator[Database]:
    made = Database(url)
    upgrade(made)
    yield made
    made.close()


def _look(number: int) -> Observation:
    return Observation(
        "gd", "o", "r", "http@1", Target(f"198.18.0.{number}", 80), Instant(number), Status.SUCCESS, {"http.title": "x"}
    )


def test_log_order_is_commit_order_whoever_writes(store: Database, url: str) -> None:
    """Of many writers at once each takes its numbers in turn: a reader never sees a number before a smaller one."""
    gaps: list[list[int]] = []
    over = threading.Event()

    def write(first: int) -> None:
        mine = Database(url)
        for each in range(10):
            with mine.write() as connection:
                observations.append(connection, [_look(first + each)])
        mine.close()

    def watch() -> None:
        mine, seen = Database(url), 0
        while not over.is_set():
            with mine.read() as connection:
                now = [each.seq for each in observations.after(connection, 0, 1000)]
            if now != list(range(1, len(now) + 1)) or len(now) < seen:
                gaps.append(now)
            seen = len(now)
        mine.close()

    reader = threading.Thread(target=watch)
    writers = [threading.Thread(target=write, args=(each * 20,)) for each in range(4)]
    reader.start()
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    over.set()
    reader.join()
    assert gaps == []
    with store.read() as connection:
        assert observations.count(connection) == 40


def test_a_writer_that_waits_in_vain_is_told(store: Database, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a lock and not a crash, and says what to do; readers wait for nobody."""
    monkeypatch.setattr(databases, "BUSY_MS", 50)
    other = Database(url)
    with store.write() as connection:
        next_seq(connection, 1)
        with pytest.raises(Locked, match="E5102") as caught, other.write():
            raise AssertionError
        with other.read() as reader:
            assert reader.execute(sa.text("SELECT count(*) FROM sequence")).scalar() == 0
    assert caught.value.hint
    other.close()


def test_a_server_that_dies_loses_nothing_that_was_acknowledged(own_postgres: Any) -> None:
    """The write under way is an error that says so, the ones before it are there when the server is back."""
    store = Database(own_postgres.url(own_postgres.fresh()))
    upgrade(store)
    with store.write() as connection:
        observations.append(connection, [_look(1)])
    with pytest.raises(StoreError, match="E5117") as caught, store.write() as connection:
        observations.append(connection, [_look(2)])
        own_postgres.kill()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            observations.append(connection, [_look(3)])
            time.sleep(0.05)
    assert caught.value.hint
    assert "secops-pg-" in caught.value.where
    with pytest.raises(StoreError, match=r"E5110|E5117"), store.read():
        raise AssertionError
    own_postgres.start()
    with store.write() as connection:
        observations.append(connection, [_look(4)])
    with store.read() as connection:
        assert [each.entry.target.address for each in observations.after(connection, 0, 9)] == [
            "198.18.0.1",
            "198.18.0.4",
        ]  # type: ignore[union-attr]
    store.close()


def test_connections_that_a_restart_cut_are_not_noticed(own_postgres: Any) -> None:
    """A process that was idle while the server restarted goes on."""
    store = Database(own_postgres.url(own_postgres.fresh()))
    upgrade(store)
    with store.read():
        pass
    own_postgres.stop()
    own_postgres.start()
    with store.write() as connection:
        assert next_seq(connection, 1) == 1
    store.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://u:geheim@127.0.0.1:1/d", "E5112"),
        ("postgresql://127.0.0.1:1/d?password=geheim&user=u", "E5112"),
        ("postgresql://u@127.0.0.1:1/d?connect_timeout=2", "E5110"),
        ("mysql://u@127.0.0.1:1/d", "E5111"),
        ("postgresql://u@127.0.0.1:port/d", "E5111"),
        ("nonsense geheim", "E5111"),
    ],
)
def test_an_address_that_does_not_lead_to_a_database_is_told(url: str, code: str) -> None:
    """Where, why and what to try, and never a password."""
    with pytest.raises(SecopsError, match=code) as caught, Database(url).read():
        raise AssertionError
    told = caught.value.diagnose()
    assert caught.value.hint
    assert "geheim" not in told.replace("nonsense geheim", "")


def test_a_password_comes_from_a_file_only_its_owner_reads(own_postgres: Any, tmp_path: Path) -> None:
    """With the right one the database opens; a wrong one, a loose file and an empty one are told apart."""
    name = own_postgres.fresh()
    own_postgres.ask(name, "CREATE ROLE clerk LOGIN PASSWORD 'geheim'")
    own_postgres.ask(name, f"ALTER DATABASE {name} OWNER TO clerk")
    hba = own_postgres.data / "pg_hba.conf"
    hba.write_text("local all clerk scram-sha-256\n" + hba.read_text())
    own_postgres.ask(name, "SELECT pg_reload_conf()")
    file = tmp_path / "password"
    file.write_text("geheim\n")
    file.chmod(0o600)
    url = own_postgres.url(name, "clerk")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:  # the reload is noticed when it is
        try:
            Database(url).engine.connect().close()
        except sa.exc.OperationalError:
            break
        time.sleep(0.05)
    opened = Database(url, file)
    upgrade(opened)
    opened.close()
    for content, mode, code in (("falsch", 0o600, "E5113"), ("geheim", 0o644, "E5115"), ("", 0o600, "E5115")):
        file.write_text(content)
        file.chmod(mode)
        with pytest.raises(SecopsError, match=code) as caught, Database(url, file).read():
            raise AssertionError
        assert content == "" or content not in caught.value.diagnose()
    with pytest.raises(StoreError, match="E5115"):
        Database(url, tmp_path / "none")


def test_a_user_without_rights_is_told(own_postgres: Any) -> None:
    """Reading is not enough to bring a schema to its version."""
    name = own_postgres.fresh()
    own_postgres.ask(name, "CREATE ROLE reader LOGIN")
    with pytest.raises(StoreError, match="E5118") as caught:
        upgrade(Database(own_postgres.url(name, "reader")))
    assert "OWNER" in caught.value.hint


def test_a_database_in_another_encoding_is_refused(postgres: Any) -> None:
    """Text that it could not keep never gets there."""
    name = f"latin_{os.getpid()}"
    postgres.ask(
        "postgres",
        f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0",
    )
    try:
        with pytest.raises(StoreError, match="E5114"):
            upgrade(Database(postgres.url(name)))
    finally:
        postgres.drop(name)


def test_a_full_server_is_a_lock(own_postgres: Any) -> None:
    """No connection left is something to wait for."""
    name = own_postgres.fresh()
    own_postgres.ask(name, "CREATE ROLE clerk LOGIN CONNECTION LIMIT 1")
    url = own_postgres.url(name, "clerk")
    first, second = Database(url), Database(url)
    with first.read(), pytest.raises(Locked, match="E5119"), second.read():
        raise AssertionError
    first.close()


def test_a_lost_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the error says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match="E5116") as caught:
        server.engine("postgresql://u@h/d", None, 1)
    assert "[postgres]" in caught.value.hint


def test_a_backup_is_of_one_moment_while_others_write(store: Database, url: str, tmp_path: Path) -> None:
    """What is committed after the backup began is not in it, and nobody waits for it."""
    with store.write() as connection:
        observations.append(connection, [_look(1)])
    other = Database(url)
    written: list[int] = []

    def told(_done: object) -> None:
        if not written:
            with other.write() as connection:
                written.append(observations.append(connection, [_look(2)]))

    backup(store, tmp_path / "copy.db", told)
    assert written == [1]
    copy = Database(f"sqlite+pysqlite:///{tmp_path / 'copy.db'}")
    with copy.read() as connection:
        assert observations.count(connection) == 1
    copy.close()
    other.close()


def test_a_table_made_for_a_view_hides_the_lasting_one_from_statements_run_before(store: Database) -> None:
    """However often a statement was run, in a scratch view it reads the view's own table, and afterwards the other."""
    chosen = sa.select(sa.func.count()).select_from(databases.sequence)
    with store.write() as connection:  # a session that has had a temporary table looks among them first ever after
        connection.exec_driver_sql("CREATE TEMP TABLE another (name TEXT) ON COMMIT DROP")
        next_seq(connection, 1)

    def counted() -> int:
        with store.read() as connection:
            return int(connection.execute(chosen).scalar_one())

    assert {counted() for _ in range(9)} == {1}
    with store.scratch() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE sequence (name TEXT, value BIGINT)")
        assert {connection.execute(chosen).scalar_one() for _ in range(9)} == {0}
    assert {counted() for _ in range(9)} == {1}


@pytest.fixture(scope="module")
def large(postgres: Any) -> Iterator[Database]:
    """Forty thousand addresses with a port each, as the planner sees a large inventory."""
    with postgres.database() as url:
        made = Database(url)
        upgrade(made)
        found: dict[str, Entity] = {}
        for number in range(40_000):
            place = address.unpack(((0xFFFF << 32) + (198 << 24) + (18 << 16) + number).to_bytes(address.WIDTH, "big"))
            ip = Entity(Kind.IP, "gd", place, Instant(1), NOW, facts={"address": place}, changed_seq=number)
            port = Entity(
                Kind.SERVICE, "gd", f"{place}:443/tcp", Instant(1), NOW, parent=ip.id, changed_seq=number,
                facts={"address": place, "port": 443, "http.title": "首页"},
            )  # fmt: skip
            found |= {ip.id: ip, port.id: port}
        with made.write() as connection:
            entities.put(connection, found)
        made.know_anew()
        yield made
        made.close()


def _plan(database: Database, statement: sa.Select[Any]) -> str:
    with database.read() as connection:
        compiled = statement.compile(connection)
        return "\n".join(connection.exec_driver_sql(f"EXPLAIN {compiled}", compiled.params).scalars())


def test_a_page_of_a_network_uses_the_address_index(large: Database) -> None:
    """A page of a large inventory is not a walk through all of it."""
    condition = compiling.where(parse("net:198.18.7.0/24", Kind.SERVICE), Kind.SERVICE, NOW)
    table = table_of(Kind.SERVICE)
    said = _plan(large, sa.select(table).where(condition, table.c.id > "").order_by(table.c.id).limit(100))
    assert "services_by_address" in said
    assert "Seq Scan" not in said


def test_pages_in_order_stop_when_they_are_full(large: Database) -> None:
    """The first page of everything is read along the key, whatever else the condition asks."""
    table = table_of(Kind.SERVICE)
    condition = compiling.where(parse("http.title:首页", Kind.SERVICE), Kind.SERVICE, NOW)
    said = _plan(large, sa.select(table).where(condition, table.c.id > "").order_by(table.c.id).limit(100))
    assert "services_pkey" in said
    assert "Sort" not in said


def test_reads_by_parent_span_and_change_use_their_index(large: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What merging and grading ask for every batch finds its rows by an index."""
    said: list[str] = []

    def heard(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            raw = connection.connection.driver_connection.cursor()
            raw.execute("EXPLAIN " + statement, parameters)
            said.append("\n".join(row[0] for row in raw.fetchall()))

    with large.read() as connection:
        ips = list(connection.execute(sa.select(table_of(None).c.id).limit(200)).scalars())
        sa.event.listen(large.engine, "before_cursor_execute", heard)
        try:
            entities.services_of(connection, ips)
            first = (0xFFFF << 32) + (198 << 24) + (18 << 16)
            list(entities.in_span(connection, "gd", Kind.SERVICE, (first, first + 255)))
            list(entities.changed_since(connection, Kind.SERVICE, 39_900))
            entities.by_ids(connection, ips)
        finally:
            sa.event.remove(large.engine, "before_cursor_execute", heard)
    for plan, index in zip(
        said, ("services_by_parent", "services_by_address", "ix_services_changed_seq", "assets_pkey"), strict=True
    ):
        assert index in plan, plan
        assert "Seq Scan on" not in plan, plan
