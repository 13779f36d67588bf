"""An import killed at random moments leaves nothing half applied; the same file again goes on and doubles nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secops.core.model import Decision, DecisionType
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.workspace import Workspace
from secops.store import decisions, records

pytestmark = pytest.mark.chaos

ROOT = Path(__file__).parents[2]
ROWS = 600
KILLS = int(os.environ.get("SECOPS_KILLS", "5"))


def _start(workspace: Path, file: Path, whole: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "ledger_writer.py"), str(workspace), str(file), str(whole)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def _state(workspace: Path) -> tuple[int, int]:
    """How many suppliers were decided, and how many hosts and suppliers the inventory has; the logs rebuild it."""
    with App(Workspace(workspace)) as app:
        with app.database.read() as connection:
            said = [each.entry for each in decisions.after(connection, 0, 10 * ROWS)]
            kept = len(list(records.listed(connection, app.site, "supplier")))
        mine = [each for each in said if isinstance(each, Decision) and each.type is DecisionType.DECLARE]
        subjects = [each.subject for each in mine]
        assert len(subjects) == len(set(subjects)), "something was declared twice"
        kept += sum(1 for _ in inventory.listed(app, "kind:host"))
        assert list(inventory.rebuild(app))[-1].counts["same_digest"] == 1  # type: ignore[union-attr]
    return len(subjects), kept


@pytest.mark.parametrize("whole", [10 * ROWS, 0])
def test_an_import_is_whole_or_goes_on(tmp_path: Path, whole: int) -> None:
    """As one transaction all or nothing is there after each kill; chunk by chunk, whole chunks with what they mean."""
    seed = int(os.environ.get("SECOPS_SEED", random.randrange(10**6)))
    print(f"SECOPS_SEED={seed}")
    dice = random.Random(seed)
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    workspace.config.write_text('site = "gd"\n')
    with App(workspace) as app:
        assert app.database
    file = tmp_path / "主机.csv"
    rows = "\n".join(f"H{each},192.0.{each // 250}.{each % 250 + 1},张三" for each in range(ROWS))
    file.write_text("主机编号,IP 地址,负责人\n" + rows, encoding="utf-8")
    begun = time.monotonic()
    spent = 0.5
    for _ in range(KILLS):
        process = _start(workspace.root, file, whole)
        time.sleep(dice.uniform(0, spent))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        said, kept = _state(workspace.root)
        assert said == kept
        assert said in {0, ROWS} if whole else said % 40 == 0 or said == ROWS
        if said == ROWS:
            spent /= 2
    assert time.monotonic() - begun < 600
    process = _start(workspace.root, file, whole)
    assert process.wait(300) == 0
    assert _state(workspace.root) == (ROWS, ROWS)
