r"""A larger open set, read at run time where the user has it: wappalyzergo's `fingerprints_data.json` and its like.

    {"apps": {"Name": {"headers": {"server": "regex"}, "cookies": {...}, "meta": {"generator": ["regex"]},
                       "scriptSrc": ["regex"], "html": ["regex"], "implies": ["Other"], "cpe": "cpe:2.3:..."}}}

A pattern may end in `\;version:\1` and `\;confidence:n`. What needs a browser (js, dom, css) is passed over.
The patterns are foreign and the pages hostile: every `*` and `+` is bounded, a repeated group is refused, and a pattern
sees short texts only (header values, meta contents, script addresses, pieces of a page).
"""

import json
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.discover.fingerprint.entry import Hit, Seen, Technology
from secops.discover.fingerprint.literals import Literals

_FILE_MOST: Final = 64 << 20
_APPS_MOST: Final = 50_000
_PATTERN_MOST: Final = 400
_TEXT_MOST: Final = 300
_PIECES_MOST: Final = 100
_META: Final = re.compile(rb"<meta[^>]{0,400}>")
_META_NAME: Final = re.compile(rb"(?:name|property)\s?=\s?[\"']?([a-z0-9_:. -]{1,60})")
_META_CONTENT: Final = re.compile(rb"content\s?=\s?(?:\"([^\"]{0,300})|'([^']{0,300}))")
_SCRIPT: Final = re.compile(rb"<script[^>]{0,300}\ssrc\s?=\s?[\"']?([^\"'\s>]{1,300})")
_REPEATED: Final = re.compile(r"(?<!\\)\)[*+{]")
_UNBOUNDED: Final = re.compile(r"(?<!\\)(\\\\)*([*+])")


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of one technology; without a pattern presence is enough."""

    technology: int
    pattern: re.Pattern[str] | None = None
    group: int = 0


@dataclass(slots=True)
class OpenSet:
    """The technologies of one file and their rules, by where they look."""

    technologies: tuple[Technology, ...] = ()
    headers: dict[str, list[Rule]] = field(default_factory=dict)
    cookies: dict[str, list[Rule]] = field(default_factory=dict)
    metas: dict[str, list[Rule]] = field(default_factory=dict)
    scripts: list[tuple[str, Rule]] = field(default_factory=list)
    pages: dict[bytes, list[Rule]] = field(default_factory=dict)
    implied: dict[int, tuple[str, ...]] = field(default_factory=dict)
    left_out: int = 0
    """Patterns refused: not of this language, too long, unbounded, without a fixed word to look for."""
    _literals: Literals = field(default_factory=lambda: Literals(()))
    _names: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "OpenSet":
        """The set in this file. Raises InvalidFile."""
        try:
            if path.stat().st_size > _FILE_MOST:
                raise ValueError("too large")
            document = json.loads(path.read_bytes())
            apps = document["apps"]
            if not isinstance(apps, dict) or len(apps) > _APPS_MOST:
                raise TypeError("apps")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise InvalidFile(
                "E1426",
                say("读不了外部指纹库", "cannot read the larger fingerprint set"),
                where=str(path),
                why=f"{type(error).__name__}: {error}"[:200],
                hint=say(
                    "应为 wappalyzergo 的 fingerprints_data.json", "wappalyzergo's fingerprints_data.json is wanted"
                ),
            ) from error
        made = cls()
        technologies: list[Technology] = []
        for name, app in apps.items():
            if isinstance(name, str) and isinstance(app, dict):
                number = len(technologies)
                technologies.append(_technology(name, app))
                made._add(number, app)
        made.technologies = tuple(technologies)
        made._names = {each.name: number for number, each in enumerate(technologies)}
        made._literals = Literals(made.pages)
        return made

    def _add(self, number: int, app: dict[str, object]) -> None:
        for key, place in (("headers", self.headers), ("cookies", self.cookies), ("meta", self.metas)):
            found = app.get(key)
            for name, texts in found.items() if isinstance(found, dict) else ():
                for rule in self._rules(number, texts, empty=True):
                    place.setdefault(str(name).lower(), []).append(rule)
        for text in _texts(app.get("scriptSrc")):
            word = word_of(text)
            for rule in self._rules(number, text) if word else ():
                self.scripts.append((word, rule))
        for text in _texts(app.get("html")):
            word = word_of(text)
            if not word:
                self.left_out += 1
            for rule in self._rules(number, text) if word else ():
                self.pages.setdefault(word.encode(), []).append(rule)
        self.implied[number] = tuple(text.partition("\\;")[0] for text in _texts(app.get("implies")))

    def _rules(self, number: int, texts: object, *, empty: bool = False) -> list[Rule]:
        rules = []
        for text in _texts(texts) or (("",) if empty else ()):
            pattern, *tags = text.split("\\;")
            if not pattern:
                rules.append(Rule(number))
                continue
            made = bounded_pattern(pattern)
            if made is None:
                self.left_out += 1
                continue
            version = next((tag[8:] for tag in tags if tag.startswith("version:")), "")
            group = int(version[1]) if re.fullmatch(r"\\[1-9]", version[:2]) else 0
            rules.append(Rule(number, made, group if group <= made.groups else 0))
        return rules

    def match(self, seen: Seen) -> tuple[Hit, ...]:
        """Every technology of the set that shows in the reply."""
        found: dict[int, Hit] = {}
        for name, value in seen.values.items():
            self._try(self.headers.get(name, ()), value[:_TEXT_MOST], "header", found)
        for cookie in seen.cookies:
            self._try(self.cookies.get(cookie, ()), "", "cookie", found)
        for name, content in metas(seen.body) if self.metas and b"<meta" in seen.body else ():
            self._try(self.metas.get(name, ()), content, "meta", found)
        for address in scripts(seen.body) if self.scripts and b"<script" in seen.body else ():
            self._try([rule for word, rule in self.scripts if word in address], address, "script", found)
        for number in self._literals.find(seen.body):
            word = self._literals.texts[number]
            at = seen.body.find(word)
            piece = seen.body[max(0, at - _TEXT_MOST) : at + _TEXT_MOST].decode("utf-8", "replace")
            self._try(self.pages[word], piece, "body", found)
        for number in tuple(found):
            for name in self.implied[number]:
                other = self._names.get(name)
                if other is not None:
                    by = f"implied by {self.technologies[number].name}"
                    found.setdefault(other, Hit(self.technologies[other], "", by))
        return tuple(sorted(found.values(), key=lambda hit: hit.technology.name))

    def _try(self, rules: "list[Rule] | tuple[Rule, ...]", text: str, by: str, found: dict[int, Hit]) -> None:
        for rule in rules:
            known = found.get(rule.technology)
            if known is not None and known.version:
                continue
            match = rule.pattern.search(text) if rule.pattern is not None and by != "cookie" else None
            if match is None and rule.pattern is not None:
                continue  # of a cookie only the name is kept: a pattern for its value decides nothing
            version = match[rule.group] if match is not None and rule.group else ""
            if known is None or version:
                found[rule.technology] = Hit(self.technologies[rule.technology], (version or "")[:40], by)


def _technology(name: str, app: dict[str, object]) -> Technology:
    parts = str(app.get("cpe") or "").split(":")
    cpe = ":".join(parts[2:5]) if len(parts) > 4 and parts[1] == "2.3" else ""
    return Technology(name[:60], "open-set", (), cpe=cpe[:130], source="open set")


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(each for each in items[:200] if isinstance(each, str))


_TIMES = re.compile(r"\d*,?\d*\}")
"""What stands behind the brace of a repetition; any other brace is a sign like the rest."""


def word_of(text: str) -> str:
    """The longest fixed text, in lower case, that every match contains; empty where it has not even four characters."""
    pattern = text.partition("\\;")[0].lower()
    runs, at = [""], 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "|":
            return ""
        if sign in "([":
            at = _closed(pattern, at)
            runs.append("")
            continue
        escaped = sign == "\\"
        literal = pattern[at + 1 : at + 2] if escaped else sign
        at += 1 + escaped
        follows = pattern[at : at + 1]
        if (escaped and literal.isalnum()) or (not escaped and literal in ".^$*+?{}"):
            times = _TIMES.match(pattern, at) if sign == "{" and not escaped else None
            at = times.end() if times else at
            runs.append("")
        elif follows and follows in "*?{":
            runs.append("")
        else:
            runs[-1] += literal
            if follows == "+":
                runs.append("")
    word = max(runs, key=len)
    return word if len(word) >= 4 and word.isascii() else ""


def _closed(pattern: str, at: int) -> int:
    """Behind the group or class that begins here."""
    depth, inside = 0, False
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 1
        elif inside:
            inside = sign != "]"
        elif sign == "[":
            inside = True
            at += pattern[at + 1 : at + 2] in {"]", "^"}
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        at += 1
        if not depth and not inside:
            return at
    return at


def bounded_pattern(text: str) -> re.Pattern[str] | None:
    """The pattern with every repetition bounded; None where it cannot be made safe."""
    if len(text) > _PATTERN_MOST or _REPEATED.search(text):
        return None
    bare = re.sub(r"\[[^\]]*\]", lambda m: m[0].replace("*", "\\*").replace("+", "\\+"), text)
    bare = _UNBOUNDED.sub(lambda m: (m[1] or "") + ("{0,60}" if m[2] == "*" else "{1,60}"), bare)
    if len(re.findall(r"\{[01],60\}", bare)) > 4:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # foreign patterns: what may change in re is not ours to mend
            return re.compile(bare, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError):
        return None


def metas(lowered: bytes) -> list[tuple[str, str]]:
    """Names and contents of the page's meta elements."""
    found = []
    for match in list(_META.finditer(lowered))[:_PIECES_MOST]:
        name, content = _META_NAME.search(match[0]), _META_CONTENT.search(match[0])
        if name and content:
            value = (content[1] or content[2] or b"").decode("utf-8", "replace")
            found.append((name[1].decode().strip(), value))
    return found


def scripts(lowered: bytes) -> list[str]:
    """Addresses of the page's scripts."""
    return [match[1].decode("utf-8", "replace") for match in list(_SCRIPT.finditer(lowered))[:_PIECES_MOST]]
