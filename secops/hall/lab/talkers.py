"""What the lab's other servers say: a greeting, and the answer to what has been read so far. Pure bytes."""

from collections.abc import Callable, Mapping

from secops.hall.lab.pages import reply

Answer = tuple[bytes, bool]
"""Bytes to send, and whether to close after them."""
Talker = Callable[[bytes], Answer | None]
"""Everything read so far -> the answer, None while more must be read."""

LONGEST = 16_384


def greeting(kind: str, about: Mapping[str, str]) -> bytes:
    """What the server says before it is asked."""
    if kind == "greeting":
        return about["text"].encode()
    if kind == "mysql":
        return _mysql(about["version"])
    return b""


def talker(kind: str, about: Mapping[str, str], seen: set[str]) -> Talker:
    """What the server answers."""
    if kind == "web":
        return lambda read: (reply(about, read, seen), True) if b"\r\n\r\n" in read else None
    if kind == "redis":
        return lambda read: _redis(read, locked=bool(about["auth"]))
    if kind == "mongodb":
        return _mongodb
    if kind == "tarpit":
        return lambda read: (b"HTTP/1.1 200 OK\r\nX-Patience: ", False) if b"\r\n\r\n" in read else None
    return lambda read: (b"", True) if len(read) > 0 else None


def _redis(read: bytes, *, locked: bool) -> Answer | None:
    if b"\n" not in read:
        return None
    if read.upper().startswith((b"PING", b"*1\r\n$4\r\nPING")):
        return (b"-NOAUTH Authentication required.\r\n" if locked else b"+PONG\r\n"), True
    return b"-ERR unknown command\r\n", True


def _mongodb(read: bytes) -> Answer | None:
    """What mongod says to a browser."""
    if not read.startswith((b"GET ", b"HEAD ")):
        return b"", True
    text = b"It looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n"
    head = f"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text, True


def _mysql(version: str) -> bytes:
    """An initial handshake packet, protocol 10."""
    body = b"\x0a" + version.encode() + b"\x00" + (7).to_bytes(4, "little") + b"12345678\x00" + b"\xff\xf7\x08\x02\x00"
    body += b"\x0f\x80\x15" + bytes(10) + b"123456789012\x00mysql_native_password\x00"
    return len(body).to_bytes(3, "little") + b"\x00" + body
