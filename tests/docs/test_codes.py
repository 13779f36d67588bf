import re
from pathlib import Path

from secops.core.codes import CODES

ROOT = Path(__file__).resolve().parents[2]


def _used() -> dict[str, str]:
    """Code -> a place that raises it."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "secops").rglob("*.py")):
        if path.name != "codes.py":
            for code in re.findall(r'"(E\d{4})"', path.read_text(encoding="utf-8")):
                found.setdefault(code, str(path.relative_to(ROOT)))
    return found


def test_every_code_the_program_raises_is_explained() -> None:
    """`secops explain` knows each code that stands in the source, in two languages."""
    assert not {code: place for code, place in _used().items() if code not in CODES}
    assert all(len(text.split("|")) == 2 and all(text.split("|")) for text in CODES.values())


def test_no_code_is_explained_that_nothing_raises() -> None:
    """The table holds no code of the past."""
    assert not set(CODES) - set(_used())
