import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from secops.core.errors import Locked
from secops.store.parts import END, sweep, writing

ENDS = ("", "-wal", "-shm", "-journal")


def test_what_was_written_beside_its_name_goes_with_whoever_wrote_it(tmp_path: Path) -> None:
    """Private, gone at the end where it was not renamed, and taken away whatever it ended by."""
    with pytest.raises(ValueError), writing(tmp_path / "copy.db") as part:
        assert part.stat().st_mode & 0o077 == 0
        part.with_name(part.name + "-wal").touch()
        raise ValueError
    assert list(tmp_path.iterdir()) == []
    with writing(tmp_path / "copy.db") as part:
        part.replace(tmp_path / "copy.db")
    assert [each.name for each in tmp_path.iterdir()] == ["copy.db"]


def test_what_is_being_written_is_nobody_elses(tmp_path: Path) -> None:
    """The same target is refused, another one is written, the part stays."""
    with writing(tmp_path / "copy.db") as part:
        with pytest.raises(Locked, match="E5102"), writing(tmp_path / "copy.db"):
            pass
        with writing(tmp_path / "other.db"):
            pass
        assert part.exists()


def test_only_what_ended_processes_left_is_cleared_away(tmp_path: Path) -> None:
    """Parts with all that lies beside them, also without their file; never another program's."""
    for name in (f"a.db{END}", "before-restore-1.db.part"):
        for end in ENDS:
            (tmp_path / (name + end)).touch()
    (tmp_path / f"b.db{END}-wal").touch()
    mine = {"film.part", "secops.db", "secops.db-wal", "before-restore-1.db"}
    for name in mine:
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == mine


def _hold(target: Path, told: "multiprocessing.connection.Connection") -> None:
    with writing(target):
        told.send(True)
        signal.pause()


def test_a_killed_writers_part_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    """Not while it lives."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_hold, args=(tmp_path / "copy.db", there))
    child.start()
    assert here.recv()
    sweep(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [f"copy.db{END}"]
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
