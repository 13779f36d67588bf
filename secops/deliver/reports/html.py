"""One self-contained page: printable, readable without scripts, fetching nothing. Every text is escaped."""

import html
from collections.abc import Iterator
from pathlib import Path

from secops.core.language import current, say
from secops.deliver.reports.model import Cell, Look, Report, Sheet, clean, moment

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root{--ink:#1b2733;--line:#d5dce3;--soft:#f3f6f9}
body{font:14px/1.6 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif;color:var(--ink);
margin:2rem auto;max-width:1400px;padding:0 1rem}
h1{font-size:1.7rem;text-align:center;letter-spacing:.1em}h2{font-size:1.15rem;margin:2rem 0 .5rem;break-after:avoid}
.facts{margin:1rem auto 2rem;max-width:900px}.facts th{width:9em;text-align:right;white-space:nowrap}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{border:1px solid var(--line);padding:.3em .55em;text-align:left;vertical-align:top;overflow-wrap:break-word}
th{background:var(--soft);font-weight:600}thead th{position:sticky;top:0;white-space:nowrap}
td{max-width:26em;white-space:pre-line}td.n{text-align:right;font-variant-numeric:tabular-nums}td.t{white-space:nowrap}td.l{min-width:16em}
td.s{white-space:nowrap;font-weight:600;border-left-width:6px}
.critical{border-left-color:#8e1b2e;background:#fbe9ec}.high{border-left-color:#c4421a;background:#fdeee7}
.medium{border-left-color:#b58105;background:#fdf6e0}.low{border-left-color:#2b6cb0;background:#e9f1fa}
.info{border-left-color:#7a8794;background:#f3f6f9}
tbody tr:nth-child(even) td:not(.s){background:#fafbfc}.none{color:#66727e}
nav a{margin-right:1em;color:#1d5d9b}
@media print{@page{size:A4 landscape;margin:12mm}body{margin:0;max-width:none;font-size:9pt}.wide{overflow:visible}
thead th{position:static}nav{display:none}tr{break-inside:avoid}}
"""
_CLASSES = {Look.NUMBER: "n", Look.TIME: "t", Look.LONG: "l", Look.SEVERITY: "s"}


def write(report: Report, path: Path) -> None:
    """Write the report to `path`. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        handle.writelines(_page(report))


def _page(report: Report) -> Iterator[str]:
    title = _text(report.title)
    yield f'<!doctype html>\n<html lang="{"en" if current() == "en" else "zh-CN"}">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    yield '<table class="facts">\n'
    for label, value in report.facts:
        yield f'<tr><th scope="row">{_text(label)}</th><td>{_text(value)}</td></tr>\n'
    yield "</table>\n<nav>"
    for number, sheet in enumerate(report.sheets, 1):
        yield f'<a href="#s{number}">{_text(sheet.name)} ({sheet.size})</a>'
    yield "</nav>\n"
    for number, sheet in enumerate(report.sheets, 1):
        yield from _table(sheet, number, report)
    yield f"<footer><p>{say('数据时间', 'data as of')} {moment(report.data_at)}</p></footer>\n</body>\n</html>\n"


def _table(sheet: Sheet, number: int, report: Report) -> Iterator[str]:
    yield f'<section>\n<h2 id="s{number}">{_text(sheet.name)} ({sheet.size})</h2>\n'
    if not sheet.size:
        yield f'<p class="none">{say("无", "none")}</p>\n</section>\n'
        return
    heads = "".join(f'<th scope="col">{_text(each.title)}</th>' for each in sheet.columns)
    yield f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n'
    for row in sheet.rows():
        yield "<tr>"
        for column, cell in zip(sheet.columns, row, strict=True):
            style = _CLASSES.get(column.look, "")
            if column.look is Look.SEVERITY:
                style += " " + report.grades.get(str(cell), "info")
            yield f'<td class="{style}">{_text(cell)}</td>' if style else f"<td>{_text(cell)}</td>"
        yield "</tr>\n"
    yield "</tbody></table></div>\n</section>\n"


def _text(cell: Cell) -> str:
    value = clean(cell)
    return "" if value is None else html.escape(str(value))
