"""`secops explain`."""

import sys
from typing import Annotated

import typer

from secops.cli.show import Column, Format, one, rows
from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)

EXITS: dict[int, str] = {
    0: "完成（什么都没发现也算完成）|done, also when nothing was found",
    1: "失败|failed",
    2: "用法不对或文件不合格|wrong usage or an invalid file",
    3: "被拒绝：超出授权、未签名、已过期、禁止目标|refused: outside scope, unsigned, expired, no-go",
    4: "未认证或无权限|not authenticated or not permitted",
    5: "已结束但不完整（有目标未达、去向积压，小结列出）|finished but incomplete; the summary lists what is missing",
    6: "达到阈值，仅在 --fail-on 时|threshold reached, only with --fail-on",
    7: "另一个进程占用|another run holds the lock",
    130: "被中断，可继续|interrupted, resumable",
    143: "被停止|stopped",
}


@app.command(
    help=say(
        "例：secops explain E1202\n\n例：secops explain exit-codes\n\n"
        "解释错误码；exit-codes 列出全部退出码，codes 列出全部错误码，query 讲查询语言",
        "Example: secops explain E1202\n\nExample: secops explain exit-codes\n\n"
        "What a code means; `exit-codes` and `codes` list them all, `query` is about the search language",
    )
)
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help=say("错误码、codes、exit-codes 或 query", "code"))],
    *,
    format: Annotated[
        Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")
    ] = None,
) -> None:
    """Look the code up in the one table. Raises UsageError for an unknown one."""
    from difflib import get_close_matches

    from secops.core.codes import CODES
    from secops.core.errors import UsageError

    titles = [Column("code", say("代码", "code")), Column("meaning", say("含义", "meaning"))]
    if code == "exit-codes":
        rows(({"code": number, "meaning": _spoken(text)} for number, text in EXITS.items()), titles, format=format)
        return
    if code == "codes":
        rows(({"code": key, "meaning": _spoken(CODES[key])} for key in sorted(CODES)), titles, format=format)
        return
    if code == "query":
        _query(format)
        return
    word = code.upper()
    if word not in CODES:
        near = [each for each in CODES if each.startswith(word[:4])][:5] or get_close_matches(word, CODES, 3, 0.5)
        raise UsageError(
            "E1002", say(f"没有代码 {code}", f"no code {code}"), hint=", ".join(near) or "secops explain codes"
        )
    one({"code": word, "meaning": _spoken(CODES[word])}, format=format)


def _query(format: Format | None) -> None:
    """The page about the search language; its fields alone as rows where a format is asked for."""
    from secops.core.filter_guide import fields, guide

    if format is None:
        sys.stdout.write(guide())
        return
    titles = {
        "word": say("词", "word"), "name": say("字段", "field"), "title": say("名称", "title"),
        "type": say("类型", "type"), "compares": say("比较", "compares"), "kinds": say("类别", "kinds"),
    }  # fmt: skip
    rows(fields(), [Column(*each) for each in titles.items()], format=format)


def _spoken(text: str) -> str:
    zh, _, en = text.partition("|")
    return say(zh, en)
