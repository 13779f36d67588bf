"""The audit log under crashes, full disks and hands."""

import errno
import multiprocessing
import os

import pytest

from secops.core.clock import ManualClock
from secops.core.errors import StoreError
from secops.scope.audit import Audit
from secops.scope.chain import verify


def whole(audit: Audit) -> int:
    verdict = verify(audit.path, audit.head_path)
    assert verdict.fault is None
    return verdict.head.seq


def test_append(audit: Audit) -> None:
    """Records are numbered from 1, number and hash are told, and any text goes in, lone surrogates too."""
    assert audit.append("a", {"x": "中\ud800\x1b"}) == 1
    assert audit.append("b", {"n": [1, {"y": None}]}) == 2
    assert whole(audit) == 2 == audit.last.seq
    assert verify(audit.path, audit.head_path).head == audit.last
    assert audit.path.stat().st_mode & 0o077 == 0


def test_torn(audit: Audit) -> None:
    """A last line torn by a crash is cut off and told of in a record of its own."""
    audit.append("a", {})
    with audit.path.open("ab") as stream:
        stream.write(b'{"seq":2,"at')
    assert verify(audit.path, audit.head_path).torn == 12
    assert audit.append("b", {}) == 3
    assert whole(audit) == 3
    assert b'"audit.repaired"' in audit.path.read_bytes()


def test_crash_before_head(audit: Audit) -> None:
    """A crash between line and head leaves the head one behind: that is whole, and goes on."""
    audit.append("a", {})
    before = audit.head_path.read_bytes()
    audit.append("b", {})
    audit.head_path.write_bytes(before)
    assert whole(audit) == 2
    assert audit.append("c", {}) == 3


@pytest.mark.parametrize("harm", ["cut", "cut-part", "head-gone", "log-gone", "head-junk", "other-hash"])
def test_refuses_after_harm(audit: Audit, harm: str) -> None:
    """When acknowledged lines are gone or the head was touched, nothing more is written and verify says so."""
    for i in range(4):
        audit.append("a", {"i": i})
    lines = audit.path.read_bytes().splitlines(keepends=True)
    head = audit.head_path.read_bytes()
    {
        "cut": lambda: audit.path.write_bytes(b"".join(lines[:-1])),
        "cut-part": lambda: audit.path.write_bytes(b"".join(lines)[:-5]),
        "head-gone": audit.head_path.unlink,
        "log-gone": lambda: audit.path.write_bytes(b""),
        "head-junk": lambda: audit.head_path.write_bytes(b"x" + head[1:]),
        "other-hash": lambda: audit.head_path.write_bytes(head[:21] + b"0" * 64 + b"\n"),
    }[harm]()
    assert verify(audit.path, audit.head_path).fault is not None
    with pytest.raises(StoreError) as caught:
        audit.append("b", {})
    assert caught.value.code == "E2401"


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_full_disk(audit: Audit, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Whichever write or sync fails, the act is refused, nothing acknowledged is lost and the log goes on after."""
    audit.append("a", {})
    real = getattr(os, call)
    for nth in range(1, 4):
        seen = 0

        def failing(*args: object, nth: int = nth) -> object:
            nonlocal seen
            seen += 1
            if seen == nth:
                if call == "pwrite" and nth == 1:
                    real(args[0], args[1][:10], args[2])
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args)

        acknowledged = audit.last.seq
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                audit.append("b", {"nth": nth})
                failed = ""
            except StoreError as error:
                failed = error.code
        assert failed == ("E2402" if seen >= nth else "")
        assert whole(audit) >= acknowledged
        audit.append("c", {})
        assert whole(audit) > acknowledged


def test_symlink(audit: Audit, tmp_path) -> None:
    """A log that is a link to somewhere else is not followed."""
    (tmp_path / "elsewhere").write_bytes(b"")
    audit.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        audit.append("a", {})
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_long(audit: Audit) -> None:
    """A record too long for a line is refused before anything is written."""
    with pytest.raises(ValueError):
        audit.append("a", {"x": "y" * 70_000})
    assert audit.append("b", {}) == 1


def _write(path, count: int) -> None:
    log = Audit(path, ManualClock())
    for i in range(count):
        log.append("p", {"i": i})


def test_processes(audit: Audit) -> None:
    """Processes that write at the same time make one unbroken chain."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write, args=(audit.path, 25)) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(20)
    assert whole(audit) == 75
