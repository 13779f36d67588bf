"""`discover watch` killed at random moments: what was missed is caught up exactly once, by one run."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from secops.core.clock import CHINA, SystemClock
from secops.store import runs
from secops.store.database import Database
from tests.chaos.test_discover_kill import _finish, _seen, _start, _workspace, city

pytestmark = pytest.mark.chaos

__all__ = ["city"]

KILLS = 6


def _watched(root: Path, schedule: str) -> Path:
    """A workspace with one watch that was first seen ten days ago and has done nothing since."""
    _workspace(root)
    (root / "watches").mkdir(exist_ok=True)
    (root / "watches" / "nightly.yaml").write_text(f'scope: scopes/lab.yaml\nschedule: "{schedule}"\n', "utf-8")
    state = root / "state" / "watches" / "nightly.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps({"since": SystemClock().now() - 10 * 86_400_000, "handled": 0}), "utf-8")
    return state


def _runs(root: Path) -> list[runs.Run]:
    if not (root / "secops.db").exists():
        return []
    database = Database.file(root / "secops.db")
    with database.read() as connection:
        found = runs.latest(connection)
    database.close()
    return list(found)


@pytest.mark.parametrize("form", ["cron", "rrule"])
def test_missed_runs_are_caught_up_once_however_often_it_is_killed(city, tmp_path, form):
    """Ten days of missed runs and six kills later there is one run, complete, and nothing is due."""
    seed = int(os.environ.get("SECOPS_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    at = datetime.now(CHINA) - timedelta(hours=1)
    schedule = f"{at.minute} {at.hour} * * *"
    if form == "rrule":
        schedule = f"RRULE:FREQ=DAILY;BYHOUR={at.hour};BYMINUTE={at.minute};BYSECOND=0"
    root = tmp_path / form
    state = _watched(root, schedule)
    for _ in range(KILLS):
        process = _start(root, "watch", "--once")
        timer = threading.Timer(chance.uniform(0.5, 3.0), process.send_signal, (signal.SIGKILL,))
        timer.start()
        process.communicate(timeout=60)
        timer.cancel()
    rows = _finish(_start(root, "watch", "--once"))
    end = json.loads(state.read_text("utf-8"))
    (run,) = _runs(root)
    assert run.state == "done", f"seed {seed}"
    assert (end["runs"], end["due"], end["run"]) == (1, 0, run.id), f"seed {seed}, {rows[-1:]}"
    assert len(_seen(root)) == 12 + 24 + 4, f"seed {seed}"
    _finish(_start(root, "watch", "--once"))
    assert len(_runs(root)) == 1


def test_a_watch_waiting_for_its_hour_ends_at_a_stop(city, tmp_path):
    """A watch with nothing due holds no run; a stop ends it within two seconds."""
    root = tmp_path / "idle"
    state = _watched(root, "0 0 1 1 *")
    state.unlink()
    process = _start(root, "watch")
    end = time.monotonic() + 20
    while not state.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert state.exists()
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert time.monotonic() - begun < 2
    assert _runs(root) == []
