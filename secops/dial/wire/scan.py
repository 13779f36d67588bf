"""One way's scan: writes batches under leases, hears answers meanwhile, repeats what stays silent."""

import select
from collections import deque
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.core.clock import Clock
from secops.core.errors import Refused, SecopsError
from secops.core.language import say
from secops.dial.budget import Leasing
from secops.dial.finder import Open
from secops.dial.wire.account import Account, Settings
from secops.dial.wire.cookie import Cookie
from secops.dial.wire.fence import Fence, fence
from secops.dial.wire.mmsg import MOST, Batch, Inbox, Outlet
from secops.dial.wire.neighbour import resolve
from secops.dial.wire.receive import Replies, parse
from secops.dial.wire.route import Way
from secops.dial.wire.segment import CLOSED, OPEN, PENDING, REFUSED, SILENT, Cells, Segment
from secops.dial.wire.sender import BATCH, Parcel, Sender
from secops.dial.wire.template import Template
from secops.scope.lease import Lease
from secops.scope.level import Level

_SHEETS: Final = 3
_EMPTY_BUCKET: Final = 0.01
_SHORTEST: Final = 0.1
"""Seconds a silent target is left alone before it is asked again, at least."""
_AFTER_REFUSAL: Final = 0.1
_LOWEST_PORT, _PORT_CHOICES = 61000, 4000


class Scan:
    """Sockets, sheets and cookies of one way. Close it: the sending thread ends with it."""

    def __init__(self, way: Way, gate: Leasing, clock: Clock, settings: Settings, account: Account) -> None:
        self._way = way
        self._gate = gate
        self._clock = clock
        self._settings = settings
        self._account = account
        self._cookie = Cookie(settings.key, way.source)
        first = _LOWEST_PORT + int.from_bytes(settings.key[:4], "big") % _PORT_CHOICES
        self._ports = range(first, first + settings.attempts)
        self._template = Template(way.source, way.link.hardware, self._next_hop())
        self._outlet = Outlet(way.link.name, bypass=True)
        self._inbox = Inbox(way.link.name, way.source, self._ports)
        sheets = [self._template.sheet(BATCH) for _ in range(_SHEETS)]
        self._sender = Sender(self._outlet, [Batch(sheet, self._template.length) for sheet in sheets], clock)
        self._fence: tuple[Lease, Fence] | None = None
        self._began = 0.0
        self._ended = [0.0] * settings.attempts
        self._hardware: NDArray[np.uint8] | None = None

    def close(self) -> None:
        """End the sender and count what it still sent."""
        self._sender.close()
        while (parcel := self._sender.returned()) is not None:
            self._account.sent += parcel.sent
            self._give_back(len(parcel.cells) - parcel.sent)
        self._outlet.close()
        self._inbox.close()

    def run(self, segment: Segment) -> Iterator[Open]:
        """The open ports of a segment. Raises Refused as soon as the Gate gives no lease; answers heard are kept."""
        self._sums = self._template.sums(segment.addresses)
        self._hardware = self._on_link(segment) if not self._way.gateway else None
        self._ended = [0.0] * self._settings.attempts
        try:
            yield from self._attempts(segment)
        except Refused:
            yield from self._listen(segment, self._clock.monotonic() + _AFTER_REFUSAL)
            raise

    def _attempts(self, segment: Segment) -> Iterator[Open]:
        rounds = max(1, int(self._settings.pps_per_host * _EMPTY_BUCKET))
        gap = rounds / self._settings.pps_per_host
        begun = float("-inf")
        for attempt in range(self._settings.attempts):
            cells = segment.pending()
            if not len(cells) or self._settings.draining():
                return
            for group in segment.groups(cells, rounds):
                yield from self._listen(segment, begun + gap)
                begun = self._clock.monotonic()
                yield from self._ask(segment, group, attempt)
            yield from self._flush(segment, attempt)
            self._ended[attempt] = self._clock.monotonic()
            yield from self._listen(segment, self._ended[attempt] + self._wait(attempt))

    def _wait(self, attempt: int) -> float:
        """How long to leave silent targets alone after this attempt: longer each time, and long after the last."""
        if attempt == self._settings.attempts - 1 or not self._account.round_trip:
            return self._settings.patience
        shortest = max(_SHORTEST, 8 * self._account.round_trip, 2 * self._account.late)
        return min(self._settings.patience, shortest * (1 << attempt))

    def _ask(self, segment: Segment, cells: Cells, attempt: int) -> Iterator[Open]:
        """Hand these cells to the sender; those it gives back unsent (their lease ran out) are handed in again."""
        waiting = deque([cells])
        while waiting and not self._settings.draining():
            self._collect(waiting)
            if not self._sender.idle:
                yield from self._hear(segment)
                self._collect(waiting, 0.001)
                continue
            part = waiting.popleft()
            lease = self._gate.lease(Level.GENTLE, min(BATCH, len(part)))
            if lease.budget <= 0:
                waiting.appendleft(part)
                yield from self._listen(segment, self._clock.monotonic() + _EMPTY_BUCKET)
                continue
            now, later = part[: min(lease.budget, BATCH)], part[min(lease.budget, BATCH) :]
            if len(later):
                waiting.appendleft(later)
            self._write(segment, now, attempt, lease)
            yield from self._hear(segment)

    def _flush(self, segment: Segment, attempt: int) -> Iterator[Open]:
        """Until the sender has handed everything back."""
        while self._sender.busy:
            unsent: deque[Cells] = deque()
            self._collect(unsent, 0.001)
            yield from self._hear(segment)
            for cells in unsent:
                yield from self._ask(segment, cells, attempt)

    def _write(self, segment: Segment, cells: Cells, attempt: int, lease: Lease) -> None:
        """Write one batch and post it: only cells still silent, only those the lease allows."""
        cells = cells[segment.state[cells] == PENDING]
        hosts, ports = segment.rows(cells)
        addresses = segment.addresses[hosts]
        allowed = self._fenced(lease).allows(addresses, ports)
        if not allowed.all():
            self._refuse(segment, cells[~allowed], addresses[~allowed], ports[~allowed])
            cells, hosts, ports, addresses = cells[allowed], hosts[allowed], ports[allowed], addresses[allowed]
        self._give_back(lease.budget - len(cells))
        if not len(cells):
            return
        batch = self._sender.take()
        source_ports = np.full(len(cells), self._ports[attempt], np.uint16).byteswap()
        sequence = self._cookie.sequence(addresses, source_ports, ports)
        self._template.fill(
            batch.sheet, addresses, self._sums[hosts], source_ports=source_ports, ports=ports, sequence=sequence
        )
        if self._hardware is not None:
            self._template.next_hops(batch.sheet, self._hardware[hosts])
        self._began = self._began or self._clock.monotonic()
        self._sender.post(Parcel(batch, cells, lease))

    def _fenced(self, lease: Lease) -> Fence:
        if (
            self._fence is None
            or self._fence[0].targets is not lease.targets
            or self._fence[0].ports is not lease.ports
        ):
            self._fence = lease, fence(lease.targets, lease.ports)
        return self._fence[1]

    def _refuse(self, segment: Segment, cells: Cells, addresses: NDArray[np.uint8], ports: NDArray[np.uint16]) -> None:
        segment.state[cells] = REFUSED
        self._account.refused += len(cells)
        for address, port in zip(addresses, ports.byteswap().tolist(), strict=True):
            self._gate.refuse(str(ip_address(address.tobytes())), port, "out-of-lease")

    def _give_back(self, number: int) -> None:
        if number > 0:
            self._gate.give_back(number)

    def _collect(self, waiting: deque[Cells], seconds: float = 0.0) -> None:
        """Take back what the sender is through with."""
        while (parcel := self._sender.returned(seconds)) is not None:
            seconds = 0.0
            self._account.sent += parcel.sent
            unsent = parcel.cells[parcel.sent :]
            self._give_back(len(unsent))
            if parcel.error is not None:
                raise SecopsError(
                    "E3205",
                    say("网卡拒绝发送", "the interface refuses to send"),
                    where=self._way.link.name,
                    why=str(parcel.error),
                ) from parcel.error
            if len(unsent):
                waiting.append(unsent)

    def _listen(self, segment: Segment, until: float) -> Iterator[Open]:
        """Hear answers until that moment, or until nothing is left to hear."""
        while (left := until - self._clock.monotonic()) > 0 and not self._settings.draining():
            if not select.select([self._inbox], [], [], min(left, 0.1))[0]:
                continue
            yield from self._hear(segment)
            if not (segment.state == PENDING).any():
                return

    def _hear(self, segment: Segment) -> Iterator[Open]:
        """The answers waiting now."""
        for _ in range(64):
            frames, lengths = self._inbox.read()
            if not len(frames):
                return
            yield from self._judge(segment, parse(frames, lengths, self._way.source))
            if len(frames) < MOST:
                return

    def _judge(self, segment: Segment, replies: Replies) -> Iterator[Open]:
        """Count the forged, mark the true, give the newly open."""
        expected = self._cookie.sequence(replies.addresses, replies.ours, replies.ports)
        true = expected == replies.sequence
        self._account.spoofed += len(replies) - int(true.sum())
        cells = segment.locate(replies.addresses, replies.ports)
        true &= cells >= 0
        if not true.any():
            return
        self._time(replies.ours[true])
        before = segment.state[cells[true]]
        answered = cells[true]
        opened = replies.opened[true]
        self._account.answered += len(np.unique(answered[before == PENDING]))
        segment.state[answered[~opened & (before == PENDING)]] = CLOSED
        fresh = np.unique(answered[opened & (before != OPEN)])
        segment.state[fresh] = OPEN
        hosts, ports = segment.rows(fresh.astype(np.uint32))
        for address, port in zip(segment.addresses[hosts], ports.byteswap().tolist(), strict=True):
            yield Open(str(ip_address(address.tobytes())), port)

    def _time(self, ours: NDArray[np.uint16]) -> None:
        """Learn how quick this network is."""
        now = self._clock.monotonic()
        self._account.round_trip = self._account.round_trip or max(now - self._began, 1e-6)
        for port in np.unique(ours.byteswap()).tolist():
            ended = self._ended[port - self._ports.start]
            if ended:
                self._account.late = max(self._account.late, now - ended)

    def _next_hop(self) -> bytes:
        """The gateway's hardware address; zeros when targets are on our own link."""
        if not self._way.gateway:
            return bytes(6)
        known, _ = resolve(self._way.link, self._way.source, [self._way.gateway], self._clock)
        if self._way.gateway not in known:
            raise SecopsError(
                "E3206",
                say("网关不回答 ARP/ND", "the gateway does not answer ARP/ND"),
                where=f"{ip_address(self._way.gateway)} ({self._way.link.name})",
                hint=say(
                    "检查路由和网线，或改用 --engine connect", "check the route and the link, or use --engine connect"
                ),
            )
        return known[self._way.gateway]

    def _on_link(self, segment: Segment) -> NDArray[np.uint8]:
        """Hardware addresses of a segment's hosts; those without one are marked silent and asked no further."""
        wanted = {address.tobytes(): place for place, address in enumerate(segment.addresses)}
        self._denied: set[bytes] = set()
        known, asked = resolve(self._way.link, self._way.source, wanted, self._clock, self._portions)
        self._account.sent += asked
        table = np.zeros((segment.hosts, 6), np.uint8)
        silent = np.ones(segment.hosts, np.bool_)
        silent[[wanted[address] for address in self._denied]] = False  # left to the fence, which counts them
        for address, hardware in known.items():
            table[wanted[address]] = np.frombuffer(hardware, np.uint8)
            silent[wanted[address]] = False
        segment.state.reshape(segment.rounds, segment.hosts)[:, silent] = SILENT
        return table

    def _portions(self, addresses: list[bytes]) -> Iterator[list[bytes]]:
        """Those of our link that may be asked for their hardware address, as leases allow."""
        place = 0
        while place < len(addresses):
            lease = self._gate.lease(Level.GENTLE, min(64, len(addresses) - place))
            if lease.budget <= 0:
                self._clock.sleep(_EMPTY_BUCKET)
                continue
            part = addresses[place : place + lease.budget]
            place += len(part)
            keys = np.frombuffer(b"".join(part), np.uint8).reshape(len(part), -1)
            allowed = self._fenced(lease).holds(keys)
            self._give_back(lease.budget - int(allowed.sum()))
            self._denied.update(address for address, right in zip(part, allowed, strict=True) if not right)
            yield [address for address, right in zip(part, allowed, strict=True) if right]
