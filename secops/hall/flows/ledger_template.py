"""Workbooks to fill in, of any section: with an example, or with what is declared, to be mended and taken back."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from secops.core.clock import Instant, render
from secops.core.errors import StoreError, UsageError
from secops.core.language import say
from secops.core.model import Decision, DecisionType
from secops.core.register import RegisterColumn, Shape
from secops.deliver import ledger_sheet
from secops.deliver.ledger_sheet import Cell, Heading
from secops.hall.app import App
from secops.hall.flows.ledger_import import section_of
from secops.hall.flows.register import shown
from secops.intake import declared_values as read
from secops.intake.declared_sections import Section, Slot, by_kind, value_of
from secops.store import decisions

_EXAMPLES: Final[Mapping[object, str]] = {
    read.text: "示例", read.texts: "甲、乙", read.network: "192.0.2.0/24",
    read.networks: "192.0.2.0/24、198.51.100.0/24",
    read.address: "192.0.2.10", read.addresses: "192.0.2.10、192.0.2.11", read.places: "192.0.2.10、192.0.2.11:8443",
    read.url: "https://www.example.gov.cn", read.sites: "https://www.example.gov.cn", read.instant: "2026-01-31",
    read.level: "3", read.credit_code: "91350100M000100Y43", read.filing: "44010000001-00001", read.flag: "是",
    read.day: "2026-01-31", read.until: "2026-01-31", read.until_instant: "2026-01-31", read.level_s: "3",
    read.data_level: "一般", read.level_a: "3", read.link: "https://git.example.gov.cn/a/b",
}  # fmt: skip
_RULES: Final[Mapping[object, tuple[str, str]]] = {
    read.narrow: ("文字、编号", "a text"),
    read.text: ("文字，至多 500 字", "a text of at most 500 characters"),
    read.texts: ("几项用 、 分开", "several, parted by 、 or ;"),
    read.network: ("网段，如 192.0.2.0/24", "a network such as 192.0.2.0/24"),
    read.networks: ("网段，几个用 、 分开", "networks, parted by 、 or ;"),
    read.address: ("IP 地址", "an IP address"),
    read.addresses: ("IP 地址，几个用 、 分开", "IP addresses, parted by 、 or ;"),
    read.places: ("IP 地址或 地址:端口，几个用 、 分开", "addresses or address:port, parted by 、 or ;"),
    read.url: ("网址，http(s)://主机[:端口]", "http(s)://host[:port]"),
    read.sites: ("网址或域名，几个用 、 分开", "URLs or host names, parted by 、 or ;"),
    read.instant: ("日期，如 2026-01-31", "a day such as 2026-01-31"),
    read.day: ("日期，如 2026-01-31", "a day such as 2026-01-31"),
    read.until: ("日期，如 2026-01-31；写成一段时间的取末日", "a day such as 2026-01-31; of a stretch its end"),
    read.until_instant: ("日期，如 2026-01-31；写成一段时间的取末日", "a day such as 2026-01-31; of a stretch its end"),
    read.level: ("等保级别 1 至 5", "a level from 1 to 5"),
    read.level_s: ("等保级别 1 至 5", "a level from 1 to 5"),
    read.level_a: ("等保级别 1 至 5", "a level from 1 to 5"),
    read.credit_code: ("统一社会信用代码，18 位，核对校验码", "18 characters, checked by its last"),
    read.data_level: ("核心、重要 或 一般（可写 一般1级 至 一般4级）", "核心, 重要 or 一般 (一般1级 to 一般4级)"),
    read.filing: ("备案证明编号，如 44010000001-00001", "as 44010000001-00001"),
    read.flag: ("是 或 否", "yes or no"),
    read.use: ("在用、在建 或 停用", "in_use, planned or offline"),
    read.link: ("地址，如 https://…", "an address such as https://…"),
}
_DIGITS: Final = {Shape.INTEGER, Shape.NUMBER}


def write(app: App, word: str, out: Path, *, filled: bool = False) -> int:
    """Write a workbook for this section; how many rows it holds. Raises UsageError, StoreError."""
    section = section_of(word)
    if section is None:
        raise UsageError(
            "E1378", say("没有写是哪一类", "of which section?"), hint="、".join(each for each in by_kind())
        )
    names = columns(section)
    headings = [_heading(section, name) for name in names]
    basis = section.register.basis if section.register else ""
    notes = say(f"填好后导入：secops inventory import {out.name}", f"then: secops inventory import {out.name}")
    if basis:
        notes += say(f"　依据：{basis}", f"  basis: {basis}")
    part = out.with_name(out.name + ".part")
    try:
        rows = ([cell(section, name, each) for name in names] for each in _declared(app, section)) if filled else ()
        count = ledger_sheet.write(part, section.zh, headings, rows, notes)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            "E1301", say("无法写出文件", "the file cannot be written"), where=str(out), why=str(error)
        ) from error
    return count


def columns(section: Section) -> list[str]:
    """The section's columns that a cell can hold, its key first."""
    names = [name for name, slot in section.slots.items() if slot.reader is not read.harm]
    return sorted(names, key=lambda name: name != section.key)


def _declared(app: App, section: Section) -> Iterator[Mapping[str, object]]:
    with app.database.read() as connection:
        for logged in decisions.of_kinds(connection, DecisionType.DECLARE, app.site, [section.kind]):
            entry = logged.entry
            assert isinstance(entry, Decision)
            if not entry.payload.get("withdrawn"):
                yield {**entry.payload, section.key: entry.subject.partition(":")[2]}


def cell(section: Section, name: str, payload: Mapping[str, object]) -> Cell:
    """What a payload says under a column, as a cell people and the import read alike."""
    if name == section.key:
        return str(payload[section.key])
    value = value_of(section, payload, name)
    column = section.register.column(name) if section.register else None
    if column is not None:
        value = shown(column, value)
    if value is None:
        return None
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    if isinstance(value, (list, tuple)):
        return "、".join(map(str, value))
    if section.slots[name].dated and isinstance(value, int):
        return render(Instant(value))[:10]
    return value if isinstance(value, (int, float)) else str(value)


def _heading(section: Section, name: str) -> Heading:
    slot = section.slots[name]
    column = section.register.column(name) if section.register else None
    choices = tuple(each.title for each in column.choices) if column is not None else ()
    if slot.reader is read.flag:
        choices = (say("是", "yes"), say("否", "no"))
    elif slot.reader is read.use:
        choices = (say("在用", "in_use"), say("在建", "planned"), say("停用", "offline"))
    return Heading(
        slot.title, name in section.required or _alone(section, name), _rule(slot, column, choices), choices,
        number=column is not None and column.shape in _DIGITS, example=_example(name, slot, column, choices),
    )  # fmt: skip


def _alone(section: Section, name: str) -> bool:
    """The key of things that nothing else can stand for."""
    return name == section.key and not section.identity


def _rule(slot: Slot, column: RegisterColumn | None, choices: tuple[str, ...]) -> str:
    found = _RULES.get(slot.reader)
    parts = [say(*found)] if found else []
    if choices and column is not None and slot.reader is not read.flag:
        parts.append(say("选填其一：", "one of: ") + "、".join(choices))
    if column is not None and column.shape in _DIGITS:
        low, high = ("" if each is None else str(each) for each in (column.least, column.most))
        span = f" {low}–{high}" if high else say(f"，不小于 {low}", f", {low} or more") if low else ""
        parts.append(say("数字", "a number") + span)
        if column.unit == "minutes":
            parts.append(say("分钟，或带单位：4小时、1天", "minutes, or with a unit: 4h, 1d"))
        elif column.unit == "gigabytes":
            parts.append(
                say("GB，或带单位：500MB、1.2TB（按 1,024 换算）", "GB, or with a unit: 500MB, 1.2TB (by 1,024)")
            )
        elif column.unit == "myriads":
            parts.append(
                say("万条，或带单位：3500条、1.2亿条", "ten thousands of records, or with a unit: 3500条, 1.2亿条")
            )
    if column is not None and column.shape is Shape.LONG:
        parts.append(say("文字，至多 4,000 字，可换行", "a text of several lines"))
    if column is not None and column.pattern:
        parts.append(say(f"形如 {read.EXAMPLES[column.name]}", f"as {read.EXAMPLES[column.name]}"))
    if slot.refers:
        title = by_kind()[slot.refers].title
        parts.append(say(f"已登记的{title}的编号或名称", f"the key or name of a declared {slot.refers}"))
    if column is not None and column.help:
        parts.append(column.help)
    return "；".join(parts)


def _example(name: str, slot: Slot, column: RegisterColumn | None, choices: tuple[str, ...]) -> Cell:
    if choices:
        return choices[0]
    if column is not None and column.pattern:
        return read.EXAMPLES[column.name]
    if column is not None and column.shape in _DIGITS:
        return column.least or 1
    if slot.refers:
        return say(f"示例{slot.zh}", f"example {slot.en}")
    if "phone" in name:
        return "020-00000000"
    return _EXAMPLES.get(slot.reader, "示例")
