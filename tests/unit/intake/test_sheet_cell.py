"""Cells: what spreadsheets do to dates, numbers and blanks is undone, or refused with the reason."""

from datetime import date, datetime, time

import pytest

from secops.intake.declared_sections import sections
from secops.intake.sheet import Cell
from secops.intake.sheet_cell import plain
from secops.intake.sheet_mapping import SheetMapping

SYSTEM = sections()["systems"].slots
SUPPLIER = sections()["suppliers"].slots
PLAIN = SheetMapping("", "systems", {})


def _day(value: Cell, mapping: SheetMapping = PLAIN, *, from_1904: bool = False) -> object:
    slot = SYSTEM["filed_on"]
    told = plain(slot, "filed_on", value, mapping, from_1904=from_1904)
    return sections()["contracts"].slots["starts_on"].reader(told)


@pytest.mark.parametrize(
    "value",
    [
        "2026年1月31日", "2026/1/31", "2026.1.31", "20260131", 20260131.0, "２０２６－０１－３１", "2026-01-31 08:30",
        46053, 46053.75, "46053", date(2026, 1, 31), datetime(2026, 1, 31, 8), " 2026-1-31\u3000",  # noqa: DTZ001 - cells have no zone
    ],
)  # fmt: skip
def test_days_are_read_however_they_stand(value: Cell) -> None:
    """Text in five forms, whole numbers, serial days and real dates are all the same day."""
    assert _day(value) == "2026-01-31"


def test_serial_days_follow_the_epoch() -> None:
    """A workbook from 1904 counts its bare numbers from there, unless the mapping says otherwise."""
    assert _day(44591, from_1904=True) == "2026-01-31"
    assert _day(46053, SheetMapping("", "systems", {}, epoch=1900), from_1904=True) == "2026-01-31"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("26-1-31", "两位"), ("2026.1", "没有日"), (2026.1, "分不清"), ("31/01/2026", "分不清日与月"), (12, "日期写作"),
        ("2026-02-30", "日期写作"), (True, "日期写作"), (99999, "不像日期"),
    ],
)  # fmt: skip
def test_days_that_can_be_read_two_ways_are_refused(value: Cell, why: str) -> None:
    """Two-digit years, months without a day, turned dates and odd numbers are never guessed."""
    with pytest.raises(ValueError, match=why):
        _day(value)


def test_a_mapping_settles_what_is_ambiguous() -> None:
    """It says in which order a date stands and which day a month means."""
    assert _day("31/01/2026", SheetMapping("", "systems", {}, dates="dmy")) == "2026-01-31"
    assert _day("01/31/2026", SheetMapping("", "systems", {}, dates="mdy")) == "2026-01-31"
    assert _day("2026年2月", SheetMapping("", "systems", {}, month="last")) == "2026-02-28"
    assert _day("2026.12", SheetMapping("", "systems", {}, month="first")) == "2026-12-01"


@pytest.mark.parametrize("value", [9.14403e17, "9.14403E+17", 914403001000000000])
def test_codes_a_spreadsheet_destroyed_are_refused(value: Cell) -> None:
    """Of a code of eighteen digits only fifteen are left: the reason says what to do."""
    with pytest.raises(ValueError, match="丢失"):
        plain(SUPPLIER["credit_code"], "credit_code", value, PLAIN)


@pytest.mark.parametrize("value", [13800138000.0, "13800138000.0", "１３８００１３８０００", " 13800138000 "])
def test_telephones_as_numbers_are_telephones(value: Cell) -> None:
    """A number's fraction, wide digits and blanks fall away."""
    assert SYSTEM["owner_phone"].reader(plain(SYSTEM["owner_phone"], "owner_phone", value, PLAIN)) == "13800138000"


def test_breaks_within_a_cell() -> None:
    """Between Chinese characters a break is nothing, between words a blank, between addresses it parts the list."""
    name, addresses = SYSTEM["name"], SYSTEM["addresses"]
    assert plain(name, "name", "预算\n管理系统", PLAIN) == "预算管理系统"
    assert plain(name, "name", "budget\r\nsystem", PLAIN) == "budget system"
    assert plain(addresses, "addresses", "192.0.2.1\n192.0.2.2；192.0.2.3", PLAIN) == [
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.3",
    ]
    assert plain(SUPPLIER["remark"], "remark", "一\n二", PLAIN) == "一\n二"


def test_words_for_nothing() -> None:
    """Dashes and blanks say nothing anywhere; 无 says nothing where a number or a date stands, and no in a flag."""
    assert plain(SYSTEM["name"], "name", "\u3000", PLAIN) is None
    assert plain(SYSTEM["name"], "name", "——", PLAIN) is None
    assert plain(SYSTEM["filed_on"], "filed_on", "无", PLAIN) is None
    assert plain(SYSTEM["name"], "name", "无", PLAIN) == "无"
    assert plain(sections()["backups"].slots["offsite"], "offsite", "无", PLAIN) == "无"


def test_a_number_that_became_a_date_is_refused() -> None:
    """A contract 1-2 that a spreadsheet made the second of January is not guessed back."""
    with pytest.raises(ValueError, match="变成了日期"):
        plain(SUPPLIER["name"], "name", date(2026, 1, 2), PLAIN)
    with pytest.raises(ValueError, match="变成了日期"):
        plain(SUPPLIER["name"], "name", time(1, 2), PLAIN)


def test_words_of_the_mapping_stand_for_others() -> None:
    """What a ledger writes is turned into what is meant, or into nothing."""
    mapping = SheetMapping("", "systems", {}, words={"level": {"重要系统": "三级", "未定": ""}})
    assert plain(SYSTEM["level"], "level", "重要系统", mapping) == "三级"
    assert plain(SYSTEM["level"], "level", "未定", mapping) is None


def test_a_name_set_wide_a_level_not_given_and_codes_parted_by_a_slash_are_read() -> None:
    """李  娜 is 李娜, 未定级 says nothing, SM2/SM3 are two and TCP/IP is one."""
    assert plain(SYSTEM["owner"], "owner", "李 \u3000娜", PLAIN) == "李娜"
    assert plain(SYSTEM["level"], "level", "未定级", PLAIN) is None
    crypto = sections()["crypto"].slots["algorithms"]
    assert plain(crypto, "algorithms", "SM2/SM3/SM4", PLAIN) == ["SM2", "SM3", "SM4"]
    assert plain(crypto, "algorithms", "TCP/IP、GM/T 0018", PLAIN) == ["TCP/IP", "GM/T 0018"]


def test_a_wide_mark_within_a_code_is_narrow() -> None:
    """ＷＪ－００２ is WJ-002; a wide mark between Chinese characters stays."""
    assert plain(SYSTEM["code"], "code", "ＷＪ－００２", PLAIN) == "WJ-002"
    assert plain(SYSTEM["name"], "name", "预算－支付", PLAIN) == "预算－支付"
