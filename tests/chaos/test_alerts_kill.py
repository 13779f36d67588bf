"""Elasticsearch and secops are killed again and again; at the end its documents are the transitions, one for one."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secops.hall.app import App
from secops.hall.workspace import Workspace
from secops.store import findings, outbox

pytestmark = pytest.mark.chaos
HERE = Path(__file__).parent
TRANSITIONS = 4000
KILLS = int(os.environ.get("SECOPS_KILLS", "10"))


def start(arguments, environment):
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(process):
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_documents_equal_transitions_after_kills(elasticsearch, tmp_path):
    """After ten kill -9 of each side and two rollovers every transition is one document, and every state the newest."""
    seed = int(os.environ.get("SECOPS_SEED", random.randrange(10**6)))
    print(f"SECOPS_SEED={seed}")
    dice = random.Random(seed)
    workspace = Workspace(tmp_path)
    workspace.make()
    workspace.config.write_text(
        f'[alert]\nsinks = ["jsonl", "elasticsearch"]\n[elasticsearch]\nurl = "{elasticsearch.url}"\n'
    )
    with App(workspace) as app:
        assert app.database
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "SECOPS_WORKSPACE": str(tmp_path)}
    for name in ("SECOPS_ALERT_SINKS", "SECOPS_ELASTICSEARCH_URL"):
        environment.pop(name, None)
    push = ["-m", "secops", "alert", "push", "--wait", "60"]
    write = [str(HERE / "alert_writer.py"), str(tmp_path), str(TRANSITIONS)]
    running = {"writer": start(write, environment), "pump": start(push, environment)}

    def live(seconds):
        """Let both go on; a pump that has sent everything is started again, a killed one too."""
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            for name, arguments in (("writer", write), ("pump", push)):
                if running[name].poll() is not None:
                    running[name] = start(arguments, environment)
            time.sleep(0.02)

    victims = ["secops", "elasticsearch"] * KILLS
    dice.shuffle(victims)
    try:
        for number, victim in enumerate(victims):
            live(dice.uniform(0.3, 2.5))
            if victim == "secops":
                end(running["pump"])
                end(running["writer"])
            else:
                elasticsearch.kill()
                elasticsearch.start(wait=0)
                if dice.random() < 0.7:
                    elasticsearch.ready()
            if number in {KILLS // 2, KILLS, KILLS + KILLS // 2}:
                _roll(elasticsearch)
        elasticsearch.ready()
        live(0.1)
        running["writer"].wait(240)
        running["pump"].wait(120)
        done = subprocess.run([sys.executable, *push], env=environment, capture_output=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr.decode()
    finally:
        end(running["pump"])
        end(running["writer"])
    with App(workspace) as app, app.database.read() as connection:
        wanted = sorted(id for id, _, _ in findings.all_transitions(connection))
        sought = sum(each["reason"] == "found" for each in outbox.entries(connection, outbox.Wanted()))
    print(f"{sought} letters were sought and found")
    assert len(wanted) == TRANSITIONS
    assert elasticsearch.count("secops-alerts-default") == len(wanted)
    assert sorted(elasticsearch.ids("secops-alerts-default")) == wanted
    newest = {id.rpartition(":")[0]: 0 for id in wanted}
    for id in wanted:
        name, _, number = id.rpartition(":")
        newest[name] = max(newest[name], int(number))
    assert elasticsearch.count("secops-findings") == len(newest)
    for name in dice.sample(sorted(newest), 20):
        assert elasticsearch.ask("GET", f"/secops-findings/_doc/{name}")["_version"] == newest[name]
    lines = workspace.alerts.read_text(encoding="utf-8").splitlines()
    assert sorted(line.partition('"id":"')[2].partition('"')[0] for line in lines) == wanted


def _roll(elasticsearch):
    """A rollover while letters are on their way; the stream may not exist yet."""
    elasticsearch.ready()
    elasticsearch.ask("POST", "/secops-alerts-default/_rollover")
