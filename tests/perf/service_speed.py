"""Services a second on 20,000 endpoints, and nmap on a sample of the same list. Needs root.

4,000 hosts with nginx on 80 and 8080, Redis, memcached and an FTP greeting: two that speak when asked the right thing,
two web ports, one that speaks first. Ours does what a run does, the own collectors' deeper look included.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.lab.network import PRINTER, Lab
from tests.lab.servers.identify import read_nmap
from tests.perf.bench import Figure

RUNS = 3
HOSTS = "198.19.0.0-198.19.15.159"
"""4,000 of them."""
PORTS = (21, 80, 6379, 8080, 11211)
TOTAL = 20_000
SERVICES = {"ftp vsftpd": 4000, "http nginx": 8000, "redis Redis key-value store": 4000, "memcached Memcached": 4000}
_CONF = """
worker_processes 1; pid $dir/pid; error_log $dir/log crit; daemon off; worker_rlimit_nofile 20000;
events { worker_connections 16384; }
http { access_log off; client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;
    uwsgi_temp_path $dir/u; scgi_temp_path $dir/s; default_type text/html; keepalive_timeout 0;
    server { listen 80 backlog=8192; listen 8080 backlog=8192; location / { return 200
    "<html><head><title>lab</title></head><body>one page</body></html>"; } } }
"""


def figures() -> list[Figure]:
    """Both comparisons, or none with the reason printed."""
    absent = [each for each in ("nginx", "redis-server", "memcached", "nmap") if not shutil.which(each)]
    if os.geteuid() or absent:
        print(f"service_speed skipped: needs root and {', '.join(absent) or 'nothing else'}")
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        lab = Lab(folder)
        try:
            serve(lab, folder)
            lab.watch(PRINTER)
            lab.leased(["198.19.0.0/20"], [str(each) for each in PORTS])
            return _compared(lab, folder)
        finally:
            lab.close()


def serve(lab: Lab, folder: Path) -> None:
    """Start the five servers on every address."""
    (folder / "conf").write_text(_CONF.replace("$dir", str(folder)))
    greeter = str(Path(__file__).with_name("greeter.py"))
    many = ("-b", "8192", "-c", "20000", "-U", "0", "-u", "nobody")
    lab.start(lab.target, "nginx", "-p", str(folder), "-c", str(folder / "conf"))
    lab.start(
        lab.target, "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "",
        "--tcp-backlog", "8192", "--dir", str(folder), "--maxclients", "20000",
    )  # fmt: skip
    lab.start(lab.target, "memcached", *many)
    lab.start(lab.target, sys.executable, greeter, "21", "220 (vsFTPd 3.0.3)\r\n")
    lab.wait(PORTS)


def _compared(lab: Lab, folder: Path) -> list[Figure]:
    ours: list[float] = []
    strays = 0
    events = 0
    _ours(lab, folder, "198.19.0.0/28")  # compiles the databases once, as the first run on a machine does
    for _ in range(RUNS):
        told = _ours(lab, folder, HOSTS)
        if told["told"] != SERVICES:
            raise RuntimeError(f"ours said {told['told']}")
        ours.append(TOTAL / told["seconds"])
        strays += told["strays"]
        events += told["events"]
    witnessed = (
        f"strays: hook {strays} of {events}, router {lab.counted()['stray']}, denied ports {lab.touched(PRINTER)}"
    )
    told = []
    for name, goal, sample, options in (
        ("service_id_parallel", 20.0, "198.19.0.0/24", ("--min-parallelism", "1000")),
        ("service_id_t4", 100.0, "198.19.0.0/27", ("-T4",)),
    ):
        theirs, share = _nmap(lab, sample, *options)
        note = (
            f"{TOTAL:,} endpoints, all named; nmap on {share:,} of them; median "
            f"{TOTAL / statistics.median(ours):.1f} s; {witnessed}"
        )
        told.append(
            Figure.of(
                name, ours, theirs, unit="services/s", goal=goal, against=f"nmap -sV {' '.join(options)}", note=note
            )
        )
    return told


def _ours(lab: Lab, folder: Path, hosts: str) -> dict[str, float]:
    done = subprocess.run(
        [
            "ip", "netns", "exec", lab.scan, sys.executable, str(Path(__file__).with_name("service_client.py")),
            str(folder), hosts, ",".join(map(str, PORTS)), str(folder),
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


def _nmap(lab: Lab, sample: str, *options: str) -> tuple[list[float], int]:
    """Services a second, three times, and how many each time. Fails where it names fewer than all."""
    rates = []
    count = 0
    for _ in range(RUNS):
        begun = time.perf_counter()
        done = subprocess.run(
            [
                "ip", "netns", "exec", lab.scan, "nmap", "-sV", "-Pn", "-n", *options,
                "-p", ",".join(map(str, PORTS)), "-oX", "-", sample,
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=True,
        )  # fmt: skip
        seconds = time.perf_counter() - begun
        answers = read_nmap(done.stdout)
        count = sum(bool(each.name) for each in answers.values())
        rates.append(count / seconds)
    return rates, count
