"""A server's side of a hello, made here: reads a ClientHello, answers as a server of such versions and suites would."""

from collections.abc import Collection, Mapping

from secops.core.model import Status
from secops.dial.conversation import Failed, Receive, Received, Redial, Send
from secops.discover.collectors.tls_hello import TLS12, TLS13
from tests.unit.discover.conftest import Player

ALERT = bytes.fromhex("15030300020228")
"""handshake_failure."""


def _sized(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def record(version: int, *messages: tuple[int, bytes]) -> bytes:
    """One record of handshake messages."""
    body = b"".join(bytes([kind]) + _sized(each, 3) for kind, each in messages)
    return b"\x16" + version.to_bytes(2, "big") + _sized(body, 2)


def server_hello(version: int, suite: int, *, above: bool = False) -> bytes:
    """The body of a ServerHello; `above`: with the mark of a server that knows TLS 1.3 too."""
    random = bytes(24) + (b"DOWNGRD\x01" if above else bytes(8))
    extensions = b"\x00\x2b\x00\x02\x03\x04" if version == TLS13 else b""
    legacy = min(version, TLS12)
    return legacy.to_bytes(2, "big") + random + b"\x00" + suite.to_bytes(2, "big") + b"\x00" + _sized(extensions, 2)


def server_flight(version: int, suite: int, *chain: bytes, above: bool = False) -> bytes:
    """ServerHello, and below TLS 1.3 the certificates and ServerHelloDone."""
    messages = [(2, server_hello(version, suite, above=above))]
    if version != TLS13:
        messages += [(11, _sized(b"".join(_sized(each, 3) for each in chain), 3)), (14, b"")]
    return record(min(version, TLS12), *messages)


def offered(hello: bytes) -> tuple[int, tuple[int, ...]]:
    """Version and suites of a ClientHello, its record included."""
    body = hello[9:]
    version = int.from_bytes(body[:2], "big")
    at = 35 + body[34]
    size = int.from_bytes(body[at : at + 2], "big")
    suites = body[at + 2 : at + 2 + size]
    if b"\x00\x2b\x00\x03\x02\x03\x04" in body[at + 2 + size :]:
        version = TLS13
    return version, tuple(int.from_bytes(suites[i : i + 2], "big") for i in range(0, size, 2))


class Server(Player):
    """Plays a server: per version the suites it knows, its own order first. Counts the connections made."""

    most = 5_000

    def __init__(self, known: Mapping[int, Collection[int]], *, chain: tuple[bytes, ...] = (), mute: bool = False):
        super().__init__()
        self.known = known
        self.chain = chain
        self.mute = mute
        self.made = 1
        self.alone: list[tuple[int, ...]] = []
        """What was offered, hello by hello."""
        self.flight = b""

    def answer(self, command):
        """The answer to one command."""
        if isinstance(command, Redial):
            self.made += 1
            self.flight = b""
        if isinstance(command, Send) and command.data[0] == 22:
            version, suites = offered(command.data)
            self.alone.append(suites)
            chosen = next((each for each in self.known.get(version, ()) if each in suites), None)
            self.flight = ALERT if chosen is None else server_flight(version, chosen, *self.chain)
        if not isinstance(command, Receive):
            return Received(b"")
        if self.mute:
            return Failed(Status.TIMEOUT)
        part, self.flight = self.flight[: command.most], self.flight[command.most :]
        return Received(part, ended=not self.flight)
