"""`secops __complete SHELL LINE`: what may stand at the end of the line, a row each; asked by the completion scripts.

The table of what stands where is written out here, so that a query is answered without the commands (a test holds the
two together); verbs and options are asked of the commands. Every failure is silence: a shell shall never show an error
for a Tab. A text that ends in a space is whole: the next word may begin.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PLACES: Final[dict[str, tuple[str, ...]]] = {
    "discover resume": ("run",), "discover status": ("run",), "discover events": ("run",),
    "inventory list": ("query",), "inventory count": ("query",), "inventory facets": ("field", "query"),
    "inventory show": ("asset",), "inventory history": ("asset",), "inventory diff": ("run", "run", "query"),
    "inventory export": ("query",), "inventory graph": ("query",), "inventory who": ("asset",),
    "inventory bulk": ("query",), "inventory edit": ("kind", ""), "inventory filter save": ("saved", "query"),
    "inventory filter show": ("saved",), "inventory filter history": ("saved",), "inventory filter remove": ("saved",),
    "rules show": ("rule",), "rules try": ("rule",), "grade explain": ("rule", "asset"),
    "report make": ("", "query"),
}  # fmt: skip
"""Words of a command -> what its arguments are, in order."""
OPTIONS: Final = {"--kind": "kind", "--sort": "sort", "--at": "run", "--rule": "rule", "--columns": "columns"}
"""Options whose value is one of these, whatever the command."""
_GOING_ON: Final = frozenset({"query", "columns"})
"""What may be written on after one of its offers, within the same word."""


@dataclass(slots=True)
class _Asked:
    """What stands before the word that is asked for."""

    folder: str
    kind: str = ""
    plain: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    """Options that stand there."""
    option: str = ""
    """The option whose value the word is."""
    ended: bool = False
    """Whether `--` says that no option comes any more."""


def answer(shell: str = "", line: str = "", word: str = "") -> int:
    """Write the offers for the last word of the line: text, a tab, what it means. 0 whatever happens.

    `word`: what Bash holds that word to be, of which it splits off what stands before a colon or an equals sign.
    """
    try:
        quote = _open_quote(line) if shell != "zsh" else ""
        skipped = max(0, len(split(line)[-1]) - len(split(word)[-1])) if shell == "bash" else 0
        what, found = _found(line)
        end = "" if quote or shell == "fish" or what in _GOING_ON else " "
        shown = [(_quoted(text[skipped:], quote) if shell == "bash" else text, meaning) for text, meaning in found]
        told = [(text + end, meaning) for text, meaning in shown if text is not None]
        if quote and what in _GOING_ON and len(told) == 1:
            told.append((told[0][0] + _further(found[0][0]), ""))
        sys.stdout.writelines(f"{text}\t{meaning}\n" for text, meaning in told)
    except Exception:  # noqa: BLE001 - a Tab that finds nothing is no error
        return 0
    return 0


def _further(text: str) -> str:
    """How a query may go on. A shell closes the quote behind an only offer: it is given two that begin alike."""
    if text.endswith((":", "(")):
        return "*"
    return ")" if text.count("(") > text.count(")") else " "


def _open_quote(line: str) -> str:
    """The quote that stands open at the end of the line."""
    quote, place = "", 0
    while place < len(line):
        c = line[place]
        if c == "\\" and quote != "'":
            place += 1
        elif quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        place += 1
    return quote


def _quoted(text: str, quote: str) -> str | None:
    """The text as it must stand on the line within this quote, None where it cannot."""
    if quote == "'":
        return None if "'" in text else text
    special = '"\\$`' if quote else " \t'\"\\()<>|&;*?[]{}$`!#~"
    return "".join("\\" + c if c in special else c for c in text)


def offers(line: str) -> list[tuple[str, str]]:
    """What may stand in the place of the line's last word, as the program would get it: without the shell's quotes."""
    return _found(line)[1]


def _found(line: str) -> tuple[str, list[tuple[str, str]]]:
    """What sort of word the line's last one is, and the offers for it."""
    words = split(line)[1:]
    if not words:
        return "", []
    *before, word = words
    asked = _before(before)
    name, equals, value = word.partition("=")
    if word.startswith("-") and not asked.option and not asked.ended:
        if not equals:
            return "option", list(_options(asked, word))
        asked.option = name
        what, found = _value(asked, value)
        return what, [(f"{name}={text}", meaning) for text, meaning in found]
    return _value(asked, word)


def _value(asked: _Asked, word: str) -> tuple[str, list[tuple[str, str]]]:
    """What the word may be where it is no option: the value of one, an argument, a verb."""
    what = OPTIONS.get(asked.option, "") if asked.option else _place(asked.plain)
    if not what:
        return "choice", [(text, told) for text, told in _choices(asked) if text.startswith(word)]
    from secops.core.model import Kind
    from secops.hall.flows.complete import Offers

    kind = Kind(asked.kind) if asked.kind in set(Kind) else None
    found = Offers(Path(asked.folder)).of(what, word, kind)
    return what, [(each.text, " ".join(each.meaning.split())) for each in found if each.text.isprintable()]


def _choices(asked: _Asked) -> Iterable[tuple[str, str]]:
    from secops.cli import completion_options as commands

    if asked.option:
        return ((each, "") for each in commands.choices(asked.plain, asked.option))
    return [*commands.verbs(asked.plain), *((each, "") for each in commands.argument(asked.plain))]


def _options(asked: _Asked, word: str) -> Iterator[tuple[str, str]]:
    from secops.cli import completion_options as commands

    for text, meaning in commands.options(asked.plain, word, asked.given):
        yield text, " ".join(meaning.split())


def split(line: str) -> list[str]:
    """The words of the line as a shell reads them; the last one may be empty, or still in quotes."""
    words, word, quote, begun = [], "", "", False
    place = 0
    while place < len(line):
        c = line[place]
        if quote:
            if c == quote:
                quote = ""
            elif c == "\\" and quote == '"' and line[place + 1 : place + 2] in {'"', "\\", "$", "`"}:
                place += 1
                word += line[place : place + 1]
            else:
                word += c
        elif c in "'\"":
            quote, begun = c, True
        elif c == "\\":
            place += 1
            word += line[place : place + 1]
        elif c in " \t\n":
            if word or begun:
                words.append(word)
            word, begun = "", False
        else:
            word += c
        place += 1
    return [*words, word]


def _before(before: list[str]) -> _Asked:
    """The words before, read as the commands will read them."""
    asked = _Asked(os.environ.get("SECOPS_WORKSPACE", "."))
    for each in before:
        name, equals, value = each.partition("=")
        if asked.option:
            _heed(asked, asked.option, each)
            asked.option = ""
        elif asked.ended or not each.startswith("-") or each == "-":
            asked.plain.append(each)
        elif each == "--":
            asked.ended = True
        else:
            asked.given.append(name)
            if equals:
                _heed(asked, name, value)
            elif _takes(asked.plain, each):
                asked.option = each
    return asked


def _heed(asked: _Asked, option: str, value: str) -> None:
    asked.folder = value if option in {"-w", "--workspace"} else asked.folder
    asked.kind = value if option == "--kind" else asked.kind


def _takes(plain: Sequence[str], option: str) -> bool:
    if option in OPTIONS or option in {"-w", "--workspace", "-f", "--format", "-o", "--out", "--limit", "--reason"}:
        return True
    from secops.cli import completion_options as commands

    return commands.takes(plain, option)


def _place(plain: list[str]) -> str:
    """What the table says of the next plain word, empty where it says nothing."""
    for length in (3, 2):
        places = PLACES.get(" ".join(plain[:length]))
        if places is not None and len(plain) >= length:
            at = len(plain) - length
            return places[at] if at < len(places) else ""
    return ""
