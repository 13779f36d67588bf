from secops.assets.outstanding import outstanding
from secops.core.clock import Instant, parse
from secops.core.record import Record


def _row(register: str, key: str, system: str = "S1", until: str = "", **fields: object) -> Record:
    return Record("gd", register, key, "FIN", system, until, fields, 1, Instant(1), "me", "")


def test_leavers_whose_access_stands_are_told_by_the_first_day() -> None:
    """Named on the system or working under its contract; access taken back counts no more."""
    rows = [
        _row("contract", "HT", "", systems=["S1"]),
        _row("staff", "a", "", systems=["S1"], off_date="2026-02-01"),
        _row("staff", "b", "", contract="HT", access_until="2026-01-05", off_date="2026-03-01"),
        _row("staff", "c", "", contract="HT", off_date="2025-01-01", access_revoked=True),
        _row("staff", "d", "", contract="HT", systems=["S2"], off_date="2024-01-01"),
        _row("staff", "e", "", contract="HT"),
    ]
    assert outstanding("S1", rows) == {"system.access_left_on": parse("2026-01-05")}


def test_applications_in_use_without_a_filing_are_named() -> None:
    """Accounts need no filing, what is off line needs none any more, what is filed has one."""
    rows = [
        _row("app", "1", name="甲", form="app"),
        _row("app", "2", name="乙", form="account"),
        _row("app", "3", name="丙", form="mini_program", filing_no="x"),
        _row("app", "4", name="丁", form="app", offline_on="2026-01-01"),
        _row("app", "5", "S2", name="戊", form="app"),
    ]
    assert outstanding("S1", rows) == {"system.apps_unfiled": ("甲",)}


def test_of_papers_the_newest_of_each_sort_counts() -> None:
    """An assessment renewed since does not run out; contracts that ended are history."""
    rows = [
        _row("certification", "1", until="2025-01-01", type="djbh"),
        _row("certification", "2", until="2027-01-01", type="djbh"),
        _row("duty", "3", until="2026-05-01", role="operator"),
        _row("contract", "4", until="2020-01-01"),
        _row("crypto", "5"),
    ]
    assert outstanding("S1", rows) == {"system.records_expire_on": parse("2026-05-01")}
