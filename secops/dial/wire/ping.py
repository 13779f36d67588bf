"""Which addresses live: ARP and ND on our own links, ICMP and ICMPv6 echo beyond, asked up to three times under leases.

An echo carries a secret mark of its address, so only who got the question can answer it. Needs CAP_NET_RAW.
Source: RFC 792, RFC 4443, RFC 826, RFC 4861.
"""

import contextlib
import errno
import hashlib
import secrets
import select
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from secops.core.address import V4, WIDTH, number, unpack
from secops.core.clock import Clock
from secops.core.errors import Refused, SecopsError
from secops.core.language import say
from secops.dial.budget import Budget, Leasing
from secops.dial.connect import permuted
from secops.dial.finder import DONE, DRAINED, REFUSED, Tally
from secops.dial.wire.mmsg import Outlet
from secops.dial.wire.neighbour import answer, question
from secops.dial.wire.route import Way, plan
from secops.dial.wire.template import words
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level

ATTEMPTS: Final = 3
PATIENCE: Final = 1.0
"""Seconds between two questions to one address, and after the last."""
_BUSY: Final = {errno.EAGAIN, errno.ENOBUFS, errno.EINTR, errno.ENOMEM, errno.EPERM}
"""Waited out for a moment; EPERM is what a full table of connections says (nf_conntrack)."""
_SEND_TRIES: Final = 30
_LISTEN_EVERY: Final = 32
_REFUSED: Final = "out-of-lease"
_GONE: Final = object()
_CANARIES: Final = 16
"""Addresses that answered and are asked once more at the end."""
_INBOX: Final = 8 << 20
_RCVBUFFORCE: Final = 33
_ICMP_FILTER: Final = (255, 1, struct.pack("I", 0xFFFFFFFE))
"""Only echo replies (type 0) reach us."""
_ICMP6_FILTER: Final = (58, 1, b"".join(struct.pack("I", 0xFFFFFFFF if n != 4 else 0xFFFFFFFD) for n in range(8)))
"""Only echo replies (type 129)."""


@dataclass(frozen=True, slots=True)
class Alive:
    """An address that answered; `hardware` where it was asked on our own link."""

    address: str
    how: str
    """`ping`, or `arp` (ND for IPv6 included)."""
    hardware: str = ""


@dataclass(slots=True)
class _Account:
    sent: int = 0
    answered: int = 0
    refused: int = 0
    strangers: int = 0
    unrouted: int = 0
    left: set[str] = field(default_factory=set)
    left_out: dict[str, int] = field(default_factory=dict)
    canaries: int = 0
    lost: int = 0
    alive: bool | None = None

    def leave(self, address: str, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1
        if reason == _REFUSED:
            self.refused += 1
        else:
            self.unrouted += 1
            self.left.add(address)


class PingFinder:
    """Finds live addresses. Needs CAP_NET_RAW: see `wire.mmsg.capable`."""

    name = "ping"

    def __init__(
        self,
        gate: Leasing,
        clock: Clock,
        *,
        pps_per_host: float,
        draining: Callable[[], bool] = lambda: False,
        attempts: int = ATTEMPTS,
        patience: float = PATIENCE,
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._draining = draining
        self._attempts = attempts
        self._pause = max(patience, 1.0 / max(pps_per_host, 0.001))

    def find(self, addresses: IntervalSet, *, seed: int) -> Iterator[Alive | Tally]:
        """Each live address once, then one Tally. A refusal of the Gate is told in the Tally, not raised."""
        begun = self._clock.monotonic()
        account = _Account()
        budget = Budget(self._gate, self._clock, Level.GENTLE)
        ended, detail = DONE, ""
        try:
            near = _near(addresses)
            for way in near:
                yield from self._rounds(_Link(way, account, self._clock), budget)
            beyond = addresses.minus(IntervalSet.of(span for way in near for span in _spans(way)))
            if beyond:
                yield from self._rounds(_Echo(beyond, seed, account, self._clock), budget)
        except Refused as refused:
            ended, detail = REFUSED, f"{refused.code}: {refused.what}"
        finally:
            with contextlib.suppress(Refused):
                budget.close()
        if ended == DONE and self._draining():
            ended = DRAINED
        yield Tally(
            planned=addresses.count(),
            sent=account.sent,
            answered=account.answered,
            refused=account.refused,
            seconds=self._clock.monotonic() - begun,
            ended=ended,
            detail=detail or ", ".join(f"{reason}: {n}" for reason, n in sorted(account.left_out.items())),
            spoofed=account.strangers,
            unrouted=account.unrouted,
            left=IntervalSet.of((place, place) for place in map(number, account.left)),
            canaries=account.canaries,
            canaries_lost=account.lost,
            alive=account.alive,
        )

    def _rounds(self, asking: "_Link | _Echo", budget: Budget) -> Iterator[Alive]:
        """Ask the silent, up to `attempts` times, a pause apart."""
        try:
            for _ in range(self._attempts):
                for count, address in enumerate(list(asking.silent)):
                    if address not in asking.silent:
                        continue
                    if not budget.reaches(address):
                        asking.drop(address, _REFUSED)
                        continue
                    while not budget.take():
                        asking.wait(0.005)
                        yield from asking.read()
                        if self._draining():
                            return
                    asking.send(address)
                    if count % _LISTEN_EVERY == 0:
                        yield from asking.read()
                        if self._draining():
                            return
                end = self._clock.monotonic() + self._pause
                while asking.silent and (left := end - self._clock.monotonic()) > 0:
                    budget.keep()
                    asking.wait(min(left, 0.05))
                    yield from asking.read()
                    if self._draining():
                        return
            yield from self._again(asking, budget)
        finally:
            asking.close()

    def _again(self, asking: "_Link | _Echo", budget: Budget) -> Iterator[Alive]:
        """Ask a few that answered once more: what share is lost, and whether anything still answers at all."""
        chosen = asking.heard[:: max(1, len(asking.heard) // _CANARIES)][:_CANARIES]
        asking.expected = set(chosen)
        for turn in range(self._attempts if chosen else 0):
            for address in sorted(asking.expected):
                while budget.reaches(address) and not budget.take():
                    asking.wait(0.005)
                asking.send(address)
            end = self._clock.monotonic() + self._pause
            while asking.expected and (left := end - self._clock.monotonic()) > 0:
                budget.keep()
                asking.wait(min(left, 0.05))
                yield from asking.read()
                if self._draining():
                    return
            if not turn:
                asking.account.canaries += len(chosen)
                asking.account.lost += len(asking.expected)
            if len(asking.expected) < len(chosen):
                break
        if chosen:
            asking.account.alive = asking.account.alive is not False and len(asking.expected) < len(chosen)


class _Link:
    """Addresses of one of our own links, asked by ARP or ND."""

    def __init__(self, way: Way, account: _Account, clock: Clock) -> None:
        self._way = way
        self.account = account
        self._clock = clock
        self._outlet = Outlet(way.link.name, bypass=False)
        self._inbox = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._inbox.setblocking(False)
        self._inbox.bind((way.link.name, 0x0806 if way.width == 4 else 0x86DD))
        self.heard: list[str] = []
        self.expected: set[str] = set()
        self.silent = dict.fromkeys(
            unpack(place.to_bytes(WIDTH, "big")) for first, last in _spans(way) for place in range(first, last + 1)
        )

    def send(self, address: str) -> None:
        packed = number(address).to_bytes(WIDTH, "big")[-self._way.width :]
        frame = question(self._way.source, self._way.link.hardware, packed)
        for _ in range(_SEND_TRIES):
            try:
                self._outlet.send_one(frame)
            except OSError as error:
                if error.errno not in _BUSY:
                    self.drop(address, (errno.errorcode.get(error.errno or 0, "") or "no-link").lower())
                    return
                self._clock.sleep(0.001)
            else:
                self.account.sent += 1
                return
        self.drop(address, "not-sent")

    def drop(self, address: str, reason: str) -> None:
        if self.silent.pop(address, _GONE) is None:
            self.account.leave(address, reason)

    def wait(self, seconds: float) -> None:
        select.select([self._inbox], [], [], seconds)

    def read(self) -> Iterator[Alive]:
        while True:
            try:
                frame = self._inbox.recv(2_048)
            except BlockingIOError:
                return
            told = answer(frame, self._way.source)
            if told is None:
                continue
            offset = V4 if len(told[0]) == 4 else 0
            address = unpack((int.from_bytes(told[0], "big") + offset).to_bytes(WIDTH, "big"))
            self.expected.discard(address)
            if address in self.silent:
                del self.silent[address]
                self.heard.append(address)
                self.account.answered += 1
                yield Alive(address, "arp", told[1].hex(":"))

    def close(self) -> None:
        self._inbox.close()
        self._outlet.close()


class _Echo:
    """Addresses beyond our links, asked by ICMP or ICMPv6 echo."""

    def __init__(self, addresses: IntervalSet, seed: int, account: _Account, clock: Clock) -> None:
        self.account = account
        self._clock = clock
        self._key = secrets.token_bytes(16)
        self.silent = dict.fromkeys(address for address, _ in permuted(addresses, (0,), seed))
        self.heard: list[str] = []
        self.expected: set[str] = set()
        self._sockets: dict[int, socket.socket] = {}

    def send(self, address: str) -> None:
        four = ":" not in address
        packet = echo(self._mark(address), four=four)
        sock = self._socket(socket.AF_INET if four else socket.AF_INET6)
        for _ in range(_SEND_TRIES):
            try:
                sock.sendto(packet, (address, 0))
            except OSError as error:
                if error.errno not in _BUSY:
                    self.drop(address, (errno.errorcode.get(error.errno or 0, "") or "no-route").lower())
                    return
                self._clock.sleep(0.001)
            else:
                self.account.sent += 1
                return
        self.drop(address, "not-sent")

    def drop(self, address: str, reason: str) -> None:
        if self.silent.pop(address, _GONE) is None:
            self.account.leave(address, reason)

    def wait(self, seconds: float) -> None:
        select.select(list(self._sockets.values()), [], [], seconds)

    def read(self) -> Iterator[Alive]:
        for family, sock in self._sockets.items():
            while True:
                try:
                    data, source = sock.recvfrom(2_048)
                except BlockingIOError:
                    break
                address = str(source[0])
                if echoed(data, four=family == socket.AF_INET) != self._mark(address):
                    self.account.strangers += address in self.silent
                    continue
                self.expected.discard(address)
                if address in self.silent:
                    del self.silent[address]
                    self.heard.append(address)
                    self.account.answered += 1
                    yield Alive(address, "ping")

    def close(self) -> None:
        for each in self._sockets.values():
            each.close()
        self._sockets = {}

    def _mark(self, address: str) -> bytes:
        return hashlib.blake2b(address.encode(), key=self._key, digest_size=20).digest()

    def _socket(self, family: int) -> socket.socket:
        found = self._sockets.get(family)
        if found is None:
            four = family == socket.AF_INET
            try:
                found = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMP if four else socket.IPPROTO_ICMPV6)
            except PermissionError as error:
                what = say("这里不能发原始报文", "raw packets cannot be sent here")
                raise SecopsError("E3201", what, why=str(error)) from error
            found.setblocking(False)
            found.setsockopt(*(_ICMP_FILTER if four else _ICMP6_FILTER))
            try:
                found.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _INBOX)
            except OSError:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _INBOX)
            self._sockets[family] = found
        return found


def echo(mark: bytes, *, four: bool) -> bytes:
    """An echo request carrying 20 bytes of mark: 4 as identifier and number, the rest as data."""
    packet = (b"\x08\0\0\0" if four else b"\x80\0\0\0") + mark
    if not four:
        return packet  # the kernel sums, as it knows the addresses
    total = words(packet)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return packet[:2] + (~total & 0xFFFF).to_bytes(2, "little") + packet[4:]


def echoed(data: bytes, *, four: bool) -> bytes:
    """The mark an echo reply brings back (IPv4 comes with its header), empty for anything else. Never raises."""
    if four:
        data = data[(data[0] & 0x0F) * 4 :] if data else b""
    wanted = b"\0\0" if four else b"\x81\0"
    return data[4:24] if len(data) >= 24 and data[:2] == wanted else b""


def _near(addresses: IntervalSet) -> list[Way]:
    """The ways to targets on our own links; none where the kernel has no Ethernet way to any target."""
    try:
        return [way for way in plan(addresses).ways if not way.gateway]
    except SecopsError:
        return []


def _spans(way: Way) -> list[tuple[int, int]]:
    """The way's targets on the line of `core.address`."""
    offset = V4 if way.width == 4 else 0
    return [(first + offset, last + offset) for first, last in way.ranges]
