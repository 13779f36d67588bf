"""Sans-io: a collector is a generator that yields commands and is sent answers. It never sees a socket.

A test plays the answers by hand; `dial.loop` plays them from the network. Any command may be answered by `Failed`,
after which the conversation should return what it has; whatever it yields next is answered by the same `Failed`.
"""

from collections.abc import Generator
from dataclasses import dataclass

from secops.core.model import Status


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes; answered by `Received(b"", False)` once they are handed over."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Receive:
    """Read until `most` bytes, until `until` occurs, until the peer ends, or until `seconds` have passed.

    Answered by `Received` when anything was read (also when the time ran out after it), else by `Failed(TIMEOUT)`.
    Without `until` the first bytes that arrive are the answer. Bytes beyond `most` stay for the next `Receive`.
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


@dataclass(frozen=True, slots=True)
class Redial:
    """Drop this connection and open a new one to the same address and port, under a lease of its own.

    Answered by `Received(b"", False)` once connected.
    """


Command = Send | Receive | StartTls | Redial


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes read (or nothing, after `Send` and `Redial`); `ended`: the peer has closed its side."""

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

Conversation = Generator[Command, Answer, "object"]
"""What the loop drives; collectors narrow the returned object to their Reading."""
