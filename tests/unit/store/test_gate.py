"""Who has the database's file open in this process: many, or one alone."""

import threading
from pathlib import Path

import pytest

from secops.store.database import Database
from secops.store.gate import Gate


def test_one_alone_waits_for_who_is_inside() -> None:
    """While a question is open nobody is alone; once it is closed, at once."""
    gate = Gate()
    with gate.inside(), gate.alone(0.0) as free:
        assert not free
    with gate.alone(0.0) as free:
        assert free


def test_others_wait_for_one_alone() -> None:
    """A question asked meanwhile is put when the one alone is done."""
    gate, order = Gate(), []

    def ask() -> None:
        with gate.inside():
            order.append("asked")

    with gate.alone(0.0):
        other = threading.Thread(target=ask)
        other.start()
        other.join(0.05)
        order.append("alone")
    other.join(5)
    assert order == ["alone", "asked"]


def test_the_one_alone_must_not_ask() -> None:
    """Rather an error than a wait without end."""
    gate = Gate()
    with gate.alone(0.0), pytest.raises(RuntimeError), gate.inside():
        pass


@pytest.mark.sqlite
def test_alone_no_connection_of_the_process_is_open(tmp_path: Path) -> None:
    """Of whatever object on that file: idle ones are closed, open ones keep one from being alone."""
    first, second = Database.file(tmp_path / "t.db"), Database.file(tmp_path / "t.db")
    for each in (first, second):
        with each.write() as connection:
            connection.exec_driver_sql("SELECT 1")
    with second.read(), first.closed() as free:
        assert not free
    with first.closed() as free:
        assert free
        assert second.engine.pool.checkedin() == 0  # type: ignore[attr-defined]  # a pool of the kind that counts
    first.close()
    second.close()
