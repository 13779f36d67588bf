"""A new workspace: its folders, a commented secops.toml, an example of everything a person writes."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from secops.core.errors import StoreError, UsageError
from secops.core.language import say
from secops.hall.config import SETTINGS, Scalar
from secops.hall.workspace import Workspace, shipped

GITIGNORE = """# 私钥与运行数据不进版本库 / keys and run data stay out of version control
/keys/
/secops.db*
/audit.jsonl
/alerts.jsonl
/state/
/runs/
/reports/
"""


def make(root: Path, settings: Mapping[str, Scalar] | None = None) -> Workspace:
    """A workspace at `root`; files that are there stay as they are. Raises UsageError where it is one already."""
    workspace = Workspace(root.resolve())
    if workspace.config.exists():
        raise UsageError(
            "E1102",
            say("这里已经是工作区", "this is a workspace already"),
            where=str(workspace.config),
            hint=say("直接使用它，或换一个目录", "use it, or choose another folder"),
        )
    try:
        workspace.make()
        _write(workspace.root / ".gitignore", GITIGNORE)
        for example in sorted(shipped("inventory").rglob("*.yaml")):
            target = workspace.inventory / example.relative_to(shipped("inventory"))
            if example.parts[-2] != "examples":
                target = target.with_name(target.name + ".example")
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, example.read_text(encoding="utf-8"))
        _write(workspace.config, toml(settings or {}))
    except OSError as error:
        raise StoreError(
            "E1103", say("无法建立工作区", "the workspace cannot be made"), where=str(root), why=str(error)
        ) from error
    return workspace


def toml(settings: Mapping[str, Scalar]) -> str:
    """secops.toml with every setting explained; those not given stand as comments with their default."""
    lines = [
        say("# secops 工作区配置。改一行即生效；secops config show --origin 显示每项来自哪里。",
            "# Settings of this workspace. secops config show --origin tells where each comes from."),
    ]  # fmt: skip
    section = ""
    for each in sorted(SETTINGS, key=lambda one: ("." in one.name, one.name.partition(".")[0])):
        table, _, leaf = each.name.rpartition(".")
        if table != section:
            lines += ["", f"[{table}]"]
            section = table
        given = each.name in settings
        value = settings[each.name] if given else each.default
        lines += [f"# {say(each.zh, each.en)}", f"{'' if given else '# '}{leaf} = {_literal(value)}"]
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return text


def _literal(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_literal(each) for each in value) + "]"
    escaped = "".join(c if c >= " " and c not in '"\\' else f"\\u{ord(c):04x}" for c in value)
    return f'"{escaped}"'


def _write(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text, encoding="utf-8")
