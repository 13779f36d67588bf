"""Rule files with one defect each, named by it: the error's code and place are those of the file's first line."""

from pathlib import Path

import pytest

from secops.core.errors import InvalidFile
from secops.grade.pack import load, read

pytestmark = pytest.mark.golden
FOLDER = Path(__file__).parent / "rules"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_defect_is_told_with_its_place(path: Path) -> None:
    """The error names the code, the line and the column where the defect stands."""
    code, place = path.read_text("utf-8").splitlines()[0].removeprefix("# expect ").split()
    with pytest.raises(InvalidFile) as caught:
        read(path)
    assert (caught.value.code, caught.value.where) == (code, f"{path}:{place}")
    assert caught.value.what


def test_one_broken_file_stops_only_itself() -> None:
    """A pack with broken files still gives its sound rules, and every problem."""
    sound = Path(__file__).parents[2] / "rules" / "extranet" / "ftp-exposed.yaml"
    pack = load([*FILES, sound])
    assert [each.id for each in pack.rules] == ["ftp-exposed"]
    assert len(pack.problems) == len(FILES)


def test_a_taken_id_is_refused_where_it_is_written(tmp_path: Path) -> None:
    """Two rules of one id: the second is refused at its id, with the file of the first."""
    sound = Path(__file__).parents[2] / "rules" / "extranet" / "ftp-exposed.yaml"
    copy = tmp_path / "copy.yaml"
    copy.write_text(sound.read_text("utf-8"), "utf-8")
    pack = load([sound, copy])
    assert [each.code for each in pack.problems] == ["E4004"]
    assert pack.problems[0].where == f"{copy}:1:1"
    assert str(sound) in pack.problems[0].why
