"""A playbook together with the file it was read from, so that every finding has its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from secops.core.language import say
from secops.drill.cacao.playbook import Playbook, Scalar
from secops.drill.cacao.problem import Problem, Weight, guess
from secops.scope.yaml_source import Located, visible

T = TypeVar("T")
_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION: Final = re.compile(r"(\d{1,9})\s*(ms|s|min|m|h|d)")


@dataclass(frozen=True, slots=True)
class Document:
    """What a form's reader gives: the playbook as far as it could be understood, and what was wrong with its shape."""

    playbook: Playbook
    located: Located
    problems: tuple[Problem, ...]
    sections: Mapping[str, str] = field(default_factory=dict)
    """Section of the readable form -> key of this form (`steps` -> `workflow`)."""
    keys: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(section, name) -> key of the entry in this form, where it is not the name."""
    fields: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    """Field of a step -> its path in this form, where it is not the field itself."""

    def where(self, section: str, name: str = "", *path: str | int) -> str:
        """The place of a value; of a missing one, of its nearest parent."""
        return self.located.where(*self._path(section, name, path))

    def where_key(self, section: str, name: str = "", *path: str | int) -> str:
        """The place of a key."""
        return self.located.where_key(*self._path(section, name, path))

    def _path(self, section: str, name: str, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        keys: tuple[str | int, ...] = (self.sections.get(section, section),)
        if name:
            keys += (self.keys.get((section, name), name),)
        if path and isinstance(path[0], str) and section == "steps":
            path = self.fields.get(path[0], (path[0],)) + path[1:]
        return keys + path


class Reader:
    """Takes typed values out of a located file, noting what is wrong and going on."""

    def __init__(self, located: Located) -> None:
        self.located = located
        self.problems: list[Problem] = []

    def note(self, code: str, where: str, what: str, hint: str = "", weight: Weight = Weight.ERROR) -> None:
        """Remember a finding."""
        self.problems.append(Problem(code, where, what, hint, weight))

    def mapping(self, *keys: str | int, required: bool = False) -> dict[str, object]:
        """The mapping at these keys; empty where it is missing or something else."""
        return self._typed(keys, dict, say("一组键值", "a mapping"), {}, required=required)

    def text(self, *keys: str | int, required: bool = False) -> str:
        """The text at these keys."""
        return self._typed(keys, str, say("文字", "a text"), "", required=required)

    def flag(self, *keys: str | int) -> bool:
        """The boolean at these keys."""
        return self._typed(keys, bool, "true, false", False)

    def texts(self, *keys: str | int) -> tuple[str, ...]:
        """The list of texts at these keys."""
        items = self._typed(keys, list, say("一列文字", "a list of texts"), [])
        for index, item in enumerate(items):
            if not isinstance(item, str):
                self.note("E7103", self.located.where(*keys, index), say("应为文字", "should be a text"))
        return tuple(item for item in items if isinstance(item, str))

    def duration(self, *keys: str | int) -> int | None:
        """Milliseconds: a whole number of them, or a number with ms, s, m, h, d. None where it is not said."""
        value = self.raw(*keys)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            what = say(f"时长 {visible(value)} 看不懂", f"{visible(value)} is no duration")
            self.note("E7104", self.located.where(*keys), what, "30s, 5m, 2h, 1d; 30000 (ms)")
            return None
        return int(found[1]) * _UNITS[found[2]]

    def scalars(self, *keys: str | int) -> dict[str, Scalar]:
        """The mapping of plain values at these keys."""
        kept: dict[str, Scalar] = {}
        for name, value in self.mapping(*keys).items():
            if isinstance(value, (str, int, bool)):
                kept[name] = value
            else:
                self.note("E7103", self.located.where(*keys, name), say("应为文字或数字", "should be a text or number"))
        return kept

    def known(self, allowed: frozenset[str], *keys: str | int) -> None:
        """Note every key of the mapping here that means nothing."""
        for name in self.mapping(*keys):
            if name not in allowed:
                what = say(f"不认识的键 {visible(name)}", f"unknown key {visible(name)}")
                self.note("E7101", self.located.where_key(*keys, name), what, guess(name, allowed))

    def raw(self, *keys: str | int) -> object:
        """Whatever stands there."""
        value: object = self.located.value
        for key in keys:
            listed = isinstance(value, list) and isinstance(key, int) and key < len(value)
            if not listed and not (isinstance(value, dict) and key in value):
                return None
            value = value[key]  # type: ignore[index]  # looked at in the line before
        return value

    def _typed(self, keys: tuple[str | int, ...], kind: type[T], name: str, default: T, *, required: bool = False) -> T:
        value = self.raw(*keys)
        if value is None:
            if required:
                what = say(f"缺少 {keys[-1]}", f"{keys[-1]} is missing")
                self.note("E7102", self.located.where(*keys), what)
            return default
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        last = keys[-1] if keys else ""
        self.note("E7103", self.located.where(*keys), say(f"{last} 应为{name}", f"{last} should be {name}"))
        return default
