"""65,536 hosts x 20 ports by the command itself: SYN, identification with nmap's probes, inventory. Needs root.

Every host has nginx on 80; one in sixteen Redis and an FTP greeting too: 73,728 services. The other ports are closed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.lab.namespace import run
from tests.lab.network import PRINTER, Lab
from tests.lab.servers.identify import ROOT, secops, workspace
from tests.perf.bench import Figure
from tests.perf.service_speed import serve
from tests.witness import environment, strays_of

RANGE, FEW = "198.19.0.0/16", "198.19.0.0/20"
PORTS = (21, 22, 23, 25, 80, 110, 143, 443, 445, 1433, 1521, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200, 27017)
SERVICES = 65_536 + 2 * 4_096
PPS, PER_HOST = 200_000, 1_000


def figures() -> list[Figure]:
    """Seconds and megabytes of one run, or none with the reason printed. No goal: they are stated."""
    absent = [each for each in ("nginx", "redis-server", "memcached", "nmap") if not shutil.which(each)]
    if os.geteuid() or absent:
        print(f"end_to_end skipped: needs root and {', '.join(absent) or 'nothing else'}")
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        lab = Lab(folder)
        try:
            _widen(lab)
            serve(lab, folder)
            lab.watch(PRINTER)
            lab.leased([RANGE], map(str, PORTS), udp=map(str, PORTS), echo=True)
            workspace(lab, folder, [RANGE], map(str, (*PORTS, PRINTER)), _fast)
            return _timed(lab, folder)
        finally:
            lab.close()


def _widen(lab: Lab) -> None:
    """Let the whole /16 answer, and Redis and FTP only where few are."""
    run("ip", "-n", lab.router, "route", "add", RANGE, "via", "198.18.0.6")
    run("ip", "-n", lab.target, "route", "add", "local", RANGE, "dev", "lo")
    run("ip", "netns", "exec", lab.target, "nft", "-f", "-", data=f"""
        table inet few {{
            chain coming {{
                type filter hook input priority 0;
                tcp dport {{ 21, 6379 }} ip daddr != {FEW} reject with tcp reset
                tcp dport {{ 8080, 11211 }} reject with tcp reset
            }}
        }}
    """)  # fmt: skip


def _fast(text: str) -> str:
    for old, new in (("level: 1", "level: 2"), ("second: 1000", f"second: {PPS}"), ("host: 40", f"host: {PER_HOST}")):
        text = text.replace(old, new)
    return text


def _timed(lab: Lab, folder: Path) -> list[Figure]:
    begun = time.perf_counter()
    with (folder / "rows").open("wb") as rows, (folder / "errors").open("wb") as errors:
        program = subprocess.Popen(
            [
                "ip", "netns", "exec", lab.scan, sys.executable, "-m", "secops", "-w", str(folder / "ws"),
                "discover", "run", "lab", "--yes", "--engine", "syn", "--operator", "lab", "-f", "jsonl",
            ],
            env=os.environ | environment(folder), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=rows, stderr=errors,
        )  # fmt: skip
        _, code, used = os.wait4(program.pid, 0)
    seconds = time.perf_counter() - begun
    program.returncode = os.waitstatus_to_exitcode(code)
    if program.returncode:
        raise RuntimeError((folder / "errors").read_text("utf-8", "replace")[-2000:])
    with (folder / "rows").open("rb") as rows:
        summary = json.loads(list(rows)[-1])
    services = secops(lab, folder, "inventory", "list", "--kind", "service", "-f", "jsonl").count("\n")
    strays = strays_of(folder)
    note = (
        f"65,536 hosts x {len(PORTS)} ports, {services:,} of {SERVICES:,} services in the inventory; "
        f"{summary['counts']}; strays: hook {len(strays)} {strays[:3]}, router {lab.counted()['stray']}, "
        f"denied ports {lab.touched(PRINTER)}"
    )
    return [
        Figure.alone("end_to_end", [seconds], unit="s", goal=0.0, note=note),
        Figure.alone("end_to_end_memory", [used.ru_maxrss / 1024], unit="MB", goal=0.0, note="peak of the process"),
    ]
