"""What may be written at a place of a query: fields, operators, known values, steps, saved filters."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from secops.core.fields import Field, Type, by_name, by_word
from secops.core.filter_value import TIMES
from secops.core.filter_words import ANYWHERE, NARROW, SAVED, UNIT, WIDE, find, has, titles, words
from secops.core.language import say
from secops.core.links import by_phrase, inside, taken_by
from secops.core.model import Kind
from secops.core.query import OPS, ORDER
from secops.core.vocabulary import VOCABULARY

MOST: Final = 200
"""Offers at one place."""
_TERM: Final = re.compile(r"(@?[\w.]+)(!=|<=|>=|:|=|<|>)")
_NAMED: Final = re.compile(r"(?<![\w.@-])(?:kind|类别)[:=]\"?(\w+)")
_STEP: Final = re.compile(r"([^\W\d][\w-]*)[:.]$")
_PLAIN: Final = re.compile(r"[^\s()\",*?\\（）“”，：＝＜＞　｜|-][^\s()\",*?\\（）“”，：＝＜＞　｜|]*")
_ORG: Final = frozenset({"org", "责任单位"})

Known = Callable[[Field, str], Iterable[str]]
"""Gives values that a field has somewhere and that begin with a text, a bounded number of them."""
Names = Callable[[], Iterable[str]]
"""Gives the names of the saved filters."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What may stand here, and what it means."""

    text: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """Offers, each to be put in the place of the characters from `start` up to `end`."""

    start: int
    end: int
    offers: tuple[Offer, ...]


def complete(text: str, at: int, kind: Kind | None, known: Known, saved: Names) -> Completion:
    """What may stand at character `at` of the text, asked of entities of this kind (None: any, or the one it names)."""
    before = text[:at].translate(NARROW)
    start, step, quoted = _place(before)
    here = _kind(before, kind) if not step else inside(by_phrase()[step]) if step in by_phrase() else None
    while start < at and before[start] == "-":
        start += 1
    word = before[start:]
    term = _TERM.match(word)
    if quoted and not term:
        return Completion(at, at, ())
    if term is None:
        offers: Iterator[Offer] = _words(word, here, step)
        if here is None and not step:  # a query that only services understand asks for services
            offers = chain(offers, _words(word, Kind.SERVICE, step))
    else:
        start += max(term.end(), _comma(word, term.end()))
        typed = text[start:at].strip('"“”')
        named = saved() if term[1] in SAVED else ()
        offers = _values(term, typed, _fields(term[1], here, step), known, named)
    unique = dict.fromkeys(offers)
    return Completion(start, at, tuple(unique)[:MOST])


def _place(before: str) -> tuple[int, str, bool]:
    """Where the word at the end begins, the step whose bracket it stands in (else empty), whether a quote is open."""
    start, quoted = 0, False
    opened: list[str] = []
    place = 0
    while place < len(before):
        c = before[place]
        if quoted:
            if c == "\\":
                place += 1
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c == "(":
            found = _STEP.search(before[start:place])
            opened.append(found[1] if found else (opened[-1] if opened else ""))
            start = place + 1
        elif c == ")":
            if opened:
                opened.pop()
            start = place + 1
        elif c in " \t\r\n|":
            start = place + 1
        elif c == "\\":
            place += 1
        place += 1
    return min(start, len(before)), opened[-1] if opened else "", quoted


def _comma(word: str, first: int) -> int:
    """Where the last value of a choice begins."""
    quoted, last = False, first
    for place in range(first, len(word)):
        if word[place] == '"':
            quoted = not quoted
        elif word[place] == "," and not quoted:
            last = place + 1
    return last


def _kind(before: str, kind: Kind | None) -> Kind | None:
    named = _NAMED.search(before)
    if kind is None and named and named[1] in set(Kind):
        return Kind(named[1])
    return kind


def _words(word: str, kind: Kind | None, step: str) -> Iterator[Offer]:
    if step in _ORG:
        yield from (Offer(f"{name}:", by_name()[field].title) for name, field in UNIT.items() if name.startswith(word))
        return
    exact = find(word, kind)
    if exact:
        yield from (Offer(word + sign, exact[0].title) for sign in _signs(exact))
    plain = word.removeprefix("@")
    for name in words(kind):
        if name.startswith(plain) and name != plain:
            yield Offer(f"{word[: len(word) - len(plain)]}{name}:", _title(name))
    if word and not word.isascii():
        yield from (
            Offer(f"{zh}:", each.name) for zh, each in titles().items() if zh.startswith(word) and has(each, kind)
        )
        yield from (Offer(f"{each}:", say("全文", "any text")) for each in ANYWHERE if each.startswith(word))
    for name in SAVED:
        if name.startswith(word) and (word or name.isascii()):
            yield Offer(f"{name}:", say("保存的筛选", "saved filter"))
    if not step:
        for name, link in by_phrase().items():
            if name.startswith(word) and taken_by(link, kind) and (word or name.isascii()):
                yield Offer(f"{name}:(", link.title)
        if "org".startswith(word):
            yield Offer("org:(", say("责任单位", "its unit"))


def _title(name: str) -> str:
    if name in WIDE:
        return say("全文", "any text") if name in ANYWHERE else by_name()[WIDE[name][0]].title
    return by_word()[name].title


def _signs(fields: Iterable[Field]) -> tuple[str, ...]:
    ordered = any(OPS[each.type] & ORDER or each.type is Type.VERSION for each in fields)
    return (":", "=", "!=", "<", "<=", ">", ">=") if ordered else (":", "=", "!=")


def _fields(word: str, kind: Kind | None, step: str) -> tuple[Field, ...]:
    if step in _ORG and word in UNIT:
        return (by_name()[UNIT[word]],)
    return find(word, kind) or (find(word, Kind.SERVICE) if kind is None else ())


def _values(
    term: re.Match[str], typed: str, fields: Iterable[Field], known: Known, saved: Iterable[str]
) -> Iterator[Offer]:
    yield from (Offer(each, say("保存的筛选", "saved filter")) for each in saved if each.startswith(typed))
    for field in fields:
        choices: Iterable[str] = ()
        if field.type is Type.BOOLEAN:
            choices = ("true", "false")
        elif field.name in VOCABULARY:
            choices = tuple(VOCABULARY[field.name])
        elif field.type is Type.INSTANT:
            choices = TIMES
        elif term[2] in {":", "=", "!="} or OPS[field.type] & ORDER or field.type is Type.VERSION:
            choices = known(field, typed)
        yield from (Offer(_spelled(each), field.title) for each in choices if each.startswith(typed))


def _spelled(value: str) -> str:
    """The value as a query has it: bare where it can be, else in quotes."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
