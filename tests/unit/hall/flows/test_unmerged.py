"""What the log holds beyond the inventory is said, with what finishes it."""

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


def test_an_import_killed_before_its_merge_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Readers and doctor name the file to import again; resume says the same; merged, nobody says anything."""
    workspace = Workspace(tmp_path)
    workspace.make()
    plan = {"files": ["/data/a b.xml"], "sha256": [""], "formats": ["nmap"], "operator": ""}
    seen = Observation("default", "o", "import-1", "ssh@1", Target("198.18.0.1", 22), _NOW, Status.SUCCESS, {})
    with App(workspace) as app:
        assert unmerged(app) is None
        with app.database.write() as connection:
            runs.begin(connection, Run("import-1", "import", "default", "", plan, "", _NOW, _NOW, None, 1, {}, {}))
            observations.append(connection, [seen])
        again = "secops discover import '/data/a b.xml'"
        behind(app)
        assert again in capsys.readouterr().err
        assert again in [each.hint for each in checks(workspace)]
        with pytest.raises(UsageError, match="E1443") as refused:
            list(resume(app, "import-1", operator="me"))
        assert refused.value.hint == again
        list(merge(app))
        assert unmerged(app) is None
