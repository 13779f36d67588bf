"""What a /8 costs: its plan, all its blocks, and the first of them really sent, in a process of its own. Needs root."""

import json
import os
import subprocess
import sys

from secops.dial.wire.mmsg import capable
from tests.lab.namespace import run
from tests.perf.bench import ROOT, Figure

GOAL = 300.0
"""Megabytes that a /8 may take."""
RUNS = 3
BLOCKS = 2
_CHILD = """
import fcntl, json, os, resource, struct, sys, tempfile
from dataclasses import replace
from pathlib import Path
from secops.core.clock import SystemClock
from secops.core.model import Coverage
from secops.dial.finder import Tally
from secops.dial.wire.syn import SynFinder
from secops.discover import plan as plans
from tests.lab.leave import gate, scope
from tests.lab.namespace import run

held = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(held, 0x400454CA, struct.pack("16sH22x", b"tap0", 0x1002))
run("ip", "addr", "add", "198.18.0.1/24", "dev", "tap0")
run("ip", "link", "set", "tap0", "up")
run("ip", "neigh", "add", "198.18.0.2", "lladdr", "02:00:00:00:00:02", "nud", "permanent", "dev", "tap0")
run("ip", "route", "add", "default", "via", "198.18.0.2")
pps = 1_000_000
plan = plans.Plan(
    scope_id="scp-bench", scope_digest="0" * 64, title="bench", site="bench", engine="syn", targets=("10.0.0.0/8",),
    names=(), ports=(443,), deep=(), pps=pps, pps_per_host=40, level=1, collectors=plans.labels(),
)
plans.check(plan)
asked = sent = number = 0
with tempfile.TemporaryDirectory() as folder:
    passage, _ = gate(Path(folder), replace(scope(["10.0.0.0/8"], ["443"]), pps=pps, pps_per_host=40))
    finder = SynFinder(passage, SystemClock(), pps_per_host=40)
    finder.survey(plan.addresses)
    for number, block in enumerate(plans.blocks(plan), 1):
        row = Coverage("r", block.number, block.ranges, block.ports, asked=block.targets)
        assert len(json.dumps(row.ranges)) < 200, "a block of one network is told by its two ends"
        asked += block.targets
        if number <= int(sys.argv[1]):
            sent += sum(each.sent for each in finder.find(block.addresses, block.ports, seed=1) if type(each) is Tally)
    passage.close()
assert asked == plans.estimate(plan).targets == 1 << 24
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"mb": peak, "blocks": number, "sent": sent}))
"""


def figures() -> list[Figure]:
    """Peak memory of planning 10.0.0.0/8 x 1 port, walking all its blocks and sending the first ones' probes."""
    reason = "needs root" if os.geteuid() else capable()
    if reason:
        print(f"wire skipped: {reason}")
        return []
    runs = [_run() for _ in range(RUNS)]
    first = runs[0]
    note = f"10.0.0.0/8 x 1 port, {first['blocks']} blocks walked, {BLOCKS} sent to a tap: {first['sent']:,} SYNs"
    peaks = [each["mb"] for each in runs]
    return [Figure.alone("plan8_memory", peaks, unit="MB", goal=GOAL, least=False, note=note)]


def _run() -> dict[str, float]:
    name = f"sw{os.getpid()}"
    run("ip", "netns", "add", name)
    try:
        done = subprocess.run(
            ["ip", "netns", "exec", name, sys.executable, "-c", _CHILD, str(BLOCKS)],
            cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    finally:
        run("ip", "netns", "del", name)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told: dict[str, float] = json.loads(done.stdout)
    return told
