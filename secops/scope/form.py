"""Filling in a form from a located file: every field checked, every error gathered with its place."""

import unicodedata
from collections.abc import Collection
from typing import Final

from secops.core.errors import InvalidFile, InvalidFiles
from secops.core.language import say
from secops.scope.yaml_source import Located, Plain, unknown_key, visible

MOST_PROBLEMS: Final = 50
_UNSEEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Form:
    """Reads fields of one file; `problems` fills up and `finish` raises them all at once."""

    def __init__(self, source: Located) -> None:
        self.source = source
        self.problems: list[InvalidFile] = []
        self.warnings: list[str] = []

    def bad(self, keys: tuple[str | int, ...], what: str, why: str = "", hint: str = "", code: str = "E1217") -> None:
        """Note an error at these keys."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(InvalidFile(code, what, where=self.source.where(*keys), why=why, hint=hint))

    def warn(self, keys: tuple[str | int, ...], what: str) -> None:
        """Note something odd that does not forbid the file."""
        if len(self.warnings) < MOST_PROBLEMS:
            self.warnings.append(f"{self.source.where(*keys)}: {what}")

    def finish(self) -> None:
        """Raise InvalidFiles if anything was wrong."""
        if self.problems:
            raise InvalidFiles(self.problems)

    def get(self, *keys: str) -> Plain:
        """The value at these keys, None where there is none."""
        value = self.source.value
        for key in keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def known(self, allowed: Collection[str], *keys: str) -> bool:
        """Check that here stands a mapping of nothing but the allowed keys; absence is fine, and False."""
        value = self.get(*keys)
        if value is None and keys:
            return False
        if not isinstance(value, dict):
            self.bad(keys, say("这里应为“键: 值”", "here belong `key: value` lines"))
            return False
        for key in value:
            if key not in allowed and len(self.problems) < MOST_PROBLEMS:
                self.problems.append(unknown_key(self.source.where_key(*keys, key), key, allowed))
        return True

    def text(self, *keys: str, required: bool = True, longest: int = 200) -> str:
        """One line of readable text."""
        value = self.get(*keys)
        if value is None or value == "":
            if required:
                self.missing(*keys)
            return ""
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            self.bad(keys, say(f"{keys[-1]} 应为文字", f"{keys[-1]} should be text"))
            return ""
        return self.readable(keys, str(value), longest)

    def readable(self, keys: tuple[str | int, ...], value: str, longest: int = 200) -> str:
        """The text if every character of it can be seen and it is not too long, else empty and an error."""
        if len(value) > longest:
            self.bad(keys, say(f"超过 {longest} 个字", f"longer than {longest} characters"))
            return ""
        if any(unicodedata.category(c) in _UNSEEN for c in value) or value != value.strip():
            what = say(f"含有看不见的字符: {visible(value)}", f"it holds invisible characters: {visible(value)}")
            self.bad(keys, what, hint=say("重新手工输入这一项", "type it anew by hand"))
            return ""
        return value

    def missing(self, *keys: str) -> None:
        """Note that a required field is not there."""
        name = ".".join(keys)
        self.bad(keys, say(f"缺少必填项 {name}", f"{name} is required"), code="E1218")

    def number(self, *keys: str, least: int, most: int, default: int) -> int:
        """A whole number within bounds."""
        value = self.get(*keys)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            name = ".".join(keys)
            self.bad(
                keys, say(f"{name} 应为 {least} 到 {most} 的整数", f"{name} is a whole number from {least} to {most}")
            )
            return default
        return value

    def flag(self, *keys: str) -> bool:
        """True or false, false where nothing is said."""
        value = self.get(*keys)
        if value is not None and not isinstance(value, bool):
            self.bad(keys, say(f"{keys[-1]} 应为 true 或 false", f"{keys[-1]} is true or false"))
        return value is True

    def words(self, key: str, *, required: bool = False, most: int = 10_000) -> list[tuple[int, str]]:
        """The readable texts of a list (or the one text that stands in its place), each with its index."""
        value = self.get(key)
        if value is None or value == []:
            if required:
                self.missing(key)
            return []
        listed = value if isinstance(value, list) else [value]
        if len(listed) > most:
            self.bad((key,), say(f"{key} 超过 {most} 项", f"{key} has more than {most} items"))
            return []
        kept: list[tuple[int, str]] = []
        for i, item in enumerate(listed):
            if isinstance(item, bool) or not isinstance(item, (str, int)):
                self.bad((key, i), say(f"{key} 的每一项应为文字", f"each item of {key} is text"))
                continue
            word = self.readable((key, i), str(item))
            if word:
                kept.append((i, word))
        if required and all(isinstance(item, str) and not item.strip() for item in listed):
            self.missing(key)
        return kept
