"""Who answers for everything: hosts with every port open, networks whose every address answers alike.

A host with many open ports is asked on a few ports nobody listens on; a network (/24, /64) where nearly every address
has the same port open is asked the same, or (IPv6) at a few addresses drawn by lot. What answers there is a firewall, a
gateway or an alias, and its open ports are its word.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.dial.finder import AnswersAll
from secops.dial.wire.segment import CLOSED, OPEN, Segment

MANY: Final = 24
"""Open ports of one host from which it is doubted."""
_SHARE: Final = 0.6
_ASKS: Final = 8
_ENOUGH: Final = 6
_CROWDED: Final = 32
"""Addresses of a network that must have been asked before it is judged."""
_NEARLY: Final = 0.9
_EVERY: Final = 0.98
_WHOLE: Final = 250
_MOST_NETWORKS: Final = 256
_PORTS_TOLD: Final = 64

Question = tuple[bytes, int]


@dataclass(slots=True)
class _Case:
    network: str
    ports: tuple[int, ...]
    hosts: tuple[int, ...]
    """To be asked no more when it is proved."""
    alike: bool = False
    """A network whose silence elsewhere proves that only `ports` are answered, at every address."""
    alias: bool = False
    """A network asked at other addresses instead of other ports."""
    questions: int = 0
    asked: float = float("inf")
    yes: int = 0
    no: int = 0


@dataclass(slots=True)
class Crowd:
    """The doubts about one segment."""

    segment: Segment
    spare: tuple[int, ...]
    """Ports within the lease on which nobody should listen; fewer than eight: no host can be doubted."""
    lot: random.Random
    within: Callable[[bytes], bool]
    """May this address be asked?"""
    _open: NDArray[np.int32] = field(init=False)
    _closed: NDArray[np.int32] = field(init=False)
    _doubted: set[int] = field(default_factory=set)
    _queue: deque[Question] = field(default_factory=deque)
    _asking: dict[Question, _Case] = field(default_factory=dict)
    _cases: list[_Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open = np.zeros(self.segment.hosts, np.int32)
        self._closed = np.zeros(self.segment.hosts, np.int32)

    def heard(self, opened: NDArray[np.integer], closed: NDArray[np.integer]) -> None:
        """A port more of each of these hosts (by number) is open, or closed."""
        if len(closed):
            np.add.at(self._closed, closed, 1)
        if not len(opened):
            return
        np.add.at(self._open, opened, 1)
        if self.segment.rounds < MANY or len(self.spare) < _ASKS:
            return
        many = opened[self._open[opened] >= MANY]
        for host in {int(each) for each in many} - self._doubted:
            if self._open[host] >= _SHARE * (self._open[host] + self._closed[host]):
                self._doubted.add(host)
                self._doubt_host(host)

    def _doubt_host(self, host: int) -> None:
        address = self.segment.addresses[host].tobytes()
        self._raise(_Case(str(ip_address(address)), (), (host,)), [(address, port) for port in self._unlikely(_ASKS)])

    def survey(self) -> None:
        """Look at the networks of the segment, once it has been asked."""
        addresses = self.segment.addresses
        prefix = np.ascontiguousarray(addresses[:, :3] if addresses.shape[1] == 4 else addresses[:, :8])
        keys = prefix.view(f"V{prefix.shape[1]}")[:, 0]
        opened = (self.segment.state.reshape(self.segment.rounds, self.segment.hosts) == OPEN).any(axis=0)
        _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
        share = np.bincount(place, weights=opened) / count
        for number in np.flatnonzero((count >= _CROWDED) & (share >= _NEARLY))[:_MOST_NETWORKS]:
            self._doubt_network(np.flatnonzero(place == number))

    def _doubt_network(self, members: NDArray[np.int64]) -> None:
        part = self.segment
        states = part.state.reshape(part.rounds, part.hosts)[:, members]
        turns = (np.arange(part.rounds)[:, None] + members) % part.rounds
        count = np.bincount(turns[states == OPEN], minlength=part.rounds)
        common = np.flatnonzero(count >= _NEARLY * len(members))
        first = part.addresses[members[0]].tobytes()
        network = str(ip_network((first, 24 if len(first) == 4 else 64), strict=False))
        ports = part.port(common[:_PORTS_TOLD])
        if part.loud[members].mean() >= _NEARLY:
            self._cases.append(_Case(network, ports, (), yes=_ENOUGH))
            return
        if not len(common):
            return
        if len(first) == 16:
            self._raise(_Case(network, ports[:1], (), alias=True), self._strangers(members, ports[0]))
            return
        some = [part.addresses[each].tobytes() for each in self.lot.sample(members.tolist(), 4)]
        ends = {first[:3] + b"\0", first[:3] + b"\xff"}
        alike = (
            len(members) >= _WHOLE
            and int(count.max()) >= _EVERY * len(members)
            and len(common) <= 4
            and not (states == CLOSED).any()
            and ends <= {part.addresses[each].tobytes() for each in members[opened_all(states)]}
        )
        questions = [(address, port) for address in some for port in self._unlikely(2)]
        self._raise(_Case(network, ports, (), alike=alike), questions)

    def _strangers(self, members: NDArray[np.int64], port: int) -> list[Question]:
        """Addresses of the same /64 that nobody asked yet."""
        known = {self.segment.addresses[each].tobytes() for each in members}
        ordered = sorted(known)
        low, high = int.from_bytes(ordered[0], "big"), int.from_bytes(ordered[-1], "big")
        span = max(1 << 12, 4 * (high - low + 1))
        net = low >> 64 << 64
        found: set[bytes] = set()
        for turn in range(200):
            wide = turn % 2 == 0
            value = net | self.lot.getrandbits(64) if wide else max(net, low - span // 2) + self.lot.randrange(2 * span)
            address = value.to_bytes(16, "big")
            if value >> 64 == net >> 64 and address not in known and self.within(address):
                found.add(address)
            if len(found) == _ASKS:
                return [(each, port) for each in sorted(found)]
        return []

    def _unlikely(self, number: int) -> list[int]:
        return self.lot.sample(self.spare, min(number, len(self.spare)))

    def _raise(self, case: _Case, questions: list[Question]) -> None:
        fresh = [question for question in questions if question not in self._asking]
        if fresh:
            self._asking.update(dict.fromkeys(fresh, case))
            self._queue.extend(fresh)
            case.questions = len(fresh)
            self._cases.append(case)

    def questions(self, most: int) -> list[Question]:
        """What to ask now; tell `asked` once it is sent, `again` when it is not."""
        return [self._queue.popleft() for _ in range(min(most, len(self._queue)))]

    def asked(self, questions: list[Question], now: float) -> None:
        """These went out."""
        for question in questions:
            if question in self._asking:
                self._asking[question].asked = now

    def again(self, questions: list[Question]) -> None:
        """These did not go out."""
        self._queue.extendleft(reversed(questions))

    def answered(self, question: Question, *, opened: bool) -> None:
        """An answer to a question came."""
        case = self._asking.pop(question, None)
        if case is not None:
            case.yes += opened
            case.no += not opened

    @property
    def waiting(self) -> bool:
        """Is a doubt not settled?"""
        return bool(self._cases)

    def settle(self, now: float, patience: float) -> list[AnswersAll]:
        """The doubts that proved right; their hosts are hushed. Those that waited long enough are closed."""
        over = [
            case
            for case in self._cases
            if case.yes >= _ENOUGH or case.yes + case.no >= case.questions or now - case.asked >= patience
        ]
        if not over:
            return []
        closed = {id(case) for case in over}
        self._cases = [case for case in self._cases if id(case) not in closed]
        self._asking = {question: case for question, case in self._asking.items() if id(case) not in closed}
        self._queue = deque(question for question in self._queue if question in self._asking)
        return [told for case in over if (told := self._verdict(case)) is not None]

    def _verdict(self, case: _Case) -> AnswersAll | None:
        whole = case.yes >= _ENOUGH
        if not whole and not (case.alike and not case.yes and not case.no):
            return None
        ports = case.ports
        for host in case.hosts:
            part = self.segment
            cells = np.arange(host, part.hosts * part.rounds, part.hosts)
            ports = part.port((cells[part.state[cells] == OPEN] // part.hosts + host)[:_PORTS_TOLD] % part.rounds)
            part.hush(host)
        return AnswersAll(case.network, tuple(sorted(ports)), whole and not case.alias)


def opened_all(states: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which columns (hosts) have an open port."""
    opened: NDArray[np.bool_] = (states == OPEN).any(axis=0)
    return opened
