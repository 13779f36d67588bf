"""The page that HTML and PDF share: printable, readable without scripts, fetching nothing. Every text is escaped."""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from secops.core.clock import render
from secops.core.language import current, say
from secops.deliver.reports.chart import bars
from secops.deliver.reports.drawing import FACES, svg, width_of
from secops.deliver.reports.model import Cell, Column, Look, Report, Sheet, brief, clean, text
from secops.deliver.reports.widths import TOKEN, Fit, fit, widest

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (
    """
body{font:14px/1.6 FACES;color:#1b2733;margin:2rem auto;max-width:1500px;padding:0 1rem}
h1{font-size:1.7rem;text-align:center;letter-spacing:.1em}h2{font-size:1.15rem;margin:2rem 0 .5rem;break-after:avoid}
.facts{margin:1rem auto 2rem;max-width:900px}.facts th{width:9em;text-align:right;white-space:nowrap}
.facts td{overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{border:1px solid #d5dce3;padding:.3em .55em;text-align:left;vertical-align:top;overflow-wrap:break-word}
th{background:#f3f6f9;font-weight:600}thead th{position:sticky;top:0;white-space:nowrap}
td{max-width:26em;white-space:pre-line}td.n{text-align:right;font-variant-numeric:tabular-nums}td.t{white-space:nowrap}
td.l{min-width:16em}td.s{white-space:nowrap;font-weight:600;border-left-width:6px}
.critical{border-left-color:#8e1b2e;background:#fbe9ec}.high{border-left-color:#c4421a;background:#fdeee7}
.medium{border-left-color:#b58105;background:#fdf6e0}.low{border-left-color:#2b6cb0;background:#e9f1fa}
.info{border-left-color:#7a8794;background:#f3f6f9}
tbody tr:nth-child(even) td:not(.s){background:#fafbfc}.none,.note{color:#66727e}.lead{break-after:avoid}
.tail{break-before:avoid;margin:1mm 0}
nav a{margin-right:1em;color:#1d5d9b}svg{max-width:100%;height:auto}
.charts{display:flex;flex-wrap:wrap;gap:1rem}.charts svg{width:48%;min-width:380px}figure{margin:1rem 0}
"""
).replace("FACES", FACES)
_PAPER = (
    """
@page{size:A4 landscape;margin:14mm 11mm 15mm;@bottom-center{content:"PAGES";font:8pt FACES;color:#66727e}
@bottom-left{content:string(title);font:8pt FACES;color:#66727e}@top-right{content:string(section,start);font:8pt FACES;
color:#66727e}}
body{margin:0;max-width:none;padding:0;font-size:8.5pt;line-height:1.45}h1{string-set:title content();font-size:20pt}
h2{string-set:section content();font-size:12pt;margin:6mm 0 2mm}
.wide{overflow:visible}thead th{position:static;white-space:normal}nav{display:none}tr{break-inside:avoid}
td{max-width:none;overflow-wrap:anywhere}td.l{min-width:0}th{overflow-wrap:anywhere}td.n{white-space:nowrap}
.wide table{table-layout:fixed}.k{white-space:nowrap}
.charts{display:block}.charts svg{width:62%;display:block;break-inside:avoid}
figure{break-inside:avoid}svg{max-height:165mm}
"""
).replace("FACES", FACES)
_SHORT = 6
"""Characters of a word or two that are not broken."""
_PADDING = 1.3
"""Beside a cell's words, in ems of its type."""
_PAGE_EM = 275 / 25.4 * 72 / 8.5
"""The width of the printed page in ems of its type."""
LONGEST_ON_PAPER = 500
"""Characters of a cell on paper; laying out an unbroken word takes time with the square of its length."""
_CLASSES = {
    Look.NUMBER: "n", Look.DECIMAL: "n", Look.TIME: "t", Look.DATE: "t", Look.LONG: "l", Look.SEVERITY: "s",
}  # fmt: skip


def document(report: Report, *, paper: int = 0) -> Iterator[str]:
    """The page in pieces. `paper`: for print only, with as many rows a list and the columns that fit."""
    title = _escaped(report.title)
    pages = say('第 " counter(page) " 页，共 " counter(pages) " 页', 'page " counter(page) " of " counter(pages) "')
    print_style = _PAPER.replace("PAGES", pages)
    style = _STYLE + (print_style if paper else "@media print{" + print_style.partition("}}")[2] + "}")
    created = datetime.fromtimestamp(report.data_at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield f'<!doctype html>\n<html lang="{"en" if current() == "en" else "zh-CN"}">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f'<meta name="dcterms.created" content="{created}">\n<meta name="generator" content="secops">\n'
    yield f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    yield '<table class="facts">\n'
    for label, value in report.facts:
        shown = value[:LONGEST_ON_PAPER] if paper else value
        yield f'<tr><th scope="row">{_escaped(label)}</th><td>{_escaped(shown)}</td></tr>\n'
    yield "</table>\n<nav>"
    for number, sheet in enumerate(report.sheets, 1):
        yield f'<a href="#s{number}">{_escaped(sheet.name)} ({sheet.size:,})</a>'
    yield "</nav>\n"
    yield from _drawings(report)
    for number, sheet in enumerate(report.sheets, 1):
        yield from _table(sheet, number, report, paper)
    if not paper:
        told = render(report.data_at)[:23].replace("T", " ")
        yield f"<footer><p>{say('数据时间', 'data as of')} {told}</p></footer>\n"
    yield "</body>\n</html>\n"


def _drawings(report: Report) -> Iterator[str]:
    if report.charts:
        yield f"<h2>{say('概览', 'Overview')}</h2>\n" + '<div class="charts">'
        for each in report.charts:
            yield svg(bars(each)) + "\n"
        yield "</div>\n"
    for picture in report.pictures:
        yield f"<h2>{_escaped(picture.title)}</h2>\n<figure>{svg(picture.drawing)}</figure>\n"


def _table(sheet: Sheet, number: int, report: Report, paper: int) -> Iterator[str]:
    yield f'<section>\n<h2 id="s{number}">{_escaped(sheet.name)} ({sheet.size:,})</h2>\n'
    if sheet.note:
        yield f'<p class="note lead">{_escaped(sheet.note)}</p>\n'
    if not sheet.size:
        yield f'<p class="none">{say("无", "none")}</p>\n</section>\n'
        return
    places, hidden = brief(sheet) if paper else (list(range(len(sheet.columns))), 0)
    columns = [sheet.columns[place] for place in places]
    heads = "".join(f'<th scope="col">{_escaped(each.title)}</th>' for each in columns)
    rooms = [0.0] * len(places)
    if paper:
        fitted = _fitted(sheet, places)
        yield f'<div class="wide"><table style="font-size:{fitted.type:.2f}em">\n'
        yield "<colgroup>" + "".join(f'<col style="width:{each:.2%}">' for each in fitted.shares) + "</colgroup>\n"
        rooms = [each * _PAGE_EM / fitted.type - _PADDING + 0.01 for each in fitted.shares]
    else:
        yield '<div class="wide"><table>\n'
    yield f"<thead><tr>{heads}</tr></thead>\n<tbody>\n"
    cells = list(zip(places, rooms, strict=True))
    for row in islice(sheet.rows(), paper or None):
        yield "<tr>" + "".join(_td(sheet.columns[place], row[place], report, room) for place, room in cells) + "</tr>\n"
    yield "</tbody></table></div>\n"
    if left := left_out(sheet, paper, hidden):
        yield f'<p class="note tail">{_escaped(left)}</p>\n'
    yield "</section>\n"


def _fitted(sheet: Sheet, places: Sequence[int]) -> Fit:
    heads = [sheet.columns[place].title for place in places]
    cells = ([text(sheet.columns[place], row[place]) for place in places] for row in sheet.rows())
    return fit(heads, cells, _PAGE_EM)


def left_out(sheet: Sheet, rows: int, hidden: int) -> str:
    """What paper does not show of a list, in words; empty where it shows all."""
    if not sheet.size:
        return ""
    more = max(0, sheet.size - rows) if rows else 0
    told = [say(f"其余 {more:,} 行", f"{more:,} more rows")] if more else []
    told += [say(f"另外 {hidden} 列", f"{hidden} more columns")] if hidden else []
    if not told:
        return ""
    first = say(f"本清单共 {sheet.size:,} 行，这里列出前 {rows:,} 行；", f"The first {rows:,} of {sheet.size:,} rows; ")
    return (
        (first if more else "")
        + say("、", ", ").join(told)
        + say("未列出，请导出 xlsx 或 csv 格式的同一报表查看", " are left out: make the same report as xlsx or csv")
    )


def _td(column: Column, cell: Cell, report: Report, room: float) -> str:
    """`room`: of the column on paper, in ems; nought on a screen. What is wider than it may break anywhere."""
    style = _CLASSES.get(column.look, "")
    told = text(column, cell)
    if room and len(told) > LONGEST_ON_PAPER:
        told = told[:LONGEST_ON_PAPER] + "…"
    shown = _escaped(told)
    if room and column.look is not Look.SEVERITY:
        fits = width_of(told, 1) <= room
        unbroken = style in {"n", "t"} or widest(told) == width_of(told, 1) or len(told) <= _SHORT
        style = (style or "t" if style != "l" else "l") if fits and unbroken else "w" if style in {"n", "t"} else style
        if style not in {"n", "t"}:
            shown = _whole(str(clean(told)), room)
    if column.look is Look.SEVERITY:
        style += " " + report.grades.get(str(cell), "info")
    return f'<td class="{style}">{shown}</td>' if style else f"<td>{shown}</td>"


def _whole(told: str, room: float) -> str:
    """The words, escaped, with what has the room for it kept on one line."""

    def kept(found: re.Match[str]) -> str:
        words = html.escape(found.group())
        return f'<span class="k">{words}</span><wbr>' if width_of(found.group(), 1) <= room else words

    parts: list[str] = []
    end = 0
    for found in TOKEN.finditer(told):
        parts += [html.escape(told[end : found.start()]), kept(found)]
        end = found.end()
    return "".join([*parts, html.escape(told[end:])])


def _escaped(value: Cell) -> str:
    found = clean(value)
    return "" if found is None else html.escape(str(found))
