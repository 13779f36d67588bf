"""Raw SYN against masscan: send rate to a tap, recall and speed of finding over veth. Needs root.

Rates are read from the devices' own counters, the same way for both. Ours goes through a real Gate, audit and all.
"""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from secops.core.clock import SystemClock
from secops.dial.finder import Open
from secops.dial.wire.mmsg import capable
from secops.dial.wire.syn import SynFinder
from secops.scope.intervals import IntervalSet
from tests.lab.leave import gate, scope
from tests.lab.namespace import counters, inside, run
from tests.lab.network import HOSTS, SCANNER, Lab
from tests.perf.bench import Figure

RUNS = 5
SEND = 3_276_800
"""Packets of one send run: 32,768 hosts x 100 ports."""
SEND_TO, SEND_PORTS = "198.19.0.0/17", range(1, 101)
UNLIMITED = 20_000_000
PORTS = (22, 80, 443, 3306, 5432, 6379, 8080, 8443)
PPS = 100_000
"""Asked of both over veth."""
QUIET = 3.0
"""Seconds without a new port after which masscan is taken to have found its last."""
_FOUND = re.compile(rb"Discovered open port (\d+)/tcp on ([0-9.]+)")


def figures() -> list[Figure]:
    """The three figures, or none with the reason printed."""
    reason = "needs root" if os.geteuid() else capable()
    if reason:
        print(f"syn skipped: {reason}")
        return []
    if not shutil.which("masscan"):
        print("syn skipped: masscan not installed (apt-get install masscan)")
        return []
    with tempfile.TemporaryDirectory() as folder:
        return [_send(Path(folder)), *_find(Path(folder))]


# to a tap


def _send(folder: Path) -> Figure:
    name = f"sb{os.getpid()}"
    run("ip", "netns", "add", name)
    try:
        with inside(name):
            held = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(held, 0x400454CA, struct.pack("16sH22x", b"tap0", 0x1002))
            run("ip", "addr", "add", "198.18.0.1/24", "dev", "tap0")
            run("ip", "link", "set", "tap0", "up")
            run("ip", "neigh", "add", "198.18.0.2", "lladdr", "02:00:00:00:00:02", "nud", "permanent", "dev", "tap0")
            run("ip", "route", "add", "198.19.0.0/16", "via", "198.18.0.2")
            ours, theirs = [], []
            for _ in range(RUNS):
                ours.append(_rate(lambda done: _our_send(folder, done)))
                theirs.append(_rate(_masscan_send))
            os.close(held)
    finally:
        run("ip", "netns", "del", name)
    return Figure.of(
        "syn_send", ours, theirs, unit="pps", goal=1.3, against="masscan", note=f"tap, {SEND:,} SYNs a run, 5 %..95 %"
    )


def _rate(send: Callable[[threading.Event], None]) -> float:
    """Packets a second from the 5th to the 95th percent, by the tap's counter, while `send` runs in this thread."""
    done = threading.Event()
    before = counters("tap0")[1]
    marks: list[tuple[float, int]] = []

    def look() -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            marks.append((time.monotonic(), counters("tap0")[1] - before))
            if marks[-1][1] >= SEND:
                break
            time.sleep(0.005)
        done.set()

    looking = threading.Thread(target=look)
    looking.start()
    send(done)
    looking.join()
    start = next(mark for mark in marks if mark[1] >= SEND * 0.05)
    stop = next(mark for mark in marks if mark[1] >= SEND * 0.95)
    return (stop[1] - start[1]) / (stop[0] - start[0])


def _our_send(folder: Path, done: threading.Event) -> None:
    allowed = replace(scope([SEND_TO], ["1-1000"]), pps=UNLIMITED, pps_per_host=UNLIMITED)
    passage, _ = gate(folder, allowed)
    finder = SynFinder(passage, SystemClock(), pps_per_host=UNLIMITED, draining=done.is_set)
    for _ in finder.find(IntervalSet.parse([SEND_TO]), tuple(SEND_PORTS), seed=1):
        pass
    passage.close()


def _masscan_send(done: threading.Event) -> None:
    program = subprocess.Popen(
        [
            "masscan", SEND_TO, f"-p{SEND_PORTS.start}-{SEND_PORTS.stop - 1}", "-e", "tap0",
            "--adapter-ip", "198.18.0.1", "--router-mac", "02-00-00-00-00-02", "--rate", str(UNLIMITED), "--wait", "0",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    done.wait(40)
    program.kill()
    program.wait()


# over veth


def _find(folder: Path) -> list[Figure]:
    lab = Lab(folder)
    try:
        lab.listen(*PORTS)
        lab.leased([HOSTS], [str(port) for port in PORTS])
        with lab.within():
            router = lab.router_hardware().replace(":", "-")
            ours, theirs = [], []
            for turn in range(RUNS):
                ours.append(_timed(lambda turn=turn: _our_find(folder, turn)))
                theirs.append(_timed(lambda: _masscan_find(router)))
    finally:
        lab.close()
    total = 4096 * len(PORTS)
    note = f"veth, 4096 hosts x {len(PORTS)} ports, {PPS:,} pps asked of both"
    return [
        Figure.of("syn_recall", [len(each[0]) / total for each in ours], [len(each[0]) / total for each in theirs],
                  unit="of 1", goal=1.0, against="masscan", note=note),
        Figure.of("syn_found", [each[1] for each in ours], [each[1] for each in theirs],
                  unit="ports/s", goal=0.9, against="masscan", note=note),
    ]  # fmt: skip


def _timed(find: Callable[[], dict[tuple[str, int], float]]) -> tuple[set[tuple[str, int]], float]:
    """What was found, and distinct ports a second from the first packet on the wire until the last of them."""
    before = counters("vs")[1]
    first: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            if counters("vs")[1] - before > 8:  # a neighbour question or two come before the first probe
                first.append(time.monotonic())
                return
            time.sleep(0.0005)

    looking = threading.Thread(target=look)
    looking.start()
    moments = find()
    over.set()
    looking.join()
    return set(moments), len(moments) / (max(moments.values()) - first[0]) if moments and first else 0.0


def _our_find(folder: Path, seed: int) -> dict[tuple[str, int], float]:
    passage, _ = gate(folder, scope([HOSTS], ["1-65535"], pps=PPS))
    moments: dict[tuple[str, int], float] = {}
    for each in SynFinder(passage, SystemClock(), pps_per_host=PPS).find(IntervalSet.parse([HOSTS]), PORTS, seed=seed):
        if isinstance(each, Open):
            moments[each.address, each.port] = time.monotonic()
    passage.close()
    return moments


def _masscan_find(router: str) -> dict[tuple[str, int], float]:
    """Read from a terminal, so that masscan tells each port as it finds it."""
    mine, its = pty.openpty()
    program = subprocess.Popen(
        [
            "masscan", HOSTS, f"-p{','.join(map(str, PORTS))}", "-e", "vs", "--adapter-ip", SCANNER,
            "--router-mac", router, "--rate", str(PPS), "--wait", "3",
        ],
        stdin=subprocess.DEVNULL, stdout=its, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(its)
    moments: dict[tuple[str, int], float] = {}
    rest = b""
    end = time.monotonic() + 30
    os.set_blocking(mine, False)
    heard = end
    while time.monotonic() < min(end, heard + QUIET):
        try:
            data = os.read(mine, 1 << 16)
        except BlockingIOError:
            time.sleep(0.0005)
            continue
        except OSError:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            for port, address in _FOUND.findall(line):
                moments.setdefault((address.decode(), int(port)), time.monotonic())
                heard = time.monotonic()
    program.kill()
    program.wait()
    os.close(mine)
    return moments
