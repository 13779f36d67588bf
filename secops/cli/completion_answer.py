"""`secops __complete SHELL LINE`: what may stand at the end of the line, a row each; asked by the completion scripts.

The table of what stands where is written out here, so that an answer need not import the commands (a test holds the two
together), and every failure is silence: a shell shall never show an error for a Tab.
"""

import os
import sys
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
OPTIONS: Final = {"--kind": "kind", "--sort": "field", "--at": "run", "--rule": "rule"}
"""Options whose value is one of these, whatever the command."""
_FOLLOWED: Final = frozenset(
    {"-w", "--workspace", "--lang", "--color", "-f", "--format", "-o", "--out", "--limit", "--after", "--timeout",
     "--org", "--who", "--reason", "--role", "--system", "--note", *OPTIONS}
)  # fmt: skip
"""Options that the next word belongs to."""


def answer(shell: str = "", line: str = "", word: str = "") -> int:
    """Write the offers for the last word of the line: text, a tab, what it means. 0 whatever happens.

    `word`: what Bash holds that word to be, of which it splits off what stands before a colon or an equals sign.
    """
    try:
        quote = "" if shell != "bash" else _open_quote(line)
        skipped = max(0, len(split(line)[-1]) - len(split(word)[-1])) if shell == "bash" else 0
        for text, meaning in offers(line):
            shown = _quoted(text[skipped:], quote) if shell == "bash" else text
            if shown is not None:
                sys.stdout.write(f"{shown}\t{meaning}\n")
    except Exception:  # noqa: BLE001 - a Tab that finds nothing is no error
        return 0
    return 0


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
    words = split(line)[1:]
    if not words:
        return []
    *before, word = words
    what, folder, kind = _wanted(before)
    if not what:
        return []
    from secops.core.model import Kind
    from secops.hall.flows.complete import Offers

    found = Offers(Path(folder)).of(what, word, Kind(kind) if kind in set(Kind) else None)
    return [(each.text, " ".join(each.meaning.split())) for each in found if each.text.isprintable()]


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


def _wanted(before: list[str]) -> tuple[str, str, str]:
    """What the next word is, the folder to look in, and the kind that was asked for."""
    folder, kind = os.environ.get("SECOPS_WORKSPACE", "."), ""
    plain: list[str] = []
    option = ""
    for each in before:
        if option:
            folder = each if option in {"-w", "--workspace"} else folder
            kind = each if option == "--kind" else kind
            option = ""
        elif each in _FOLLOWED:
            option = each
        elif not each.startswith("-") or each == "--":
            plain += [each] if each != "--" else []
    if option:
        return OPTIONS.get(option, ""), folder, kind
    for length in (3, 2):
        places = PLACES.get(" ".join(plain[:length]))
        if places is not None and len(plain) >= length:
            at = len(plain) - length
            return places[at] if at < len(places) else "", folder, kind
    return "", folder, kind
