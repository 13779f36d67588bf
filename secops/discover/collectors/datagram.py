"""What collectors over UDP have in common: marks that answers must repeat, a question with its fitting answer.

A collector over UDP begins with `Send`; its first sends to a silent target are what the first shot asks with.
"""

import hashlib
import secrets
from collections.abc import Callable, Generator
from typing import Final

from secops.core.model import Status, Target
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Send

SECONDS: Final = 3.0
MOST: Final = 8_192
"""Bytes of one answer that are read."""
_OTHERS: Final = 4
"""Datagrams that do not fit (late or forged ones) before we stop listening."""
_KEY: Final = secrets.token_bytes(16)

Heard = Generator[Command, Answer, bytes | Failed]


def mark(target: Target, turn: int, size: int = 2) -> int:
    """A number that only who saw our question knows: the same for the same target and turn within one process."""
    words = f"{turn}/{target}".encode()
    return int.from_bytes(hashlib.blake2b(words, key=_KEY, digest_size=size).digest(), "big")


def asked(question: bytes, fits: Callable[[bytes], bool], seconds: float = SECONDS) -> Heard:
    """The first datagram that fits this question."""
    sent = yield Send(question)
    if isinstance(sent, Failed):
        return sent
    for _ in range(_OTHERS):
        got = yield Receive(MOST, seconds)
        if isinstance(got, Failed):
            return got
        if isinstance(got, Received) and fits(got.data):
            return got.data
    return Failed(Status.PROTOCOL_ERROR, "no fitting answer")
