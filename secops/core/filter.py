"""The search language: `net:198.18.0.0/16 port:443 grade>=3 org:"财政" seen<7d -tag:测试`, parsed to the filter AST.

Words side by side must all hold; `OR`, `-` (or `NOT`) and brackets work as expected, also in full-width form. A bare
word is searched in name, key and page title. `field:value` finds values that contain the text (labels such as state or
tag: equal it); `field=value` is exact; `*` and `?` are wildcards outside quotes; `a,b` is a choice; `1-1024` and `a..b`
are ranges; `field:*` means known. `seen<7d` counts whole days. `@field` is the dictionary's own field where a short
word means more (`port` is also one of an address's open ports).
"""

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Final

from secops.core import address
from secops.core.errors import UsageError
from secops.core.fields import FIELDS, Field, by_name, by_word
from secops.core.filter_value import Raw, compare
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Kind
from secops.core.query import EVERYTHING, And, Not, Or, Query

LONGEST: Final = 2000
"""Characters of a query."""
DEEPEST: Final = 32
"""Brackets and negations inside each other."""
MOST: Final = 200
"""Comparisons of a query."""

WIDE: Final[dict[str, tuple[str, ...]]] = {
    "port": ("port", "services.ports"),
    "service": ("service.name", "services.names"),
    "grade": ("system.grade", "system.level"),
    "system": ("system.name", "system.code"),
    "ip": ("address", "host.addresses"),
    "net": ("address", "network.cidr"),
}
"""Words that mean whichever of these fields the kind has."""
BARE: Final = ("name", "key", "http.title")
"""Where a bare word is searched."""

_FULL_WIDTH: Final = str.maketrans("：（）“”，＝＜＞　｜", ':()"",=<> |')
_FIELD: Final = re.compile(r"(@?[\w.]+)(!=|<=|>=|:|=|<|>)")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BREAK: Final = frozenset(' \t\r\n()"')
_ENDS: Final = _BREAK | {""}


def parse(text: str, kind: Kind | None = None) -> Query:
    """The query that the text says about entities of this kind (None: the seven kinds of asset).

    Raises UsageError (E15xx) with the line, a caret under the character at fault, and the nearest field.
    """
    return _Parser(text, kind).whole()


def words(kind: Kind | None) -> tuple[str, ...]:
    """Every word that stands for a field of this kind: aliases and names, for completion and for help."""
    names = {word for word, field in by_word().items() if _has(field, kind)}
    names |= {word for word, wide in WIDE.items() if any(_has(by_name()[name], kind) for name in wide)}
    return tuple(sorted(names))


def find(word: str, kind: Kind | None) -> tuple[Field, ...]:
    """The fields that the word stands for; empty where there is none of this kind."""
    plain = word.removeprefix("@")
    if plain == word and plain in WIDE:
        return tuple(by_name()[name] for name in WIDE[plain] if _has(by_name()[name], kind))
    field = by_word().get(plain) or _titles().get(plain)
    return (field,) if field is not None and _has(field, kind) else ()


def _has(field: Field, kind: Kind | None) -> bool:
    return kind in field.kinds if kind is not None else not field.kinds.isdisjoint(ASSET_KINDS)


@cache
def _titles() -> dict[str, Field]:
    return {each.zh: each for each in reversed(FIELDS)}


@dataclass(slots=True)
class _Parser:
    """One pass over the text, from left to right."""

    text: str
    kind: Kind | None
    at: int = 0
    depth: int = 0
    count: int = 0
    plain: str = ""

    def whole(self) -> Query:
        if len(self.text) > LONGEST:
            raise self.wrong("E1504", f"查询超过 {LONGEST} 个字符", f"the query is over {LONGEST} characters", LONGEST)
        for place, c in enumerate(self.text):
            if c == "\0" or 0xD800 <= ord(c) <= 0xDFFF:
                raise self.wrong("E1501", "查询里有不可用的字符", "the query holds an unusable character", place)
        self.plain = self.text.translate(_FULL_WIDTH)
        self.skip()
        if self.at == len(self.plain):
            return EVERYTHING
        query = self.either()
        if self.at < len(self.plain):
            raise self.wrong("E1501", "多出一个右括号", "a closing bracket too many", self.at)
        return query

    def skip(self) -> None:
        match = _SPACE.match(self.plain, self.at)
        self.at = match.end() if match else self.at

    def keyword(self, *names: str) -> bool:
        for name in names:
            end = self.at + len(name)
            alone = self.plain[end : end + 1] in _ENDS
            if self.plain.startswith(name, self.at) and (alone or not name.isalpha()):
                self.at = end
                self.skip()
                return True
        return False

    def either(self) -> Query:
        items = [self.both()]
        while self.keyword("OR", "||", "|"):
            items.append(self.both())
        return _joined(Or, items)

    def both(self) -> Query:
        items = [self.single()]
        while self.at < len(self.plain) and self.plain[self.at] not in ")|" and not self.peek_or():
            self.keyword("AND")
            items.append(self.single())
        return _joined(And, items)

    def peek_or(self) -> bool:
        start = self.at
        found = self.keyword("OR")
        self.at = start
        return found

    def single(self) -> Query:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong("E1504", f"嵌套超过 {DEEPEST} 层", f"nested over {DEEPEST} deep", self.at)
        try:
            if self.at >= len(self.plain) or self.plain[self.at] in ")|" or self.peek_or():
                raise self.wrong("E1501", "这里缺少条件", "a condition is missing here", self.at)
            if self.keyword("NOT"):
                return Not(self.single())
            if self.plain[self.at] == "-":
                self.at += 1
                if self.at < len(self.plain) and self.plain[self.at] in " \t\r\n":
                    raise self.wrong("E1501", "减号后面要紧跟条件", "a condition must follow the minus", self.at)
                return Not(self.single())
            if self.plain[self.at] == "(":
                return self.bracket()
            return self.term()
        finally:
            self.depth -= 1

    def bracket(self) -> Query:
        opened = self.at
        self.at += 1
        self.skip()
        query = self.either()
        if self.at >= len(self.plain):
            raise self.wrong("E1501", "括号没有合上", "the bracket is never closed", opened)
        self.at += 1
        self.skip()
        return query

    def term(self) -> Query:
        start = self.at
        self.count += 1
        if self.count > MOST:
            raise self.wrong("E1504", f"条件超过 {MOST} 个", f"over {MOST} conditions", start)
        match = _FIELD.match(self.plain, start)
        if match and not _is_address(self.run(start)):
            self.at = match.end()
            fields = self.fields(match.group(1), start)
            choices = self.values()
            built = [self.compare(fields, match.group(2), raw, match.group(1)) for raw in choices]
            query = _joined(Or, built)
            return Not(query) if match.group(2) == "!=" else query
        return _joined(And, [self.bare(raw) for raw in self.values(split=False)])

    def run(self, start: int) -> str:
        end = start
        while end < len(self.plain) and self.plain[end] not in _BREAK:
            end += 1
        return self.plain[start:end]

    def values(self, *, split: bool = True) -> list[Raw]:
        """The comma-separated values from here on; quotes and backslashes understood."""
        out = [self.value(split=split)]
        while split and self.at < len(self.plain) and self.plain[self.at] == ",":
            self.at += 1
            out.append(self.value(split=split))
        self.skip()
        return out

    def value(self, *, split: bool) -> Raw:
        start = self.at
        if start < len(self.plain) and self.plain[start] == '"':
            return self.quoted()
        while self.at < len(self.plain) and self.plain[self.at] not in _BREAK:
            if split and self.plain[self.at] == ",":
                break
            self.at += 2 if self.plain[self.at] == "\\" and self.at + 1 < len(self.plain) else 1
        if self.at == start:
            raise self.wrong("E1501", "这里缺少值", "a value is missing here", start)
        return Raw(self.text[start : self.at], start, quoted=False)

    def quoted(self) -> Raw:
        start = self.at
        self.at += 1
        out: list[str] = []
        while self.at < len(self.plain) and self.plain[self.at] != '"':
            if self.plain[self.at] == "\\" and self.plain[self.at + 1 : self.at + 2] in {'"', "\\"}:
                self.at += 1
            out.append(self.text[self.at])
            self.at += 1
        if self.at >= len(self.plain):
            raise self.wrong("E1501", "引号没有合上", "the quote is never closed", start)
        self.at += 1
        return Raw("".join(out), start, quoted=True)

    def fields(self, word: str, start: int) -> tuple[Field, ...]:
        found = find(word, self.kind)
        if found:
            return found
        plain = word.removeprefix("@")
        field = by_word().get(plain) or _titles().get(plain)
        if field is not None:
            kinds = ", ".join(sorted(field.kinds))
            raise self.wrong(
                "E1502",
                f"{self.kind or '资产'} 没有字段 {plain}（{field.zh}）；有它的类别：{kinds}",
                f"{self.kind or 'assets'} have no field {plain}; these have: {kinds}",
                start,
            )
        near = get_close_matches(plain, [*words(self.kind), *_titles()], n=3, cutoff=0.6)
        hint = say(
            f"是不是 {'、'.join(near)}？要找这段文字本身就加引号" if near else "要找这段文字本身就加引号",
            f"did you mean {', '.join(near)}? Quote it to search the text itself" if near else "quote it to search it",
        )
        raise self.wrong("E1502", f"没有字段 {plain}", f"no field {plain}", start, hint)

    def compare(self, fields: tuple[Field, ...], sign: str, raw: Raw, word: str) -> Query:
        built: list[Query] = []
        problem = ""
        for field in fields:
            answer = compare(field, ":" if sign == "!=" else sign, raw, network=word == "net")
            if isinstance(answer, str):
                problem = problem or answer
            else:
                built.append(answer)
        if not built:
            raise self.wrong("E1503", problem or "该字段不能这样比较", problem or "no such comparison", raw.at)
        return _joined(Or, built)

    def bare(self, raw: Raw) -> Query:
        if raw.text == "*" and not raw.quoted:
            return EVERYTHING
        if not raw.quoted and "/" in raw.text and _is_address(raw.text):
            return self.compare(find("net", self.kind) or self.fields("address", raw.at), ":", raw, "net")
        targets = [by_name()[name] for name in BARE if _has(by_name()[name], self.kind)]
        built = [compare(field, ":", raw, within=True) for field in targets]
        return _joined(Or, [each for each in built if not isinstance(each, str)])

    def wrong(self, code: str, zh: str, en: str, at: int, hint: str = "") -> UsageError:
        return complain(self.text, at, code, say(zh, en), hint)


def complain(text: str, at: int, code: str, what: str, hint: str = "") -> UsageError:
    """The error with the query and a caret under character `at`."""
    start = max(0, at - 60)
    shown = "".join(c if c.isprintable() else "·" for c in text[start : at + 40])
    before = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in shown[: at - start])
    return UsageError(
        code,
        what,
        where=say(f"查询第 {at + 1} 个字符", f"character {at + 1} of the query"),
        why=f"\n    {shown}\n    {' ' * before}^",
        hint=hint,
    )


def _is_address(text: str) -> bool:
    try:
        address.span(text)
    except ValueError:
        return False
    return True


def _joined(how: type[And] | type[Or], items: list[Query]) -> Query:
    if len(items) == 1:
        return items[0]
    flat: list[Query] = []
    for each in items:
        flat.extend(each.items if isinstance(each, how) and each.items else [each])
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else how(unique)
