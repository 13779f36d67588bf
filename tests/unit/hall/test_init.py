import tomllib
from pathlib import Path

import pytest

from secops.core.errors import UsageError
from secops.hall.config import SETTINGS, load
from secops.hall.flows.init import make, toml


def test_the_settings_file_explains_every_setting_and_is_valid() -> None:
    """Each setting stands there with its meaning, given ones in force, the others as comments with their default."""
    text = toml({"site": '某"市\\', "alert.sinks": ["jsonl"], "discover.concurrency": 9})
    told = tomllib.loads(text)
    assert told["site"] == '某"市\\'
    assert told["alert"]["sinks"] == ["jsonl"]
    assert told["discover"]["concurrency"] == 9
    assert all(each.zh in text for each in SETTINGS)


def test_uncommenting_every_line_gives_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in comments is what is in force."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    lines = [line.removeprefix("# ") if " = " in line else line for line in toml({}).splitlines()]
    path = tmp_path / "secops.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert dict(load(path).values) == {each.name: each.default for each in SETTINGS}


def test_existing_files_stay_and_keys_are_private(tmp_path: Path) -> None:
    """A file that is there is not written over, the keys folder is for its owner, examples come beside."""
    (tmp_path / ".gitignore").write_text("mine\n")
    workspace = make(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert workspace.keys.stat().st_mode & 0o077 == 0
    assert list(workspace.inventory.glob("*.yaml.example"))
    assert not list(workspace.inventory.glob("*.yaml"))
    with pytest.raises(UsageError):
        make(tmp_path)
