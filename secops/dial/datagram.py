"""The first shot over UDP: one polite payload to each (address, port), asked again while silent, all within leases.

A few unconnected sockets serve all targets, so memory is one byte a target. An answer counts only from the very address
and port that was asked, at the socket it was asked from; ICMP port unreachable counts only from the target itself.
"""

import contextlib
import errno
import select
import socket
import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from secops.core.address import number as address_number
from secops.core.clock import Clock
from secops.core.errors import Refused
from secops.core.model import Target, Transport
from secops.dial.budget import Budget, Leasing
from secops.dial.connect import permuted
from secops.dial.finder import DONE, DRAINED, REFUSED, Tally
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level

ATTEMPTS: Final = 4
"""Times a silent target is asked at most; where several payloads suit a port, at least twice each."""
PATIENCE: Final = 1.5
"""Seconds an answer is waited for after the last question."""
KEPT: Final = 1_500
"""Bytes of an answer that are handed on; a longer one is asked for again by the conversation."""
_PAUSES: Final = (0.3, 0.6, 1.0)
_INBOX: Final = 8 << 20
_DATAGRAM: Final = 65_535
_LISTEN_EVERY: Final = 32
_BUSY: Final = {errno.EAGAIN, errno.ENOBUFS, errno.EINTR, errno.ENOMEM, errno.EPERM}
"""Waited out for a moment; EPERM is what a full table of connections says (nf_conntrack)."""
_ECHOED: Final = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPROTO, errno.ENOPROTOOPT}
_SEND_TRIES: Final = 30
_RCVBUFFORCE: Final = 33
_RECVERR: Final = {socket.AF_INET: (socket.SOL_IP, 11), socket.AF_INET6: (41, 25)}
_UNREACHABLE: Final = {socket.AF_INET: (2, 3, 3), socket.AF_INET6: (3, 1, 4)}
"""Origin, type and code of `port unreachable` in the kernel's sock_extended_err (RFC 792, RFC 4443)."""
_SILENT, _ANSWERED, _CLOSED, _LEFT_OUT = range(4)
_REFUSED: Final = "out-of-lease"
CANARIES: Final = 16
"""Targets that answered and are asked once more at the end."""
_CANARY_TURNS: Final = 3

Payloads = Callable[[Target], Sequence[bytes]]
"""What may be said to a target; attempts take turns."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A UDP port that answered, and the first datagram it sent; `data` is empty where that was longer than KEPT."""

    address: str
    port: int
    data: bytes


class DatagramFinder:
    """Finds UDP ports that answer. Needs no privilege."""

    name = "udp"

    def __init__(
        self,
        gate: Leasing,
        clock: Clock,
        *,
        pps_per_host: float,
        payloads: Payloads,
        draining: Callable[[], bool] = lambda: False,
        attempts: int = ATTEMPTS,
        patience: float = PATIENCE,
        canaries: int = CANARIES,
    ) -> None:
        """`draining` is called every few packets and while waiting; True ends the search early.

        `canaries`: how many of those that answered are asked once more at the end; 0 leaves them alone.
        """
        self._gate = gate
        self._clock = clock
        self._interval = 1.0 / max(pps_per_host, 0.001)
        self._payloads = payloads
        self._draining = draining
        self._attempts = attempts
        self._patience = patience
        self._canaries = canaries

    def find(self, addresses: IntervalSet, ports: tuple[int, ...], *, seed: int) -> Iterator[Answered | Tally]:
        """Each answering port once, in the order heard, then one Tally. A refusal of the Gate is told in the Tally."""
        begun = self._clock.monotonic()
        wanted = tuple(dict.fromkeys(ports))
        search = _Search(addresses, wanted, seed)
        budget = Budget(self._gate, self._clock, Level.GENTLE)
        ended, detail = DONE, ""
        try:
            yield from self._search(search, budget)
            if not self._draining():
                yield from self._again(search, budget)
        except Refused as refused:
            ended, detail = REFUSED, f"{refused.code}: {refused.what}"
        finally:
            search.close()
            with contextlib.suppress(Refused):
                budget.close()
        if ended == DONE and self._draining():
            ended = DRAINED
        left_out = ", ".join(f"{reason}: {count}" for reason, count in sorted(search.left_out.items()))
        yield Tally(
            planned=len(search.state),
            sent=search.sent,
            answered=search.answered,
            refused=search.state.count(_LEFT_OUT) - search.unrouted,
            seconds=self._clock.monotonic() - begun,
            ended=ended,
            detail=detail or left_out,
            spoofed=search.strangers,
            unrouted=search.unrouted,
            left=IntervalSet.of((place, place) for place in map(address_number, search.left)),
            canaries=search.canaries,
            canaries_lost=search.lost,
            alive=search.alive,
        )

    def _search(self, search: "_Search", budget: Budget) -> Iterator[Answered]:
        turns = [self._turns(search.hosts[0], port) if search.hosts else 0 for port in search.ports]
        for attempt in range(max(turns, default=0)):
            for place, port in enumerate(search.ports):
                if attempt < turns[place]:
                    yield from self._sweep(search, budget, place, port, attempt)
                if self._draining():
                    return
            last = attempt + 1 == max(turns)
            yield from self._listen(search, budget, self._patience if last else _PAUSES[min(attempt, 2)])
            if not search.silent:
                return

    def _again(self, search: "_Search", budget: Budget) -> Iterator[Answered]:
        """Ask a few that answered once more: what share is lost, and whether anything still answers at all."""
        chosen = search.witnesses(
            self._canaries, lambda port: len(self._payloads(Target(search.hosts[0], port, Transport.UDP))) == 1
        )
        search.expected = set(chosen)
        for turn in range(_CANARY_TURNS if chosen else 0):
            for cell in chosen:
                number, place = divmod(cell, len(search.ports))
                address, port = search.hosts[number], search.ports[place]
                if cell not in search.expected or not budget.allows(address, port):
                    continue
                for payload in self._payloads(Target(address, port, Transport.UDP)):
                    while not budget.take():
                        search.wait(0.005)
                    search.send(cell, payload, address, port, clock=self._clock, budget=budget)
            end = self._clock.monotonic() + self._patience
            while search.expected and (left := end - self._clock.monotonic()) > 0 and not self._draining():
                budget.keep()
                search.wait(min(left, 0.05))
                yield from search.read()
            if not turn:
                search.canaries, search.lost = len(chosen), len(search.expected)
            if self._draining():
                return
            search.alive = len(search.expected) < len(chosen)
            if search.alive:
                return

    def _turns(self, address: str, port: int) -> int:
        return max(self._attempts, 2 * len(self._payloads(Target(address, port, Transport.UDP))))

    def _sweep(self, search: "_Search", budget: Budget, place: int, port: int, attempt: int) -> Iterator[Answered]:
        """Ask every host that is still silent on this port, each no more often than its rate permits."""
        width = len(search.ports)
        for number, address in enumerate(search.hosts):
            cell = number * width + place
            if search.state[cell]:
                continue
            if not budget.allows(address, port):
                search.leave(cell, _REFUSED)
                continue
            while True:
                wait = search.next[number] - self._clock.monotonic()
                if wait <= 0 and budget.take():
                    break
                search.wait(min(max(wait, 0.002), 0.05))
                yield from search.read()
                if self._draining():
                    return
            search.next[number] = self._clock.monotonic() + self._interval
            payloads = self._payloads(Target(address, port, Transport.UDP))
            search.send(cell, payloads[attempt % len(payloads)], address, port, clock=self._clock, budget=budget)
            if search.sent % _LISTEN_EVERY == 0:
                yield from search.read()
                if self._draining():
                    return

    def _listen(self, search: "_Search", budget: Budget, seconds: float) -> Iterator[Answered]:
        end = self._clock.monotonic() + seconds
        while search.silent and (left := end - self._clock.monotonic()) > 0:
            budget.keep()
            search.wait(min(left, 0.05))
            yield from search.read()
            if self._draining():
                return


class _Search:
    """The state of one `find`: who was asked what, and the sockets."""

    def __init__(self, addresses: IntervalSet, ports: tuple[int, ...], seed: int) -> None:
        self.ports = ports
        self.hosts = [address for address, _ in permuted(addresses, (0,), seed)] if ports else []
        self.state = bytearray(len(self.hosts) * len(ports))
        self.next = array("d", bytes(8 * len(self.hosts)))
        self.silent = len(self.state)
        self.sent = self.answered = self.strangers = 0
        self.left_out: dict[str, int] = {}
        self.left: set[str] = set()
        """Addresses the kernel has no way to."""
        self.unrouted = self.canaries = self.lost = 0
        self.alive: bool | None = None
        self.expected: set[int] = set()
        """Cells that answered and are asked once more."""
        self._numbers = {address: number for number, address in enumerate(self.hosts)}
        self._places = {port: place for place, port in enumerate(ports)}
        self._sockets: dict[int, socket.socket] = {}

    def send(self, cell: int, data: bytes, address: str, port: int, *, clock: Clock, budget: Budget) -> None:
        """One datagram; a target the kernel has no way to is left out. While the kernel is busy the lease is kept."""
        sock = self._socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        for _ in range(_SEND_TRIES):
            try:
                sock.sendto(data, (address, port))
            except OSError as error:
                if error.errno in _BUSY:
                    clock.sleep(0.001)
                    budget.keep()
                elif error.errno not in _ECHOED or not self._errors(sock):
                    self.leave(cell, (errno.errorcode.get(error.errno or 0, "") or "no-route").lower())
                    return
                continue
            self.sent += 1
            return
        self.leave(cell, "not-sent")

    def leave(self, cell: int, reason: str) -> None:
        """This target is not asked, and counts as nothing."""
        if not self.state[cell]:
            self._mark(cell, _LEFT_OUT)
            self.left_out[reason] = self.left_out.get(reason, 0) + 1
            if reason != _REFUSED:
                self.unrouted += 1
                self.left.add(self.hosts[cell // len(self.ports)])

    def witnesses(self, most: int, plain: Callable[[int], bool]) -> list[int]:
        """A few cells that answered, far apart; those of `plain` ports where there are any."""
        heard = [cell for cell, state in enumerate(self.state) if state == _ANSWERED]
        sure = [cell for cell in heard if plain(self.ports[cell % len(self.ports)])] or heard
        return sure[:: max(1, len(sure) // max(1, most))][:most]

    def wait(self, seconds: float) -> None:
        """Until something arrives, or so long."""
        select.select(list(self._sockets.values()), [], [], seconds)

    def read(self) -> Iterator[Answered]:
        """Everything that has arrived: first answers of targets asked; errors mark theirs as closed."""
        for sock in self._sockets.values():
            while True:
                try:
                    data, source = sock.recvfrom(_DATAGRAM)
                except BlockingIOError:
                    break
                except OSError:
                    self._errors(sock)
                    continue
                cell = self._cell(source[0], source[1])
                if cell is None:
                    self.strangers += 1
                elif cell in self.expected:
                    self.expected.discard(cell)
                elif self.state[cell] in {_SILENT, _CLOSED}:
                    self._mark(cell, _ANSWERED)
                    yield Answered(source[0], source[1], data if len(data) <= KEPT else b"")

    def close(self) -> None:
        """Close the sockets."""
        for each in self._sockets.values():
            each.close()
        self._sockets = {}

    def _mark(self, cell: int, state: int) -> None:
        before, self.state[cell] = self.state[cell], state
        self.silent -= before == _SILENT
        self.answered += before == _SILENT and state in {_ANSWERED, _CLOSED}

    def _cell(self, address: str, port: int) -> int | None:
        number, place = self._numbers.get(address), self._places.get(port)
        return None if number is None or place is None else number * len(self.ports) + place

    def _errors(self, sock: socket.socket) -> int:
        """Take in the socket's error queue; how many entries there were."""
        count = 0
        while True:
            try:
                _, told, _, target = sock.recvmsg(512, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return count
            count += 1
            if refusal(sock.family, told, str(target[0])) and (cell := self._cell(target[0], target[1])) is not None:
                self._mark(cell, self.state[cell] or _CLOSED)

    def _socket(self, family: int) -> socket.socket:
        found = self._sockets.get(family)
        if found is None:
            found = self._sockets[family] = opened(family)
        return found


def opened(family: int) -> socket.socket:
    """A UDP socket that does not block and is told of ICMP errors."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    level, option = _RECVERR[socket.AddressFamily(family)]
    with contextlib.suppress(OSError):
        sock.setsockopt(level, option, 1)
    try:
        sock.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _INBOX)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _INBOX)
    return sock


def refusal(family: int, told: list[tuple[int, int, bytes]], target: str) -> bool:
    """Do these control messages of the error queue say `port unreachable`, spoken by the target itself?"""
    wanted = _UNREACHABLE[socket.AddressFamily(family)]
    for _, _, data in told:
        if len(data) < 16 + 8:
            continue
        _, origin, type_, code = struct.unpack_from("IBBB", data)
        packed = data[20:24] if family == socket.AF_INET else data[24:40]
        if (origin, type_, code) == wanted and packed == socket.inet_pton(family, target):
            return True
    return False
