"""Hardware addresses on our own link: what the kernel knows, else one ARP (RFC 826) or ND question (RFC 4861) each."""

import select
import socket
from collections.abc import Callable, Iterable
from typing import Final

from secops.core.clock import Clock
from secops.dial.wire.mmsg import Outlet
from secops.dial.wire.netlink import Netlink
from secops.dial.wire.route import Link
from secops.dial.wire.template import words

TRIES: Final = 3
_WAIT: Final = 0.5
_MOST_FRAMES: Final = 65536
_BROADCAST: Final = b"\xff" * 6


def resolve(
    link: Link,
    source: bytes,
    wanted: Iterable[bytes],
    clock: Clock,
    ask: Callable[[list[bytes]], Iterable[list[bytes]]] = lambda addresses: [addresses],
    *,
    vlan: int = 0,
) -> tuple[dict[bytes, bytes], int]:
    """Packed address -> hardware address of those that answer, and how many questions went out.

    `ask` gives back what may be asked now, in portions: a lease stands behind it when the addresses are targets.
    """
    addresses = list(wanted)
    table: dict[bytes, bytes] = {}
    if not vlan:  # the kernel's table is of its own, untagged network
        with Netlink() as kernel:
            table = kernel.neighbours(link.interface, len(source))
    known = {address: table[address] for address in addresses if address in table}
    sent = 0
    if len(known) == len(addresses):
        return known, sent
    protocol = 0x0806 if len(source) == 4 else 0x86DD
    outlet = Outlet(link.name, bypass=False)
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        listening.bind((link.name, protocol))
        for _ in range(TRIES):
            missing = [address for address in addresses if address not in known]
            if not missing:
                break
            for portion in ask(missing):
                for address in portion:
                    outlet.send_one(tagged(question(source, link.hardware, address), vlan))
                    sent += 1
                _listen(listening, source, set(missing), known, clock=clock, seconds=0.0)
            _listen(listening, source, set(missing), known, clock=clock, seconds=_WAIT)
    finally:
        listening.close()
        outlet.close()
    return known, sent


def question(source: bytes, ours: bytes, address: bytes) -> bytes:
    """The frame asking who has `address`."""
    if len(address) == 4:
        return (
            _BROADCAST + ours + b"\x08\x06" + b"\x00\x01\x08\x00\x06\x04\x00\x01" + ours + source + bytes(6) + address
        )
    tail = address[13:]
    group = bytes.fromhex("ff0200000000000000000001ff") + tail
    body = b"\x87\x00\x00\x00" + bytes(4) + address + b"\x01\x01" + ours
    total = words(source + group + len(body).to_bytes(4, "big") + b"\0\0\0\x3a" + body)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    body = body[:2] + (~total & 0xFFFF).to_bytes(2, "little") + body[4:]
    head = b"\x60\0\0\0" + len(body).to_bytes(2, "big") + b"\x3a\xff" + source + group
    return b"\x33\x33\xff" + tail + ours + b"\x86\xdd" + head + body


def tagged(frame: bytes, vlan: int) -> bytes:
    """The frame with an IEEE 802.1Q header; as it is for number 0."""
    return frame[:12] + b"\x81\x00" + vlan.to_bytes(2, "big") + frame[12:] if vlan else frame


def answer(frame: bytes, source: bytes) -> tuple[bytes, bytes] | None:
    """(address, hardware address) told by this frame to us, or None for anything else. Never raises."""
    if len(source) == 4:
        right = len(frame) >= 42 and frame[12:22] == b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02"
        return (frame[28:32], frame[22:28]) if right and frame[38:42] == source else None
    if len(frame) < 78 or frame[12:14] != b"\x86\xdd" or frame[20:22] != b"\x3a\xff" or frame[54] != 136:
        return None
    if frame[38:54] != source:
        return None
    hardware = frame[80:86] if frame[78:80] == b"\x02\x01" and len(frame) >= 86 else frame[6:12]
    return frame[62:78], hardware


def _listen(
    listening: socket.socket,
    source: bytes,
    missing: set[bytes],
    known: dict[bytes, bytes],
    *,
    clock: Clock,
    seconds: float,
) -> None:
    """Take answers for so long, or until nobody is missing."""
    end = clock.monotonic() + seconds
    for _ in range(_MOST_FRAMES):
        if missing <= known.keys():
            return
        left = max(0.0, end - clock.monotonic())
        if not select.select([listening], [], [], left)[0]:
            return
        told = answer(listening.recv(2048, socket.MSG_DONTWAIT), source)
        if told is not None and told[0] in missing:
            known[told[0]] = told[1]
