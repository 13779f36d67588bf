"""The conversation that asks a port what it is, with nmap's probes, in nmap's order, to nmap's answer.

NULL first, then the probes the file names for the port, in file order, then those common enough; a soft match leaves
only probes that can name that service; `ssl` begins once more inside TLS. As nmap 7.93's service_scan.cc does it.

Where nmap waits six seconds for a greeting before it sends the port's own probe, this sends that probe at once on ports
whose servers wait to be asked. What it answers decides as it would for nmap; only where the answer is a greeting, or
the peer closed without a word, is NULL asked for on a connection of its own.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from secops.core.clock import Clock
from secops.core.model import Status, Target, Transport
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Redial, Secured, Send, StartTls
from secops.discover.probes.book import Book, Probe
from secops.discover.probes.match import Hit, Matcher
from secops.discover.probes.template import Filled

RARITY = 7
"""nmap's own default: rarer probes are asked only where the file names the port."""
ENOUGH = 4_096
"""Bytes after which no more of an answer is waited for."""
_CHUNK = 8_192
_KEPT = 1_024
GREETERS = frozenset(
    {21, 22, 23, 25, 110, 119, 143, 194, 220, 465, 563, 587, 873, 990, 992, 993, 994, 995, 2222, 2323, 2525, 3306, 3307}
    | {4190, 5222, 5269, 5900, 5901, 5902, 5903, 5904, 5905, 6667, 6697}
)
"""Ports whose servers speak first: the greeting is waited for before anything is sent."""


class State(StrEnum):
    """How the asking ended."""

    HARD = "matched"
    SOFT = "soft"
    WRAPPED = "tcpwrapped"
    NOTHING = "nothing"
    CUT = "cut"
    """A connection could not be made again, or a bound was met."""
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the port now. `service` is nmap's name for it, without `ssl/`."""

    state: State
    service: str = ""
    tls: bool = False
    filled: Filled | None = None
    probe: str = ""
    """The probe whose answer matched."""
    line: int = 0
    """The match's line in the file."""
    secured: Secured | None = None
    heard: bytes = b""
    """The beginning of the last answer, matched or not."""
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kit:
    """What asking takes, shared by all conversations of a run."""

    book: Book
    matcher: Matcher
    clock: Clock
    rarity: int = RARITY
    only_first: bool = False
    """NULL and the first probe the file names for the port, no other: the polite look."""
    early: bool = True
    """Send the port's own probe before waiting for a greeting, where nobody greets."""


Asking = Generator[Command, Answer, Verdict]


def ask(target: Target, kit: Kit) -> Asking:
    """Begin on a connection as it was made; the verdict. Sends only the book's probes and, inside TLS, TLS."""
    udp = target.transport is Transport.UDP
    if kit.book.excludes(target.port, udp=udp):
        return Verdict(State.EXCLUDED)
    asked: list[str] = []
    outer = _Round(target, kit, udp, tls=False, asked=asked)
    verdict = yield from outer.run()
    if verdict.state is not State.HARD or udp or verdict.service != "ssl":
        return verdict
    inner = _Round(target, kit, udp, tls=True, asked=asked, standing=False, wrappable=False)
    return (yield from inner.run())


class _End(StrEnum):
    """How one probe's answer ended."""

    HIT = "hit"
    GREETING = "greeting"
    """What came matched as NULL's, though something was sent."""
    TOLD = "told"
    """Something came that says nothing hard; time or room is up."""
    SILENT = "silent"
    CLOSED = "closed"
    GONE = "gone"


@dataclass(slots=True)
class _Round:
    """One pass over the probes: in the clear, or inside TLS."""

    target: Target
    kit: Kit
    udp: bool
    tls: bool
    asked: list[str]
    standing: bool = True
    """Is there a connection nothing was sent over?"""
    wrappable: bool = True
    kept: bytes = b""
    """What came unasked on it."""
    soft: Filled | None = None
    soft_probe: str = ""
    found: Hit | None = None
    secured: Secured | None = None
    heard: bytes = b""
    seconds: float = 0.0
    """How long the last probe was listened to."""
    done: set[str] = field(default_factory=set)

    def run(self) -> Asking:
        """Until a hard match or the end of the list."""
        book, port = self.kit.book, self.target.port
        listed = book.listed(port, udp=self.udp, tls=self.tls)
        null = None if self.udp else book.null
        if null is not None and listed and self.kit.early and port not in GREETERS:
            end = yield from self._try(listed[0], early=True)
            if end in {_End.HIT, _End.GONE}:
                return self._verdict(end, listed[0])
            if end in {_End.TOLD, _End.SILENT}:
                self.done.add(listed[0].name)
                null = None  # a greeting would have come with the answer, or in that time
        if null is not None:
            end = yield from self._try(null)
            if end in {_End.HIT, _End.GONE} or (end is _End.CLOSED and self._is_wrapped(null)):
                return self._verdict(end, null)
        for probe in self._order(listed):
            end = yield from self._try(probe)
            if end in {_End.HIT, _End.GONE}:
                return self._verdict(end, probe)
        return self._verdict(_End.TOLD, None)

    def _order(self, listed: tuple[Probe, ...]) -> Iterator[Probe]:
        """The probes that send, as long as they can still tell something; asked anew before each one."""
        for probe in listed[:1] if self.kit.only_first else listed:
            if probe.name not in self.done and self._possible(probe):
                yield probe
        if self.kit.only_first:
            return
        for probe in self.kit.book.udp if self.udp else self.kit.book.tcp:
            if probe.lists(self.target.port, tls=self.tls) or probe.name in self.done:
                continue
            if self._possible(probe) and (self.soft is not None or probe.rarity <= self.kit.rarity):
                yield probe

    def _possible(self, probe: Probe) -> bool:
        return self.soft is None or self.soft.service in probe.services

    def _is_wrapped(self, null: Probe) -> bool:
        return self.wrappable and not self.heard and self.seconds < null.wrapped

    def _try(self, probe: Probe, *, early: bool = False) -> Generator[Command, Answer, _End]:
        """One probe on a connection that is fresh or stands silent since it was made."""
        if not self.standing and not (self.udp and self.asked) and not (yield from self._open()):
            return _End.GONE
        self.standing = False
        data, self.kept = self.kept, b""
        self.asked.append(probe.name)
        begun = self.kit.clock.monotonic()
        if probe.sends and isinstance((yield Send(probe.sends)), Failed):
            return _End.CLOSED
        end = _End.SILENT
        while True:
            self.seconds = self.kit.clock.monotonic() - begun
            if self.seconds >= probe.total_wait or len(data) >= ENOUGH:
                break
            answer = yield Receive(_CHUNK, probe.total_wait - self.seconds)
            if not isinstance(answer, Received):
                if isinstance(answer, Failed) and answer.status is not Status.TIMEOUT:
                    end = _End.GONE if answer.status is Status.LIMIT else _End.CLOSED
                break
            if answer.data:
                data += answer.data
                end = _End.TOLD
                self.wrappable = False
                self.heard = data[:_KEPT]
                if (verdict := self._look(probe, data, early=early)) is not None:
                    return verdict
            if answer.ended or not answer.data:
                self.seconds = self.kit.clock.monotonic() - begun
                return _End.TOLD if early and data else _End.CLOSED
        if probe is self.kit.book.null and end in {_End.SILENT, _End.TOLD}:
            self.standing, self.kept = True, data
            self.wrappable = False
        return end

    def _look(self, probe: Probe, data: bytes, *, early: bool) -> _End | None:
        """Test what has come so far; None: go on listening."""
        hit = self.kit.matcher.first(probe, data)
        if hit is None:
            return None
        if early and hit.probe is self.kit.book.null:
            return _End.GREETING
        if hit.match.soft:
            if self.soft is None:
                self.soft, self.soft_probe = hit.filled(), probe.name
            return None
        self.found = hit
        return _End.HIT

    def _open(self) -> Generator[Command, Answer, bool]:
        if isinstance((yield Redial()), Failed):
            return False
        if not self.tls:
            return True
        answer = yield StartTls(self.target.name)
        if isinstance(answer, Secured):
            self.secured = answer
        return isinstance(answer, Secured)

    def _verdict(self, end: _End, probe: Probe | None) -> Verdict:
        name = probe.name if probe else self.soft_probe
        told = Verdict(State.NOTHING, tls=self.tls, secured=self.secured, heard=self.heard, asked=tuple(self.asked))
        if end is _End.HIT and self.found is not None:
            filled = merged(self.soft, self.found.filled())
            inside = filled.service.startswith("ssl/")
            return replace(
                told,
                state=State.HARD,
                service=filled.service.removeprefix("ssl/"),
                tls=self.tls or inside,
                filled=filled,
                probe=name,
                line=self.found.match.line,
            )
        if end is _End.CLOSED:
            return replace(told, state=State.WRAPPED, service="tcpwrapped")
        state = State.CUT if end is _End.GONE else State.SOFT if self.soft else State.NOTHING
        if self.soft is None:
            return replace(told, state=state)
        return replace(told, state=state, service=self.soft.service, filled=self.soft, probe=self.soft_probe)


def merged(soft: Filled | None, hard: Filled) -> Filled:
    """A hard match after a soft one: what it leaves open the soft one has said."""
    if soft is None:
        return hard
    parts = {each[5]: each for each in (*soft.cpe, *hard.cpe)}
    return Filled(
        service=hard.service,
        soft=False,
        product=hard.product or soft.product,
        version=hard.version or soft.version,
        info=hard.info or soft.info,
        hostname=hard.hostname or soft.hostname,
        os=hard.os or soft.os,
        device_type=hard.device_type or soft.device_type,
        cpe=tuple(parts[part] for part in "aho" if part in parts),
    )
