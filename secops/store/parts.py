"""A file written beside its name, by one process at a time; what ended processes left unfinished is cleared away."""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import BinaryIO, Final

from secops.core.errors import Locked
from secops.core.language import say

END: Final = ".secops-part"
_LEFT: Final = (f"*{END}*", "before-restore-*.db.part*")
"""Names of what is unfinished: of this version, and of the one before (those only that no other program gives)."""
_BESIDE: Final = ("-journal", "-wal", "-shm")


@contextmanager
def writing(target: Path) -> Iterator[Path]:
    """An empty file beside the target that only its owner reads, to be renamed; gone at the end where it was not.

    Raises Locked while another process writes it, OSError where it cannot be made.
    """
    sweep(target.parent)
    part = target.with_name(target.name + END)
    part.touch(mode=0o600)
    with part.open("rb") as held:
        if not _had(held) or not part.exists():  # gone: another one swept it before it was held
            raise Locked(
                "E5102",
                say("另一个进程正在写这个文件", "another process is writing this file"),
                where=str(target),
                hint=say("等它结束，或换一个文件名", "wait for it, or choose another name"),
            )
        try:
            yield part
        finally:
            _forget(part)


def sweep(folder: Path) -> None:
    """Delete what processes that have ended left unfinished in the folder; what is being written stays."""
    found = (each for pattern in _LEFT for each in folder.glob(pattern))
    for part in sorted({_main(each) for each in found}):
        if not part.exists():
            _forget(part)
            continue
        with part.open("rb") as held:
            if _had(held):
                _forget(part)


def _had(held: BinaryIO) -> bool:
    try:
        flock(held, LOCK_EX | LOCK_NB)
    except OSError:
        return False
    return True


def _main(found: Path) -> Path:
    end = next((each for each in _BESIDE if found.name.endswith(each)), "")
    return found.with_name(found.name.removesuffix(end))


def _forget(part: Path) -> None:
    """The file last: what lies beside it is known by it."""
    for end in (*_BESIDE, ""):
        part.with_name(part.name + end).unlink(missing_ok=True)
