"""Names to addresses: the workspace's hosts file, else the scope's resolvers, and nobody else, ever.

An answer gives no right: each address is checked against a lease at the moment of connecting, so a name that is
rebound between two looks leads nowhere. Answers are kept for the run, bounded.
"""

import contextlib
import secrets
import select
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from secops.core.clock import Clock
from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.dial.dns import AAAA, A, Malformed, Reply, parse, query

ADDRESSES_MOST = 16
NAMES_MOST = 10_000
_ALIASES_MOST = 8
_SECONDS = 2.0
_HOSTS_MOST = 1 << 20
_PORT = 53


class Resolver:
    """Asks `resolvers` (addresses, or `address:port` / `[address]:port`) after looking into `hosts`."""

    def __init__(
        self, resolvers: tuple[str, ...], clock: Clock, *, hosts: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self._resolvers = tuple(_endpoint(each) for each in resolvers)
        self._clock = clock
        self._hosts = hosts or {}
        self._known: dict[str, tuple[str, ...]] = {}
        self._unanswered: set[str] = set()

    def resolve(self, name: str) -> tuple[str, ...]:
        """Canonical addresses of a name, at most 16; an address is its own answer; empty where nobody knows."""
        key = name.lower().rstrip(".")
        if not key or len(key) > 253:
            return ()
        with contextlib.suppress(ValueError):
            return (str(ip_address(key)),)
        if key in self._hosts:
            return self._hosts[key][:ADDRESSES_MOST]
        if key not in self._known:
            if len(self._known) >= NAMES_MOST:
                return ()
            self._known[key] = self._ask(key)
        return self._known[key]

    def lacks_ipv6(self, name: str) -> bool:
        """Is it known that the name has addresses but none of IPv6? False while any question went unanswered."""
        found = self.resolve(name)
        sure = name.lower().rstrip(".") not in self._unanswered and len(found) < ADDRESSES_MOST
        return bool(found) and sure and not any(":" in each for each in found)

    def _ask(self, name: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for kind in (A, AAAA):
            wanted = name
            for _ in range(_ALIASES_MOST):
                reply = self._question(wanted, kind)
                if reply is None:
                    self._unanswered.add(name)
                    break
                held, wanted = _walk(reply, wanted)
                found.update(dict.fromkeys(held))
                if held or not wanted:
                    break
        return tuple(found)[:ADDRESSES_MOST]

    def _question(self, name: str, kind: int) -> Reply | None:
        """The first usable answer of the resolvers in their order."""
        for address, port in self._resolvers:
            identity = secrets.randbelow(65_536)  # an identifier of the wire, RFC 5452, not one of ours
            try:
                asked = query(identity, name, kind)
                reply = parse(self._udp(address, port, asked), identity, name, kind)
                if reply.truncated:
                    reply = parse(self._tcp(address, port, asked), identity, name, kind)
            except (Malformed, OSError):
                continue
            if reply.code in {0, 3}:
                return reply
        return None

    def _udp(self, address: str, port: int, asked: bytes) -> bytes:
        with socket.socket(_family(address), socket.SOCK_DGRAM) as sock:
            sock.connect((address, port))  # the kernel drops answers from anybody else
            sock.settimeout(_SECONDS)
            sock.send(asked)
            return sock.recv(4_096)

    def _tcp(self, address: str, port: int, asked: bytes) -> bytes:
        until = self._clock.monotonic() + _SECONDS
        with socket.socket(_family(address), socket.SOCK_STREAM) as sock:
            sock.settimeout(_SECONDS)
            sock.connect((address, port))
            sock.sendall(len(asked).to_bytes(2, "big") + asked)
            data = b""
            while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                left = until - self._clock.monotonic()
                if left <= 0 or not select.select([sock], [], [], left)[0]:
                    raise Malformed("time")
                part = sock.recv(65_537 - len(data))
                if not part:
                    raise Malformed("cut short")
                data += part
            return data[2:]


def _walk(reply: Reply, name: str) -> tuple[list[str], str]:
    """Addresses of `name` through its aliases, and the last alias (empty when there is none to ask on)."""
    at = name
    for _ in range(_ALIASES_MOST):
        held = [address for owner, address in reply.addresses if owner == at]
        if held:
            return held, at
        step = next((target for owner, target in reply.aliases if owner == at), "")
        if not step:
            break
        at = step
    return [], at if at != name else ""


def read_hosts(path: Path) -> dict[str, tuple[str, ...]]:
    """Name -> addresses of a hosts file; empty where there is none. Raises InvalidFile with the line."""
    if not path.is_file():
        return {}
    found: dict[str, tuple[str, ...]] = {}
    with path.open("rb") as handle:
        text = handle.read(_HOSTS_MOST).decode("utf-8", "replace")
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            address = str(ip_address(words[0]))
        except ValueError as error:
            raise InvalidFile(
                "E3101",
                say(f"hosts 文件里的地址不对：{words[0][:60]}", f"no address: {words[0][:60]}"),
                where=f"{path}:{number}:1",
                hint=say("写法：地址 名称 [名称 …]", "write: address name [name ...]"),
            ) from error
        for name in words[1:]:
            key = name.lower().rstrip(".")
            found[key] = (*found.get(key, ()), address)
    return found


def _endpoint(text: str) -> tuple[str, int]:
    """Address and port of `10.0.0.53`, `10.0.0.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`. Raises ValueError."""
    host, port = text, _PORT
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = int(rest[1:]) if rest.startswith(":") else _PORT
    elif text.count(":") == 1:
        host, _, number = text.partition(":")
        port = int(number)
    return str(ip_address(host)), port


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
