"""`secops inventory import`: ledgers people keep, told before they are taken."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secops.cli.show import Column, Format, chosen, opened, rows, visible
from secops.core.language import say

if TYPE_CHECKING:
    from secops.hall.flows.ledger_batch import Batch

app = typer.Typer(rich_markup_mode=None)

SHOWN = 20
"""Rows of each outcome that a terminal is shown."""
_SIGNS = {
    "new": "+",
    "changed": "~",
    "proposed": "?",
    "withdrawn": "-",
    "left_out": "!",
    "same": "=",
    "repeated": "=",
    "passed": " ",
}
_QUIET = frozenset({"same", "repeated", "passed"})


@app.command(
    "import",
    help=say(
        "导入台账（xlsx、xls、xlsb、ods、CSV）或物料清单（CycloneDX、SPDX），先预览",
        "take in ledgers (xlsx, xls, ods, CSV) or CycloneDX, SPDX: told first",
    ),
)
def import_(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help=say("文件", "files"))] = None,
    *,
    section: Annotated[str, typer.Option("--as", metavar="SECTION", help=say("当作哪一类", "what its rows are"))] = "",
    sheet: Annotated[str, typer.Option("--sheet", help=say("只读这张工作表", "only this sheet"))] = "",
    mapping: Annotated[str, typer.Option("--mapping", help=say("按这份已存的映射", "by this saved mapping"))] = "",
    plan: Annotated[bool, typer.Option("--plan", help=say("只预览，不写入", "only tell, write nothing"))] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=say("不再询问，直接写入", "ask nothing"))] = False,
    create: Annotated[
        bool,
        typer.Option("--create-organisations", help=say("没有登记的单位一并登记", "declare unknown organisations")),
    ] = False,
    system: Annotated[str, typer.Option("--system", help=say("物料清单属于哪个系统", "whose bill it is"))] = "",
    repository: Annotated[str, typer.Option("--repository", help=say("或哪个代码仓库", "or of which repository"))] = "",
    clear: Annotated[bool, typer.Option("--clear", help=say("空单元格清除原值", "empty cells clear values"))] = False,
    who: Annotated[str, typer.Option("--who", help=say("经办人，默认当前用户", "who; the user unless told"))] = "",
    format: Annotated[
        Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help=say("预览写到文件", "the preview into a file"))] = "-",
) -> None:
    """`secops inventory import`."""
    from secops.cli.context import open_app, operator_of
    from secops.core.errors import UsageError
    from secops.hall.flows.ledger_import import Options
    from secops.hall.flows.ledger_import import opened as read

    if not files:
        raise UsageError(
            "E1382", say("没有写要导入的文件", "no file to import"), hint="secops inventory import FILE..."
        )
    options = Options(section, sheet, mapping, clear=clear, create=create, system=system, repository=repository)
    with open_app() as holder, read(holder, files, options, who=operator_of(who)) as found:
        code = carried(found, plan=plan, yes=yes, format=format, out=out)
    raise typer.Exit(code)


@app.command(
    "template",
    help=say(
        "一类登记内容的空白表（xlsx）：列、可选项、写法、示例", "a workbook to fill in, for any section or register"
    ),
)
def template(
    section: Annotated[str, typer.Argument(metavar="SECTION", help=say("哪一类，如 systems、供应商", "as systems"))],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help=say("输出文件", "the file"))],
    filled: Annotated[bool, typer.Option("--filled", help=say("填上已登记的内容", "with what is declared"))] = False,
) -> None:
    """`secops inventory template`."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows.ledger_template import write

    with open_app() as opened_app:
        count = write(opened_app, section, out, filled=filled)
    talk(f"{out}: {count:,} {say('行', 'rows')}" if filled else str(out))


def carried(found: "Batch", *, plan: bool, yes: bool, format: Format | None, out: str) -> int:
    """Tell what would change, ask, do it; the exit code. Raises UsageError."""
    from secops.cli.context import exit_code, follow, talk

    for note in found.notes:
        talk(("! " if note.warning else "") + visible(note.text))
    tell(found, format, out)
    if plan or not found.changes:
        return exit_code(follow([found.summary(applied=not plan)], format=Format.TABLE))
    if not yes:
        follow([found.summary(applied=False)], format=Format.TABLE)
    agreed(found, yes=yes)
    return exit_code(follow(found.apply(), format=Format.TABLE))


def tell(found: "Batch", format: Format | None, out: str) -> None:
    """Every row's outcome: all of them to machines and files, the first of each kind to a terminal."""
    told = (each.data for each in found.preview())
    if chosen(format, out) is Format.TABLE:
        with opened(out) as stream:
            for line in lines(told, every=out != "-"):
                stream.write(line + "\n")
        return
    titles = {
        "where": say("位置", "where"), "outcome": say("结果", "outcome"), "subject": say("对象", "subject"),
        "title": say("名称", "title"), "change": say("变更", "change"), "reason": say("原因", "reason"),
        "warning": say("注意", "note"),
    }  # fmt: skip
    rows(told, [Column(*each) for each in titles.items()], format=format, out=out)


def lines(told: Iterable[Mapping[str, object]], *, every: bool = False) -> Iterator[str]:
    """The preview for eyes."""
    from secops.cli import words

    seen: dict[str, int] = {}
    for each in told:
        outcome = str(each["outcome"])
        seen[outcome] = seen.get(outcome, 0) + 1
        if outcome in _QUIET or (seen[outcome] > SHOWN and not every):
            continue
        what = [str(each.get("title") or ""), _change(each.get("change")), str(each.get("reason") or "")]
        if warning := str(each.get("warning") or ""):
            what.append(say(f"注意：{warning}", f"note: {warning}"))
        text = "  ".join(part for part in what if part)
        yield visible(f"{_SIGNS[outcome]} {words.value('outcome', outcome)}  {each['where']}  {text}")
    for outcome, count in seen.items():
        if outcome not in _QUIET and count > SHOWN and not every:
            word = words.value("outcome", outcome)
            yield say(
                f"  …另有 {count - SHOWN:,} 行{word}，-f csv -o 预览.csv 可看全部",
                f"  ... {count - SHOWN:,} more rows {word}; -f csv -o preview.csv shows all",
            )


def _change(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    from secops.cli.show import plain_text

    return "；".join(f"{title}: {plain_text(one)}" for title, one in value.items())


def agreed(found: "Batch", *, yes: bool) -> None:
    """A person is asked; a script must have said --yes. Raises UsageError."""
    from secops.core.errors import UsageError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "E1413",
            say("没有终端可以询问，什么也没有写入", "there is no terminal to ask on: nothing was written"),
            hint=say("加 --yes 写入，或 --plan 只预览", "add --yes to write, or --plan to look only"),
        )
    sys.stderr.write(
        say(f"写入这 {found.changes:,} 项变更吗？[y/N] ", f"write these {found.changes:,} changes? [y/N] ")
    )
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes", "是"}:
        raise UsageError("E1383", say("没有写入", "nothing was written"))
