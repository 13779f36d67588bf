"""The stop switch."""

import os
import time

import pytest

from secops.core.errors import Refused, StoreError
from secops.scope.epoch import Epoch


def test_counts(epoch: Epoch) -> None:
    """Nobody stopped anything at 0; each stop raises the number for every reader."""
    assert epoch.read() == 0
    assert [epoch.bump(), epoch.bump(), epoch.read()] == [1, 2, 2]


def test_revoke(epoch: Epoch) -> None:
    """A revoked scope stays revoked, stops what runs, and leaves others alone."""
    assert epoch.revoke("scp-a", "ended") == 1
    assert epoch.revoked("scp-a")
    assert not epoch.revoked("scp-b")
    assert epoch.revoked("../scp-b")
    with pytest.raises(ValueError):
        epoch.revoke("../x", "")


@pytest.mark.parametrize("content", ["", "x\n", "1", "-1\n", "1\n2\n", "9" * 30 + "\n"])
def test_garbage(epoch: Epoch, tmp_path, content: str) -> None:
    """A switch that holds anything but a number counts as stopped, and can be thrown all the same."""
    epoch.bump()
    (tmp_path / "state" / "epoch").write_text(content)
    with pytest.raises(Refused) as caught:
        epoch.read()
    assert caught.value.code == "E2111"
    assert epoch.bump() > 1
    assert epoch.read() > 1


def test_symlink(epoch: Epoch, tmp_path) -> None:
    """A switch that was replaced by a link to another file, a folder or a pipe counts as stopped."""
    epoch.bump()
    place = tmp_path / "state" / "epoch"
    (tmp_path / "zero").write_text("1\n")
    for make in (lambda: place.symlink_to(tmp_path / "zero"), place.mkdir, lambda: os.mkfifo(place)):
        place.rmdir() if place.is_dir() else place.unlink()
        make()
        with pytest.raises(Refused):
            epoch.read()


def test_unwritable(tmp_path) -> None:
    """A switch that cannot be thrown says so."""
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError):
        Epoch(tmp_path / "state").bump()


def test_cheap(epoch: Epoch) -> None:
    """Reading number and revocation takes less than 50 microseconds."""
    epoch.bump()
    best = min(_time(epoch) for _ in range(5))
    assert best < 50e-6


def _time(epoch: Epoch) -> float:
    start = time.perf_counter()
    for _ in range(100):
        epoch.read()
        epoch.revoked("scp-x")
    return (time.perf_counter() - start) / 100
