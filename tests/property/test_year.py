"""A simulated quarter of a small network: identity against the truth, through the real log and merge."""

from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.workspace import Workspace
from tests.perf.identity import year
from tests.perf.year import START

pytestmark = pytest.mark.property


def test_a_quarter_of_three_hundred_hosts_is_told_apart(tmp_path: Path) -> None:
    """DHCP, replacements, reinstalls, fail-overs, clones, balancers, address translation; a rebuild is equal."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(START))) as app:
        out = year(app, 300, weeks=13)
        assert out.precision >= 0.995, (out.precision, out.wrong)
        assert out.recall >= 0.985, (out.recall, out.wrong)
        summary = list(inventory.rebuild(app))[-1]
        assert isinstance(summary, Summary)
        assert summary.complete, summary.warnings
