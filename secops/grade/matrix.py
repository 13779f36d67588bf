"""Protection levels by decision table (GB/T 22240): what is harmed, how badly, by which edition. Data, never code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.scope.yaml_source import Located, Source, nearest, unknown_key, visible

KEYS = frozenset({"id", "title", "objects", "degrees", "combine", "combine_note", "editions"})
EDITION = frozenset({"edition", "status", "verified", "note", "levels"})


@dataclass(frozen=True, slots=True)
class Table:
    """One edition of the matrix."""

    edition: str
    status: str
    verified: bool
    note: str
    objects: Mapping[str, str]
    degrees: Mapping[str, str]
    levels: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every edition of one table file, the one in force first."""

    id: str
    title: str
    tables: tuple[Table, ...]

    def table(self, edition: str = "") -> Table:
        """The table of this edition, the first where none is named. Raises InvalidFile naming the nearest."""
        for each in self.tables:
            if edition in ("", each.edition):
                return each
        known = [each.edition for each in self.tables]
        raise InvalidFile(
            "E4020",
            say(f"没有版本 {visible(edition)}", f"no edition {visible(edition)}"),
            why=", ".join(known),
            hint=nearest(edition, known),
        )


def level(table: Table, object: str, degree: str) -> int:
    """The level for this object and degree of harm, each by key or by Chinese name. Raises InvalidFile."""
    return table.levels[_word(table.objects, object), _word(table.degrees, degree)]


def protection(table: Table, information: tuple[str, str] | None, service: tuple[str, str] | None) -> int:
    """The higher of the levels for information (S) and service (A), each (object, degree); 0 where neither is given."""
    return max((level(table, *each) for each in (information, service) if each is not None), default=0)


def read(path: Path | str) -> Matrix:
    """The matrix in this file. Raises InvalidFile with `path:line:column`."""
    return parse(Source.read(path, max_bytes=64 * 1024))


def parse(located: Located) -> Matrix:
    """The matrix in this document. Raises InvalidFile with `path:line:column`."""
    root = _mapping(located, located.value, (), KEYS)
    for key in ("id", "objects", "degrees", "editions"):
        if key not in root:
            raise InvalidFile("E1218", say(f"缺少 {key}", f"{key} is missing"), where=located.where())
    objects, degrees = _names(located, "objects"), _names(located, "degrees")
    editions = root["editions"]
    if not isinstance(editions, list) or not editions:
        raise InvalidFile("E1217", say("editions 要写成一列", "editions is a list"), where=located.where("editions"))
    tables = tuple(_table(located, place, each, objects, degrees) for place, each in enumerate(editions))
    return Matrix(str(root["id"]), str(root.get("title", "")), tables)


def _table(
    located: Located, place: int, value: object, objects: Mapping[str, str], degrees: Mapping[str, str]
) -> Table:
    keys = ("editions", place)
    entry = _mapping(located, value, keys, EDITION)
    rows = _mapping(located, entry.get("levels"), (*keys, "levels"), frozenset(objects))
    levels: dict[tuple[str, str], int] = {}
    for name in objects:
        cells = _mapping(located, rows.get(name), (*keys, "levels", name), frozenset(degrees))
        for degree in degrees:
            cell = cells.get(degree)
            if not isinstance(cell, int) or isinstance(cell, bool) or not 1 <= cell <= 5:
                where = located.where(*keys, "levels", name, degree)
                raise InvalidFile("E4021", say("每格要写 1 至 5", "every cell is a level from 1 to 5"), where=where)
            levels[name, degree] = cell
    return Table(
        edition=str(entry.get("edition", "")),
        status=str(entry.get("status", "")),
        verified=entry.get("verified") is True,
        note=str(entry.get("note", "")),
        objects=objects,
        degrees=degrees,
        levels=levels,
    )


def _mapping(
    located: Located, value: object, keys: tuple[str | int, ...], allowed: frozenset[str]
) -> dict[str, object]:
    if not isinstance(value, dict):
        raise InvalidFile("E1217", say("这里要写成 键: 值", "a mapping belongs here"), where=located.where(*keys))
    for key in value:
        if key not in allowed:
            raise unknown_key(located.where_key(*keys, key), key, allowed)
    return value


def _names(located: Located, key: str) -> Mapping[str, str]:
    value = located.value
    assert isinstance(value, dict)
    names = value[key]
    if not isinstance(names, dict) or not names or not all(isinstance(each, str) for each in names.values()):
        raise InvalidFile("E1217", say(f"{key} 要写成 键: 名称", f"{key} maps keys to names"), where=located.where(key))
    return {str(word): str(name) for word, name in names.items()}


def _word(names: Mapping[str, str], text: str) -> str:
    for key, name in names.items():
        if text in (key, name):
            return key
    known = list(_both(names))
    raise InvalidFile(
        "E4022",
        say(f"表里没有 {visible(text)}", f"the table has no {visible(text)}"),
        why=", ".join(known),
        hint=nearest(text, known),
    )


def _both(names: Mapping[str, str]) -> Iterator[str]:
    for key, name in names.items():
        yield key
        yield name
