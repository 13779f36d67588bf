"""Wrong authorisations, one defect a file: `<defect>.yaml` and what is said of it in `<defect>.expected`."""

from pathlib import Path

import pytest

from secops.core.errors import InvalidFile, InvalidFiles
from secops.scope.document import read

FOLDER = Path(__file__).parent / "scope"
CASES = sorted(FOLDER.glob("*.yaml"))
pytestmark = pytest.mark.golden


def said(path: Path) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        read(path.read_bytes(), path.name)
    error = caught.value
    return [f"{each.code} {each.where}" for each in (error.problems if isinstance(error, InvalidFiles) else (error,))]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_defect(path: Path) -> None:
    """The file is refused with exactly these codes at exactly these places."""
    assert said(path) == path.with_suffix(".expected").read_text().split("\n")[:-1]


def test_there_are_cases() -> None:
    """The folder is where it should be."""
    assert len(CASES) > 25
