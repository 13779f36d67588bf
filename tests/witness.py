"""The witness: an audit hook that sees every connect, sendto and name question of a process, and what leases granted.

In a test: `with watching() as witness: ...; assert witness.strays == []`. In a child program: put `environment(folder)`
into its environment, and read `strays_of(folder)` afterwards. What is neither granted by a live lease of a Gate nor a
named endpoint (`allow`) is a stray. Raw frames raise no audit event with an address: the router's counter sees those.
"""

import functools
import ipaddress
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILE = "SECOPS_WITNESS"
ALLOW = "SECOPS_WITNESS_ALLOW"
_SENDING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_GRACE = 0.2
"""Seconds between asking whether a lease is live and the system call, on a machine with other work to do."""


class Witness:
    """What was seen. `strays` are what nobody granted; `seen` counts all events, so that a blind witness is noticed."""

    def __init__(self, allow: Iterable[str] = (), file: str = "") -> None:
        self.strays: list[dict[str, object]] = []
        self.seen = 0
        self.leases = 0
        self._allow = set(allow)
        self._file = file
        self._lease: list[object] = []

    def granted(self, lease: object) -> None:
        """A Gate gave this lease."""
        self.leases += 1
        self._lease = [*self._lease[-7:], lease]

    def event(self, name: str, words: tuple[object, ...]) -> None:
        """Judge one audit event."""
        if name in _SENDING:
            address = words[1] if len(words) > 1 else None
            if not isinstance(address, tuple) or len(address) < 2 or not isinstance(address[0], str):
                return  # a local socket, netlink, a packet socket, or an address bound before
            self.seen += 1
            if not self._may(address[0], address[1]):
                self._tell({"event": name, "address": address[0], "port": address[1]})
        elif name in _NAMES:
            self.seen += 1
            host = words[0]
            if isinstance(host, bytes):
                host = host.decode("ascii", "replace")
            if host and not _literal(str(host)) and str(host) not in self._allow:
                self._tell({"event": name, "host": str(host)})

    def _may(self, address: str, port: object) -> bool:
        if f"{address}:{port}" in self._allow or address in self._allow:
            return True
        now = time.monotonic()
        return any(
            (lease.allows(address, port) if port else lease.reaches(address)) and now < lease.expires + _GRACE
            for lease in self._lease
        )  # port 0: an echo, which touches no port

    def _tell(self, stray: dict[str, object]) -> None:
        self.strays.append(stray)
        if self._file:
            with Path(self._file).open("a", encoding="utf-8") as log:
                log.write(json.dumps({"pid": os.getpid(), "argv": sys.argv[:6], **stray}) + "\n")


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


_watching: list[Witness] = []
_installed: list[bool] = []


def _install() -> None:
    """The hook and the note-taking at the Gate: once a process, for good; without a witness both do nothing."""
    if _installed:
        return
    _installed.append(True)
    from secops.scope.gate import Gate

    lease = Gate.lease

    @functools.wraps(lease)
    def noting(self, *words, **more):
        given = lease(self, *words, **more)
        for witness in _watching:
            witness.granted(given)
        return given

    Gate.lease = noting

    def hook(name: str, words: tuple[object, ...]) -> None:
        if _watching and name.startswith("socket."):
            for witness in _watching:
                witness.event(name, words)

    sys.addaudithook(hook)


@contextmanager
def watching(allow: Iterable[str] = ()) -> Iterator[Witness]:
    """Watch this process for a while."""
    _install()
    witness = Witness(allow)
    _watching.append(witness)
    try:
        yield witness
    finally:
        _watching.remove(witness)


def environment(folder: Path, allow: Iterable[str] = ()) -> dict[str, str]:
    """Variables under which every Python child is watched; add them to its environment."""
    hooks = folder / "witness-site"
    hooks.mkdir(exist_ok=True)
    root = str(Path(__file__).resolve().parents[1])
    (hooks / "sitecustomize.py").write_text(
        f"import sys; sys.path.append({root!r})\nfrom tests.witness import _in_child\n_in_child()\n", encoding="utf-8"
    )
    (folder / "witness.jsonl").touch()
    path = os.pathsep.join([str(hooks), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    return {"PYTHONPATH": path, FILE: str(folder / "witness.jsonl"), ALLOW: ",".join(allow)}


def strays_of(folder: Path) -> list[dict[str, object]]:
    """What watched children did that nobody granted. Raises when no child was ever watched."""
    lines = (folder / "witness.jsonl").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    if not any(each.get("event") == "watching" for each in told):
        raise AssertionError("no child was watched: the hook did not load")
    return [each for each in told if each["event"] != "watching"]


def _in_child() -> None:
    file = os.environ.get(FILE, "")
    if not file:
        return
    with suppress(ModuleNotFoundError):  # a Python without secops sends nothing of ours
        _install()
        _watching.append(Witness(filter(None, os.environ.get(ALLOW, "").split(",")), file))
        with Path(file).open("a", encoding="utf-8") as log:
            log.write(json.dumps({"event": "watching", "pid": os.getpid()}) + "\n")
