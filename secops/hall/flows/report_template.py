"""Word templates: the one that ships, and those a workspace keeps in `templates/`, for all reports or for one kind."""

from collections.abc import Iterator
from pathlib import Path

from secops.core.errors import StoreError, UsageError
from secops.core.language import say
from secops.deliver.reports.docx_template import NAME, make
from secops.hall.app import App
from secops.hall.flows.report_kinds import KINDS
from secops.hall.workspace import Workspace


def own(workspace: Workspace, what: str) -> Path | None:
    """The workspace's template for this kind of report, else its one for all; None for the one that ships."""
    folder = workspace.root / "templates"
    return next((each for each in (folder / f"{what}.docx", folder / NAME) if each.is_file()), None)


def listed(app: App) -> Iterator[dict[str, object]]:
    """Every name a template can have, and which file is in force."""
    for name in (NAME.removesuffix(".docx"), *KINDS):
        found = own(app.workspace, name)
        yield {
            "template": f"{name}.docx",
            "title": KINDS[name].title if name in KINDS else say("所有报表", "every report"),
            "file": str(found) if found else say("（自带）", "(shipped)"),
        }


def copied(app: App, name: str, *, force: bool = False) -> Path:
    """Put the template that ships under this name into the workspace, to be edited. Raises UsageError, StoreError."""
    stem = name.removesuffix(".docx")
    if stem not in {NAME.removesuffix(".docx"), *KINDS}:
        raise UsageError(
            "E6308", say(f"没有模板 {name[:40]}", f"no template {name[:40]}"), hint="secops report template list"
        )
    path = app.workspace.root / "templates" / f"{stem}.docx"
    if path.exists() and not force:
        raise UsageError(
            "E6319",
            say("模板已存在，没有覆盖", "the template exists and was left"),
            where=str(path),
            hint="--force",
        )
    try:
        make(path)
    except OSError as error:
        raise StoreError(
            "E6302", say("模板写不出来", "the template cannot be written"), where=str(path), why=str(error)
        ) from error
    return path
