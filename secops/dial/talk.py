"""One conversation, over one connection at a time: commands in, answers out, every bound kept. The loop moves bytes."""

import errno
import hashlib
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from secops.core.model import Status, Target
from secops.dial.conversation import (
    Answer,
    Command,
    Conversation,
    Failed,
    Receive,
    Received,
    Redial,
    Send,
    StartTls,
)
from secops.dial.tunnel import Tunnel, TunnelError

_CHUNK = 65_536
_HANDSHAKE_MOST = 524_288
_REDIAL = Redial()
_DONE = Received(b"")
_REFUSALS = {errno.ECONNREFUSED: Status.REFUSED, errno.ECONNRESET: Status.REFUSED, errno.ETIMEDOUT: Status.TIMEOUT}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one conversation and one loop may use at most."""

    concurrency: int = 512
    per_host: int = 8
    bytes: int = 1_048_576
    """Read per conversation, before decryption."""
    seconds: float = 40.0
    """Whole conversation, redials included."""
    connect_seconds: float = 4.0
    """The kernel asks at 0, 1 and 3 s within it."""
    commands: int = 96
    redials: int = 8


@dataclass(frozen=True, slots=True)
class Job:
    """One target to connect to, and what to say there; without a conversation the connect alone is the answer."""

    target: Target
    conversation: Callable[[], Conversation] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one job ended. `result` is what the conversation returned, None where it never began or broke a bound."""

    target: Target
    status: Status
    detail: str = ""
    result: object = None
    bytes_in: int = 0
    raw_digest: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Host:
    """Who is busy where."""

    active: int = 0
    next: float = 0.0
    queue: "deque[Job] | None" = None


@dataclass(slots=True, eq=False)
class Talk:
    """The state of one job under way. `host`, `fd` and `slot` are the loop's."""

    job: Job
    bounds: Bounds
    started: float
    host: Host
    sock: socket.SocketType | None = None
    fd: int = -1
    connected: bool = False
    over: bool = False
    readable: bool = False
    """The kernel may have more for us: told once by epoll, true until a read comes back short."""
    writable: bool = False
    hung: bool = False
    """The peer has ended its side: read on until nothing comes."""
    status: Status = Status.OPEN
    detail: str = ""
    result: object = None
    out: bytes = b""
    buffer: bytearray = field(default_factory=bytearray)
    deadline: float = 0.0
    slot: int = 0
    bytes_in: int = 0
    waits: Command | None = None
    tries: int = 0
    """Local shortages met (descriptors, ports) while dialling."""
    starved: bool = False
    """Waits for budget to write."""
    _commands: int = 0
    _redials: int = 0
    _looked: int = 0
    """Bytes of the buffer in which the pending `until` was already looked for."""
    _ended: bool = False
    _failed: Failed | None = None
    _tunnel: Tunnel | None = None
    _conversation: Conversation | None = None
    _digest: "hashlib._Hash | None" = None

    def outcome(self, now: float) -> Outcome:
        """What the caller of the loop gets."""
        return Outcome(
            self.job.target,
            self.status,
            self.detail,
            self.result,
            self.bytes_in,
            self._digest.hexdigest() if self._digest is not None else "",
            now - self.started,
        )

    def end(self, status: Status, detail: str = "") -> None:
        """No more to be done for this job."""
        self.over, self.status, self.detail = True, status, detail
        if self._conversation is not None:
            self._conversation.close()

    def on_connected(self, now: float) -> None:
        """The connection stands."""
        self.connected = True
        if self.job.conversation is None:
            self.end(Status.OPEN)
        elif self._conversation is None:
            self._conversation = self.job.conversation()
            self._converse(None, now)
        else:
            self._converse(_DONE, now)

    def on_unconnected(self, error: int, now: float) -> None:
        """The connection could not be made; errno, or 0 when the time ran out."""
        status = _REFUSALS.get(error, Status.UNREACHABLE) if error else Status.TIMEOUT
        detail = errno.errorcode.get(error, "") if error else ""
        if self._conversation is None:
            self.end(status, detail)
        else:
            self._failed = Failed(status, detail)
            self._converse(self._failed, now)

    def on_readable(self, now: float) -> None:
        """Read what there is, bounded by what the conversation asked for."""
        while self.readable and not self.over and self.connected:
            self._read()
            self.look(now)

    def _read(self) -> None:
        assert self.sock is not None
        room = self._room()
        try:
            data = self.sock.recv(room)
        except BlockingIOError:
            self.readable = False
            return
        except OSError:
            data = b""
        size = len(data)
        if size < room and not (self.hung and data):
            self.readable = False
        self.bytes_in += size
        if self.bytes_in > self.bounds.bytes:
            self._failed = Failed(Status.LIMIT, "bytes")
        if self._tunnel is not None:
            self._through_tunnel(data)
        elif data:
            self._keep(data)
        else:
            self._ended = True

    def on_unwritable(self) -> None:
        """The peer takes no more; what it said before can still be read."""
        self.out = b""
        self._ended = True

    def look(self, now: float) -> None:
        """Answer the pending command if it can be answered."""
        while not self.over and self.waits is not None:
            answer = self._answer(self.waits)
            if answer is None:
                return
            self._converse(answer, now)

    def on_deadline(self, now: float) -> None:
        """The pending command, or the whole conversation, has had its time."""
        if not self.connected:
            self.on_unconnected(0, now)
            return
        if now >= self.started + self.bounds.seconds:
            self._failed = Failed(Status.LIMIT, "time")
        kept = bytes(self.buffer)
        self._looked = 0
        if isinstance(self.waits, Receive) and kept:
            self.buffer.clear()
            self._converse(Received(kept, self._ended), now)
        else:
            if not isinstance(self.waits, Receive):
                self._failed = self._failed or Failed(Status.TIMEOUT, "tls handshake")
            self._converse(self._failed or Failed(Status.TIMEOUT), now)

    def _converse(self, answer: Answer | None, now: float) -> None:
        """Hand over the answer and take commands until one must wait."""
        self.waits = None
        assert self._conversation is not None
        while True:
            try:
                command = next(self._conversation) if answer is None else self._conversation.send(answer)
            except StopIteration as done:
                self.result = done.value
                self._conversation = None
                self.end(Status.SUCCESS)
                return
            except Exception as fault:  # noqa: BLE001 - one collector's fault must not end the other thousand conversations
                self.end(Status.PROTOCOL_ERROR, f"collector fault: {type(fault).__name__}: {fault}"[:200])
                return
            self._commands += 1
            if self._commands > self.bounds.commands:
                self.end(Status.LIMIT, "commands")
                return
            begun = self._begin(command, now)
            if begun is None:
                return
            answer = begun

    def _begin(self, command: Command, now: float) -> Answer | None:
        if type(command) is Receive:
            answer = self._failed or self._received(command)
        elif isinstance(command, Redial):
            return self._redial(now)
        elif self._failed is not None:
            return self._failed
        elif isinstance(command, Send):
            return self._send(command.data)
        else:
            assert isinstance(command, StartTls)
            answer = self._tls(command)
        if answer is None:
            self.waits = command
            self._alarm(now + command.seconds, now)
        return answer

    def _tls(self, command: StartTls) -> Answer | None:
        if self._tunnel is not None:
            return Failed(Status.PROTOCOL_ERROR, "tls inside tls")
        self._tunnel = Tunnel(command.server_name, command.alpn)
        if self.buffer:
            self._tunnel.feed(bytes(self.buffer))
            self.buffer.clear()
        return self._shake()

    def _send(self, data: bytes) -> Answer:
        if self._tunnel is None:
            self.out += data
            return _DONE
        try:
            self._tunnel.encrypt(data)
        except TunnelError as error:
            self._failed = Failed(Status.CLOSED_EARLY, str(error))
            return self._failed
        self.out += self._tunnel.outgoing()
        return _DONE

    def _redial(self, now: float) -> Answer | None:
        self._redials += 1
        if self._redials > self.bounds.redials or now >= self.started + self.bounds.seconds:
            return Failed(Status.LIMIT, "redials")
        self.connected = self._ended = False
        self._failed, self._tunnel = None, None
        self.readable = self.writable = self.hung = False
        self.out = b""
        self.buffer.clear()
        self._looked = 0
        self.waits = _REDIAL
        return None

    def _answer(self, command: Command) -> Answer | None:
        if isinstance(command, StartTls):
            return self._shake()
        if isinstance(command, Receive):
            return self._received(command)
        return None

    def _received(self, command: Receive) -> Answer | None:
        buffer, until, most = self.buffer, command.until, command.most
        if self._tunnel is not None:
            self._pull(most)
        held = len(buffer)
        if not held and not self._ended:
            return self._failed
        size = 0
        if until is not None and held:
            at = buffer.find(until, max(0, self._looked - len(until)), most)
            self._looked = min(held, most)
            size = at + len(until) if at >= 0 else 0
        if not size and (held >= most or until is None or self._ended or self._failed):
            size = min(held, most)
        if not size and not self._ended:
            return self._failed
        self._looked = 0
        if size == held:
            data = bytes(buffer)
            buffer.clear()
        else:
            data = bytes(buffer[:size])
            del buffer[:size]
        return Received(data, self._ended and not buffer and not (self._tunnel and self._tunnel.pending))

    def _shake(self) -> Answer | None:
        assert self._tunnel is not None
        if self._failed is not None:
            return self._failed
        try:
            done = self._tunnel.handshake()
        except TunnelError as error:
            self.out += self._tunnel.outgoing()
            status = Status.PROTOCOL_ERROR
            if "excessive" in str(error) or "too long" in str(error):
                status = Status.LIMIT
            elif self._ended:
                status = Status.CLOSED_EARLY
            self._failed = Failed(status, str(error))
            return self._failed
        self.out += self._tunnel.outgoing()
        if done:
            return self._tunnel.secured
        if self._ended:
            self._failed = Failed(Status.CLOSED_EARLY, "tls handshake")
        elif self.bytes_in > _HANDSHAKE_MOST:
            self._failed = Failed(Status.LIMIT, "tls handshake bytes")
        return self._failed

    def _through_tunnel(self, data: bytes) -> None:
        assert self._tunnel is not None
        self._tunnel.feed(data)
        if not data:
            self._ended = True

    def _pull(self, most: int) -> None:
        """Decrypt until `most` bytes are at hand."""
        tunnel = self._tunnel
        if tunnel is None or tunnel.secured is None:
            return
        try:
            while len(self.buffer) < most:
                plain = tunnel.decrypt(most - len(self.buffer))
                if not plain:
                    break
                self._keep(plain)
        except TunnelError:
            self._ended = True
        self._ended = self._ended or tunnel.ended
        self.out += tunnel.outgoing()

    def _keep(self, data: bytes) -> None:
        self.buffer += data
        if self._digest is None:
            self._digest = hashlib.sha256(data)
        else:
            self._digest.update(data)

    def _room(self) -> int:
        if self._tunnel is None and isinstance(self.waits, Receive):
            return max(1, min(_CHUNK, self.waits.most - len(self.buffer)))
        return _CHUNK // 4

    def _alarm(self, when: float, now: float) -> None:
        self.deadline = max(now, min(when, self.started + self.bounds.seconds))

    def alarm_connect(self, now: float) -> None:
        """Give the connect its time."""
        self._alarm(now + self.bounds.connect_seconds, now)
