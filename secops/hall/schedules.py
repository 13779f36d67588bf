"""Reports by schedule: files that say which is made when, for whom, and how many are kept. `schedules/NAME.yaml`:

    report: changes
    format: pdf
    schedule: 0 8 * * 1        # cron, or RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=8 (RFC 5545), Chinese standard time
    keep: 26                   # older ones are removed; 0 keeps all

The state lies in `state/schedules/NAME.json`, as that of watches does.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from secops.core.errors import InvalidFile, SecopsError, StoreError, UsageError
from secops.core.language import say
from secops.hall.flows.report_kinds import FORMATS, KINDS
from secops.hall.schedule import Schedule, schedule_of
from secops.hall.workspace import Workspace
from secops.scope.form import Form
from secops.scope.yaml_source import Source

FOLDER = "schedules"
KEEP = 26
TEXTS = ("title", "query", "org", "role", "unit", "who", "type", "by", "scope", "sign", "passphrase_file")
KEYS = ("report", "format", "schedule", "keep", "split", "sensitive", "within", "enabled", *TEXTS)
_NAME = re.compile(r"[\w-]{1,60}")


@dataclass(frozen=True, slots=True)
class Standing:
    """One file, read."""

    name: str
    report: str
    format: str
    schedule: Schedule
    keep: int
    split: bool
    sensitive: bool
    within: int
    texts: Mapping[str, str]


def read(path: Path) -> Standing:
    """The report of a file. Raises InvalidFile(s) with every error's place."""
    form = Form(Source.read(path))
    form.known(KEYS)
    found = Standing(
        name=path.stem,
        report=form.text("report"),
        format=form.text("format", required=False) or "xlsx",
        schedule=schedule_of(form),
        keep=form.number("keep", least=0, most=10_000, default=KEEP),
        split=form.text("split", required=False) == "org",
        sensitive=form.flag("sensitive"),
        within=form.number("within", least=0, most=36_500, default=90),
        texts={name: form.text(name, required=False, longest=2_000) for name in TEXTS},
    )
    if found.report not in KINDS:
        form.bad(("report",), say(f"没有报表 {found.report}", f"no report {found.report}"), hint=", ".join(KINDS))
    if found.format not in FORMATS:
        form.bad(("format",), say(f"没有格式 {found.format}", f"no format {found.format}"), hint=", ".join(FORMATS))
    if bool(found.texts["sign"]) != bool(found.texts["passphrase_file"]):
        form.bad(("sign",), say("sign 与 passphrase_file 须同时给出", "sign and passphrase_file go together"))
    form.finish()
    return found


def all_of(workspace: Workspace) -> tuple[list[Standing], list[SecopsError]]:
    """The scheduled reports of the workspace by name, and what is wrong with the others."""
    found: list[Standing] = []
    wrong: list[SecopsError] = []
    for path in sorted((workspace.root / FOLDER).glob("*.yaml")):
        try:
            if Form(Source.read(path)).get("enabled") is not False:
                found.append(read(path))
        except SecopsError as error:
            wrong.append(error)
    return found, wrong


def add(workspace: Workspace, name: str, given: Mapping[str, object]) -> Path:
    """Write a file, checked before it is there. Raises UsageError for a taken name, InvalidFile, StoreError."""
    path = place(workspace, name)
    if path.exists():
        raise UsageError(
            "E6322",
            say(f"已有定期报表 {name}", f"there is a scheduled report {name}"),
            where=str(path),
            hint=f"secops report schedule remove {name}",
        )
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(dict(given), allow_unicode=True, sort_keys=False)
        with part.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        try:
            read(part)
        except InvalidFile as error:
            raise _placed(error, part, path) from error
        part.replace(path)
    except OSError as error:
        raise StoreError(
            "E6324",
            say("定期报表文件写不出来", "the file of the scheduled report cannot be written"),
            where=str(path),
            why=error.strerror or str(error),
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return path


def _placed(error: InvalidFile, part: Path, path: Path) -> InvalidFile:
    """The error with the file's own name, which nobody has seen the other of."""
    for each in (error, *getattr(error, "problems", ())):
        each.where = each.where.replace(str(part), str(path)).replace(part.name, path.name)
    return error


def remove(workspace: Workspace, name: str) -> Path:
    """Take the file and its state away; what was made stays. Raises UsageError for none."""
    path = place(workspace, name)
    if not path.exists():
        raise none(workspace, name)
    path.unlink()
    (workspace.state / FOLDER / f"{name}.json").unlink(missing_ok=True)
    return path


def place(workspace: Workspace, name: str) -> Path:
    """The file of this name. Raises UsageError for what is no name."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            "E6322",
            say("名字只用文字、数字、- 和 _", "a name is letters, digits, - and _"),
            where=name[:80],
        )
    return workspace.root / FOLDER / f"{name}.yaml"


def none(workspace: Workspace, name: str = "") -> UsageError:
    """The error that there is none (of this name)."""
    return UsageError(
        "E6323",
        say(f"没有定期报表 {name}".rstrip(), f"there is no scheduled report {name}".rstrip()),
        where=str(workspace.root / FOLDER),
        hint="secops report schedule add weekly changes '0 8 * * 1' -f pdf",
    )
