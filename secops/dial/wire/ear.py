"""What comes back: answers and ICMP errors, each proved by its cookie, told to whoever waits for it."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.core.clock import Clock
from secops.dial.finder import Open
from secops.dial.wire import unreachable
from secops.dial.wire.account import Account, Memory
from secops.dial.wire.cookie import Cookie
from secops.dial.wire.crowd import Crowd
from secops.dial.wire.mmsg import MOST, Inbox
from secops.dial.wire.pace import Sign
from secops.dial.wire.receive import Replies, parse
from secops.dial.wire.segment import CLOSED, OPEN, PENDING, UNREACHABLE, Segment

_READS: Final = 32
"""Of at most 1024 frames each before something is sent again: a flood cannot keep us from sending."""
_RETRIED: Final = 0.9
"""Seconds from which an answer may be the target's own second one, the first having been lost (RFC 6298: 1 s)."""
_FADE: Final = 0.995
_TEACH: Final = 16
"""Canaries taken from one reading at most."""


class Ear:
    """Hears for one way. `slots`: our ports, one an attempt, then the canaries' and the doubts'."""

    def __init__(self, inbox: Inbox, cookie: Cookie, slots: range, clock: Clock, source: bytes) -> None:
        self.inbox = inbox
        self._cookie = cookie
        self._slots = slots
        self._clock = clock
        self._source = source
        self.began = 0.0
        """When the first probe went; 0 before."""

    def hear(self, segment: Segment, crowd: Crowd, account: Account, memory: Memory) -> Iterator[Open]:
        """The answers waiting now; ports newly open are given."""
        for _ in range(_READS):
            frames, lengths = self.inbox.read()
            if not len(frames):
                return
            yield from self._judge(segment, parse(frames, lengths, self._source), crowd, account, memory)
            self._warn(segment, unreachable.parse(frames, lengths, self._source), account, memory)
            if len(frames) < MOST:
                return

    def _judge(
        self, segment: Segment, replies: Replies, crowd: Crowd, account: Account, memory: Memory
    ) -> Iterator[Open]:
        """Count the forged, mark the true, give the newly open."""
        if not len(replies):
            return
        expected = self._cookie.sequence(replies.addresses, replies.ours, replies.ports)
        true = expected == replies.sequence
        account.spoofed += len(replies) - int(true.sum())
        slot = replies.ours.byteswap().astype(np.int64) - self._slots.start
        asides = true & (slot >= len(self._slots) - 2)
        if asides.any():
            self._aside(replies, np.flatnonzero(asides), slot, crowd, memory)
        true &= ~asides
        cells = segment.locate(replies.addresses, replies.ports)
        true &= cells >= 0
        if not true.any():
            return
        memory.round_trip = memory.round_trip or max(self._clock.monotonic() - self.began, 1e-6)
        answered, opened = cells[true], replies.opened[true]
        before = segment.state[answered]
        account.unreachable -= len(np.unique(answered[before == UNREACHABLE]))
        account.answered += len(np.unique(answered[before < CLOSED]))
        shut = np.unique(answered[~opened & (before < CLOSED)])
        segment.state[shut] = CLOSED
        fresh = np.unique(answered[opened & (before != OPEN)])
        segment.state[fresh] = OPEN
        hosts, ports = segment.rows(fresh.astype(np.uint32))
        crowd.heard(hosts, shut % segment.hosts)
        told = ~segment.loud[hosts]
        numbers = ports[told].byteswap().tolist()
        packed = [each.tobytes() for each in segment.addresses[hosts[told]]]
        now = self._clock.monotonic()
        for address, port in zip(packed[:_TEACH], numbers, strict=False):
            memory.canaries.learn(address, port, now)
        for address, port in zip(packed, numbers, strict=True):
            yield Open(str(ip_address(address)), port)

    def _aside(
        self, replies: Replies, rows: NDArray[np.int64], slot: NDArray[np.int64], crowd: Crowd, memory: Memory
    ) -> None:
        """Answers of canaries and to doubts."""
        now = self._clock.monotonic()
        for row in rows.tolist():
            address, port = replies.addresses[row].tobytes(), int(replies.ports[row].byteswap())
            opened = bool(replies.opened[row])
            if slot[row] == len(self._slots) - 1:
                crowd.answered((address, port), opened=opened)
                continue
            asked = memory.canaries.heard(address, port, now)
            if asked is not None and now - asked < _RETRIED:
                memory.slowest = max(memory.slowest * _FADE, now - asked)
            if asked is not None and asked >= memory.pace.since:
                memory.pace.note(Sign.DELAY, int(memory.canaries.slow(now - asked)), 1)

    def _warn(self, segment: Segment, errors: unreachable.Errors, account: Account, memory: Memory) -> None:
        """Mark what a router or the host says cannot be reached; lies are counted with the forged."""
        if not len(errors):
            return
        true = self._cookie.sequence(errors.addresses, errors.ours, errors.ports) == errors.sequence
        account.spoofed += len(errors) - int(true.sum())
        memory.pace.note(Sign.UNREACHABLE, int(true.sum()), 0)
        slot = errors.ours.byteswap().astype(np.int64) - self._slots.start
        cells = segment.locate(errors.addresses, errors.ports)
        true &= (cells >= 0) & (slot < len(self._slots) - 2) & ~errors.quench & (errors.final | (slot >= 1))
        marked = np.unique(cells[true])
        marked = marked[segment.state[marked] == PENDING]
        segment.state[marked] = UNREACHABLE
        account.unreachable += len(marked)
