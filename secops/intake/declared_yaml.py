"""inventory/*.yaml: what people state of units, assets and registers.

A file holds any of the sections in `declared_sections`. A bad row is skipped with its place and the reason; the rest
goes on. References are checked by `declared_refer` once every file has been read.
"""

from collections.abc import Iterator

from secops.core.language import say
from secops.core.model import Skipped
from secops.intake.declared_doubts import impossible
from secops.intake.declared_refer import refer
from secops.intake.declared_sections import Section, Stated, row, sections
from secops.scope.yaml_source import Located, unknown_key

__all__ = ["Stated", "read", "refer"]


def read(located: Located) -> Iterator[Stated | Skipped]:
    """Every row of a loaded file."""
    root = located.value
    if not isinstance(root, dict):
        yield Skipped(located.where(), say("最外层应为 键: 值", "the file should be a mapping"))
        return
    known = sections()
    for name, rows in root.items():
        if name not in known:
            error = unknown_key(located.where_key(name), name, known)
            yield Skipped(error.where, error.what + (f" ({error.hint})" if error.hint else ""))
        elif rows is None:
            continue
        elif not isinstance(rows, list):
            yield Skipped(located.where(name), say("这里应为一列（- 开头）", "a list belongs here"))
        else:
            for place in range(len(rows)):
                yield _row(located, known[name], place)


def _row(located: Located, section: Section, place: int) -> Stated | Skipped:
    assert isinstance(located.value, dict)
    rows = located.value[section.name]
    assert isinstance(rows, list)
    values = rows[place]
    if not isinstance(values, dict):
        return Skipped(located.where(section.name, place), say("一行应为 键: 值", "a row is a mapping"))

    def where(name: str) -> str:
        if name.startswith("="):
            return located.where_key(section.name, place, name[1:])
        return located.where(section.name, place, name) if name else located.where(section.name, place)

    found = row(section, values, where, strict=True)
    wrong = impossible(section, found.payload, values) if isinstance(found, Stated) else None
    return Skipped(where(wrong[0]), wrong[1]) if wrong else found
