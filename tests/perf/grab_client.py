"""One client of the grab bench in a process of its own: `grab_client.py ours|peer|bare http|cert FOLDER CONCURRENCY`.

Asks every host of the lab once and prints one JSON line: observations made, seconds. `ours` is the collectors on
dial.Loop under a lease; `peer` a plain asyncio-streams client that yields the same Observation by the same parsers;
`bare` an epoll loop that only reads to the end of the page and makes nothing of it.
"""

import asyncio
import contextlib
import ipaddress
import json
import select
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from secops.core.clock import SystemClock
from secops.core.model import Observation, Status, Target
from secops.dial.conversation import Secured
from secops.dial.loop import Loop
from secops.dial.talk import Bounds, Job
from secops.discover.collectors import http, tls
from secops.discover.collectors.http_reply import parse_head
from secops.discover.collectors.interface import Reading
from tests.lab.leave import gate, scope
from tests.lab.network import HOSTS
from tests.witness import watching

CLOCK = SystemClock()
PORT = {"http": 80, "cert": 443}


def seen(target: Target, reading: Reading, digest: str = "") -> Observation:
    """The observation of a reading, as a run would make it."""
    return Observation(
        "lab",
        "lab",
        "run",
        reading.collector,
        target,
        CLOCK.now(),
        reading.status,
        reading.facts,
        reading.extra,
        digest,
    )


def targets(kind: str) -> Iterator[Target]:
    """Every host of the lab."""
    for each in ipaddress.ip_network(HOSTS):
        yield Target(str(each), PORT[kind])


def ours(kind: str, folder: Path, concurrency: int) -> tuple[int, dict[str, object]]:
    """Our loop and collectors, with the audit hook watching."""
    grab = {"http": http.grab, "cert": tls.grab}[kind]
    passage, _ = gate(folder, scope([HOSTS], [str(PORT[kind])], pps=1_000_000))
    loop = Loop(passage, CLOCK, pps_per_host=1_000_000, bounds=Bounds(concurrency=concurrency))
    good = 0
    for outcome in loop.run(Job(each, partial(grab, each)) for each in targets(kind)):
        if isinstance(outcome.result, Reading):
            good += whole(seen(outcome.target, outcome.result, outcome.raw_digest), kind)
    passage.close()
    return good, {}


def whole(observation: Observation, kind: str) -> bool:
    """Does it tell what it must?"""
    told = observation.facts
    return bool(told.get("http.title") == "lab" if kind == "http" else told.get("tls.fingerprint"))


def peer(kind: str, concurrency: int) -> int:
    """A plain asyncio-streams client."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    waiting = targets(kind)

    async def page(target: Target) -> Reading:
        reader, writer = await asyncio.open_connection(target.address, target.port)
        writer.write(http.request(target, "/"))
        data = await reader.read(-1)
        writer.close()
        head = parse_head(data)
        if head is None:
            return Reading(http.LABEL, Status.PROTOCOL_ERROR)
        body = data.partition(b"\r\n\r\n")[2]
        return http.describe(head, body, Status.SUCCESS, tls=False, host=target.address)

    async def certificate(target: Target) -> Reading:
        _, writer = await asyncio.open_connection(target.address, target.port, ssl=context)
        inner: ssl.SSLObject = writer.get_extra_info("ssl_object")
        leaf, suite = inner.getpeercert(binary_form=True), inner.cipher()
        told = Secured(inner.version() or "", suite[0] if suite else "", (leaf,) if leaf else ())
        writer.close()
        return tls.describe(told)

    ask = {"http": page, "cert": certificate}[kind]
    good = 0

    async def work() -> None:
        nonlocal good
        for target in waiting:
            with contextlib.suppress(OSError):
                reading = await ask(target)
                good += whole(seen(target, reading), kind)

    async def crowd() -> None:
        await asyncio.gather(*(work() for _ in range(concurrency)))

    asyncio.run(crowd())
    return good


def bare(kind: str, concurrency: int) -> int:
    """The least there can be: epoll, one GET or one hello, read until the peer ends or has said its certificate."""
    from secops.discover.collectors.tls_hello import TLS12, client_hello
    from secops.discover.collectors.tls_suites import COMMON

    waiting = targets(kind)
    epoll, held, good = select.epoll(), dict[int, list[object]](), 0
    hello = client_hello(TLS12, COMMON)
    mark = b"</html>" if kind == "http" else b"\x16\x03\x03"

    def dial() -> None:
        target = next(waiting, None)
        if target is None:
            return
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.connect_ex((target.address, target.port))
        held[sock.fileno()] = [sock, target, b""]
        epoll.register(sock.fileno(), select.EPOLLOUT)

    for _ in range(concurrency):
        dial()
    while held:
        for number, _ in epoll.poll(1.0):
            talk = held[number]
            sock, target, data = talk
            assert isinstance(sock, socket.socket)
            assert isinstance(target, Target)
            assert isinstance(data, bytes)
            if not data:
                sock.send(http.request(target, "/") if kind == "http" else hello)
                epoll.modify(number, select.EPOLLIN)
                talk[2] = b" "
                continue
            more = sock.recv(65_536)
            talk[2] = data + more
            if more and (kind == "http" or b"\x0e\0\0\0" not in data + more):  # ServerHelloDone
                continue
            good += mark in data + more
            del held[number]
            sock.close()
            dial()
    return good


def main() -> None:
    """Do what the words say; count, time and what the witness saw go to stdout."""
    who, kind, folder, concurrency = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    told: dict[str, object] = {}
    first = parse_head(b"HTTP/1.1 200 OK\r\n\r\n")
    assert first is not None
    http.describe(first, b"", Status.SUCCESS, tls=False)  # reads the fingerprints: once a process, whoever asks
    begun = time.perf_counter()
    if who == "ours":
        good, told = ours(kind, folder, concurrency)
    elif who == "watched":
        with watching() as witness:
            good, _ = ours(kind, folder, concurrency)
        told = {"strays": len(witness.strays), "events": witness.seen}
    else:
        good = {"peer": peer, "bare": bare}[who](kind, concurrency)
    seconds = time.perf_counter() - begun
    print(json.dumps({"good": good, "seconds": seconds, **told}))


if __name__ == "__main__":
    main()
