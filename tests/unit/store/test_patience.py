"""Questions that take too long are ended: by the limit that was given, or at once by Ctrl-C."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.errors import StoreError
from secops.store.database import Database
from secops.store.patience import Patience

_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database.file(tmp_path / "t.db")
    yield made
    made.close()


def test_a_limit_ends_the_question(database: Database) -> None:
    """The error says how long it was given; the next question is answered."""
    database.patience = Patience(0.05)
    begun = time.monotonic()
    with pytest.raises(StoreError, match="E1512") as caught, database.read() as connection:
        connection.exec_driver_sql(_ENDLESS).scalar()
    assert time.monotonic() - begun < 2
    assert "0.05" in caught.value.what
    database.patience = Patience()
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_ctrl_c_ends_the_question_at_once(database: Database) -> None:
    """It is an interruption, not an error of the database."""
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    begun = time.monotonic()
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt), database.read() as connection:
            connection.exec_driver_sql(_ENDLESS).scalar()
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begun < 2
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_what_is_written_is_not_ended(database: Database) -> None:
    """The limit is for questions: a transaction that writes goes on past it."""
    database.patience = Patience(0.0)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (i INTEGER)")
        for i in range(100):
            connection.exec_driver_sql(f"INSERT INTO t VALUES ({i})")
    database.patience = Patience()
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 100


def test_ctrl_c_ends_a_write_that_heeds_it_and_undoes_it(database: Database) -> None:
    """What came before in the transaction is undone with it, and the next one goes on as if nothing had been."""
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE heeded (x INTEGER)")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt), database.write(heeding=True) as connection:
            connection.exec_driver_sql("INSERT INTO heeded VALUES (1)")
            connection.exec_driver_sql(f"INSERT INTO heeded {_ENDLESS}")
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begun < 5
    with database.write(heeding=True) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM heeded").scalar() == 0
        connection.exec_driver_sql("INSERT INTO heeded VALUES (2)")
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM heeded").scalar() == 1
