"""What a server would agree to: versions and suites of TLS, TLCP with its two certificates, JA3S of one fixed hello.

A connection and a hello a question; the server's answer in the clear is all that is wanted, no handshake is ended.
Level GENTLE: one hello of TLS and one of TLCP. Level ACTIVE: what it chose is offered no more until it refuses the
rest, version by version; an older version is first asked for suites that no newer one showed. Sources: RFC 8446,
RFC 5246, GB/T 38636-2020.
"""

from collections.abc import Generator
from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed, Redial
from secops.discover.collectors import certificate
from secops.discover.collectors.interface import Reading, Talking, bounded
from secops.discover.collectors.tls_hello import (
    SSL30,
    TLCP,
    TLS10,
    TLS11,
    TLS12,
    TLS13,
    VERSION_NAMES,
    Hello,
    client_hello,
    converse,
)
from secops.discover.collectors.tls_suites import (
    COMMON,
    OLDER,
    TLCP_ANYBODY,
    TLCP_NAMES,
    TLS13_SUITES,
    suite_name,
)

LABEL: Final = "tls+offer@1"
SENDS: Final = ("ClientHello (TLS 1.2)", "ClientHello (TLCP 1.1)")
SENDS_ACTIVE: Final = "ClientHello (SSL 3.0 - TLS 1.3, TLCP 1.1)"
QUESTIONS_MOST: Final = 110
"""Connections to one port."""
_PART: Final = 60
"""Suites offered at a time: some servers refuse a longer list."""
_SECONDS: Final = 3.0
_SILENT_MOST: Final = 2
"""Hellos that may meet silence before the rest is let be."""
_GONE: Final = frozenset({Status.TIMEOUT, Status.REFUSED, Status.UNREACHABLE, Status.OUT_OF_SCOPE})
_OLD: Final = (TLS12, TLS11, TLS10, SSL30)

_Answered = Generator[Command, Answer, Hello | Failed]
_Listed = Generator[Command, Answer, tuple[int, ...]]


class _Asking:
    """One port being asked; counts the questions and the silences."""

    def __init__(self, target: Target) -> None:
        self.name = target.name
        self.asked = 0
        self.silent = 0

    @property
    def over(self) -> bool:
        return self.asked >= QUESTIONS_MOST or self.silent >= _SILENT_MOST

    def hello(self, version: int, suites: tuple[int, ...]) -> _Answered:
        """The answer to one hello of this version; Failed too where another version or suite was chosen."""
        if self.over:
            return Failed(Status.LIMIT)
        if self.asked:
            again = yield Redial()
            if isinstance(again, Failed):
                self.silent += 1
                return again
        self.asked += 1
        heard = yield from converse(client_hello(version, suites, self.name), _SECONDS)
        if isinstance(heard, Failed):
            self.silent += heard.status in _GONE
            return heard
        if heard.version != version or heard.suite not in suites:
            return Failed(Status.PROTOCOL_ERROR, "another was chosen")
        return heard

    def suites(self, version: int, wanted: tuple[int, ...]) -> _Listed:
        """Those of these suites it agrees to, in the order it prefers them within each part asked."""
        found: list[int] = []
        for start in range(0, len(wanted), _PART):
            left = wanted[start : start + _PART]
            while left:
                heard = yield from self.hello(version, left)
                if isinstance(heard, Failed):
                    break
                found.append(heard.suite)
                left = tuple(each for each in left if each != heard.suite)
        return tuple(found)


def ask(target: Target, *, thorough: bool = False, secure: bool = True) -> Talking:
    """What is offered at this port. `thorough`: every version and suite. `secure`: TLS is known to be spoken there.

    Without facts in the reading neither TLS nor TLCP is spoken.
    """
    asking = _Asking(target)
    facts: dict[str, Value] = {}
    if secure:
        facts |= yield from _fixed(asking)
    national = yield from _national(asking, thorough=thorough)
    facts |= national
    if secure and thorough:
        facts |= yield from _everything(asking)
    if not secure:
        if national.get("tlcp.enabled") is not True:
            return Reading(LABEL, Status.PROTOCOL_ERROR)
        facts["service.name"] = "tlcp"
    extra: dict[str, object] = {"asked": asking.asked}
    if thorough and asking.over:
        extra["incomplete"] = True
    return Reading(LABEL, Status.SUCCESS if facts else Status.PROTOCOL_ERROR, facts, extra)


def _fixed(asking: _Asking) -> Generator[Command, Answer, dict[str, Value]]:
    """JA3S: the answer to our hello of TLS 1.2, which never changes, else to that of TLS 1.3."""
    for version, suites in ((TLS12, COMMON), (TLS13, TLS13_SUITES)):
        heard = yield from asking.hello(version, suites)
        if isinstance(heard, Hello) and not heard.retry:
            return {"tls.ja3s": heard.ja3s}
    return {}


def _national(asking: _Asking, *, thorough: bool) -> Generator[Command, Answer, dict[str, Value]]:
    """TLCP: is it spoken, with which certificates, and (`thorough`) with which suites."""
    wanted = tuple(TLCP_NAMES)
    heard = yield from asking.hello(TLCP, wanted)
    if isinstance(heard, Failed):
        return {} if heard.status in _GONE or heard.status is Status.LIMIT else {"tlcp.enabled": False}
    found: tuple[int, ...] = (heard.suite,)
    if thorough:
        found += yield from asking.suites(TLCP, tuple(each for each in TLCP_ANYBODY if each != heard.suite))
    facts: dict[str, Value] = {"tlcp.enabled": True, "tlcp.suites": tuple(suite_name(each) for each in found)}
    for name, der in zip(("sign", "enc"), heard.chain, strict=False):
        facts[f"tlcp.{name}_fingerprint"] = certificate.fingerprint(der)
        try:
            leaf = certificate.read(der)
        except certificate.Unreadable:
            continue
        before = facts.get("tlcp.not_after")
        facts["tlcp.not_after"] = min(before, leaf.not_after) if isinstance(before, int) else leaf.not_after
        if name == "sign":
            facts["tlcp.subject"] = leaf.subject
    return facts


def _everything(asking: _Asking) -> Generator[Command, Answer, dict[str, Value]]:
    """Every version and suite of TLS."""
    newest = yield from asking.suites(TLS13, TLS13_SUITES)
    spoken, found = [TLS13] if newest else [], list(newest)
    for version in _OLD:
        new = yield from asking.suites(version, tuple(each for each in OLDER if each not in found))
        known = tuple(each for each in found if each in OLDER)[:_PART]
        if new or (known and isinstance((yield from asking.hello(version, known)), Hello)):
            spoken.append(version)
        found += new
    if not spoken:
        return {}
    return {
        "tls.versions": tuple(VERSION_NAMES[each] for each in spoken),
        "tls.suites": bounded([suite_name(each) for each in found]),
    }
