"""The probe: one frame built by Scapy, laid into a matrix a row a packet, and only what differs written anew.

A row begins with two empty bytes, so that every field after the Ethernet header (14 bytes, 18 with a VLAN tag) lies
aligned. All values are kept as their bytes stand in the packet, read little-endian: the Internet checksum (RFC 1071)
does not mind the order.
"""

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

PAD: Final = 2
MSS: Final = 1460
Bytes = NDArray[np.uint8]
Shorts = NDArray[np.uint16]
Longs = NDArray[np.uint32]


def build(source: bytes, ours: bytes, next_hop: bytes, vlan: int = 0) -> bytes:
    """The frame of a SYN from `source` (4 or 16 bytes) with everything that differs set to zero, checksums too.

    `vlan` other than 0 puts an IEEE 802.1Q header of that number in.
    """
    from scapy.layers.inet import IP, TCP  # noqa: PLC0415  scapy takes half a second to load; only raw scans pay it
    from scapy.layers.inet6 import IPv6  # noqa: PLC0415  as above
    from scapy.layers.l2 import Dot1Q, Ether  # noqa: PLC0415  as above

    ether = Ether(src=_mac(ours), dst=_mac(next_hop))
    if vlan:
        ether /= Dot1Q(vlan=vlan)
    tcp = TCP(sport=0, dport=0, seq=0, ack=0, flags="S", window=64240, options=[("MSS", MSS)], chksum=0)
    if len(source) == 4:
        network = IP(src=".".join(map(str, source)), dst="0.0.0.0", flags="DF", id=0, ttl=64, chksum=0)  # noqa: S104  the place of the destination, written per packet
    else:
        network = IPv6(src=":".join(source[i : i + 2].hex() for i in range(0, 16, 2)), dst="::", hlim=64)
    return bytes(ether / network / tcp)


def _mac(raw: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in raw)


def folded(total: NDArray[np.uint32]) -> Shorts:
    """The Internet checksum of these sums of 16-bit words: carries folded in, then inverted."""
    total = (total & np.uint32(0xFFFF)) + (total >> np.uint32(16))
    total += total >> np.uint32(16)
    return cast("Shorts", (~total).astype(np.uint16))


def words(raw: bytes) -> int:
    """The sum of the little-endian 16-bit words of `raw`, an odd last byte padded."""
    padded = raw + b"\0" * (len(raw) % 2)
    return int(np.frombuffer(padded, "<u2").sum(dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows for so many packets, and the views through which they are written."""

    rows: Bytes
    shorts: Shorts
    longs: Longs


class Template:
    """Writes SYN probes from one source through one next hop."""

    def __init__(self, source: bytes, ours: bytes, next_hop: bytes = b"\0" * 6, *, vlan: int = 0) -> None:
        self.frame = build(source, ours, next_hop, vlan)
        ether = 18 if vlan else 14
        self.length = len(self.frame)
        self.four = len(source) == 4
        self.width = 4 if self.four else 16
        self.stride = -(-(PAD + self.length) // 16) * 16
        network = PAD + ether
        self._destination = network + (16 if self.four else 24)
        self._check = network + 10
        self._tcp = network + (20 if self.four else 40)
        tcp = self.frame[self._tcp - PAD :]
        pseudo = source + bytes((0, 6)) + len(tcp).to_bytes(2, "big")
        self._tcp_base = np.uint32(words(pseudo) + words(tcp))
        self._ip_base = np.uint32(words(self.frame[ether : ether + 20])) if self.four else np.uint32(0)

    def sheet(self, count: int) -> Sheet:
        """Rows for `count` packets with all that never changes already in them."""
        rows = np.zeros((count, self.stride), np.uint8)
        rows[:, PAD : PAD + self.length] = np.frombuffer(self.frame, np.uint8)
        return Sheet(rows, rows.view("<u2"), rows.view("<u4"))

    def sums(self, addresses: Bytes) -> Longs:
        """The part of the checksums that a destination brings: once a host, not once a packet."""
        total: Longs = addresses.view("<u2").sum(axis=1, dtype=np.uint32)
        return total

    def fill(
        self, sheet: Sheet, addresses: Bytes, sums: Longs, *, source_ports: Shorts, ports: Shorts, sequence: Longs
    ) -> None:
        """Write the first `len(ports)` rows. Ports and sequence as their bytes read little-endian."""
        count = len(ports)
        longs, shorts = sheet.longs[:count], sheet.shorts[:count]
        start = self._destination // 4
        if self.four:
            longs[:, start] = addresses.view("<u4")[:, 0]
            shorts[:, self._check // 2] = folded(sums + self._ip_base)
        else:
            longs[:, start : start + 4] = addresses.view("<u4")
        tcp = self._tcp
        shorts[:, tcp // 2] = source_ports
        shorts[:, tcp // 2 + 1] = ports
        longs[:, tcp // 4 + 1] = sequence
        total = sums + self._tcp_base
        total += source_ports
        total += ports
        total += sequence & np.uint32(0xFFFF)
        total += sequence >> np.uint32(16)
        shorts[:, tcp // 2 + 8] = folded(total)

    def next_hops(self, sheet: Sheet, hardware: Bytes) -> None:
        """Write a hardware address of their own into the first `len(hardware)` rows (targets on our own link)."""
        sheet.rows[: len(hardware), PAD : PAD + 6] = hardware
