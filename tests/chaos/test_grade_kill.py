"""Grading killed at random moments: in the end the same findings, transitions, cases and letters as undisturbed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secops.core.clock import SystemClock
from secops.core.finding import CaseState
from secops.core.model import Entity, Kind
from secops.hall.app import App
from secops.hall.workspace import Workspace
from secops.store import cases, entities, findings, outbox
from secops.store.findings import Wanted

pytestmark = pytest.mark.chaos
ADDRESSES = 150
KILLS = 10


def town(root: Path) -> Workspace:
    """A workspace with the shipped rules and services that break many of them."""
    root.mkdir()
    workspace = Workspace(root)
    workspace.config.write_text('site = "s"\n', "utf-8")
    workspace.make()
    now = SystemClock().now()
    made: dict[str, Entity] = {}
    for i in range(ADDRESSES):
        address = f"198.18.{i >> 8}.{i & 255}"
        ip = Entity(
            Kind.IP, "s", address, now, now, facts={"address": address}, org_id="o" * (i % 2), changed_seq=i + 1
        )
        made[ip.id] = ip
        for port, name in ((21, "ftp"), (23, "telnet"), (6379, "redis"), (3389, "rdp")):
            facts = {"address": address, "port": port, "transport": "tcp", "service.name": name}
            facts |= {"service.auth_required": False} if name == "redis" else {}
            key = f"{address}:{port}/tcp"
            each = Entity(Kind.SERVICE, "s", key, now, now, parent=ip.id, org_id="o1", facts=facts, changed_seq=i + 1)
            made[each.id] = each
    with App(workspace) as app, app.database.write() as connection:
        entities.put(connection, made)
    return workspace


def run(workspace: Workspace, seconds: float | None = None) -> int:
    """Grade in a process of its own, killed after so long."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "SECOPS_QUIET": "1"}
    command = [sys.executable, "-m", "secops", "-w", str(workspace.root), "grade", "run", "-f", "jsonl"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    if seconds is None:
        return process.wait(120)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait(30)


def told(workspace: Workspace) -> dict[str, object]:
    """What the store says, without times."""
    with App(workspace) as app, app.database.read() as connection:
        every = list(findings.listed(connection, Wanted(open=None)))
        letters = list(outbox.entries(connection, outbox.Wanted(streams=("alerts",))))
        transitions = [(id, str(step)) for id, step, _ in findings.all_transitions(connection)]
        groups = {each.id: (each.findings, each.state) for each in cases.listed(connection, state=None)}
    assert sorted(id for id, _ in transitions) == sorted(str(each["id"]) for each in letters)
    assert sum(count for count, _ in groups.values()) == sum(1 for each in every if each.open and each.case)
    assert all((count > 0) is (state is CaseState.OPEN) for count, state in groups.values())
    return {
        "findings": {each.id: (each.open, each.transition, tuple(sorted(each.evidence))) for each in every},
        "transitions": sorted(transitions),
        "cases": groups,
    }


def test_killed_grading_ends_as_if_undisturbed(tmp_path: Path) -> None:
    """After ten kills at random moments one more run gives every transition once, with its letter and its case."""
    seed = int(time.time())
    print(f"seed {seed}")
    dice = random.Random(seed)
    calm, rough = town(tmp_path / "calm"), town(tmp_path / "rough")
    begun = time.monotonic()
    assert run(calm) == 0
    whole = time.monotonic() - begun
    for _ in range(KILLS):
        run(rough, dice.uniform(0.3, whole))
    assert run(rough) == 0
    expected = told(calm)
    assert len(expected["transitions"]) > 3 * ADDRESSES  # type: ignore[arg-type]
    assert told(rough) == expected
