"""Days: of a stretch only its end, and only where the column asks for an end."""

import pytest

from secops.intake import declared_day as read
from secops.intake.declared_sections import sections

END = "2028-02-29"


@pytest.mark.parametrize(
    "written",
    ["2025-03-01至2028-02-29", "2025.3.1-2028.2.29", "2025年3月1日至2028年2月29日", "20250301～20280229",
     "至2028-02-29", "2028-02-29止", "有效期至2028年2月29日", "2028-02-29"],
)  # fmt: skip
def test_a_column_that_asks_for_an_end_takes_the_end_of_a_stretch(written: str) -> None:
    """The first day of it never stands in."""
    assert read.until(written) == END
    for name, column in (("filings", "valid_until"), ("contracts", "ends_on"), ("crypto", "certificate_until")):
        assert sections()[name].slots[column].reader(written) == END
    until = sections()["systems"].slots["filing_valid_until"]
    assert until.reader(written) == read.instant(END)
    assert until.dated


def test_another_column_refuses_a_stretch_and_says_both_its_ends() -> None:
    """Which of the two was meant nobody can tell."""
    with pytest.raises(ValueError, match=r"一段时间.*写 2025-03-01 或 2028-02-29"):
        read.day("2025-03-01至2028-02-29")


@pytest.mark.parametrize("written", ["2026-11-20补", "2026-11-20 前", "2026-11-20、2026-12-01", "2026-11-20（预计）"])
def test_what_stands_beside_a_day_is_never_cut_off(written: str) -> None:
    """A word more may change what the day means."""
    for reader in (read.day, read.until):
        with pytest.raises(ValueError, match="不止一个日期"):
            reader(written)


@pytest.mark.parametrize("written", ["2028-02-29至2025-03-01", "2025-02-30至2028-02-29"])
def test_a_stretch_that_cannot_be_is_no_day(written: str) -> None:
    """It ends before it begins, or begins on no day."""
    with pytest.raises(ValueError, match=written):
        read.until(written)


@pytest.mark.parametrize(
    "written", ["2026-11-20 02:00", "2026-11-20 02:00:00.000", "2026-11-20T02:00:00+08:00", "2026-11-20T02:00:00Z"]
)
def test_the_hour_of_a_day_may_stand_behind_it(written: str) -> None:
    """Systems write one."""
    assert read.day(written) == "2026-11-20"
