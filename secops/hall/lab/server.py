"""One selectors loop that serves the whole lab. It accepts; it never connects."""

import contextlib
import selectors
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from secops.core.clock import Clock
from secops.hall.lab.talkers import LONGEST, Talker

LIFE_SECONDS = 60.0
DRIP_SECONDS = 5.0
"""How long the slow server holds somebody: long enough to be seen, short enough for a demonstration."""
MOST_SESSIONS = 2_000


@dataclass(frozen=True, slots=True)
class Listening:
    """A listening socket and how it speaks."""

    address: str
    port: int
    greeting: bytes
    talk: Talker
    tls: ssl.SSLContext | None = None
    wait: float = 0.0
    """Seconds before an answer."""
    drip: bool = False
    """After the answer, one byte a second for as long as the other side bears it."""


@dataclass(slots=True, eq=False)
class _Session:
    socket: socket.socket
    to: Listening
    ends: float
    shaking: bool = False
    read: bytearray = field(default_factory=bytearray)
    out: bytearray = field(default_factory=bytearray)
    last: bool = False
    due: float = 0.0
    later: tuple[bytes, bool] | None = None
    dripping: bool = False
    wants: int = selectors.EVENT_READ


class Server:
    """The loop; `counts` is how many connections each (address, port) was given."""

    def __init__(self, clock: Clock) -> None:
        self.counts: Counter[tuple[str, int]] = Counter()
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._sessions: set[_Session] = set()
        self._going = True

    def listen(self, listening: Listening) -> None:
        """Bind and listen. Raises OSError where the port is taken."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((listening.address, listening.port))
            listener.listen(256)
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
        self._selector.register(listener, selectors.EVENT_READ, (listener, listening))

    def watch(self, descriptor: int, heard: Callable[[], bool]) -> None:
        """Call `heard` when the descriptor can be read; the loop ends when it answers False."""
        self._selector.register(descriptor, selectors.EVENT_READ, heard)

    def serve(self) -> None:
        """Serve until a watched descriptor says stop."""
        while self._going:
            for key, events in self._selector.select(0.1):
                data = key.data
                if isinstance(data, _Session):
                    self._step(data, events)
                elif isinstance(data, tuple):
                    self._accept(*data)
                else:
                    self._going = data()
            self._tick()
        for session in list(self._sessions):
            self._end(session)

    def _accept(self, listener: socket.socket, listening: Listening) -> None:
        with contextlib.suppress(OSError):
            peer, _ = listener.accept()
            self.counts[listening.address, listening.port] += 1
            if len(self._sessions) >= MOST_SESSIONS:
                peer.close()
                return
            peer.setblocking(False)
            if listening.tls is not None:
                peer = listening.tls.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
            session = _Session(
                peer, listening, self._clock.monotonic() + (DRIP_SECONDS if listening.drip else LIFE_SECONDS)
            )
            session.shaking = listening.tls is not None
            session.out += listening.greeting
            self._sessions.add(session)
            session.wants = selectors.EVENT_READ | (selectors.EVENT_WRITE if session.out else 0)
            self._selector.register(peer, session.wants, session)

    def _step(self, session: _Session, events: int) -> None:
        try:
            if session.shaking:
                assert isinstance(session.socket, ssl.SSLSocket)
                session.socket.do_handshake()
                session.shaking = False
            if events & selectors.EVENT_READ or session.to.tls is not None:
                self._read(session)
            if session in self._sessions and session.out:
                self._write(session)
        except (ssl.SSLWantReadError, BlockingIOError, InterruptedError):
            self._want(session, selectors.EVENT_READ)
        except ssl.SSLWantWriteError:
            self._want(session, selectors.EVENT_READ | selectors.EVENT_WRITE)
        except OSError:
            self._end(session)

    def _read(self, session: _Session) -> None:
        data = b""
        with contextlib.suppress(ssl.SSLWantReadError, BlockingIOError):
            data = session.socket.recv(LONGEST)
            if not data:
                self._end(session)
                return
        session.read += data[: LONGEST - len(session.read)]
        if data and session.later is None and not session.last and not session.dripping:
            answer = session.to.talk(bytes(session.read))
            if answer is None:
                if len(session.read) >= LONGEST:
                    self._end(session)
                return
            session.later, session.due = answer, self._clock.monotonic() + session.to.wait
            if not session.to.wait:
                self._due(session)

    def _due(self, session: _Session) -> None:
        if session.later is not None:
            data, session.last = session.later
            session.later = None
            session.out += data
            session.dripping = session.to.drip
            if not session.out and session.last:
                self._end(session)
            elif session.out:
                self._want(session, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def _write(self, session: _Session) -> None:
        sent = session.socket.send(session.out)
        del session.out[:sent]
        if session.out:
            return
        if session.last:
            self._end(session)
        else:
            self._want(session, selectors.EVENT_READ)

    def _tick(self) -> None:
        now = self._clock.monotonic()
        for session in list(self._sessions):
            if now > session.ends:
                self._end(session)
            elif session.later is not None and now >= session.due:
                self._due(session)
            elif session.dripping and now >= session.due + 1.0:
                session.due = now
                session.out += b"z"
                self._want(session, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def _want(self, session: _Session, events: int) -> None:
        if session in self._sessions and session.wants != events:
            session.wants = events
            self._selector.modify(session.socket, events, session)

    def _end(self, session: _Session) -> None:
        if session in self._sessions:
            self._sessions.discard(session)
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._selector.unregister(session.socket)
            with contextlib.suppress(OSError):
                session.socket.close()
