"""What the log holds beyond the inventory is said, with what finishes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.cli.context import behind
from secops.core.clock import Instant
from secops.core.errors import UsageError
from secops.core.model import Observation, Status, Target
from secops.hall.app import App
from secops.hall.flows.discover import resume
from secops.hall.flows.doctor import checks
from secops.hall.flows.merge import merge
from secops.hall.flows.unmerged import unmerged
from secops.hall.workspace import Workspace
from secops.store import observations, runs
from secops.store.runs import Run

_NOW = Instant(1_750_000_000_000)
_AGAIN = "secops discover import '/data/a b.xml'"


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[App]:
    """An import was read in whole and ended before its merge."""
    workspace = Workspace(tmp_path)
    workspace.make()
    plan = {"files": ["/data/a b.xml"], "sha256": [""], "formats": ["nmap"], "operator": ""}
    seen = Observation("default", "o", "import-1", "ssh@1", Target("198.18.0.1", 22), _NOW, Status.SUCCESS, {})
    with App(workspace) as app:
        assert unmerged(app) is None
        with app.database.write() as connection:
            runs.begin(connection, Run("import-1", "import", "default", "", plan, "", _NOW, _NOW, None, 1, {}, {}))
            observations.append(connection, [seen])
        yield app


def test_an_import_killed_before_its_merge_is_told_of(killed: App, capsys: pytest.CaptureFixture[str]) -> None:
    """Readers name the file to import again; resume says the same; merged, nobody says anything."""
    behind(killed)
    assert _AGAIN in capsys.readouterr().err
    with pytest.raises(UsageError, match="E1443") as refused:
        list(resume(killed, "import-1", operator="me"))
    assert refused.value.hint == _AGAIN
    list(merge(killed))
    assert unmerged(killed) is None


@pytest.mark.sqlite
def test_the_doctor_tells_of_what_is_not_merged(killed: App) -> None:
    """As readers do, with the command that finishes it."""
    assert _AGAIN in [each.hint for each in checks(killed.workspace)]
