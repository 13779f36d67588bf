"""The search language: `net:198.18.0.0/16 port:443 grade>=3 org:"财政" seen<7d -tag:测试`, parsed to the filter AST.

Words side by side must all hold; `OR`, `-` (or `NOT`) and brackets work as expected, also in full-width form. A bare
word is searched in name, key and page title. `field:value` finds values that contain the text (labels such as state or
tag: equal it); `field=value` is exact; `*` and `?` are wildcards outside quotes; `a,b` is a choice; `1-1024` and `a..b`
are ranges; `field:*` means known. `seen<7d` counts whole days. `@field` is the dictionary's own field where a short
word means more (`port` is also one of an address's open ports). `step:(...)` asks what the entity hangs together with
(`core.links`), one step deep; `saved:NAME` stands for a query that somebody saved.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from secops.core import address
from secops.core.errors import UsageError
from secops.core.fields import Field, Type, by_name
from secops.core.filter_fault import complain
from secops.core.filter_unknown import no_field, no_step
from secops.core.filter_value import Raw, compare
from secops.core.filter_words import ANYWHERE, BARE, CODES, NARROW, SAVED, UNIT, WIDE, find, has, words
from secops.core.language import say
from secops.core.links import Link, by_phrase, inside, taken_by
from secops.core.model import Kind
from secops.core.query import EVERYTHING, And, Compare, Linked, Not, Op, Or, Query

__all__ = ["DEEPEST", "LONGEST", "MOST", "WIDE", "complain", "find", "parse", "parse_any", "words"]

LONGEST: Final = 2000
"""Characters of a query."""
DEEPEST: Final = 32
"""Brackets and negations inside each other."""
MOST: Final = 200
"""Comparisons of a query."""
NESTED: Final = 8
"""Saved filters inside each other."""

Shelf = Callable[[], Mapping[str, str]]
"""Gives every saved filter, name -> query; asked only where a query names one."""

_FIELD: Final = re.compile(r"(@?[\w.]+)(!=|<=|>=|:|=|<|>)")
_STEP: Final = re.compile(r"([^\W\d][\w-]*)([:.])\(")
_WALK: Final = re.compile(r"([^\W\d][\w-]*):(?![(\s]|$)")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ORG: Final = frozenset({"org", "责任单位"})
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BREAK: Final = frozenset(' \t\r\n()"')
_ENDS: Final = _BREAK | {""}


def parse(text: str, kind: Kind | None = None, saved: Shelf | None = None) -> Query:
    """The query that the text says about entities of this kind (None: the seven kinds of asset).

    Raises UsageError (E15xx) with the line, a caret under the character at fault, and the nearest field.
    """
    return _Parser(text, kind, saved).whole()


def parse_any(text: str, kind: Kind | None = None, saved: Shelf | None = None) -> tuple[Kind | None, Query]:
    """The query, and the kind it asks for. Raises UsageError.

    That is `kind`, else the one it names (`kind:host`), else the service where only services have its fields, else
    None: the seven kinds of asset.
    """
    if kind is not None:
        return kind, parse(text, kind, saved)
    try:
        query = parse(text, None, saved)
    except UsageError:
        try:
            return Kind.SERVICE, parse(text, Kind.SERVICE, saved)
        except UsageError:
            pass
        raise
    named = _named(query)
    return (None, query) if named is None else (named, parse(text, named, saved))


def _named(query: Query) -> Kind | None:
    """The one kind that a query asks for by name."""
    items = query.items if isinstance(query, And) else (query,)
    found = {each.value for each in items if isinstance(each, Compare) and (each.field, each.op) == ("kind", Op.EQ)}
    return Kind(str(next(iter(found)))) if len(found) == 1 and found <= set(Kind) else None


@dataclass(slots=True)
class _Parser:
    """One pass over the text, from left to right."""

    text: str
    kind: Kind | None
    saved: Shelf | None = None
    through: tuple[str, ...] = ()
    """The saved filters this text stands in, outermost first."""
    step: str = ""
    """The step we are behind, empty on the entity itself."""
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
        self.plain = self.text.translate(NARROW)
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
            found = self.plain[self.at : end].upper() == name
            if found and (alone or not name.isalpha()):
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
        step = _STEP.match(self.plain, start)
        if step and (step.group(2) == ":" or step.group(1) in by_phrase() or step.group(1) in _ORG):
            return self.linked(step.group(1), start, step.end() - 1)
        walk = _WALK.match(self.plain, start)
        if (
            walk
            and walk.group(1) in by_phrase()
            and not (find(walk.group(1), None) or find(walk.group(1), Kind.SERVICE))
        ):
            return self.walked(walk.group(1), start, walk.end())
        match = _FIELD.match(self.plain, start)
        if match and match.group(1) in SAVED and match.group(2) in ":=":
            self.at = match.end()
            return _joined(Or, [self.recalled(raw) for raw in self.values()])
        if match and not _is_address(self.run(start)):
            self.at = match.end()
            fields = self.fields(match.group(1), start)
            choices = self.values()
            built = [self.compare(fields, match.group(2), raw, match.group(1)) for raw in choices]
            query = _joined(Or, built)
            return Not(query) if match.group(2) == "!=" else query
        return _joined(And, [self.bare(raw) for raw in self.values(split=False)])

    def linked(self, word: str, start: int, opened: int) -> Query:
        """What stands behind a step, its bracket opened at `opened`."""
        if self.step:
            raise self.further(start)
        self.at = opened
        self.step = word
        try:
            if word in _ORG:
                return _joined(And, [Compare("org.name", Op.EXISTS, True), self.bracket()])
            link = self.link(word, start)
            kind, item = self.beyond(link)
            return Linked(link.name, kind, item)
        finally:
            self.step = ""

    def walked(self, word: str, start: int, after: int) -> Query:
        """A step to anything at all, `serves:*`; what else follows its word wants a bracket."""
        self.at = after
        raw = self.value(split=False)
        if raw.text != "*" or raw.quoted:
            zh, en = f"{word} 是关系，后面写括号", f"{word} is a step, a bracket follows it"
            raise self.wrong("E1505", zh, en, start, f"{word}:({raw.text}), {word}:*")
        self.skip()
        if self.step:
            raise self.further(start)
        link = self.link(word, start)
        return Linked(link.name, inside(link), EVERYTHING)

    def further(self, start: int) -> UsageError:
        zh, en = f"{self.step} 里不能再走一步：只能相隔一步", f"no step inside {self.step}: steps go one deep"
        return self.wrong("E1506", zh, en, start)

    def link(self, word: str, start: int) -> Link:
        found = by_phrase().get(word)
        if found is not None and taken_by(found, self.kind):
            return found
        what, hint = no_step(word, self.kind)
        raise complain(self.text, start, "E1505", what, hint)

    def beyond(self, link: Link) -> tuple[Kind | None, Query]:
        """The bracket read as a query about what the step leads to: of one kind, any asset, or services."""
        only = inside(link)
        begun = self.at, self.count
        try:
            item = self.bracket_of(only, *begun)
        except UsageError:
            if only is not None or Kind.SERVICE not in link.far:
                raise
            try:
                return Kind.SERVICE, self.bracket_of(Kind.SERVICE, *begun)
            except UsageError:
                pass
            raise
        named = _named(item) if only is None else None
        return (only, item) if named not in link.far else (named, self.bracket_of(named, *begun))

    def bracket_of(self, kind: Kind | None, at: int, count: int) -> Query:
        """The bracket at `at` read as a query about entities of this kind."""
        near, self.kind, self.at, self.count = self.kind, kind, at, count
        try:
            return self.bracket()
        finally:
            self.kind = near

    def recalled(self, raw: Raw) -> Query:
        """The saved filter of this name, read as if it stood here in brackets."""
        shelf = self.saved() if self.saved is not None else {}
        text = shelf.get(raw.text)
        if text is None:
            near = get_close_matches(raw.text, shelf, n=3, cutoff=0.4)
            hint = say("secops inventory filter list 列出全部", "secops inventory filter list")
            hint = say(f"是不是 {'、'.join(near)}？", f"did you mean {', '.join(near)}?") if near else hint
            raise self.wrong("E1507", f"没有保存过筛选 {raw.text}", f"no saved filter {raw.text}", raw.at, hint)
        if raw.text in self.through or len(self.through) >= NESTED:
            chain = " → ".join((*self.through, raw.text))
            zh, en = f"保存的筛选绕了回来或嵌套过深：{chain}", f"saved filters go in circles or too deep: {chain}"
            raise self.wrong("E1508", zh, en, raw.at)
        reader = _Parser(text, self.kind, self.saved, (*self.through, raw.text), self.step, count=self.count)
        try:
            query = reader.whole()
        except UsageError as error:
            where = say(f"保存的筛选 {raw.text}，", f"saved filter {raw.text}, ") + error.where
            raise UsageError(error.code, error.what, where=where, why=error.why, hint=error.hint) from error
        self.count = reader.count
        return query

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
        plain = word.removeprefix("@")
        if self.step in _ORG:
            if plain in UNIT:
                return (by_name()[UNIT[plain]],)
            choices = ", ".join(each for each in UNIT if each.isascii())
            zh, en = f"责任单位没有字段 {plain}；有：{choices}", f"units have no field {plain}; they have: {choices}"
            raise self.wrong("E1502", zh, en, start)
        if found := find(word, self.kind):
            return found
        raise complain(self.text, start, "E1502", *no_field(word, self.kind))

    def compare(self, fields: tuple[Field, ...], sign: str, raw: Raw, word: str) -> Query:
        built: list[Query] = []
        problem = ""
        for field in fields:
            if field.name in CODES and len(fields) > 1 and not _CODE.fullmatch(raw.text):
                continue
            answer = compare(field, ":" if sign == "!=" else sign, raw, within=word in ANYWHERE, network=word == "net")
            if isinstance(answer, str):
                problem = problem or answer
                if field.type is Type.ADDRESS and len(fields) > 1 and not raw.quoted:
                    break
            else:
                built.append(answer)
        if not built:
            raise self.wrong("E1503", problem or "该字段不能这样比较", problem or "no such comparison", raw.at)
        return _joined(Or, built)

    def bare(self, raw: Raw) -> Query:
        if raw.text == "*" and not raw.quoted:
            return EVERYTHING
        if not raw.quoted and _is_address(narrow := raw.text.translate(NARROW)):
            raw = Raw(narrow, raw.at, quoted=False)
        if not raw.quoted and "/" in raw.text and _is_address(raw.text):
            return self.compare(find("net", self.kind) or self.fields("address", raw.at), ":", raw, "net")
        if self.step in _ORG:
            return self.compare((by_name()["org.name"],), ":", raw, "org")
        targets = [by_name()[name] for name in BARE if has(by_name()[name], self.kind)]
        built = [compare(field, ":", raw, within=True) for field in targets]
        return _joined(Or, [each for each in built if not isinstance(each, str)])

    def wrong(self, code: str, zh: str, en: str, at: int, hint: str = "") -> UsageError:
        return complain(self.text, at, code, say(zh, en), hint)


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
