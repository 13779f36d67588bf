"""IP addresses as numbers of one line: IPv4 lies in ::ffff:0:0/96, so one comparison serves both families."""

import ipaddress
from functools import lru_cache
from typing import Final

WIDTH: Final = 16
"""Bytes of a packed address."""
LAST: Final = (1 << 8 * WIDTH) - 1
"""The last place on the line."""
V4: Final = 0xFFFF_0000_0000
"""Where IPv4 begins on the line."""
_V4_HEAD: Final = (V4 >> 32).to_bytes(12, "big")


@lru_cache(maxsize=1 << 16)
def number(text: str) -> int:
    """The address's place on the line. Raises ValueError; zones (`%eth0`) are no part of an address."""
    if "%" in text:
        raise ValueError(f"zone in address: {text[:60]!r}")
    address = ipaddress.ip_address(text)
    return int(address) + (V4 if address.version == 4 else 0)


def pack(text: str) -> bytes:
    """The 16 big-endian bytes the store keeps. Raises ValueError."""
    return number(text).to_bytes(WIDTH, "big")


def unpack(data: bytes) -> str:
    """The canonical text of a packed address; IPv4 in its own form."""
    if data[:12] == _V4_HEAD:
        one, two, three, four = data[12:]
        return f"{one}.{two}.{three}.{four}"
    return str(ipaddress.IPv6Address(int.from_bytes(data, "big")))


def span(text: str) -> tuple[int, int]:
    """First and last place of a network (`198.18.0.0/16`, host bits allowed) or of one address. Raises ValueError."""
    if "%" in text:
        raise ValueError(f"zone in network: {text[:60]!r}")
    network = ipaddress.ip_network(text, strict=False)
    offset = V4 if network.version == 4 else 0
    return int(network.network_address) + offset, int(network.broadcast_address) + offset
