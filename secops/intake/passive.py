"""Assets out of frames that passed by: nothing is sent. Frames in, observations out.

An own reader of the headers decides in a microsecond or two whether a frame tells anything; only those that do are
taken apart. Everything is bounded: endpoints, leases half seen, addresses. What lies outside `wanted` is counted.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from secops.core.model import Observation, Target, Transport, Value
from secops.intake import passive_names as names
from secops.intake.interface import Ledger
from secops.intake.passive_flows import Describe, Flows
from secops.intake.rows import Endpoint, Gather, Writer

_ETHERNET: Final = 1
_SLL: Final = 113
_SLL2: Final = 276
_RAW: Final = frozenset({12, 101, 228, 229})
_VLANS: Final = frozenset({b"\x81\x00", b"\x88\xa8", b"\x91\x00"})
_V4: Final = b"\x08\x00"
_V6: Final = b"\x86\xdd"
_ARP: Final = b"\x08\x06"
_LLDP: Final = b"\x88\xcc"
_CDP: Final = b"\xaa\xaa\x03\x00\x00\x0c\x20\x00"
_ADDRESSES_MOST: Final = 200_000
_LEASES_MOST: Final = 2_048
_PORTS: Final = struct.Struct("!HH").unpack_from
_HEARD: Final = frozenset({53, 67, 68, 1900, 5353})


class Watch:
    """Hears frames and keeps what they tell, until `rest` is asked for."""

    def __init__(self, writer: Writer, wanted: Callable[[str], bool], describe: Describe, ledger: Ledger) -> None:
        self.gather = Gather(writer)
        self.ledger = ledger
        self._wanted = wanted
        self._known: dict[bytes, str] = {}
        self._hints: dict[bytes, names.Told] = {}
        self._flows = Flows(self.gather, self._address, describe, ledger)

    def hear(self, at: int, link: int, data: bytes) -> None:
        """One frame, captured at these milliseconds."""
        self.ledger.read += 1
        if link == _ETHERNET:
            kind, place = data[12:14], 14
        elif link in _RAW:
            kind, place = (_V6 if data[:1] and data[0] >> 4 == 6 else _V4), 0
        elif link == _SLL:
            kind, place = data[14:16], 16
        elif link == _SLL2:
            kind, place = data[:2], 20
        else:
            self.ledger.pass_by("a link layer we do not read")
            return
        for _ in range(2):
            if kind in _VLANS:
                kind, place = data[place + 2 : place + 4], place + 4
        if kind == _V4:
            self._v4(at, data, place)
        elif kind == _V6:
            self._v6(at, data, place)
        elif kind == _ARP:
            self._arp(at, data, place)
        elif kind == _LLDP:
            self._neighbour(at, "lldp", names.lldp(data[place:]))
        elif data[place : place + 8] == _CDP:
            self._neighbour(at, "cdp", names.cdp(data[place + 8 :]))
        else:
            self.ledger.pass_by("a protocol we do not read")

    def take(self) -> list[Observation]:
        """Rows that had to make room."""
        return self.gather.take()

    def rest(self) -> Iterator[Observation]:
        """Every row not told yet: call once, at the end."""
        self._flows.settle()
        yield from self.gather.rest()

    def _address(self, packed: bytes) -> str:
        """The address's text where it is wanted, else nothing; remembered, as the same few come all the time."""
        found = self._known.get(packed)
        if found is None:
            text = names.ip(packed)
            found = text if text and _unicast(packed) and self._wanted(text) else ""
            if len(self._known) >= _ADDRESSES_MOST:
                self._known.clear()
            self._known[packed] = found
        return found

    def _v4(self, at: int, data: bytes, place: int) -> None:
        if len(data) < place + 20 or data[place] >> 4 != 4:
            self.ledger.pass_by("a packet cut short")
            return
        size = (data[place] & 15) * 4
        protocol = data[place + 9]
        total = data[place + 2] << 8 | data[place + 3]
        if size < 20 or (data[place + 6] & 0x1F or data[place + 7]):
            self.ledger.pass_by("a later fragment")
            return
        end = place + total if size < total <= len(data) - place else len(data)
        source, target = data[place + 12 : place + 16], data[place + 16 : place + 20]
        self._transport(at, data, place + size, end, protocol=protocol, source=source, target=target)

    def _v6(self, at: int, data: bytes, place: int) -> None:
        if len(data) < place + 40 or data[place] >> 4 != 6:
            self.ledger.pass_by("a packet cut short")
            return
        protocol, start = data[place + 6], place + 40
        total = data[place + 4] << 8 | data[place + 5]
        end = min(len(data), start + total) if total else len(data)
        for _ in range(8):
            if protocol not in {0, 43, 60} or start + 8 > end:
                break
            protocol, start = data[start], start + 8 * (data[start + 1] + 1)
        source, target = data[place + 8 : place + 24], data[place + 24 : place + 40]
        self._transport(at, data, start, end, protocol=protocol, source=source, target=target)

    def _transport(
        self, at: int, data: bytes, start: int, end: int, *, protocol: int, source: bytes, target: bytes
    ) -> None:
        if protocol == 6 and start + 20 <= end:
            self._flows.segment(at, data, start, end, source=source, target=target)
        elif protocol == 17 and start + 8 <= end:
            here, there = _PORTS(data, start)
            if here in _HEARD or there in _HEARD:
                self._udp(at, data[start + 8 : end], here, there, source=source)
            else:
                self.ledger.pass_by("a datagram that tells of no asset")
        else:
            self.ledger.pass_by("a protocol we do not read")

    def _udp(self, at: int, data: bytes, here: int, there: int, *, source: bytes) -> None:
        if here == 53 or 5353 in {here, there}:
            self._dns(at, data, source, multicast=here != 53)
        elif here in {67, 68}:
            self._dhcp(at, data)
        elif 1900 in {here, there} and (found := names.ssdp(data)) is not None:
            if seen := self._see(at, "ssdp", self._place(source), {}):
                seen.extra |= {key: value for key, value in found.items() if key in {"server", "location"}}
                seen.add("types", found.get("nt") or found.get("st", ""))
        else:
            self.ledger.pass_by("a question")

    def _dns(self, at: int, data: bytes, source: bytes, *, multicast: bool) -> None:
        found = names.dns(data)
        if found is None:
            self.ledger.pass_by("a question")
            return
        kind = "mdns" if multicast else "dns"
        for name, address in found.addresses:
            if self._wanted(address):
                self._see(at, kind, Target(address), {"host.names": (name,)})
        text = self._address(source)
        if not text:
            return
        if not multicast:
            self._see(at, "dns", Target(text, 53, Transport.UDP), {"service.name": "domain"})
        elif found.services or found.model:
            facts: dict[str, Value] = {"device.model": found.model or None, "device.vendor": found.vendor or None}
            if seen := self._see(at, "mdns", Target(text), facts):
                for each in found.services:
                    seen.add("services", each)

    def _dhcp(self, at: int, data: bytes) -> None:
        lease = names.dhcp(data)
        if lease is None:
            self.ledger.pass_by("a packet cut short")
            return
        key = lease.transaction + lease.told.mac.encode()
        if data[0] == 1:  # the client's own words: kept until the lease is granted
            if len(self._hints) >= _LEASES_MOST:
                self._hints.clear()
            self._hints[key] = lease.told
            if lease.type not in {3, 8} or data[12:16] == bytes(4):
                return
            self._device(at, "dhcp", lease.told)
        elif lease.type == 5:
            hint = self._hints.pop(key, names.Told())
            lease.told.names |= hint.names
            lease.told.extra = {**lease.told.extra, **hint.extra}
            self._device(at, "dhcp", lease.told)
            if lease.server and self._wanted(lease.server):
                self._see(at, "dhcp", Target(lease.server, 67, Transport.UDP), {"service.name": "dhcps"})

    def _arp(self, at: int, data: bytes, place: int) -> None:
        if data[place : place + 6] != b"\x00\x01\x08\x00\x06\x04" or len(data) < place + 28:
            self.ledger.pass_by("a packet cut short")
            return
        source = data[place + 14 : place + 18]
        told = names.Told(address=names.ip(source) if any(source) else "", mac=names.mac(data[place + 8 : place + 14]))
        if told.mac:
            self._device(at, "arp", told)

    def _neighbour(self, at: int, kind: str, told: names.Told | None) -> None:
        if told is None or not told.address:
            self.ledger.pass_by("a device without a management address" if told else "a packet cut short")
            return
        self._device(at, kind, told)

    def _device(self, at: int, kind: str, told: names.Told) -> None:
        """A device that told of itself, by its address."""
        if not told.address or not self._wanted(told.address):
            self.ledger.pass_by("an address outside every trusted scope" if told.address else "no address")
            return
        facts: dict[str, Value] = {
            "host.mac": (told.mac,) if told.mac else None, "host.names": tuple(sorted(told.names)) or None,
            "device.vendor": told.vendor or None, "device.model": told.model or None,
            "device.serial": told.serial or None, "device.firmware": told.firmware or None,
            "device.type": told.kind or None,
        }  # fmt: skip
        if seen := self._see(at, kind, Target(told.address), facts):
            seen.extra |= told.extra

    def _place(self, packed: bytes) -> Target | None:
        text = self._address(packed)
        return Target(text) if text else None

    def _see(self, at: int, kind: str, place: Target | None, facts: Mapping[str, Value]) -> Endpoint | None:
        if place is None:
            self.ledger.pass_by("an address outside every trusted scope")
            return None
        seen = self.gather.at(f"passive+{kind}@1", place)
        seen.see(at, facts)
        return seen


def _unicast(packed: bytes) -> bool:
    """Not multicast, unspecified, broadcast or link-local IPv6: those are no asset's address."""
    if len(packed) == 4:
        return 0 < packed[0] < 224
    return any(packed) and packed[0] != 0xFF and packed[:2] != b"\xfe\x80"
