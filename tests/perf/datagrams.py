"""UDP: how fast answering ports are found, against masscan and nmap on the same hosts in the same run. Needs root."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from secops.core.clock import SystemClock
from secops.dial.datagram import Answered, DatagramFinder
from secops.discover.collectors.datagrams import openings
from secops.scope.intervals import IntervalSet
from tests.lab.leave import gate, scope
from tests.lab.network import HOSTS, SCANNER, Lab
from tests.perf.bench import Figure

RUNS = 3
PORTS = (53, 123, 161)
PPS = 50_000
"""Asked of ours and of masscan."""
SAMPLE = "198.19.0.0/26"
"""What nmap is given: it needs seconds for it."""
RESPONDERS = Path(__file__).parents[1] / "lab/responders.py"
_MASSCAN = re.compile(rb"Discovered open port (\d+)/udp on ([0-9.]+)")
_NMAP = re.compile(rb"Ports: ([^\t\n]*)")


def figures() -> list[Figure]:
    """Recall and speed of finding over veth, or none with the reason printed."""
    missing = [each for each in ("masscan", "nmap") if not shutil.which(each)]
    if os.geteuid() or missing:
        print(f"udp skipped: needs root, {', '.join(missing) or 'nothing else'}")
        return []
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        try:
            lab.start(lab.target, sys.executable, str(RESPONDERS), *map(str, PORTS))
            time.sleep(1)
            lab.leased([HOSTS], [], udp=map(str, PORTS))
            with lab.within():
                router = lab.router_hardware().replace(":", "-")
                ours, masscan, nmap = [], [], []
                for turn in range(RUNS):
                    ours.append(_ours(Path(folder), turn))
                    masscan.append(_masscan(router))
                    nmap.append(_nmap())
        finally:
            lab.close()
    total = 4096 * len(PORTS)
    note = f"veth, 4096 hosts x {len(PORTS)} ports, {PPS:,} pps asked of both; masscan asks once"
    return [
        Figure.of("udp_recall", [n / total for n, _ in ours], [n / total for n, _ in masscan], unit="of 1", goal=1.0,
                  against="masscan", note=note),
        Figure.of("udp_found", [n / s for n, s in ours], [n / s for n, s in masscan], unit="ports/s", goal=0.9,
                  against="masscan", note=f"{note}; until the last port was told"),
        Figure.of("udp_nmap", [n / s for n, s in ours], [n / s for n, s in nmap], unit="ports/s", goal=20.0,
                  against="nmap -sU", note=f"nmap -n -Pn -T4 --min-parallelism 100 on {SAMPLE}; rates compared"),
    ]  # fmt: skip


def _ours(folder: Path, turn: int) -> tuple[int, float]:
    """Ports found, and seconds until the last of them."""
    passage, _ = gate(folder, scope([HOSTS], ["1-65535"], pps=PPS))
    finder = DatagramFinder(passage, SystemClock(), pps_per_host=PPS, payloads=openings)
    begun, count, last = time.monotonic(), 0, 0.0
    for each in finder.find(IntervalSet.parse([HOSTS]), PORTS, seed=turn):
        if isinstance(each, Answered):
            count, last = count + 1, time.monotonic() - begun
    passage.close()
    return count, max(last, 1e-9)


def _masscan(router: str) -> tuple[int, float]:
    """The same of masscan, read from its output as it comes."""
    words = ["masscan", HOSTS, "-p" + ",".join(f"U:{port}" for port in PORTS), "-e", "vs", "--adapter-ip", SCANNER,
             "--router-mac", router, "--rate", str(PPS), "--wait", "3"]  # fmt: skip
    begun, found, last = time.monotonic(), set(), 0.0
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        for line in run.stdout:
            if (told := _MASSCAN.search(line)) and told.groups() not in found:
                found.add(told.groups())
                last = time.monotonic() - begun
    return len(found), max(last, 1e-9)


def _nmap() -> tuple[int, float]:
    """Open ports nmap tells of the sample, and its whole time."""
    begun = time.monotonic()
    words = ["nmap", "-sU", "-n", "-Pn", "-T4", "--min-parallelism", "100", "-p", ",".join(map(str, PORTS)), "-oG", "-"]
    done = subprocess.run([*words, SAMPLE], capture_output=True, timeout=120, check=True)
    count = sum(line.count(b"/open/") for line in _NMAP.findall(done.stdout))
    return count, time.monotonic() - begun
