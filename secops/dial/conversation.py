"""Sans-io: a collector is a generator that yields commands and is sent answers. It never sees a socket.

A test plays the answers by hand; `dial.loop` plays them from the network. A command may be answered by `Failed`.
After a `Receive` that timed out the connection still stands; after any other failure only `Redial` can help, and
whatever else is yielded is answered by the same `Failed`.
"""

from collections.abc import Generator
from dataclasses import dataclass

from secops.core.model import Status


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes; answered by `Received(b"")` once they are taken over for sending."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Receive:
    """Read at most `most` bytes within `seconds`.

    Without `until` the first bytes that arrive are the answer. With it, everything through its first occurrence, or
    `most` bytes, or what came before the peer ended or the time ran out. Bytes beyond the answer stay for the next
    `Receive`. Answered by `Failed(TIMEOUT)` when nothing at all came.
    """

    most: int
    seconds: float
    until: bytes | None = None


@dataclass(frozen=True, slots=True)
class StartTls:
    """Begin TLS on this connection; answered by `Secured`. Nothing is verified, everything is recorded."""

    server_name: str = ""
    """For SNI; empty sends none (RFC 6066 forbids addresses there)."""
    alpn: tuple[str, ...] = ()
    seconds: float = 6.0
    """Time for the whole handshake."""


@dataclass(frozen=True, slots=True)
class Redial:
    """Drop this connection and open a new one to the same address and port, under a lease of its own.

    Answered by `Received(b"")` once connected.
    """


Command = Send | Receive | StartTls | Redial


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes read (none after `Send` and `Redial`); `ended`: the peer has closed its side and no more will come."""

    data: bytes
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Secured:
    """TLS stands. `chain` is what the server sent, leaf first, DER, unverified, at most 10 certificates."""

    version: str
    cipher: str
    chain: tuple[bytes, ...]
    alpn: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The command could not be done; `status` is never success or open."""

    status: Status
    detail: str = ""


Answer = Received | Secured | Failed

Conversation = Generator[Command, Answer, object]
"""What the loop drives; collectors narrow the returned object to their reading."""
