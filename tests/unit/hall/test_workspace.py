from pathlib import Path

import pytest

from secops.core.errors import Locked, UsageError
from secops.hall.workspace import Workspace, find, layered, shipped


def test_the_workspace_is_found_from_below(tmp_path: Path) -> None:
    """Any folder inside a workspace belongs to it; outside there is an error that says how to make one."""
    (tmp_path / "secops.toml").write_text("")
    inner = tmp_path / "runs" / "x"
    inner.mkdir(parents=True)
    assert find(inner).root == tmp_path.resolve()
    with pytest.raises(UsageError, match="E1101"):
        find(Path("/"))


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    """A second holder of the same lock is refused, and another name is free."""
    workspace = Workspace(tmp_path)
    with workspace.lock("discover"):
        with pytest.raises(Locked, match="E5201"), workspace.lock("discover"):
            raise AssertionError
        with workspace.lock("alert"):
            pass
    with workspace.lock("discover"):
        pass


def test_workspace_files_override_shipped_ones_by_name(tmp_path: Path) -> None:
    """A file of the same relative name in the workspace replaces the shipped one; others stay."""
    workspace = Workspace(tmp_path)
    workspace.make()
    before = layered(None, "rules")
    (tmp_path / "rules" / "mine.yaml").write_text("a: 1")
    after = layered(workspace, "rules")
    assert after.keys() == before.keys() | {"mine.yaml"}
    name = next(iter(before), None)
    if name:
        (tmp_path / "rules" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "rules" / name).write_text("b: 2")
        assert layered(workspace, "rules")[name] == tmp_path / "rules" / name
        assert before[name] == shipped("rules") / name


def test_private_keys_are_for_the_owner_alone(tmp_path: Path) -> None:
    """The folder of keys is closed to everybody else."""
    workspace = Workspace(tmp_path)
    workspace.make()
    assert workspace.keys.stat().st_mode & 0o077 == 0
