"""Every parser of the tree that takes bytes from the network or from files: name, function, and texts to begin from.

Collectors and importers are found in their tables, so that a new one is fuzzed from its first day.
"""

import gzip
import io
import runpy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from secops.core import filter as queries
from secops.core.errors import SecopsError
from secops.core.model import Target, Transport
from secops.dial import dns
from secops.dial.conversation import Failed, Receive, Received, Redial, Secured, Send, StartTls, Status
from secops.discover.collectors import (
    dispatch,
    dns_message,
    greeting,
    http_reply,
    page,
    snmp_message,
    tls,
    tls_offer,
)
from secops.discover.collectors.datagrams import DATAGRAMS
from secops.discover.collectors.datagrams import conversation as asking
from secops.discover.probes import file as probes
from secops.drill.cacao import condition, json_form, yaml_form
from secops.hall.plugins import IMPORTERS
from secops.intake import packed, passive_names, passive_tcp, pcap
from secops.intake.interface import HEAD, Ledger
from secops.intake.passive import Watch
from secops.intake.rows import Writer
from secops.scope import document
from secops.scope.yaml_source import Source
from tests.fuzz import ledgers, seeds
from tests.fuzz.seeds import SPLIT, TESTS

ANSWERS: Mapping[int, Callable[[bytes], bytes]] = runpy.run_path(str(TESTS / "unit/discover/datagram_answers.py"))[
    "ANSWERS"
]
ALLOWED = (SecopsError, dns.Malformed, condition.ConditionError)
"""What a parser may raise: each is caught by the one who calls it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One parser. `seeds` are true texts that cases are made of by damaging them."""

    name: str
    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...] = ()

    def run(self, data: bytes) -> object:
        """What the parser makes of it; a refusal counts as an answer."""
        try:
            return self.parse(data)
        except ALLOWED as refusal:
            return str(refusal)


def grown(true: tuple[bytes, ...], recipe: bytes) -> bytes:
    """A case: the recipe's own bytes, or a seed damaged as the recipe says."""
    if not true or len(recipe) < 2 or recipe[0] < 48:
        return recipe[1:]
    data = bytearray(true[recipe[1] % len(true)])
    for at in range(2, min(len(recipe) - 3, 50), 4):
        how, high, low, byte = recipe[at : at + 4]
        place = (high << 8 | low) % (len(data) + 1)
        match how % 5:
            case 0:
                data[place : place + 1] = bytes([byte])
            case 1:
                del data[place : place + 1 + byte]
            case 2:
                data[place:place] = recipe[at : at + 1 + byte % 32]
            case 3:
                data[place:place] = data[place : place + byte] * (1 + how % 3)
            case _:
                data[place : place + 2] = bytes([255, byte]) if how & 1 else b"\0\0"
    return bytes(data)


class Player:
    """A peer that says what it is told, connection by connection; after TLS it goes on with the next."""

    def __init__(self, connections: list[bytes]) -> None:
        self.connections = connections
        self.place = 0

    def run(self, conversation):
        answer = None
        for _ in range(2_000):
            try:
                command = conversation.send(answer)
            except StopIteration as done:
                return done.value
            answer = self.answer(command)
        raise AssertionError("the conversation does not end")

    def answer(self, command):
        if isinstance(command, Redial):
            self.place = 0
            self.connections = self.connections[1:] or self.connections
            return Received(b"")
        if isinstance(command, StartTls):
            chain = tuple(self.connections[0].split(b"--")[:4])
            return Secured("TLSv1.2", "X", chain) if len(self.connections) > 1 else Failed(Status.PROTOCOL_ERROR, "no")
        if not isinstance(command, Receive):
            return Received(b"")
        data = self.connections[0]
        rest = len(data) - self.place
        if rest <= 0:
            return Failed(Status.TIMEOUT) if not data else Received(b"", True)
        size = min(command.most, rest)
        if command.until is not None and (at := data.find(command.until, self.place, self.place + size)) >= 0:
            size = at + len(command.until) - self.place
        self.place += size
        return Received(data[self.place - size : self.place], self.place >= len(data))


def _asked(collector, data: bytes):
    return Player(data.split(SPLIT)[:4]).run(collector.ask(Target("198.18.0.1", 31_000)))


def _hellos(data: bytes):
    """Answers of a server, connection by connection, to a grab and to the question of what it offers."""
    connections = data.split(SPLIT)[:4]
    here = Target("198.18.0.1", 443)
    return Player(connections).run(tls.grab(here)), Player(connections).run(tls_offer.ask(here, thorough=True))


def _datagrams(port: int, recipe: bytes):
    """A server whose true answers are damaged by the recipe, question by question."""
    answers, talk, answer, pending, turn = (
        ANSWERS.get(port),
        asking(Target("198.18.0.5", port, Transport.UDP)),
        None,
        b"",
        0,
    )
    for _ in range(2_000):
        try:
            command = talk.send(answer)
        except StopIteration as done:
            return done.value
        if isinstance(command, Send):
            turn += 1
            true = answers(command.data) if answers else command.data
            pending = grown((true or b"\0",), bytes([255, 0]) + recipe[turn * 4 % 64 :] if turn < 9 else recipe)
            answer = Received(b"")
        else:
            answer, pending = (Received(pending[: command.most]), b"") if pending else (Failed(Status.TIMEOUT), b"")
    raise AssertionError("the conversation does not end")


def _imported(place: str, data: bytes):
    importer = import_module(place)
    importer.sniff(data[:HEAD])
    return list(importer.read(io.BytesIO(data), "gz", "me", "run", Ledger()))


def _unpacked(data: bytes):
    stream, unpacker = packed.opened(io.BytesIO(data))
    size = 0
    while part := stream.read(1 << 16):
        size += len(part)
    return size, unpacker.fault if unpacker else ""


def _watched(frames: Iterable[tuple[int, int, bytes]]):
    ledger = Ledger()
    watch = Watch(
        Writer("gz", "me", "run"), lambda _: True, lambda chain: tls.describe(Secured("", "", chain)).facts, ledger
    )
    for each in frames:
        watch.hear(*each)
    return list(watch.rest())


def _captured(data: bytes):
    return _watched(each for each in pcap.frames(io.BytesIO(data)) if isinstance(each, tuple))


def _frames(data: bytes):
    link = (1, 1, 1, 101, 113, 276)[len(data) % 6]
    return _watched((at, link, each) for at, each in enumerate(data.split(SPLIT)[:40]))


def _wire(data: bytes):
    import numpy as np

    from secops.dial.wire import neighbour, ping, receive, unreachable

    width = 96
    rows = np.zeros((8, width), np.uint8)
    flat = np.frombuffer(data[: rows.size], np.uint8)
    rows.reshape(-1)[: len(flat)] = flat
    lengths = np.full(8, min(width, len(data)), np.uint32)
    found = [len(receive.parse(rows, lengths, source)) for source in (b"\xc6\x12\0\x01", bytes(16))]
    for source in (b"\xc6\x12\0\x01", bytes(16)):
        unreachable.parse(rows, lengths, source)
        neighbour.answer(data, source)
    return found, ping.echoed(data, four=True), ping.echoed(data, four=False)


def _yaml(reader: Callable[[Any], object]) -> Callable[[bytes], object]:
    return lambda data: reader(Source.load(data, "x.yaml"))


def _declared(data: bytes):
    from secops.intake.declared_yaml import read, refer

    return list(refer(read(Source.load(data, "x.yaml"))))


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "replace"))


def entries() -> dict[str, Entry]:
    """Every entry point by name."""
    known = seeds.answers()
    any_seed = tuple(text for each in known.values() for text in each)
    der = seeds.certificate()
    found: list[Entry] = []
    for each in dispatch.COLLECTORS:
        mine = known.get(each.name, any_seed)
        if each.ask:
            found.append(Entry(f"collector {each.name}", lambda data, c=each: _asked(c, data), mine))
        if each.hear:
            heard = lambda data, c=each: c.hear(data, Target("198.18.0.1", 31_000))  # noqa: E731 - bound to its collector
            found.append(Entry(f"greeting of {each.name}", heard, mine))
    for each in DATAGRAMS:
        port = min(each.ports)
        found.append(Entry(f"datagrams {each.name}", lambda data, p=port: _datagrams(p, data)))
    samples = seeds.files("tests/golden/intake/samples/*", "tests/golden/intake/*.xml")
    for name, place in IMPORTERS.items():
        own = tuple(each for each in samples if import_module(place).sniff(each[:HEAD])) or samples
        found.append(Entry(f"import {name}", lambda data, p=place: _imported(p, data), own))
    for port in (80, 443, 22, 31_000):
        who = Target("198.18.0.1", port)
        found.append(
            Entry(
                f"identify {port}",
                lambda data, t=who: Player(data.split(SPLIT)[:6]).run(dispatch.identify(t)),
                any_seed,
            )
        )
    playbooks = seeds.files("playbooks/*.yaml", "tests/golden/playbooks/*.yaml")
    frames = seeds.frames()
    _, lldp, cdp, answer, _, lease = frames[0].split(SPLIT)
    told = answer[42:]
    found += [
        Entry("tls hello", _hellos, (seeds.server_flight(der),)),
        Entry("certificates", lambda data: tls.describe(Secured("TLSv1.2", "X", tuple(data.split(SPLIT)))),
              (der, der + SPLIT + der)),
        Entry("greeting", lambda data: greeting.hear(data, Target("198.18.0.1", 31_000)), known["greeting"]),
        Entry("http head", http_reply.parse_head, known["http"]),
        Entry("http chunks", http_reply.unchunk, (b"5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",)),
        Entry("page", lambda data: page.read_page(data, "text/html", "http", "a.gov.cn"), known["http"]),
        Entry("dns message", dns_message.parse, (told,)),
        Entry("dns reply", lambda data: dns.parse(data, 1, "oa.gov.cn", 1), (told,)),
        Entry("snmp reply", lambda data: (snmp_message.reply(data, 7), snmp_message.engine(data, 7))),
        Entry("wire frames", _wire, frames),
        Entry("service probes", probes.parse, (seeds.PROBES,)),
        Entry("pcap", _captured, seeds.captures()),
        Entry("passive frames", _frames, frames),
        Entry("passive dns", passive_names.dns, (told,)),
        Entry("passive dhcp", passive_names.dhcp, (lease[42:],)),
        Entry("passive lldp", passive_names.lldp, (lldp[14:],)),
        Entry("passive cdp", passive_names.cdp, (cdp[22:],)),
        Entry("passive tls", lambda data: (passive_tcp.server_name(data), passive_tcp.server_flight(data)),
              (frames[2].split(SPLIT)[1][54:],)),
        Entry("gzip", _unpacked, (gzip.compress(b"hello" * 50), gzip.compress(b"a") + gzip.compress(b"b"))),
        Entry("yaml", _yaml(lambda located: located),
              (*playbooks[:3], b"a: &x [1, *x]\n", b"a:\n  - b: 1\n    c: 'd'\n")),
        Entry("scope file", lambda data: document.read(data, "x.yaml"), seeds.files("tests/golden/scope/*.yaml")),
        Entry("inventory file", _declared, seeds.files("inventory/*.yaml")),
        Entry("playbook yaml", _yaml(yaml_form.parse), playbooks),
        Entry("playbook json", _yaml(json_form.parse), (seeds.CACAO,)),
        Entry("playbook condition", _text(condition.parse),
              (b"$$a$$:value == 'x' AND NOT ($$b$$:value IN (1, 2))", b"a like 'b%'")),
        Entry("filter", _text(queries.parse),
              (b'kind:website AND (http.title~"x*" OR port>80) NOT tag:a', "责任单位:某局 port:1..99".encode())),
        *(Entry(name, parse, own) for name, (parse, own) in ledgers.ENTRIES.items()),
    ]  # fmt: skip
    return {each.name: each for each in found}
