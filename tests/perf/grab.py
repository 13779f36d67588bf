"""Pages and certificates a second, one client core against one nginx core: ours and a plain asyncio client. Needs root.

Both make the same Observation of the same reply by the same parsers. The audit hook watches one run more.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab.namespace import run
from tests.lab.network import HOSTS, PRINTER, Lab
from tests.perf.bench import Figure

RUNS = 3
TOTAL = 4_096
CONCURRENCY = 200
GOALS = {"http": 2.5, "cert": 3.0}
CLIENT = Path(__file__).with_name("grab_client.py")
_CONF = """
worker_processes 1; pid $dir/pid; error_log $dir/log crit; daemon off; worker_rlimit_nofile 20000;
events { worker_connections 16384; }
http { access_log off; client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;
    uwsgi_temp_path $dir/u; scgi_temp_path $dir/s; default_type "text/html; charset=utf-8"; keepalive_timeout 0;
    ssl_certificate $dir/cert; ssl_certificate_key $dir/key; ssl_session_cache off; ssl_session_tickets off;
    server { listen 80 backlog=8192; listen 443 ssl backlog=8192; location / { return 200
    "<!doctype html><html><head><title>lab</title></head><body><p>$filler</p></body></html>"; } } }
"""


def figures() -> list[Figure]:
    """Both grabs, or none with the reason printed."""
    absent = [each for each in ("nginx", "taskset", "openssl") if not shutil.which(each)]
    if os.geteuid() or absent or (os.cpu_count() or 1) < 2:
        print(f"grab skipped: needs root, two cores and {', '.join(absent) or 'nothing else'}")
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        lab = Lab(folder)
        try:
            _nginx(lab, folder)
            lab.watch(PRINTER)
            lab.leased([HOSTS], ["80", "443"])
            return [_one(lab, folder, kind) for kind in ("http", "cert")]
        finally:
            lab.close()


def _nginx(lab: Lab, folder: Path) -> None:
    run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", f"{folder}/key", "-out", f"{folder}/cert", "-days", "30", "-subj", "/CN=lab.invalid",
        "-addext", "subjectAltName=DNS:lab.invalid,DNS:www.lab.invalid",
    )  # fmt: skip
    (folder / "conf").write_text(_CONF.replace("$dir", str(folder)).replace("$filler", "one page of the lab " * 25))
    lab.start(lab.target, "taskset", "-c", "1", "nginx", "-p", str(folder), "-c", str(folder / "conf"))
    lab.wait([80, 443])


def _one(lab: Lab, folder: Path, kind: str) -> Figure:
    rates: dict[str, list[float]] = {"ours": [], "peer": [], "bare": []}
    for _ in range(RUNS):
        for who, runs in rates.items():
            told = _client(lab, folder, who, kind)
            if told["good"] != TOTAL:
                raise RuntimeError(f"{kind} {who}: {told['good']} of {TOTAL}")
            runs.append(TOTAL / told["seconds"])
    watched = _client(lab, folder, "watched", kind)
    note = (
        f"{TOTAL:,} AnyIP hosts, nginx on the other core, {CONCURRENCY} at once, all answered; "
        f"a bare epoll loop that parses nothing: {statistics.median(rates['bare']):,.0f}/s; "
        f"strays: hook {watched['strays']:.0f} of {watched['events']:.0f}, router {lab.counted()['stray']}, "
        f"denied ports {lab.touched(PRINTER)}"
    )
    return Figure.of(
        f"{kind}_grab", rates["ours"], rates["peer"], unit=f"{'pages' if kind == 'http' else 'certificates'}/s",
        goal=GOALS[kind], against="asyncio streams" if kind == "http" else "asyncio TLS", note=note,
    )  # fmt: skip


def _client(lab: Lab, folder: Path, who: str, kind: str) -> dict[str, float]:
    done = subprocess.run(
        [
            "ip", "netns", "exec", lab.scan, "taskset", "-c", "0", sys.executable, str(CLIENT), who, kind,
            str(folder), str(CONCURRENCY),
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{who} {kind}: {done.stderr[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout)
    return told
