"""The real command killed at random moments: what was acknowledged stays, a resumed run ends as an undisturbed one."""

import getpass
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import inspect

from secops.core.clock import CHINA, SystemClock
from secops.core.ids import canonical
from secops.core.model import Kind
from secops.hall.flows.init import make
from secops.scope import signature
from secops.scope.template import Draft, render
from secops.store import entities, observations, runs
from secops.store.database import Database

pytestmark = pytest.mark.chaos

KILLS = 10
NET = f"127.{60 + os.getpid() % 100}.{os.getpid() // 100 % 250}"
HOSTS = [f"{NET}.{n}" for n in range(1, 61)]
PORTS = (30_021, 30_079, 30_080, 30_081)
REPO = Path(__file__).parents[2]


def _http(peer):
    peer.recv(4_096)
    body = f"<title>{peer.getsockname()[0]}</title>".encode()
    peer.sendall(b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def _ftp(peer):
    peer.sendall(b"220 (vsFTPd 3.0.3)\r\n")
    peer.recv(10)


def _redis(peer):
    if peer.recv(4_096) == b"PING\r\n":
        peer.sendall(b"+PONG\r\n")


@pytest.fixture(scope="module")
def city():
    """Every fifth host listens on one to three ports."""
    listeners = []
    for number, host in enumerate(HOSTS[::5]):
        for port, speak in list(zip(PORTS, (_ftp, _redis, _http), strict=False))[: 1 + number % 3]:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
            sock.listen(64)
            thread = threading.Thread(target=_serve, args=(sock, speak), daemon=True)
            thread.start()
            listeners.append((sock, thread))
    yield
    for each, _ in listeners:
        each.shutdown(socket.SHUT_RDWR)
    for each, thread in listeners:
        thread.join(5)  # asleep in accept it would hold the port, which the next module wants
        each.close()


def _serve(sock, speak):
    while True:
        try:
            peer, _ = sock.accept()
        except OSError:
            return
        with peer, suppress(OSError):
            peer.settimeout(1)
            speak(peer)


def render_day(days: int) -> str:
    return (datetime.now(CHINA) + timedelta(days=days)).date().isoformat()


def _workspace(root: Path) -> Path:
    workspace = make(root)
    path = workspace.scopes / "lab.yaml"
    draft = Draft(
        title="试验",
        site="default",
        basis="x",
        document="x",
        issuer="x",
        valid_from=render_day(-1),
        valid_until=render_day(30),
        include=[f"{HOSTS[0]}-{HOSTS[-1]}"],
        operators=[getpass.getuser()],
        ports=[str(each) for each in PORTS],
        pps=80,
        pps_per_host=80,
        loopback=True,
    )
    path.write_text(render(draft), encoding="utf-8")
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (workspace.trust / "t.pub").write_bytes(public)
    signature.sign(path, key, "t", SystemClock())
    return root


def _start(root: Path, *words: str) -> subprocess.Popen:
    environment = {**os.environ, "SECOPS_WORKSPACE": str(root), "SECOPS_DISCOVER_ENGINE": "connect"}
    command = [sys.executable, "-m", "secops", "discover", *words, "-f", "jsonl"]
    return subprocess.Popen(
        command, cwd=REPO, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _finish(process: subprocess.Popen) -> list[dict]:
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    return [json.loads(each) for each in out.splitlines()]


def _seen(root: Path) -> dict[str, str]:
    """Key -> facts of every asset and service: what two runs must have in common."""
    database = Database.file(root / "secops.db")
    with database.read() as connection:
        found = {
            f"{each.kind}:{each.key}": canonical({"facts": dict(each.facts), "state": each.state})
            for kind in (Kind.IP, Kind.SERVICE)
            for each in entities.stream(connection, entities.table_of(kind))
        }
    database.close()
    return found


def _logged(root: Path) -> set[str]:
    database = Database.file(root / "secops.db")
    with database.read() as connection:
        (run,) = runs.latest(connection)
        ids = {each.id for each in observations.of_run(connection, run.id)}
    database.close()
    return ids


def _run_id(root: Path) -> str:
    """The newest run; none where the kill came before the tables were made."""
    database = Database.file(root / "secops.db")
    with database.read() as connection:
        found = runs.latest(connection) if inspect(connection).has_table("runs") else []
    database.close()
    return found[0].id if found else ""


def test_killed_ten_times_and_resumed_equals_undisturbed(city, tmp_path):
    """After ten kills a resumed run has the assets of an undisturbed one; no acknowledged row is lost."""
    seed = int(os.environ.get("SECOPS_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    calm = _workspace(tmp_path / "calm")
    (summary,) = [each for each in _finish(_start(calm, "run", "lab.yaml", "--yes")) if each["type"] == "summary"]
    assert summary["complete"]

    wild = _workspace(tmp_path / "wild")
    acknowledged: set[str] = set()
    for number in range(KILLS):
        run = _run_id(wild) if (wild / "secops.db").exists() else ""
        words = ("resume", run) if run else ("run", "lab.yaml", "--yes")
        process = _start(wild, *words)
        timer = threading.Timer(chance.uniform(0.2, 6.0), process.send_signal, (signal.SIGKILL,))
        timer.start()
        out, _ = process.communicate(timeout=60)
        timer.cancel()
        for line in out.splitlines():
            with suppress(ValueError):
                row = json.loads(line)
                if row.get("type") == "observation":
                    acknowledged.add(row["id"])
        if (wild / "secops.db").exists() and _run_id(wild):
            assert acknowledged <= _logged(wild), f"seed {seed}, kill {number}"
    run = _run_id(wild)
    _finish(_start(wild, "resume", run) if run else _start(wild, "run", "lab.yaml", "--yes"))

    assert _seen(wild) == _seen(calm), f"seed {seed}"
    assert acknowledged <= _logged(wild)
    assert len(_seen(calm)) == 12 + 24 + 4


def test_second_terminal_sees_it_and_the_lock_holds(city, tmp_path):
    """While a run goes on status shows it, a second run is turned away with 7; Ctrl-C leaves it resumable."""
    root = _workspace(tmp_path / "w")
    process = _start(root, "run", "lab.yaml", "--yes")
    first = process.stdout.readline()
    assert json.loads(first)["type"] == "meta"
    second = _start(root, "run", "lab.yaml", "--yes")
    assert second.communicate(timeout=30)[0] == ""
    assert second.returncode == 7
    status, _ = _start(root, "status").communicate(timeout=30)
    assert json.loads(status.splitlines()[0])["state"] == "running"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    summary = json.loads(out.splitlines()[-1])
    assert (process.returncode, summary["state"], summary["resumable"]) == (130, "interrupted", True)
    rows = _finish(_start(root, "resume", summary["run"]))
    assert rows[-1]["state"] == "done"


def test_revocation_stops_within_a_second(city, tmp_path):
    """A revoked scope ends a running scan within a second, with its summary and exit code 3."""
    root = _workspace(tmp_path / "r")
    process = _start(root, "run", "lab.yaml", "--yes")
    scope = json.loads(process.stdout.readline())["run"] and signature.document.read(
        (root / "scopes/lab.yaml").read_bytes(), "lab.yaml"
    )
    from secops.scope.epoch import Epoch

    Epoch(root / "state").revoke(scope.id, "test")
    begun = time.monotonic()
    out, _ = process.communicate(timeout=30)
    assert time.monotonic() - begun < 1.5
    assert process.returncode in {3, 143}
    assert json.loads(out.splitlines()[-1])["state"] in {"refused", "stopped"}
