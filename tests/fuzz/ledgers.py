"""Ledgers and bills of materials from outside: the readers that work in this process, not a child."""

import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from secops.intake import sbom, sheet_marks, sheet_text
from secops.intake.sheet import Row, Sheet
from secops.intake.sheet_open import tables

_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-ledger-"))
_SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cols>'
    b'<col min="1" max="1" hidden="1"/>'
    b'</cols><sheetData><row r="1" hidden="1"><c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B1"><f>A1</f></c></row>'
    b"</sheetData></worksheet>"
)
LEDGER = "业务系统台账,,\n系统名称*,系统编号,备案日期\n预算,S1,2025年3月1日\n合计,1,\n".encode()
BILLS = (
    json.dumps(
        {"bomFormat": "CycloneDX", "components": [{"name": "a", "licenses": [{"license": {"id": "MIT"}}]}]}
    ).encode(),
    b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component><name>a</name></component></components></bom>',
    b"SPDXVersion: SPDX-2.3\nPackageName: a\nExternalRef: SECURITY cpe23Type cpe:2.3:a:b:c:1:*:*:*:*:*:*:*\n",
)


def ledger(data: bytes) -> object:
    """A text file recognised and its rows read."""
    path = _FOLDER / "a.csv"
    path.write_bytes(data)
    return [list(islice(each.read(), 500)) for each in tables([sheet_text.sheet(path)], []) if hasattr(each, "read")]


def cells(data: bytes) -> object:
    """Every byte a cell: headings and rows of odd texts."""
    parts = [each.decode("utf-8", "replace") for each in data.split(b",")]
    rows: list[Row] = [(at, list(parts[at::5])) for at in range(1, 6)]
    head: list[Row] = [(0, ["系统名称", "系统编号", "备案日期", "IP 地址", "等保级别"])]

    def read() -> Iterator[Row]:
        return iter([*head, *rows])

    return [list(each.read()) for each in tables([Sheet("a", "", read, (*head, *rows))], []) if hasattr(each, "read")]


def bill(data: bytes) -> object:
    """A bill of materials, if it looks like one."""
    path = _FOLDER / "bom"
    path.write_bytes(data)
    sbom.sniff(data[: sbom.HEAD])
    return len(list(sbom.read(path, {"system": "S1"}, "0" * 64)))


def marks(data: bytes) -> object:
    """A sheet's XML within a sound archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("x", data)
    with zipfile.ZipFile(held) as archive:
        try:
            return sheet_marks.sheet(archive, "x")
        except Exception as error:
            return str(error)


ENTRIES = {
    "ledger text": (ledger, (LEDGER, LEDGER.decode().encode("gb18030"), LEDGER.decode().encode("utf-16"))),
    "ledger cells": (cells, (LEDGER,)),
    "bill of materials": (bill, BILLS),
    "workbook marks": (marks, (_SHEET,)),
}
