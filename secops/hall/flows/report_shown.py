"""A report as one format shows it: codes beside names on paper, for people no columns of which nothing is known."""

from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter

from secops.core.language import say
from secops.deliver.reports.model import Cells, Report, Sheet
from secops.hall.flows import report_host
from secops.hall.flows.report_kinds import PAPER, PEOPLE, PICTURED
from secops.hall.plugins import REPORT_FORMATS, load

_ROOMY = 9
"""Columns that a sheet of paper shows without crowding."""


def shown(report: Report, format: str) -> tuple[Report, tuple[str, ...]]:
    """The report as this format shows it, and what is to be told of that."""
    if format in PAPER:
        report = replace(report, sheets=[_placed(_coded(each)) for each in report.sheets])
    if format in PEOPLE:
        several = len(report.sites) > 1
        report = replace(report, sheets=[_slim(each, paper=format in PAPER, several=several) for each in report.sheets])
    notes: list[str] = []
    if report.pictures and format not in PICTURED:
        notes.append(
            say(
                "拓扑图只在 html、pdf、docx 里，此格式没有图",
                "pictures are in html, pdf and docx; this format has none",
            )
        )
    if format == "xlsx":
        from secops.deliver.reports.xlsx import large

        if large(report):
            told = say(
                "行数很多，用快速写法：没有图表和逐格样式",
                "large: written by the fast writer, without charts and cell styles",
            )
            notes.append(told)
            report = _noted(report, told)
    elif format == "csv" and len(filled := [each for each in report.sheets if each.size]) > 1:
        notes.append(
            say(
                f"{len(filled)} 张清单合成一张表，各行第一列是清单名；--split list 每张清单一个文件",
                f"{len(filled)} lists in one table, named in the first column; --split list: a file for each",
            )
        )
    elif format in {"pdf", "docx"}:
        most = load(REPORT_FORMATS[format].partition(":")[0]).ROWS
        if left := sum(max(0, each.size - most) for each in report.sheets):
            told = say(
                f"每张清单只列前 {most:,} 行，共 {left:,} 行未列出；全部内容请导出 xlsx 或 csv 格式的同一报表",
                f"the first {most:,} rows of each list; {left:,} are left out: make the same report as xlsx or csv",
            )
            notes.append(told)
            report = _noted(report, told)
    return report, tuple(notes)


def _noted(report: Report, told: str) -> Report:
    """The report with a word on its cover, before the count."""
    return replace(report, facts=(*report.facts[:-2], (say("说明", "note"), told), *report.facts[-2:]))


def _coded(sheet: Sheet) -> Sheet:
    """The sheet with codes in brackets behind the names of what they mean."""
    keys = [each.key for each in sheet.columns]
    pairs = {place: keys.index(each.code) for place, each in enumerate(sheet.columns) if each.code in keys}
    if not pairs:
        return sheet
    source = sheet.rows

    def told(row: Cells) -> Cells:
        cells = list(row)
        for name, code in pairs.items():
            if row[name] and row[code] and row[name] != row[code]:
                cells[name] = say(f"{row[name]}（{row[code]}）", f"{row[name]} ({row[code]})")
        return tuple(cells)

    return replace(sheet, rows=lambda: map(told, source()))


def _placed(sheet: Sheet) -> Sheet:
    """The sheet with hosts that are known by a mark told by where they are."""
    keys = [each.key for each in sheet.columns]
    if "key" not in keys or "host.addresses" not in keys:
        return sheet
    key, where = keys.index("key"), keys.index("host.addresses")
    source = sheet.rows

    def told(row: Cells) -> Cells:
        return (*row[:key], report_host.told(str(row[key] or ""), str(row[where] or "")), *row[key + 1 :])

    return replace(sheet, rows=lambda: map(told, source()))


def _slim(sheet: Sheet, *, paper: bool, several: bool) -> Sheet:
    """The sheet without columns that are empty in every row: most facts are known of few assets.

    Those meant for paper stay though they are empty, unless paper has no room for them. `several`: sites there are.
    """
    alike = {place for place, each in enumerate(sheet.columns) if each.varied and not several}
    crowded = paper and sum(each.brief for each in sheet.columns) - len(alike) > _ROOMY
    meant = {place for place, each in enumerate(sheet.columns) if each.brief and not crowded}
    places = sorted((meant | sheet.filled) - alike)
    if len(places) == len(sheet.columns) or not (sheet.size or alike):
        return sheet
    pick: Callable[[Cells], Cells] = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
    source = sheet.rows
    return replace(sheet, columns=[sheet.columns[place] for place in places], rows=lambda: map(pick, source()))
