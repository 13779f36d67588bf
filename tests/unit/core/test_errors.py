import pytest

from secops.core.errors import Exit, InvalidFile, Locked, Refused, SecopsError


def test_diagnosis_names_what_where_why_and_what_to_try() -> None:
    """The paragraph for stderr has the code, the place, the reason and the advice, each on its line."""
    error = Refused("E2101", "目标不在授权范围内", where="198.18.9.9:443", why="范围外", hint="改授权书")
    assert error.diagnose().splitlines() == [
        "error[E2101]: 目标不在授权范围内",
        "  位置: 198.18.9.9:443",
        "  原因: 范围外",
        "  建议: 改授权书",
    ]
    assert str(error) == "E2101: 目标不在授权范围内 (198.18.9.9:443)"


@pytest.mark.parametrize(
    ("kind", "code"),
    [(SecopsError, Exit.FAILED), (InvalidFile, Exit.USAGE), (Refused, Exit.REFUSED), (Locked, Exit.LOCKED)],
)
def test_each_family_has_its_exit_code(kind: type[SecopsError], code: Exit) -> None:
    """Scripts tell the families of errors apart by the exit code."""
    assert kind("E9999", "x").exit_code is code
