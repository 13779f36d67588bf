"""A mirror whose refresh is killed is the old one, the new one or none: never wrong, and the store unharmed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secops.core.clock import Instant
from secops.core.model import Kind, Observation, Status, Target
from secops.hall.app import App
from secops.hall.flows import care, inventory, mirror
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import observations

pytest.importorskip("duckdb")
pytest.importorskip("adbc_driver_sqlite")
pytestmark = [pytest.mark.chaos, pytest.mark.sqlite]

ROOT = Path(__file__).parents[2]
HOSTS = 1_500
KILLS = int(os.environ.get("SECOPS_KILLS", "4"))
T0 = 1_750_000_000_000


def _look(app: App, run: int, hosts: range, title: str) -> None:
    seen = [
        Observation(
            app.site, "o", f"run{run}", "http@1", Target(f"198.18.{each >> 8}.{each & 255}", 80), Instant(T0 + run),
            Status.SUCCESS,
            {"service.name": "http", "http.status_code": 200, "http.title": f"{title}{each}", "tls.enabled": False},
        )
        for each in hosts
    ]  # fmt: skip
    with app.database.write() as connection:
        observations.append(connection, seen)
    list(merge(app))


def _start(workspace: Path, *more: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "mirror_refresher.py"), str(workspace), *more],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "refreshing\n"
    return process


def _titles(app: App) -> list[tuple[object, object]]:
    return sorted((each["id"], each["http.title"]) for each in inventory.listed(app, "title:*站*", kind=Kind.SERVICE))


@pytest.mark.parametrize("anew", [True, False])
def test_a_killed_refresh_leaves_the_old_mirror_or_the_new_or_none(tmp_path: Path, anew: bool) -> None:
    """Whatever is left answers as the store does, at once and after it was brought up, and the store is sound."""
    seed = int(os.environ.get("SECOPS_SEED", random.randrange(10**6)))
    print(f"SECOPS_SEED={seed}")
    dice = random.Random(seed)
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    with App(workspace) as app:
        _look(app, 1, range(HOSTS), "站")
        mirror.refresh(app)
    begun = time.monotonic()
    process = _start(workspace.root, "anew")
    assert process.wait(120) == 0
    spent = time.monotonic() - begun
    ended = 0
    for run in range(2, KILLS + 2):
        with App(workspace) as app:
            _look(app, run, range(dice.randrange(200)), f"旧站{run}-")
        process = _start(workspace.root, *(["anew"] if anew else []))
        time.sleep(dice.uniform(0, spent / 2))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        ended += process.wait() == 0
        with App(workspace) as app:
            assert list(care.check(app, lambda _: None)) == []
            found = _titles(app)
            state = mirror.status(app)
            assert state["usable"] or not state["exists"]
            app.config.values["mirror.use"] = "off"  # type: ignore[index]  # a dict it is
            assert found == _titles(app)
            assert len(found) == HOSTS
            mirror.refresh(app)
            assert mirror.verify(app).differing == {"services": 0, "assets": 0}
            left = {each.name for each in app.mirror.path.parent.glob("mirror.*")} - {"mirror.duckdb.wal"}
            assert left == {"mirror.duckdb", "mirror.lock"}
    print(f"{ended} of {KILLS} came to their end")
