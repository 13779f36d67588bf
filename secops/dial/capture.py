"""Frames of a network card, heard and never answered: an AF_PACKET socket that only receives. Source: packet(7)."""

import select
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from secops.core.clock import Clock
from secops.core.errors import UsageError
from secops.core.language import say

_ALL: Final = 0x0003
_PACKET: Final = 263
_ADD_MEMBERSHIP: Final = 1
_STATISTICS: Final = 6
_PROMISCUOUS: Final = 1
_OUTGOING: Final = 4
_BUFFER: Final = 32 << 20
_FRAME_MOST: Final = 65_536
_BURST: Final = 512
_WAIT_MS: Final = 100
_LINKS: Final = {1: 1, 772: 1, 776: 101, 512: 101, 65_534: 101}
"""ARPHRD -> link type of pcap: Ethernet, loopback; sit, ppp and tun carry bare IP."""


class Capture:
    """One card's frames. Needs CAP_NET_RAW. Nothing is ever sent through it: there is no method that could."""

    def __init__(self, interface: str, clock: Clock) -> None:
        """Raises UsageError where the card is not there or the right is lacking."""
        self.interface = interface
        self._clock = clock
        try:
            self._index = socket.if_nametoindex(interface)
            self.link = _link(interface)
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(_ALL))
        except OSError as error:
            raise UsageError(
                "E1421",
                say("不能在这块网卡上监听", "this network card cannot be listened to"),
                where=interface,
                why=error.strerror or str(error),
                hint=say("用 ip link 查看网卡；需要 CAP_NET_RAW", "see `ip link`; CAP_NET_RAW is needed"),
            ) from error
        try:
            for option in (33, socket.SO_RCVBUF):  # SO_RCVBUFFORCE first, where we may
                try:
                    self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
                    break
                except OSError:
                    continue
            self._socket.bind((interface, _ALL))
            member = struct.pack("iHH8s", self._index, _PROMISCUOUS, 0, b"")
            self._socket.setsockopt(_PACKET, _ADD_MEMBERSHIP, member)
        except OSError as error:
            self._socket.close()
            raise UsageError(
                "E1421",
                say("不能在这块网卡上监听", "this network card cannot be listened to"),
                where=interface,
                why=error.strerror or str(error),
            ) from error

    def frames(self) -> Iterator[tuple[int, int, bytes] | None]:
        """Frames as they come (milliseconds, link type, bytes); None at least every tenth of a second. Endless."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        receive, link = self._socket.recvfrom, self.link
        while True:
            yield None
            if not poll.poll(_WAIT_MS):
                continue
            now = int(self._clock.now())
            for _ in range(_BURST):
                try:
                    data, origin = receive(_FRAME_MOST)
                except BlockingIOError:
                    break
                except OSError as error:
                    raise UsageError(
                        "E1422", say("网卡停了", "the network card went down"), where=self.interface,
                        why=error.strerror or str(error),
                    ) from error  # fmt: skip
                if origin[2] != _OUTGOING:
                    yield now, link, data

    @property
    def dropped(self) -> int:
        """Frames the kernel could not hand over since the last time of asking."""
        try:
            found = self._socket.getsockopt(_PACKET, _STATISTICS, 8)
        except OSError:
            return 0
        return int(struct.unpack("II", found)[1])

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _link(interface: str) -> int:
    """The card's link type. Raises UsageError for one whose frames we do not read."""
    text = (Path("/sys/class/net") / Path(interface).name / "type").read_text(encoding="ascii").strip()
    kind = int(text) if text.isdigit() else -1
    if kind not in _LINKS:
        raise UsageError("E1421", say("不能在这块网卡上监听", "this network card cannot be listened to"),
                         where=interface, why=f"ARPHRD {kind}")  # fmt: skip
    return _LINKS[kind]
