"""Queries kept under a name: saved, changed and removed by people, each time a decision with who, when and why."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from secops.core.clock import render
from secops.core.errors import UsageError
from secops.core.filter import parse_any
from secops.core.filter_words import SAVED
from secops.core.language import say
from secops.core.model import Decision, DecisionType
from secops.hall.app import App
from secops.hall.flows.queries import SUBJECT, kept
from secops.store import decisions

MOST: Final = 1000
_BAD: Final = r"""\s\x00-\x1f\x7f()"',:*?\\|<>=（）“”，：＝＜＞｜　"""
_NAME: Final = re.compile(rf"[^{_BAD}-][^{_BAD}]{{0,59}}")
_USES: Final = re.compile(rf"(?:{'|'.join(SAVED)})[:：=＝]([^\s()（）]+)")


def save(app: App, name: str, query: str, *, who: str, reason: str = "") -> bool:
    """Keep the query under this name; False where it is kept so already. Raises UsageError (E15xx)."""
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name):
        raise UsageError(
            "E1540",
            say("筛选的名字不能这样起", "this is no name for a saved filter"),
            where=name[:80],
            hint=say(
                "1 至 60 个字，不含空格、引号、括号和 , : * ? | < > =",
                "1 to 60 characters, no spaces, quotes, brackets",
            ),
        )
    known = dict(kept(app))
    if len(known) >= MOST and name not in known:
        raise UsageError(
            "E1542", say(f"最多保存 {MOST} 个筛选", f"at most {MOST} filters"), hint="secops inventory filter remove"
        )
    texts = {each: str(decision.payload["query"]) for each, decision in known.items()} | {name: query}
    parse_any(query, None, lambda: {**texts})
    parse_any(f"{SAVED[0]}:{name}", None, lambda: texts)
    if name in known and known[name].payload["query"] == query:
        return False
    _record(app, name, {"query": query}, who=who, reason=reason)
    return True


def remove(app: App, name: str, *, who: str, reason: str = "") -> None:
    """Take the filter away; its history stays. Raises UsageError where there is none, or others use it."""
    known = _known(app, name)
    users = sorted(each for each, decision in known.items() if each != name and name in uses(_query(decision)))
    if users:
        raise UsageError(
            "E1541",
            say(f"别的筛选还在用 {name}", f"other filters use {name}"),
            where=", ".join(users),
            hint=say("先改掉或删除它们", "change or remove them first"),
        )
    _record(app, name, {"query": _query(known[name]), "removed": True}, who=who, reason=reason)


def listed(app: App) -> Iterator[dict[str, object]]:
    """Every saved filter by name: its query, who saved it and when, which others it uses."""
    for name, each in kept(app):
        yield {
            "name": name,
            "query": _query(each),
            "who": each.who,
            "at": render(each.at),
            "reason": each.reason,
            "uses": sorted(uses(_query(each))),
        }


def show(app: App, name: str) -> dict[str, object]:
    """One saved filter. Raises UsageError."""
    _known(app, name)
    return next(each for each in listed(app) if each["name"] == name)


def history(app: App, name: str) -> Iterator[dict[str, object]]:
    """Every version of a filter, oldest first; of one that was removed too. Raises UsageError for one never saved."""
    with app.database.read() as connection:
        found = decisions.of_subject(connection, app.site, SUBJECT + name)
    if not found:
        _known(app, name)
    for logged in found:
        assert isinstance(logged.entry, Decision)
        each = logged.entry
        what = "removed" if each.payload.get("removed") else "saved"
        yield {"at": render(each.at), "who": each.who, "what": what, "query": _query(each), "reason": each.reason}


def uses(query: str) -> set[str]:
    """Names of the saved filters that the text names."""
    return {name for found in _USES.findall(query) for name in re.split("[,，]", found) if name}


def _known(app: App, name: str) -> dict[str, Decision]:
    known = dict(kept(app))
    if name not in known:
        near = get_close_matches(name, known, 3, 0.4)
        raise UsageError(
            "E1507",
            say(f"没有保存过筛选 {name[:80]}", f"no saved filter {name[:80]}"),
            hint=", ".join(near) or "secops inventory filter list",
        )
    return known


def _query(decision: Decision) -> str:
    return str(decision.payload["query"])


def _record(app: App, name: str, payload: Mapping[str, object], *, who: str, reason: str) -> None:
    decision = Decision(app.site, DecisionType.SAVE, SUBJECT + name, payload, who, app.clock.now(), reason)
    with app.database.write() as connection:
        decisions.append(connection, [decision])
