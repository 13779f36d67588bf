"""Network namespaces: enter one with this thread, run programs in one."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(fd: int) -> None:
    if _libc.setns(fd, _NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def inside(name: str) -> Iterator[None]:
    """This thread, and those it starts, live in that namespace for a while."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        _enter(there)
        yield
    finally:
        _enter(home)
        os.close(home)
        os.close(there)


def run(*words: str, data: str | None = None) -> str:
    """Run a program to its end; its output. Raises with its complaint."""
    done = subprocess.run(words, input=data, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def counters(device: str) -> tuple[int, int]:
    """Packets received and packets sent or dropped in sending, on a device of this thread's namespace."""
    with Path("/proc/thread-self/net/dev").open(encoding="ascii") as lines:
        for line in lines:
            name, _, rest = line.partition(":")
            if name.strip() == device:
                fields = [int(each) for each in rest.split()]
                return fields[1], fields[9] + fields[11]
    raise LookupError(device)
