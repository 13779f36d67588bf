"""TCP servers and what they say first: ports known by their SYN-ACK or their words, traffic summed up per port.

Bounded: servers, conversations half heard and bytes of each. A hole in a conversation ends the listening to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from secops.core.model import Target, Value
from secops.intake import passive_names as names
from secops.intake import passive_tcp as tcp
from secops.intake.interface import Ledger
from secops.intake.rows import Gather

_TALKS_MOST: Final = 4_096
_SERVERS_MOST: Final = 100_000
_CHAINS_MOST: Final = 1_000
_NAMES_MOST: Final = 64
_SPOKEN: Final = (b"HTTP/1.", b"\x16\x03", b"SSH-")

Describe = Callable[[tuple[bytes, ...]], Mapping[str, Value]]
"""What a chain of DER certificates says, as facts."""


@dataclass(slots=True)
class _Talk:
    """The beginning of one conversation with a server."""

    asked: bytearray = field(default_factory=bytearray)
    said: bytearray = field(default_factory=bytearray)
    next: int = -1
    """Sequence number of the server's next byte; -1 before it spoke."""
    name: str = ""
    done: bool = False


@dataclass(slots=True)
class _Traffic:
    """What went to and from one server port."""

    endpoint: Target
    packets: int = 0
    to_server: int = 0
    to_client: int = 0
    first: int = 0
    last: int = 0
    shaken: bool = False
    clients: set[bytes] = field(default_factory=set)


class Flows:
    """Servers and conversations; `address` gives the text of a packed address where it is wanted, else nothing."""

    def __init__(self, gather: Gather, address: Callable[[bytes], str], describe: Describe, ledger: Ledger) -> None:
        self.gather = gather
        self.ledger = ledger
        self._address = address
        self._describe = describe
        self._servers: dict[bytes, _Traffic] = {}
        self._talks: dict[bytes, _Talk] = {}
        self._chains: dict[tuple[bytes, ...], Mapping[str, Value]] = {}

    def settle(self) -> None:
        """Sum up every server: call once, at the end."""
        for each in self._servers.values():
            self._settle(each)
        self._servers.clear()

    def segment(self, at: int, data: bytes, start: int, end: int, *, source: bytes, target: bytes) -> None:
        """One TCP segment: its header begins at `start`, the packet ends at `end`."""
        here, there = data[start : start + 2], data[start + 2 : start + 4]
        flags, body = data[start + 13], start + (data[start + 12] >> 4) * 4
        length = end - body
        servers = self._servers
        traffic = servers.get(source + here)
        if traffic is None and flags & 0x12 == 0x12:
            traffic = self._server(at, source, here)
            if traffic is not None:
                traffic.shaken = True
        if traffic is not None:
            traffic.packets += 1
            traffic.last = at
            if length > 0:
                traffic.to_client += length
                self._said(at, data, start, body, end=end, traffic=traffic, key=source + here + target + there)
            return
        traffic = servers.get(target + there)
        if traffic is not None:
            traffic.packets += 1
            if len(traffic.clients) < 1_000:
                traffic.clients.add(source)
            if length > 0:
                traffic.to_server += length
                key = target + there + source + here
                self._asked(at, data[body:end], traffic, key=key, client=source)
            return
        if length > 4 and data.startswith(_SPOKEN, body):
            self._unshaken(at, data, start, body, end=end, source=source, target=target)
        else:
            self.ledger.pass_by("a segment of no known server")

    def _unshaken(self, at: int, data: bytes, start: int, body: int, *, end: int, source: bytes, target: bytes) -> None:
        """A conversation whose beginning was not captured: a server is known by what only servers say."""
        here, there = data[start : start + 2], data[start + 2 : start + 4]
        lower = int.from_bytes(here, "big") < int.from_bytes(there, "big")
        spoken = data[body : body + 10]
        serves = spoken.startswith(b"HTTP/1.") or (spoken[:1] == b"\x16" and spoken[5:6] == b"\x02")
        if serves or (spoken.startswith(b"SSH-") and lower):
            traffic = self._server(at, source, here)
            if traffic is not None:
                traffic.packets += 1
                self._said(at, data, start, body, end=end, traffic=traffic, key=source + here + target + there)
        else:
            self.ledger.pass_by("a segment of no known server")

    def _server(self, at: int, address: bytes, port: bytes) -> _Traffic | None:
        text = self._address(address)
        number = int.from_bytes(port, "big")
        if not text or not number:
            self.ledger.pass_by("an address outside every trusted scope")
            return None
        if len(self._servers) >= _SERVERS_MOST:
            for key in list(self._servers)[: _SERVERS_MOST // 10]:
                self._settle(self._servers.pop(key))
        found = self._servers[address + port] = _Traffic(Target(text, number), first=at, last=at)
        return found

    def _settle(self, traffic: _Traffic) -> None:
        """The summary of a server port as its endpoint."""
        seen = self.gather.at("passive+tcp@1", traffic.endpoint)
        seen.see(traffic.first, {})
        seen.see(traffic.last, {})
        seen.records += traffic.packets - 2
        seen.extra["shaken"] = traffic.shaken
        seen.to_server += traffic.to_server
        seen.to_client += traffic.to_client
        seen.clients |= {names.ip(each) for each in traffic.clients} - {""}

    def _talk(self, key: bytes) -> _Talk:
        found = self._talks.get(key)
        if found is None:
            if len(self._talks) >= _TALKS_MOST:
                for each in list(self._talks)[: _TALKS_MOST // 8]:
                    del self._talks[each]
            found = self._talks[key] = _Talk()
        return found

    def _asked(self, at: int, data: bytes, traffic: _Traffic, *, key: bytes, client: bytes) -> None:
        """A client's words: the name it asks for."""
        talk = self._talk(key)
        if talk.name or len(talk.asked) >= tcp.OPENING_MOST:
            return
        talk.asked += data[: tcp.OPENING_MOST - len(talk.asked)]
        asked = bytes(talk.asked)
        if asked[:1] == b"\x16":
            name = tcp.server_name(asked)
            if name:
                talk.name = name
                seen = self.gather.at("passive+tls@1", traffic.endpoint)
                seen.see(at)
                seen.add("server_names", name)
        elif (found := tcp.request(asked)) is not None:
            talk.name, agent = found
            talk.asked.clear()
            talk.said.clear()
            talk.done, talk.next = False, -1
            if agent and (text := self._address(client)):
                seen = self.gather.at("passive+http@1", Target(text))
                seen.see(at)
                seen.add("user_agents", agent)

    def _said(self, at: int, data: bytes, start: int, body: int, *, end: int, traffic: _Traffic, key: bytes) -> None:
        """A server's words, in order from the first; a hole ends the listening."""
        talk = self._talks.get(key)
        if talk is None:
            if not data.startswith(_SPOKEN, body):
                return
            talk = self._talk(key)
        if talk.done:
            return
        sequence = int.from_bytes(data[start + 4 : start + 8], "big")
        if talk.next >= 0 and sequence != talk.next:
            talk.done = sequence - talk.next & 0xFFFF_FFFF < 0x8000_0000
            return
        talk.next = sequence + (end - body) & 0xFFFF_FFFF
        talk.said += data[body : min(end, body + tcp.OPENING_MOST - len(talk.said))]
        said = bytes(talk.said)
        if said[:2] == b"\x16\x03":
            self._tls(at, said, traffic, talk)
        elif (found := tcp.response(said)) is not None:
            talk.done = True
            status, facts = found
            named = talk.name if status < 400 and self._may_be_named(traffic) else ""
            place = traffic.endpoint
            self._see(at, "http", Target(place.address, place.port, name=named), facts)
        elif (spoken := tcp.ssh(said)) is not None:
            talk.done = True
            self._see(at, "ssh", traffic.endpoint, spoken)
        elif not said.startswith(_SPOKEN):
            talk.done = True
        if len(talk.said) >= tcp.OPENING_MOST:
            talk.done = True
        if talk.done:
            talk.said.clear()

    def _may_be_named(self, traffic: _Traffic) -> bool:
        """So many names a port, and no more: clients choose them."""
        seen = self.gather.at("passive+tcp@1", traffic.endpoint)
        count = seen.extra.get("names", 0)
        seen.extra["names"] = int(str(count)) + 1
        return int(str(count)) < _NAMES_MOST

    def _tls(self, at: int, said: bytes, traffic: _Traffic, talk: _Talk) -> None:
        flight = tcp.server_flight(said)
        if flight is None or not (flight.whole or len(said) >= tcp.OPENING_MOST):
            return
        talk.done = True
        facts = dict(flight.facts)
        if flight.chain:
            known = self._chains.get(flight.chain)
            if known is None:
                if len(self._chains) >= _CHAINS_MOST:
                    self._chains.clear()
                known = self._chains[flight.chain] = self._describe(flight.chain)
            facts = {**known, **facts}
        self._see(at, "tls", traffic.endpoint, facts)

    def _see(self, at: int, kind: str, place: Target, facts: Mapping[str, Value]) -> None:
        self.gather.at(f"passive+{kind}@1", place).see(at, facts)
