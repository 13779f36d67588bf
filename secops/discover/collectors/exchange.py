"""A question and its answer, and frames of a told length: what collectors of binary protocols have in common."""

from collections.abc import Generator

from secops.core.model import Status
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Send

Heard = Generator[Command, Answer, bytes | Failed]
SECONDS = 3.0


def asked(question: bytes, most: int = 4_096, seconds: float = SECONDS, until: bytes | None = None) -> Heard:
    """The first bytes that answer this question (through `until` where given); never empty."""
    sent = yield Send(question)
    if isinstance(sent, Failed):
        return sent
    got = yield Receive(most, seconds, until)
    if isinstance(got, Received) and got.data:
        return got.data
    return got if isinstance(got, Failed) else Failed(Status.CLOSED_EARLY)


def exactly(size: int, seconds: float = SECONDS, begun: bytes = b"") -> Heard:
    """`size` bytes, those of `begun` counted in; Failed where the peer ends or falls silent before."""
    data = begun
    while len(data) < size:
        got = yield Receive(size - len(data), seconds)
        if isinstance(got, Failed):
            return got
        if not isinstance(got, Received) or not got.data:
            return Failed(Status.CLOSED_EARLY)
        data += got.data
        if got.ended and len(data) < size:
            return Failed(Status.CLOSED_EARLY)
    return data


def framed(question: bytes, header: int, at: slice, *, most: int, little: bool = False, extra: int = 0) -> Heard:
    """The frame that answers: `header` bytes, whose bytes `at` tell the length of the rest, less `-extra`.

    Failed(PROTOCOL_ERROR) where that length is beyond `most` or negative: another protocol speaks here.
    """
    sent = yield Send(question)
    if isinstance(sent, Failed):
        return sent
    head = yield from exactly(header)
    if isinstance(head, Failed):
        return head
    rest = int.from_bytes(head[at], "little" if little else "big") + extra
    if not 0 <= rest <= most:
        return Failed(Status.PROTOCOL_ERROR, "length")
    return (yield from exactly(header + rest, begun=head))
