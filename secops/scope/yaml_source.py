"""YAML that a person wrote, read within bounds, with the place of every key and value kept.

Scopes, rules, playbooks and inventory files come through here, so that each error can say `path:line:column` and name
the nearest key. Scalars follow the YAML 1.2 core schema: only `true`/`false` are booleans (`no`, `on`, `是` are text),
dates and clock times (`2026-01-01`, `08:00`) stay text, and there is no octal. Tags, merge keys, a second document and
repeated keys are refused; aliases only where the caller allows them, and what they expand to is counted.

    source = Source.read(path)                  # or Source.load(text, "scope.yaml")
    source.value["ports"]                       # plain dict, list, str, int, float, bool, None
    source.where("ports", 0)                    # "scope.yaml:12:5"
    raise unknown_key(source.where_key("prots"), "prots", {"ports", "title"})
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from secops.core.errors import InvalidFile, why_not
from secops.core.language import say

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

MAX_BYTES: Final = 4 << 20
MAX_DEPTH: Final = 32
MAX_NODES: Final = 500_000
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,2})?")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_WORDS: Final[dict[str, Plain]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(slots=True)
class _Node:
    """One value, where it stands, and its children with the places of their keys."""

    line: int
    column: int
    value: Plain = None
    children: dict[str | int, "_Node"] = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    size: int = 1


@dataclass(frozen=True, slots=True)
class Located:
    """A loaded file: `value` is plain data, `where` and `where_key` answer with `path:line:column` (from 1)."""

    path: str
    root: _Node

    @property
    def value(self) -> Plain:
        """The plain data."""
        return self.root.value

    def where(self, *keys: str | int) -> str:
        """Where the value at these keys stands; of a missing one, where its nearest parent stands."""
        node = self.root
        for key in keys:
            child = node.children.get(key)
            if child is None:
                break
            node = child
        return f"{self.path}:{node.line}:{node.column}"

    def where_key(self, *keys: str | int) -> str:
        """Where the last key itself is written (for list items: where the item stands)."""
        node = self.root
        for key in keys[:-1]:
            node = node.children.get(key, node)
        place = node.keys.get(str(keys[-1])) if keys else None
        return f"{self.path}:{place[0]}:{place[1]}" if place else self.where(*keys)


class Source:
    """Where located data come from. Raises InvalidFile (E121x) for all that is not plain, bounded YAML."""

    @staticmethod
    def read(path: str | Path, *, aliases: int = 0, max_bytes: int = MAX_BYTES) -> Located:
        """The file at `path`, read once."""
        shown = str(path)
        try:
            with Path(path).open("rb") as stream:
                data = stream.read(max_bytes + 1)
        except OSError as error:
            raise InvalidFile(
                "E1210",
                say(f"读不了文件 {shown}", f"cannot read {shown}"),
                where=shown,
                why=why_not(error),
                hint=say("检查路径与权限", "check the path and its permissions"),
            ) from error
        return Source.load(data, shown, aliases=aliases, max_bytes=max_bytes)

    @staticmethod
    def load(text: str | bytes, path: str, *, aliases: int = 0, max_bytes: int = MAX_BYTES) -> Located:
        """The data in `text`; `path` is only shown. At most `aliases` aliases are followed."""
        if len(text) > max_bytes:
            raise InvalidFile(
                "E1211",
                say(f"文件超过 {max_bytes} 字节", f"the file is larger than {max_bytes} bytes"),
                where=path,
                hint=say("拆成几个文件", "split it into several files"),
            )
        if isinstance(text, bytes):
            text = _decode(text, path)
        return Located(path, _Builder(text, path, aliases).build())


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None
    return mark.line + 1, mark.column + 1


def _decode(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidFile(
            "E1212",
            say("文件不是 UTF-8 编码", "the file is not UTF-8"),
            where=f"{path}:{line}:1",
            why=say(f"第 {error.start} 字节起无法解码", f"cannot be decoded from byte {error.start} on"),
            hint=say("另存为 UTF-8 编码", "save it as UTF-8"),
        ) from error


class _Builder:
    """Turns parser events into nodes, counting as it goes."""

    def __init__(self, text: str, path: str, aliases: int) -> None:
        self._text = text
        self._path = path
        self._aliases = aliases
        self._anchors: dict[str, _Node] = {}
        self._nodes = 0
        self._events: Iterator[yaml.Event] = iter(())

    def build(self) -> _Node:
        try:
            self._events = yaml.parse(self._text, Loader=_LOADER)
            return self._document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            why = " ".join(part for part in (error.context, error.problem) if part)
            raise self._bad("E1212", place, say("YAML 语法错误", "this is not well-formed YAML"), why) from error
        except yaml.YAMLError as error:
            position = getattr(error, "position", 0)
            line = self._text.count("\n", 0, position) + 1
            why = getattr(error, "reason", "") or say("有不允许的字符", "a character that YAML does not allow")
            raise self._bad("E1212", f":{line}:1", say("YAML 语法错误", "this is not well-formed YAML"), why) from error

    def _bad(self, code: str, place: str, what: str, why: str = "", hint: str = "") -> InvalidFile:
        return InvalidFile(code, what, where=f"{self._path}{place}", why=why, hint=hint)

    def _at(self, event: yaml.Event, code: str, what: str, hint: str = "") -> InvalidFile:
        line, column = _place(event)
        return self._bad(code, f":{line}:{column}", what, hint=hint)

    def _document(self) -> _Node:
        root: _Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._at(event, "E1212", say("一个文件只写一份文档", "one document a file"))
                root = self._node(next(self._events), 0)
        if root is None:
            raise self._bad("E1212", ":1:1", say("文件是空的", "the file is empty"))
        return root

    def _node(self, event: yaml.Event, depth: int) -> _Node:
        self._count(event, 1)
        if depth > MAX_DEPTH:
            raise self._at(event, "E1213", say(f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH}"))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            what = say(f"不接受 YAML 标签 {tag}", f"YAML tags are not accepted: {tag}")
            raise self._at(event, "E1214", what, say("去掉标签", "remove the tag"))
        node = _Node(*_place(event))
        if isinstance(event, yaml.ScalarEvent):
            node.value = resolve(event.value) if event.implicit[0] else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            self._sequence(node, depth)
        else:
            self._mapping(node, depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _sequence(self, node: _Node, depth: int) -> None:
        items: list[Plain] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            child = self._node(event, depth + 1)
            node.children[len(items)] = child
            items.append(child.value)
            node.size += child.size
        node.value = items

    def _mapping(self, node: _Node, depth: int) -> None:
        pairs: dict[str, Plain] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
                raise self._at(event, "E1214", say("键只能是一个词", "a key is a plain word"))
            self._count(event, 1)
            key = event.value
            if key == "<<" and event.implicit[0]:
                raise self._at(event, "E1214", say("不接受合并键 <<", "merge keys (<<) are not accepted"))
            if key in pairs:
                line = node.keys[key][0]
                what = say(f"键 {visible(key)} 重复", f"key {visible(key)} is repeated")
                raise self._at(event, "E1215", what, say(f"第 {line} 行已写过", f"it stands on line {line} already"))
            node.keys[key] = _place(event)
            child = self._node(next(self._events), depth + 1)
            node.children[key] = child
            pairs[key] = child.value
            node.size += child.size
        node.value = pairs

    def _alias(self, event: yaml.AliasEvent) -> _Node:
        self._aliases -= 1
        node = self._anchors.get(event.anchor or "")
        if self._aliases < 0 or node is None:
            raise self._at(event, "E1213", say("这里不接受别名 *", "aliases (*) are not accepted here"))
        self._count(event, node.size)
        return node

    def _count(self, event: yaml.Event, size: int) -> None:
        self._nodes += size
        if self._nodes > MAX_NODES:
            raise self._at(event, "E1213", say(f"内容超过 {MAX_NODES} 项", f"more than {MAX_NODES} items"))


def resolve(text: str) -> Plain:
    """What a plain (unquoted) scalar means: null, boolean, integer, float, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        digits = text.lstrip("+-")
        return text if len(digits) > 1 and digits[0] == "0" else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def visible(text: object, limit: int = 80) -> str:
    """`text` fit for an error message: control and direction-changing characters escaped, long texts cut."""
    shown = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def nearest(word: str, allowed: Iterable[str]) -> str:
    """The allowed word most like this one, or nothing."""
    found = difflib.get_close_matches(word[:80].casefold(), list(allowed), n=1, cutoff=0.5)
    return found[0] if found else ""


def unknown_key(where: str, key: str, allowed: Iterable[str]) -> InvalidFile:
    """The error for a key that means nothing, with the nearest one that does."""
    words = sorted(allowed)
    guess = nearest(key, words)
    hint = say(f"是不是 {guess}?", f"did you mean {guess}?") if guess else ""
    listed = ", ".join(words)
    return InvalidFile(
        "E1216",
        say(f"不认识的键 {visible(key)}", f"unknown key {visible(key)}"),
        where=where,
        why=say(f"可用的键: {listed}", f"known keys: {listed}"),
        hint=hint,
    )
