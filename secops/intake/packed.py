"""Files as they come, or packed with gzip: unpacked while they are read, within a bound that no bomb passes."""

import io
import zlib
from typing import BinaryIO, Final

GZIP: Final = b"\x1f\x8b"
_OTHERS: Final = {b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}
RATIO_MOST: Final = 300
"""Bytes out for one byte in; logs of scanners pack to a twentieth or a fortieth."""
_FREE: Final = 64 << 20
"""Bytes that may come out whatever the ratio."""
_CHUNK: Final = 1 << 18
_TAKE: Final = 1 << 16


def other(head: bytes) -> str:
    """The name of a packing we do not read, by its first bytes; nothing for what is none."""
    return next((name for mark, name in _OTHERS.items() if head.startswith(mark)), "")


class Unpacked(io.RawIOBase):
    """What a gzip stream holds. It ends early where the stream is broken or swells; `fault` says so."""

    def __init__(self, stream: BinaryIO) -> None:
        self.fault = ""
        self._stream = stream
        self._inflate = zlib.decompressobj(wbits=31)
        self._rest = b""
        self._in = self._out = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        """Fill with what comes next; 0 at the end."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # RawIOBase hands a writable buffer
        data = b""
        while not data and not self._ended:
            data = self._next(min(len(view), _CHUNK))
        view[: len(data)] = data
        return len(data)

    def _next(self, most: int) -> bytes:
        if not self._rest:
            self._rest = self._stream.read(_TAKE)
            self._in += len(self._rest)
            if not self._rest:
                self._ended = True
                self.fault = "" if self._inflate.eof or not self._in else "truncated: the gzip stream does not end"
                return b""
        if self._inflate.eof:
            if not self._rest.startswith(GZIP):
                self._ended = True  # padding after the last member
                return b""
            self._inflate = zlib.decompressobj(wbits=31)
        try:
            data = self._inflate.decompress(self._rest, most)
        except zlib.error:
            self._ended, self.fault = True, "the gzip stream is broken"
            return b""
        self._rest = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
        self._out += len(data)
        if self._out > _FREE + RATIO_MOST * self._in:
            self._ended, self.fault = True, f"a gzip bomb: more than {RATIO_MOST} bytes out for each one in"
            return b""
        return data


def opened(stream: BinaryIO) -> tuple[BinaryIO, Unpacked | None]:
    """The stream, or what it holds if it is gzip, buffered; and the unpacker whose `fault` is to be asked after."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]  # any raw stream
    if not buffered.peek(2).startswith(GZIP):
        return buffered, None
    inner = Unpacked(buffered)
    return io.BufferedReader(inner, 1 << 17), inner
