"""Packet sockets by the thousand packets: sendmmsg and recvmmsg of the C library, their tables built once.

Linux only. Needs CAP_NET_RAW; `capable` says what is missing.
"""

import ctypes
import errno
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.core.language import say
from secops.dial.wire.receive import FRAME
from secops.dial.wire.template import PAD, Sheet

MOST: Final = 1024
"""Messages one system call takes (UIO_MAXIOV)."""
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_PACKET_QDISC_BYPASS: Final = 20
_SO_ATTACH_FILTER: Final = 26
_SO_RCVBUFFORCE: Final = 33
_STUCK: Final = 20
_INBOX: Final = 32 << 20
_BUSY: Final = {errno.ENOBUFS, errno.EAGAIN, errno.EINTR}
_HEADER: Final = 8  # struct mmsghdr: 64 bytes, eight words


def device_drops(device: str) -> int:
    """Packets this interface of ours dropped instead of sending, since it came up; 0 when nobody knows."""
    try:
        with Path("/proc/thread-self/net/dev").open(encoding="ascii") as lines:
            for line in lines:
                name, _, rest = line.partition(":")
                if name.strip() == device:
                    return int(rest.split()[11])
    except (OSError, ValueError, IndexError):
        return 0
    return 0


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.sendmmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
    library.recvmmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]
    return library


def capable() -> str:
    """Empty when raw SYN scans can run here, else why not and what to try."""
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return say(
            "SYN 引擎只支持 64 位 Linux；请用 connect 引擎", "raw SYN needs 64-bit Linux; use the connect engine"
        )
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError as error:
        return say(
            f"打不开 AF_PACKET 套接字（{error.strerror}）：以 root 运行，或给解释器 CAP_NET_RAW，或用 connect 引擎",
            f"cannot open a packet socket ({error.strerror}): run as root, give the interpreter CAP_NET_RAW, "
            "or use the connect engine",
        )
    return ""


class Batch:
    """The tables of sendmmsg for one sheet of packets: built once, sent many times."""

    def __init__(self, sheet: Sheet, length: int) -> None:
        self.sheet = sheet
        self._pieces, self._headers = _tables(sheet.rows, PAD, length)
        self._start = self._headers.ctypes.data

    def send(self, library: ctypes.CDLL, fd: int, start: int, count: int) -> int:
        """Hand `count` packets from row `start` to the kernel; how many it took. Raises OSError."""
        taken = library.sendmmsg(fd, self._start + start * _HEADER * 8, min(count, MOST), socket.MSG_DONTWAIT)
        if taken >= 0:
            return int(taken)
        code = ctypes.get_errno()
        if code in _BUSY:
            return 0
        raise OSError(code, os.strerror(code))


class Outlet:
    """A packet socket that only sends, on one interface."""

    def __init__(self, device: str, *, bypass: bool) -> None:
        self.library = _library()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind((device, 0))
        if bypass:
            try:
                self._socket.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 1)
            except OSError:
                bypass = False
        self.bypass = bypass
        self._stuck = 0

    def send(self, batch: Batch, start: int, count: int) -> int:
        """As `Batch.send`; 0 means the kernel's queue is full: wait a little.

        A device whose queue stays full when its qdisc is passed by (a tap nobody reads) gets its qdisc back.
        """
        taken = batch.send(self.library, self._socket.fileno(), start, count)
        self._stuck = 0 if taken else self._stuck + 1
        if self.bypass and self._stuck >= _STUCK:
            self._socket.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 0)
            self.bypass = False
        return taken

    def send_one(self, frame: bytes) -> None:
        """One whole frame. Raises OSError."""
        self._socket.send(frame)

    def close(self) -> None:
        self._socket.close()


class Inbox:
    """A packet socket that only receives TCP for our ports and ICMP errors, on one interface."""

    def __init__(self, device: str, source: bytes, ports: range) -> None:
        self._library = _library()
        four = len(source) == 4
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._filter(_program(four, ports))
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _INBOX)
        except OSError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _INBOX)
        self._socket.bind((device, 0x0800 if four else 0x86DD))
        self._socket.setblocking(False)
        self._frames = np.zeros((MOST, FRAME), np.uint8)
        self._pieces, self._headers = _tables(self._frames, 0, FRAME)
        self._lengths = self._headers.view(np.uint32).reshape(MOST, -1)[:, 14]

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
        """The frames waiting, at most 1024, and their lengths. The arrays are good until the next call."""
        got = self._library.recvmmsg(self._socket.fileno(), self._headers.ctypes.data, MOST, socket.MSG_DONTWAIT, None)
        if got < 0:
            code = ctypes.get_errno()
            if code not in _BUSY and code != errno.ENETDOWN:
                raise OSError(code, os.strerror(code))
            got = 0
        return self._frames[:got], self._lengths[:got]

    def dropped(self) -> int:
        """Packets our own queue had no room for since the last call."""
        return int(struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1])

    def close(self) -> None:
        self._socket.close()

    def _filter(self, program: bytes) -> None:
        self._code = ctypes.create_string_buffer(program, len(program))
        head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(self._code))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head)


def _tables(rows: NDArray[np.uint8], offset: int, length: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """`struct iovec[]` and `struct mmsghdr[]` over the rows: addresses written once, the rows never move."""
    count = len(rows)
    place = np.arange(count, dtype=np.uint64)
    pieces = np.zeros((count, 2), np.uint64)
    pieces[:, 0] = place * np.uint64(rows.strides[0]) + np.uint64(rows.ctypes.data + offset)
    pieces[:, 1] = length
    headers = np.zeros((count, _HEADER), np.uint64)
    headers[:, 2] = place * np.uint64(16) + np.uint64(pieces.ctypes.data)
    headers[:, 3] = 1
    return pieces, headers


def _program(four: bool, ports: range) -> bytes:
    """Classic BPF: unfragmented TCP to one of our ports, and ICMP errors; everything else stays in the kernel."""
    low, high = ports.start, ports.stop - 1

    def rules(*codes: tuple[int, int, int, int]) -> bytes:
        return b"".join(struct.pack("HBBI", *code) for code in codes)

    if four:
        return rules(
            (0x30, 0, 0, 23),  # protocol
            (0x15, 7, 0, 1),
            (0x15, 0, 14, 6),
            (0x28, 0, 0, 20),  # fragment offset
            (0x45, 12, 0, 0x1FFF),
            (0xB1, 0, 0, 14),  # header length
            (0x48, 0, 0, 16),  # destination port
            (0x35, 0, 9, low),
            (0x25, 8, 7, high),
            (0x28, 0, 0, 20),  # ICMP: fragment offset
            (0x45, 6, 0, 0x1FFF),
            (0xB1, 0, 0, 14),
            (0x50, 0, 0, 14),  # type: unreachable, source quench, time exceeded
            (0x15, 2, 0, 3),
            (0x15, 1, 0, 4),
            (0x15, 0, 1, 11),
            (0x06, 0, 0, 0x40000),
            (0x06, 0, 0, 0),
        )
    return rules(
        (0x30, 0, 0, 20),
        (0x15, 4, 0, 58),
        (0x15, 0, 7, 6),
        (0x28, 0, 0, 56),
        (0x35, 0, 5, low),
        (0x25, 4, 3, high),
        (0x30, 0, 0, 54),  # ICMPv6: unreachable, time exceeded
        (0x15, 1, 0, 1),
        (0x15, 0, 1, 3),
        (0x06, 0, 0, 0x40000),
        (0x06, 0, 0, 0),
    )
