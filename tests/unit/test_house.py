"""The house's own rules that no linter knows."""

from pathlib import Path

ROOT = Path(__file__).parents[2] / "secops"


def test_modules_stay_small() -> None:
    """No module is longer than 400 lines: a longer one holds two nouns."""
    long = {str(each): n for each in ROOT.rglob("*.py") if (n := len(each.read_text().splitlines())) > 400}
    assert long == {}


def test_every_room_says_what_it_is_for() -> None:
    """Each room has its README."""
    rooms = [each for each in ROOT.iterdir() if (each / "__init__.py").exists()]
    assert len(rooms) > 10
    assert [each.name for each in rooms if not (each / "README.md").is_file()] == []
