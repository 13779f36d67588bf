"""`report schedule run` killed at random moments: the due report is made whole, under one name, and counted once."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from secops.core.clock import CHINA, SystemClock
from secops.deliver.reports import manifest

pytestmark = pytest.mark.chaos

ROOT = Path(__file__).resolve().parents[2]
KILLS = 6


def secops(root: Path, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "secops", "-w", str(root), *words], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_missed_report_is_made_once_however_often_it_is_killed(tmp_path):
    """Ten days missed and six kills later there is one file with its manifest, no part of one, and nothing is due."""
    seed = int(os.environ.get("SECOPS_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    at = datetime.now(CHINA) - timedelta(hours=1)
    secops(tmp_path, "init", str(tmp_path)).communicate(timeout=60)
    (tmp_path / "schedules").mkdir()
    text = f'report: assets\nformat: xlsx\nschedule: "{at.minute} {at.hour} * * *"\n'
    (tmp_path / "schedules" / "daily.yaml").write_text(text, "utf-8")
    state = tmp_path / "state" / "schedules" / "daily.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"since": SystemClock().now() - 10 * 86_400_000, "handled": 0}), "utf-8")
    for _ in range(KILLS):
        process = secops(tmp_path, "report", "schedule", "run", "--once")
        timer = threading.Timer(chance.uniform(0.3, 1.5), process.send_signal, (signal.SIGKILL,))
        timer.start()
        process.communicate(timeout=60)
        timer.cancel()
    last = secops(tmp_path, "report", "schedule", "run", "--once")
    told, said = last.communicate(timeout=60)
    assert last.returncode == 0, said
    end = json.loads(state.read_text("utf-8"))
    names = sorted(each.name for each in (tmp_path / "reports" / "daily").iterdir())
    assert (len(names), end["runs"], end["run"]) == (2, 1, str(tmp_path / "reports" / "daily" / names[0])), (seed, told)
    assert manifest.verify(tmp_path / "reports" / "daily" / names[0], tmp_path / "trust").manifest["report"] == "assets"
