"""Plays recorded bytes to a conversation: no socket, no time."""

import pytest

from secops.core.model import Status
from secops.dial.conversation import Failed, Receive, Received, Redial, Secured, Send, StartTls


class Player:
    """A peer that says what it is told, connection by connection, and keeps what was sent to it."""

    most = 200
    """Commands a conversation may take."""

    def __init__(self, *connections: bytes, secured: Secured | None = None) -> None:
        self.connections = list(connections) or [b""]
        self.secured = secured
        self.sent = b""
        self.redials = 0
        self.place = 0

    def run(self, conversation):
        answer = None
        for _ in range(self.most):
            try:
                command = conversation.send(answer)
            except StopIteration as done:
                return done.value
            answer = self.answer(command)
        raise AssertionError("the conversation does not end")

    def answer(self, command):
        data = self.connections[0]
        if isinstance(command, Send):
            self.sent += command.data
            return Received(b"")
        if isinstance(command, Redial):
            self.redials += 1
            self.place = 0
            if len(self.connections) > 1:
                self.connections.pop(0)
            return Received(b"")
        if isinstance(command, StartTls):
            return self.secured or Failed(Status.PROTOCOL_ERROR, "wrong version number")
        assert isinstance(command, Receive)
        rest = data[self.place :]
        if not rest:
            return Failed(Status.TIMEOUT) if not data else Received(b"", True)
        size = min(command.most, len(rest))
        if command.until is not None and (at := rest.find(command.until, 0, size)) >= 0:
            size = at + len(command.until)
        self.place += size
        return Received(rest[:size], self.place >= len(data))


@pytest.fixture
def player():
    return Player
