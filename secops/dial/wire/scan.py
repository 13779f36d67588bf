"""One way's scan: writes batches under leases, hears answers meanwhile, repeats what stays silent."""

import random
import select
from collections import deque
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.core.clock import Clock
from secops.core.errors import Refused
from secops.dial.budget import Leasing
from secops.dial.finder import AnswersAll, Open
from secops.dial.wire.account import Account, Memory, Settings
from secops.dial.wire.cookie import Cookie
from secops.dial.wire.crowd import Crowd, Question
from secops.dial.wire.ear import Ear
from secops.dial.wire.fence import Fence, fence
from secops.dial.wire.hardware import Neighbours, next_hop
from secops.dial.wire.link import refused
from secops.dial.wire.mmsg import Batch, Inbox, Outlet, device_drops
from secops.dial.wire.pace import Sign
from secops.dial.wire.route import Way
from secops.dial.wire.row import Rows
from secops.dial.wire.segment import PENDING, REFUSED, Cells, Segment
from secops.dial.wire.sender import BATCH, NO_CELL, Parcel, Sender
from secops.dial.wire.template import Template
from secops.scope.lease import Lease
from secops.scope.level import Level
from secops.scope.ports import PortSet

EXTRA: Final = 10
"""Attempts more where the network lost too much while it was asked, at most."""
_SHEETS: Final = 3
_EMPTY_BUCKET: Final = 0.01
_SHORTEST: Final = 0.1
"""Seconds a silent target is left alone before it is asked again, at least."""
_LAST: Final = 0.3
"""Seconds answers to the last attempt are waited for at least, once the network's speed is known."""
_AFTER_REFUSAL: Final = 0.1
_WATCH: Final = 0.01
_ASIDE: Final = 64
_MIXED: Final = 8
"""Packets of a batch kept for canaries."""
_WITNESSES: Final = 8
_LOOKS: Final = 3
_MISSED: Final = 1e-6
"""Share of answers that may be lost in all attempts: when canaries show fewer attempts do, fewer are made."""
_LOSSY: Final = 1e-5
"""Share from which one more is made, up to EXTRA."""
_NEWS: Final = 0.001
"""Share of all answers that the last attempt must have brought for one more to be made."""
_LEAST: Final = 3
"""Attempts made in any case."""
_LOWEST_PORT, _PORT_CHOICES = 61000, 4000
_SPARE: Final = 64
_PACING: Final = 0.95
"""Share of a host's rate for its own cells; the rest is for asking it as a canary."""

Heard = Open | AnswersAll


class Scan:
    """Sockets, sheets and cookies of one way. Close it: the sending thread ends with it."""

    def __init__(
        self, way: Way, gate: Leasing, clock: Clock, *, settings: Settings, account: Account, memory: Memory
    ) -> None:
        self._way = way
        self._gate = gate
        self._clock = clock
        self._settings = settings
        self._account = account
        self._memory = memory
        self._cookie = Cookie(settings.key, way.source)
        first = _LOWEST_PORT + int.from_bytes(settings.key[:4], "big") % _PORT_CHOICES
        self._slots = range(first, first + settings.attempts + EXTRA + 2)
        hop = next_hop(way, clock, settings.vlan)
        self._template = Template(way.source, way.link.hardware, hop, vlan=settings.vlan)
        self._outlet = Outlet(way.link.name, bypass=True)
        self._ear = Ear(Inbox(way.link.name, way.source, self._slots), self._cookie, self._slots, clock, way.source)
        sheets = [self._template.sheet(BATCH) for _ in range(_SHEETS)]
        self._sender = Sender(self._outlet, [Batch(sheet, self._template.length) for sheet in sheets], clock)
        self._fence: tuple[Lease, Fence] | None = None
        self._neighbours = None if way.gateway else Neighbours(way, gate, clock, account, settings.vlan)
        self._hardware: NDArray[np.uint8] | None = None
        self._lot = random.Random()  # noqa: S311  where among the cells a canary goes is no secret
        self._watched = self._looked = self._slipped = float("-inf")
        self._counted = device_drops(way.link.name), account.sent
        self._segment: Segment
        self._crowd: Crowd

    def close(self) -> None:
        """End the sender and count what it still sent."""
        self._sender.close()
        while (parcel := self._sender.returned()) is not None:
            self._account.sent += parcel.sent
            self._give_back(len(parcel.cells) - parcel.sent)
        self._outlet.close()
        self._ear.inbox.close()

    def run(self, segment: Segment, ports: tuple[int, ...], seed: int) -> Iterator[Heard]:
        """The open ports of a segment. Raises Refused as soon as the Gate gives no lease; answers heard are kept."""
        self._segment = segment
        self._crowd = Crowd(segment, (), random.Random(seed), self._within)  # noqa: S311  which ports to doubt is no secret
        self._wanted = frozenset(ports)
        self._sums = self._template.sums(segment.addresses)
        self._hardware = self._neighbours.table(segment) if self._neighbours else None
        self._ear.began = 0.0
        try:
            yield from self._attempts()
            self._crowd.survey()
            yield from self._settle()
        except Refused:
            yield from self._listen(self._clock.monotonic() + _AFTER_REFUSAL)
            raise

    def finish(self) -> Iterator[Heard]:
        """After the last segment: do targets that answered before still answer? Told in the account."""
        canaries = self._memory.canaries
        if not len(canaries) or self._settings.draining():
            return
        before, asked = canaries.lost, 0
        for _ in range(_LOOKS):
            yield from self._settle()
            questions = canaries.last(self._clock.monotonic(), _WITNESSES)
            asked += len(questions)
            while questions and not self._settings.draining():
                questions = self._aside(questions, len(self._slots) - 2)
                yield from self._listen(self._clock.monotonic() + _WATCH, every=True)
            yield from self._settle()
            if canaries.lost - before < max(1, asked // 2):
                self._account.alive = self._account.alive is not False
                return
        self._account.alive = False

    def _attempts(self) -> Iterator[Heard]:
        segment, rate = self._segment, self._settings.pps_per_host * _PACING
        rounds = max(1, int(rate * _EMPTY_BUCKET))
        gap = rounds / rate
        begun = float("-inf")
        attempt, wanted, news = 0, self._settings.attempts, True
        while attempt < wanted:
            cells = segment.pending()
            if not len(cells) or self._settings.draining() or (not news and self._enough(attempt)):
                return
            slowed, start = sum(self._memory.pace.slowed.values()), self._clock.monotonic()
            answered = self._account.answered
            for group in segment.groups(cells, rounds):
                yield from self._listen(begun + gap)
                begun = self._clock.monotonic()
                yield from self._ask(group, attempt)
            yield from self._flush(attempt)
            now = self._clock.monotonic()
            lossy = _LOSSY < self._memory.canaries.missed(attempt + 1) < 1.0
            if sum(self._memory.pace.slowed.values()) > slowed or (attempt + 1 >= wanted and lossy):
                wanted = min(wanted + 1, self._settings.attempts + EXTRA)
            last = attempt == wanted - 1
            again = 0.0 if last else (now - start) * int((segment.state == PENDING).sum()) / len(cells)
            yield from self._listen(now + self._pause(attempt, last=last) - again)
            news = self._account.answered - answered > max(1, self._account.answered * _NEWS)
            if attempt and news:
                wanted = min(max(wanted, attempt + 2), self._settings.attempts + EXTRA)
            attempt += 1

    def _pause(self, attempt: int, *, last: bool) -> float:
        """How long a silent target is left alone after this attempt: longer each time, and long after the last."""
        patience, memory = self._settings.patience, self._memory
        if not memory.round_trip:
            return patience
        shortest = max(_LAST if last else _SHORTEST, 8 * memory.round_trip, 2 * memory.slowest)
        return min(patience, shortest if last else shortest * (1 << attempt))

    def _enough(self, attempts: int) -> bool:
        """Do so many attempts leave next to nothing unheard, by the canaries' measure?"""
        return attempts >= _LEAST and self._memory.canaries.missed(attempts) <= _MISSED

    def _ask(self, cells: Cells, attempt: int) -> Iterator[Heard]:
        """Hand these cells to the sender; those it gives back unsent (their lease ran out) are handed in again."""
        waiting, pace = deque([cells]), self._memory.pace
        while waiting and not self._settings.draining():
            self._collect(waiting)
            yield from self._watch()
            if not self._sender.idle:
                yield from self._hear()
                self._collect(waiting, 0.001)
                continue
            part = waiting.popleft()
            want = pace.allow(min(BATCH - _MIXED, len(part)), self._clock.monotonic())
            canaries = self._due() if want else []
            lease = self._gate.lease(Level.GENTLE, want + len(canaries))
            size = max(0, lease.budget - len(canaries))
            pace.unused(want - size)
            if len(part) > size:
                waiting.appendleft(part[size:])
            if size:
                self._write(part[:size], attempt, lease, canaries)
                yield from self._hear()
            else:
                self._give_back(lease.budget)
                self._unasked(self._aside(canaries, len(self._slots) - 2) if canaries else [])
                yield from self._listen(self._clock.monotonic() + _EMPTY_BUCKET)

    def _flush(self, attempt: int) -> Iterator[Heard]:
        """Until the sender has handed everything back."""
        while self._sender.busy:
            unsent: deque[Cells] = deque()
            self._collect(unsent, 0.001)
            yield from self._hear()
            for cells in unsent:
                yield from self._ask(cells, attempt)

    def _write(self, cells: Cells, attempt: int, lease: Lease, canaries: list[Question]) -> None:
        """Write one batch and post it: only cells still silent, only those the lease allows, canaries among them."""
        segment = self._segment
        cells = cells[segment.state[cells] == PENDING]
        hosts, ports = segment.rows(cells)
        addresses = segment.addresses[hosts]
        allowed = self._fenced(lease).allows(addresses, ports)
        if not allowed.all():
            self._refuse(cells[~allowed], addresses[~allowed], ports[~allowed])
            cells, hosts, ports, addresses = cells[allowed], hosts[allowed], ports[allowed], addresses[allowed]
        rows = Rows(
            addresses,
            ports,
            np.full(len(cells), self._slots[attempt], np.uint16).byteswap(),
            self._sums[hosts],
            None if self._hardware is None else self._hardware[hosts],
        )
        asked, others = self._others(canaries, len(self._slots) - 2, lease) if canaries and len(cells) else ([], rows)
        self._unasked([each for each in canaries if each not in asked])
        self._give_back(lease.budget - len(cells) - len(asked))
        if not len(cells):
            return
        places = sorted(self._lot.randint(0, len(cells)) for _ in asked)
        aside = {place + number: each for number, (place, each) in enumerate(zip(places, asked, strict=True))}
        mixed = np.insert(cells, places, NO_CELL) if asked else cells
        self._post(Parcel(self._sender.take(), mixed, lease, aside), rows.mixed(others, places) if asked else rows)

    def _post(self, parcel: Parcel, rows: Rows) -> None:
        sequence = self._cookie.sequence(rows.addresses, rows.ours, rows.ports)
        sheet = parcel.batch.sheet
        self._template.fill(
            sheet, rows.addresses, rows.sums, source_ports=rows.ours, ports=rows.ports, sequence=sequence
        )
        if rows.hardware is not None:
            self._template.next_hops(sheet, rows.hardware)
        self._ear.began = self._ear.began or self._clock.monotonic()
        self._sender.post(parcel)

    def _others(self, questions: list[Question], slot: int, lease: Lease) -> tuple[list[Question], Rows]:
        """Of questions that are no cells those that may be asked, and their rows."""
        addresses = np.frombuffer(b"".join(each for each, _ in questions), np.uint8).reshape(-1, self._way.width)
        ports = np.array([port for _, port in questions], np.uint16).byteswap()
        allowed = self._fenced(lease).allows(addresses, ports)
        hardware = None
        if self._neighbours is not None:
            known = [self._neighbours.known.get(address, b"") for address, _ in questions]
            allowed &= np.array([bool(each) for each in known], np.bool_)
            hardware = np.frombuffer(b"".join(each or bytes(6) for each in known), np.uint8).reshape(-1, 6)[allowed]
        addresses, ports = np.ascontiguousarray(addresses[allowed]), ports[allowed]
        ours = np.full(len(ports), self._slots[slot], np.uint16).byteswap()
        asked = [each for each, right in zip(questions, allowed, strict=True) if right]
        return asked, Rows(addresses, ports, ours, self._template.sums(addresses), hardware)

    def _aside(self, questions: list[Question], slot: int) -> list[Question]:
        """Ask what is no cell: canaries, doubts. Those that cannot be asked now are given back; out of lease: never."""
        lease = self._gate.lease(Level.GENTLE, len(questions)) if self._sender.idle else None
        if lease is None or lease.budget <= 0:
            return questions
        asked, rows = self._others(questions[: lease.budget], slot, lease)
        self._give_back(lease.budget - len(asked))
        if asked:
            none = np.full(len(asked), NO_CELL, np.uint32)
            self._post(Parcel(self._sender.take(), none, lease, dict(enumerate(asked))), rows)
        return questions[lease.budget :]

    def _due(self) -> list[Question]:
        """Canaries to ask among the cells sent now: an idle network, or the start of each burst, would show no loss."""
        now = self._clock.monotonic()
        if now - self._slipped < _WATCH:
            return []
        self._slipped = now
        return self._memory.canaries.due(now)

    def _unasked(self, questions: list[Question]) -> None:
        for address, _ in questions:
            self._memory.canaries.unsent(address)

    def _watch(self) -> Iterator[Heard]:
        """Now and then: lost canaries, doubts, drops, and whether all that means going slower."""
        now = self._clock.monotonic()
        if now - self._watched < _WATCH:
            return
        self._watched = now
        memory = self._memory
        bad, good = (
            sum(each >= memory.pace.since for each in some) for some in memory.canaries.overdue(now, self._overdue())
        )
        memory.pace.note(Sign.LOSS, bad, bad + good)
        if questions := self._crowd.questions(_ASIDE):
            again = self._aside(questions, len(self._slots) - 1)
            self._crowd.again(again)
            self._crowd.asked(questions[: len(questions) - len(again)], now)
        for told in self._crowd.settle(now, self._settings.patience):
            if "/" not in told.network:
                memory.canaries.forget(ip_address(told.network).packed)
            yield told
        if now - self._looked >= memory.pace.window:
            self._looked = now
            drops, sent = device_drops(self._way.link.name), self._account.sent
            lost = self._ear.inbox.dropped() + max(0, drops - self._counted[0])
            memory.pace.note(Sign.DROPPED, lost, sent - self._counted[1])
            memory.pace.note(Sign.UNREACHABLE, 0, sent - self._counted[1])
            self._counted = drops, sent
            memory.pace.judge(now)

    def _overdue(self) -> float:
        """Seconds after which a canary counts as lost."""
        memory = self._memory
        return min(self._settings.patience, max(0.25, 8 * memory.round_trip, 2 * memory.slowest))

    def _settle(self) -> Iterator[Heard]:
        """Until canaries and doubts are answered or given up."""
        end = self._clock.monotonic() + 2 * self._settings.patience
        while self._clock.monotonic() < end and (self._memory.canaries.waiting or self._crowd.waiting):
            yield from self._listen(self._clock.monotonic() + _WATCH, every=True)

    def _fenced(self, lease: Lease) -> Fence:
        if (
            self._fence is None
            or self._fence[0].targets is not lease.targets
            or self._fence[0].ports is not lease.ports
        ):
            self._fence = lease, fence(lease.targets, lease.ports)
        if not self._crowd.spare:
            self._crowd.spare = _spare(lease.ports, self._wanted, self._crowd.lot)
        return self._fence[1]

    def _within(self, address: bytes) -> bool:
        return self._fence is not None and bool(
            self._fence[1].holds(np.frombuffer(address, np.uint8).reshape(1, -1)).all()
        )

    def _refuse(self, cells: Cells, addresses: NDArray[np.uint8], ports: NDArray[np.uint16]) -> None:
        self._segment.state[cells] = REFUSED
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
            self._memory.pace.sent(parcel.sent)
            unsent = parcel.cells[parcel.sent :]
            self._give_back(len(unsent))
            if parcel.error is not None:
                raise refused(self._way.link, parcel.error)
            self._unasked([each for row, each in parcel.aside.items() if row >= parcel.sent])
            if len(parcel.aside) < len(parcel.cells):
                self._memory.canaries.sent(parcel.sent, curious=self._memory.pace.trying)
            unsent = unsent[unsent != NO_CELL]
            if len(unsent):
                waiting.append(unsent)

    def _listen(self, until: float, *, every: bool = False) -> Iterator[Heard]:
        """Hear answers until that moment, or (unless `every`) until no cell is left to hear of."""
        while (left := until - self._clock.monotonic()) > 0 and not self._settings.draining():
            if self._sender.busy and every:
                self._collect(deque())
            yield from self._watch()
            if not select.select([self._ear.inbox], [], [], min(left, 0.1, 0.1 if not every else _WATCH))[0]:
                continue
            yield from self._hear()
            if not every and not (self._segment.state == PENDING).any():
                return

    def _hear(self) -> Iterator[Heard]:
        return self._ear.hear(self._segment, self._crowd, self._account, self._memory)


def _spare(ports: PortSet, wanted: frozenset[int], lot: random.Random) -> tuple[int, ...]:
    """Ports of the lease that nobody asked for, drawn by lot: high ones, where hardly anybody listens."""
    found: set[int] = set()
    for _ in range(8 * _SPARE):
        port = lot.randrange(20_000, 60_000)
        if port in ports and port not in wanted:
            found.add(port)
        if len(found) == _SPARE:
            break
    return tuple(sorted(found))
