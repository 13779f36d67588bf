"""What the doctor advises of a database."""

from pathlib import Path

import pytest

from secops.hall.app import App
from secops.hall.flows.doctor import BAD, _database
from secops.hall.workspace import Workspace
from secops.store import check

pytestmark = pytest.mark.sqlite  # the doctor looks for the workspace's file


@pytest.mark.parametrize(("harm", "hint"), [((), "postgresql.conf"), (("表读不全",), "从备份恢复")])
def test_a_setting_is_mended_by_a_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: tuple[str, ...], hint: str
) -> None:
    """No backup turns fsync on; what is damaged comes first."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace) as app, app.database.read():
        pass
    monkeypatch.setattr(check, "settings", lambda _: ("服务器关闭了 fsync",))
    monkeypatch.setattr(check, "problems", lambda _: ("服务器关闭了 fsync", *harm))
    found = _database(workspace)
    assert (found.state, hint in found.hint) == (BAD, True)
