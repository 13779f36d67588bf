"""Compaction killed at random moments: every answer is as before, and in the end all is folded that can be."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secops.core.clock import DAY_MS, Instant, SystemClock
from secops.core.events import Summary
from secops.core.model import Observation, Status, Target
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import folds, observations

pytestmark = pytest.mark.chaos
PLACES = 1_000
WEEKS = 10
KILLS = 5


def year(root: Path) -> Workspace:
    """A workspace whose weekly looks say mostly what they said before."""
    root.mkdir()
    workspace = Workspace(root)
    workspace.config.write_text('site = "s"\n', "utf-8")
    workspace.make()
    first = SystemClock().now() - 400 * DAY_MS
    with App(workspace) as app:
        for week in range(WEEKS):
            seen = []
            for place in range(PLACES):
                facts = {"service.name": "ssh", "service.version": str(week if place % 10 == 0 else 1)}
                target = Target(f"198.18.{place >> 8}.{place & 255}", 22)
                at = Instant(first + week * 7 * DAY_MS + place)
                seen.append(Observation("s", "o", f"run{week}", "ssh@1", target, at, Status.SUCCESS, facts))
            with app.database.write() as connection:
                observations.append(connection, seen)
        list(merge(app))
    return workspace


def run(workspace: Workspace, seconds: float | None = None) -> int:
    """Compact in a process of its own, killed after so long."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "SECOPS_QUIET": "1"}
    command = [sys.executable, "-m", "secops", "-w", str(workspace.root), "db", "compact", "--no-backup"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    if seconds is None:
        return process.wait(120)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait(30)


def told(workspace: Workspace) -> tuple[str, int, list[tuple[str, int]]]:
    """The digest of what is known, how many looks there were, and each look with its time."""
    with App(workspace) as app, app.database.read() as connection:
        seen = [(each.id, int(each.seen_at)) for week in range(WEEKS)
                for each in observations.of_run(connection, f"run{week}")]  # fmt: skip
        return inventory.digest(app), observations.count(connection), sorted(seen)


def test_a_killed_compaction_loses_nothing(tmp_path: Path) -> None:
    """After kills at random moments no look is lost or doubled; one more run ends it, and a rebuild is the same."""
    seed = int(time.time())
    print(f"seed {seed}")
    dice = random.Random(seed)
    workspace = year(tmp_path / "w")
    before = told(workspace)
    begun = time.monotonic()
    for kill in range(KILLS):
        run(workspace, dice.uniform(0.5, 1.5) + kill * 0.3)
        assert told(workspace) == before
    assert run(workspace) == 0
    print(f"{time.monotonic() - begun:.1f} s")
    assert told(workspace) == before
    with App(workspace) as app:
        with app.database.read() as connection:
            assert folds.count(connection) == PLACES * 9 // 10 * (WEEKS - 2)
        done = list(inventory.rebuild(app))[-1]
        assert isinstance(done, Summary)
        assert done.complete
        assert "db.compacted" in app.audit.path.read_text("utf-8")
