"""The real command killed and stopped while it acts: the target's own log is the witness."""

import getpass
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from secops.core.clock import CHINA, SystemClock
from secops.hall.app import App
from secops.hall.flows import drill
from secops.hall.flows.init import make
from secops.hall.workspace import Workspace
from secops.scope import signature
from secops.scope.template import Draft, render

pytestmark = pytest.mark.chaos

KILLS = 10
MARKERS = 16
REPO = Path(__file__).parents[2]
HOST = f"127.{60 + os.getpid() % 100}.{os.getpid() // 100 % 250}.9"


class Target(ThreadingHTTPServer):
    """A web site that writes down every marker it receives, slowly enough to be interrupted."""

    daemon_threads = True

    def __init__(self):
        super().__init__((HOST, 0), Page)
        self.seen = []
        self.pause = 0.05
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(self.server.pause)
        self.server.seen.append((time.monotonic(), self.headers["X-Secops-Marker"]))
        time.sleep(self.server.pause)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def target():
    server = Target()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def workspace(tmp_path, target):
    """A workspace with a signed scope for the target and a playbook of markers."""
    made = make(tmp_path / "w")
    day = [(datetime.now(CHINA) + timedelta(days=each)).date().isoformat() for each in (-1, 30)]
    path = made.scopes / "lab.yaml"
    draft = Draft(
        title="试验", site="default", basis="x", document="x", issuer="x", valid_from=day[0], valid_until=day[1],
        include=[HOST], operators=[getpass.getuser()], ports=[str(target.server_port)], pps=500, pps_per_host=200,
        loopback=True,
    )  # fmt: skip
    path.write_text(render(draft), encoding="utf-8")
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (made.trust / "t.pub").write_bytes(public)
    signature.sign(path, key, "t", SystemClock())
    steps = "".join(
        f"  标记{n}: {{type: action, action: http_marker, agent: 平台,"
        f" with: {{url: 'http://{HOST}:{target.server_port}'}},"
        f" on_completion: {f'标记{n + 1}' if n < MARKERS else '结束'}}}\n"
        for n in range(1, MARKERS + 1)
    )
    (made.root / "playbooks" / "chaos.yaml").write_text(
        "playbook: chaos-test\nname: 试验\nauthor: 试验\ncreated: '2026-01-01T00:00:00.000Z'\n"
        "modified: '2026-01-01T00:00:00.000Z'\nagents:\n  平台: {type: security-category, category: [orchestrator]}\n"
        f"steps:\n  开始: {{type: start, on_completion: 标记1}}\n{steps}  结束: {{type: end}}\n",
        encoding="utf-8",
    )
    assert secops(made.root, "drill", "plan", "chaos", "--scope", "lab", "-o", str(tmp_path / "plan")).returncode == 0
    return made.root


def command(root, *words):
    return [sys.executable, "-m", "secops", "-w", str(root), *words]


def secops(root, *words):
    return subprocess.run(command(root, *words), cwd=REPO, capture_output=True, text=True, timeout=60, check=False)


def start(root, *words):
    """The driver, once it says that it drives; its run id."""
    process = subprocess.Popen(
        command(root, "drill", *words, "-f", "jsonl"), cwd=REPO, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    first = process.stdout.readline()
    assert first, process.wait(10)
    return process, json.loads(first)["run"]


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    process.stdout.close()


def settle(root, run, seen):
    """What a person does: look at the target's log for the token of a step whose outcome is unknown."""
    with App(Workspace(root)) as app:
        rows = drill.export(app, run)
        unknown = [each["step"] for each in drill.steps(app, run)[0] if each["phase"] == "unknown"]
    for step in unknown:
        sent = [each["payload"] for each in rows if each["event"] == "intent" and each["payload"]["step"] == step]
        time.sleep(0.2)
        word = "done" if sent[-1]["token"] in [each for _, each in seen] else "not-done"
        assert secops(root, "drill", "approve", run, step, "--answer", word).returncode == 0
    return rows


def summary(result):
    return json.loads(result.stdout.splitlines()[-1])


def test_killed_at_random_moments(workspace, target):
    """Ten kills later every marker has reached the target exactly once, by the target's own log."""
    seed = int(os.environ.get("SECOPS_SEED", str(time.time_ns() % 1_000_000)))
    print("seed", seed)
    chance = random.Random(seed)
    process, run = start(workspace, "apply", str(workspace.parent / "plan"))
    for _ in range(KILLS):
        time.sleep(chance.uniform(0, 0.3))
        kill(process)
        process, _ = start(workspace, "resume", run)
        settle(workspace, run, target.seen)
    kill(process)
    for _ in range(3):
        result = secops(workspace, "drill", "resume", run, "-f", "jsonl")
        if summary(result)["state"] == "done":
            break
        assert summary(result)["state"] == "unknown"
        assert result.returncode == 5
        settle(workspace, run, target.seen)
    assert result.returncode == 0
    events = [each["event"] for each in settle(workspace, run, target.seen)]
    print({each: events.count(each) for each in set(events)})
    assert "unknown" in events
    tokens = [each for _, each in target.seen]
    assert len(tokens) == len(set(tokens))
    assert len(tokens) == MARKERS


def test_stop_from_a_second_terminal(workspace, target):
    """A stop ends a living driver within a second, and nothing more reaches the target, resumed or not."""
    target.pause = 0.3
    process, run = start(workspace, "apply", str(workspace.parent / "plan"))
    time.sleep(0.8)
    assert secops(workspace, "drill", "stop", run).returncode == 0
    at, count = time.monotonic(), len(target.seen)
    assert process.wait(5) == 143
    process.stdout.close()
    assert not [when for when, _ in target.seen if when > at + 1]
    assert 0 < count < MARKERS
    assert secops(workspace, "drill", "resume", run, "-f", "jsonl").returncode in {143, 5}
    time.sleep(0.2)
    assert len(target.seen) <= count + 1


@pytest.mark.parametrize("words", [("drill", "stop"), ("stop", "--all")])
def test_stop_with_the_driver_dead(workspace, target, words):
    """Stopped after its driver was killed, a run sends nothing when it is resumed."""
    process, run = start(workspace, "apply", str(workspace.parent / "plan"))
    time.sleep(0.3)
    kill(process)
    time.sleep(0.2)
    count = len(target.seen)
    assert secops(workspace, *words, *((run,) if words[0] == "drill" else ())).returncode == 0
    result = secops(workspace, "drill", "resume", run, "-f", "jsonl")
    assert summary(result)["state"] == "stopped"
    assert result.returncode == 143
    assert len(target.seen) == count


def test_stop_all_without_a_database(workspace, target):
    """With the database out of reach the switch still works, and the run is known as stopped once it is back."""
    process, run = start(workspace, "apply", str(workspace.parent / "plan"))
    time.sleep(0.3)
    kill(process)
    time.sleep(0.2)
    count = len(target.seen)
    database = workspace / "secops.db"
    kept = database.read_bytes(), (workspace / "secops.db-wal").read_bytes()
    for suffix in ("-wal", "-shm"):
        (workspace / f"secops.db{suffix}").unlink(missing_ok=True)
    database.write_bytes(b"no database" * 500)
    assert secops(workspace, "stop", "--all").returncode == 0
    database.write_bytes(kept[0])
    (workspace / "secops.db-wal").write_bytes(kept[1])
    result = secops(workspace, "drill", "resume", run, "-f", "jsonl")
    assert summary(result)["state"] == "stopped"
    assert len(target.seen) == count


def test_status_and_approve_send_nothing(workspace, target):
    """Only apply and resume reach the target; two drivers at once are refused."""
    target.pause = 0.3
    process, run = start(workspace, "apply", str(workspace.parent / "plan"))
    second = secops(workspace, "drill", "resume", run)
    assert second.returncode == 7
    assert "E7204" in second.stderr
    kill(process)
    time.sleep(0.8)
    count = len(target.seen)
    secops(workspace, "drill", "status")
    secops(workspace, "drill", "status", run)
    secops(workspace, "drill", "approve", run, "标记9", "--answer", "done")
    assert len(target.seen) == count


def test_changed_after_the_plan(workspace, target):
    """A plan whose playbook or scope changed is refused with exit 3, an edited plan with exit 2; nothing is sent."""
    plan = workspace.parent / "plan"
    book = workspace / "playbooks" / "chaos.yaml"
    edited = workspace.parent / "edited"
    edited.write_text(plan.read_text(encoding="utf-8").replace("标记1", "标记一"), encoding="utf-8")
    assert secops(workspace, "drill", "apply", str(edited)).returncode == 2
    book.write_text(book.read_text(encoding="utf-8").replace("name: 试验", "name: 改了"), encoding="utf-8")
    assert secops(workspace, "drill", "apply", str(plan)).returncode == 3
    assert target.seen == []
