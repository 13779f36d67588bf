"""Hosts of nmap's XML in the exact form nmap writes them, read without a parser's event for every tag.

A host is taken here only where its head and tail match to the letter; what a port says is parsed once by expat and
remembered, as a scan says the same of thousands of ports. Everything else, and every doubt, goes to expat whole.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from secops.core.clock import Instant
from secops.core.model import Observation, Status, Target, Transport, Value

HELD_MOST: Final = 1 << 20
"""Bytes of one host that are waited for before expat gets them as they come."""
_REMEMBERED: Final = 8_192
_LENGTH_MOST: Final = 4_096
_TEXT: Final = r"[ !#-%'-;=?-\[\]-~]"
_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HEAD: Final = re.compile(
    r'<host starttime="\d{1,11}" endtime="([1-9]\d{0,10})"><status state="up" reason="[a-z-]*" reason_ttl="\d{1,3}"/>\n'
    rf'<address addr="({_OCTET}(?:\.{_OCTET}){{3}})" addrtype="ipv4"/>\n'
    rf'(?:<address addr="([0-9A-F]{{2}}(?::[0-9A-F]{{2}}){{5}})" addrtype="mac"(?: vendor="({_TEXT}{{1,200}})")?/>\n)?'
    rf'<hostnames>\n((?:<hostname name="{_TEXT}{{1,253}}" type="[A-Za-z]+"/>\n){{0,8}})</hostnames>\n<ports>'
    r'(?:<extraports state="[a-z|]+" count="\d{1,6}">\n'
    rf'(?:<extrareasons reason="[a-z-]*" count="\d{{1,6}}"(?: proto="[a-z]+" ports="{_TEXT}*")?/>\n)*</extraports>\n)*'
)
_TAIL: Final = re.compile(r'\n</ports>\n(?:<times srtt="-?\d+" rttvar="-?\d+" to="\d+"/>\n)?')
_NAME: Final = re.compile(r'name="([^"]+)"')


class Doubt:
    """Not for this reader: expat decides."""


DOUBT: Final = Doubt()
Said = tuple[dict[str, Value], dict[str, object], str] | None
"""Facts, extra and digest of an open port; None for one that is not open."""


class Swift:
    """Reads host after host; `slow` parses one port's XML, or gives a doubt where it cannot be one port."""

    def __init__(self, names: tuple[str, str, str, str], slow: Callable[[str], Said | Doubt]) -> None:
        self._names = names
        self._slow = slow
        self._said: dict[str, Said] = {}
        self._places: dict[str, tuple[int, Transport]] = {}

    def host(self, text: str) -> list[Observation] | None:
        """The rows of `<host …` up to its end tag, without it; None where it is not in nmap's own form."""
        head = _HEAD.match(text)
        if head is None:
            return None
        pieces = text[head.end() :].split("</port>")
        if _TAIL.fullmatch(pieces.pop()) is None:
            return None
        seconds, address, mac, vendor, named = head.groups()
        at = Instant(int(seconds) * 1000)
        site, observer, run, label = self._names
        said_before, places = self._said, self._places
        rows = [self._first(address, at, named, mac, vendor)]
        append = rows.append
        for piece in pieces:
            edge = piece.find(">") + 1
            place, rest = places.get(piece[:edge]), piece[edge:]
            if place is None and (place := self._place(piece[:edge])) is None:
                return None
            said = said_before.get(rest, DOUBT)
            if said is DOUBT and (said := self._parse(rest)) is DOUBT:
                return None
            if said is not None:
                facts, extra, raw = said  # type: ignore[misc]  # a doubt has returned above
                target = Target(address, place[0], place[1])
                append(Observation(site, observer, run, label, target, at, Status.OPEN, facts, extra, raw))
        return rows

    def _first(self, address: str, at: Instant, named: str, mac: str | None, vendor: str | None) -> Observation:
        facts: dict[str, Value] = {"address": address}
        names: tuple[str, ...] = ()
        if named:
            found = [each.lower().rstrip(".") for each in _NAME.findall(named)]
            names = tuple(found) if len(found) == 1 and found[0] else tuple(sorted({*found} - {""}))
        if names:
            facts["host.names"] = names
        if mac:
            facts["host.mac"] = (mac.lower(),)
        extra: dict[str, object] = {"mac_vendor": vendor} if vendor else {}
        told = f'[{{"address":"{address}"' + (f',"host.mac":["{mac.lower()}"]' if mac else "")
        if names:
            told += ',"host.names":["' + '","'.join(names) + '"]'
        told += f'}},{{"mac_vendor":"{vendor}"}}]' if vendor else "},{}]"  # canonical JSON: no letter needs an escape
        raw = sha256(told.encode()).hexdigest()
        site, observer, run, label = self._names
        return Observation(site, observer, run, label, Target(address), at, Status.SUCCESS, facts, extra, raw)

    def _place(self, text: str) -> tuple[int, Transport] | None:
        found = _PORT.fullmatch(text)
        if found is None or not 0 < int(found[2]) < 65_536:
            return None
        if len(self._places) >= _REMEMBERED * 2:
            self._places.clear()
        self._places[text] = place = int(found[2]), Transport(found[1])
        return place

    def _parse(self, rest: str) -> Said | Doubt:
        found = self._slow(rest)
        if found is not DOUBT and len(rest) <= _LENGTH_MOST:
            if len(self._said) >= _REMEMBERED:
                self._said.clear()
            self._said[rest] = found  # type: ignore[assignment]  # no doubt any more
        return found


_PORT: Final = re.compile(r'\n?<port protocol="(tcp|udp)" portid="(\d{1,5})">')
