"""Numbers: read with the unit of their column, refused with another's."""

import pytest

from secops.intake.declared_sections import sections


def _read(section: str, column: str, written: object) -> object:
    return sections()[section].slots[column].reader(written)  # type: ignore[arg-type]  # as a cell holds it


@pytest.mark.parametrize(
    ("written", "minutes"),
    [("2小时", 120), ("1天", 1440), ("2h", 120), ("4 小时", 240), ("15分钟", 15), ("≤30min", 30), ("1周", 10_080),
     ("1小时30分钟", 90), ("0.5小时", 30), ("４小时以内", 240), ("30", 30), (480, 480), ("1日", 1440)],
)  # fmt: skip
def test_a_time_becomes_the_minutes_its_column_counts(written: object, minutes: int) -> None:
    """RTO 2小时 is 120 minutes, not 2."""
    assert _read("backups", "rto_minutes", written) == minutes


@pytest.mark.parametrize("written", ["5人", "2年", "30秒", "1个月", "实时", "2小时5", "3-5小时"])
def test_what_is_no_time_is_refused_with_how_one_is_written(written: str) -> None:
    """Never the bare number of it."""
    with pytest.raises(ValueError, match="30分钟、4小时、1天"):
        _read("backups", "rpo_minutes", written)


@pytest.mark.parametrize(
    ("section", "column", "written"),
    [("contracts", "staff_on_site", "5天"), ("crypto", "quantity", "2小时"), ("trainings", "hours", "2天"),
     ("trainings", "hours", "50%"), ("certifications", "score", "95分钟"), ("trainings", "attendees", "3年")],
)  # fmt: skip
def test_a_unit_its_column_cannot_have_is_refused(section: str, column: str, written: str) -> None:
    """Five days are no five people."""
    with pytest.raises(ValueError, match="应为"):
        _read(section, column, written)


def test_the_units_of_a_column_change_nothing() -> None:
    """People are counted, lessons are hours, scores are points."""
    assert _read("contracts", "staff_on_site", "5人") == 5
    assert _read("trainings", "hours", "4学时") == 4
    assert _read("certifications", "score", "75.2分") == 75.2
    assert _read("apps", "monthly_users", "12.5万") == 125_000


@pytest.mark.parametrize("written", ["等保三级", "Ⅲ级", "三级", "第三级", "III"])
def test_a_level_is_read_in_the_figures_offices_use(written: str) -> None:
    """Roman ones too, and with 等保 before it."""
    assert _read("systems", "level", written) == _read("filings", "level", written) == 3


@pytest.mark.parametrize(("column", "written", "level"), [("level_s", "S3", 3), ("level_a", "A2", 2),
                                                          ("level_s", "S2A3", 2), ("level_a", "S2A3", 3)])  # fmt: skip
def test_s_and_a_are_levels_of_their_own(column: str, written: str, level: int) -> None:
    """S2A3 under S is 2."""
    assert _read("filings", column, written) == _read("systems", column, written) == level
    other = {"level_s": "A3", "level_a": "S3"}[column]
    with pytest.raises(ValueError, match="等保级别为 1 至 5"):
        _read("systems", column, other)


def test_bounds_are_told_as_they_are() -> None:
    """A bound that is not there is not named."""
    with pytest.raises(ValueError, match=r"^应不小于 0$"):
        _read("crypto", "quantity", "-1")
    with pytest.raises(ValueError, match="应在 1 至 6 之间"):
        _read("backups", "recovery_level", "7")


@pytest.mark.parametrize(
    ("column", "written", "counted"),
    [("volume_gb", "１２０GB", 120), ("volume_gb", "1.2 TB", 1228.8), ("volume_gb", "512MB", 0.5),
     ("records_10k", "3,500万条", 3500), ("records_10k", "12000条", 1.2), ("records_10k", "约1.2亿条", 12_000),
     ("records_10k", "35", 35), ("volume_gb", "3", 3)],
)  # fmt: skip
def test_amounts_of_data_become_what_their_column_counts(column: str, written: str, counted: float) -> None:
    """1.2TB is 1228.8 GB, 12000条 1.2万条."""
    assert _read("data_surveys", column, written) == counted


@pytest.mark.parametrize(
    ("column", "written"), [("volume_gb", "35万条"), ("records_10k", "120GB"), ("volume_gb", "-1")]
)
def test_an_amount_of_something_else_is_refused(column: str, written: str) -> None:
    """Records are no gigabytes."""
    with pytest.raises(ValueError, match="应"):
        _read("data_surveys", column, written)
