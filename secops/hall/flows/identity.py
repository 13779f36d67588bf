"""What is known of a machine's identity, what is in doubt, and what a person decides about it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from secops.assets.machines import seniority
from secops.assets.marks import PAIR, Rules, kind_of
from secops.assets.shape import MERGED, MERGES
from secops.core.clock import Instant, render
from secops.core.errors import UsageError
from secops.core.ids import canonical
from secops.core.language import say
from secops.core.model import Decision, DecisionType, Entity, Kind
from secops.hall.app import App
from secops.hall.flows.bearers import bearers
from secops.hall.flows.identity_rules import rules_at
from secops.hall.flows.inventory import find
from secops.hall.flows.merge import merge as taken_in
from secops.hall.flows.merge_decided import REVIEW
from secops.hall.flows.merge_hosts import Row
from secops.store import decisions, entities, evidence, identifiers

KINDS = ("same", "shared", "several", "many")
STATES = ("open", "accepted", "rejected")
_LAST = 1 << 62


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a machine the one it is."""

    marks: list[dict[str, object]]
    """Each mark with its weight, the rule's reason, and where it shows now."""
    merges: list[dict[str, object]]
    """What went up in it, and why."""
    merged: dict[str, object]
    """In what it went up itself; empty where in nothing."""
    doubts: list[dict[str, object]]


def of_host(app: App, entity: Entity) -> Identity:
    """Everything about one machine's identity."""
    with app.database.read() as connection:
        rules = rules_at(connection, entity.site, _LAST)
        own = {row.mark: row for row in identifiers.of_hosts(connection, [entity.id])}
        shown: dict[str, set[str]] = {}
        for row in evidence.of_hosts(connection, [entity.id]):
            for mark in json.loads(row.marks):
                shown.setdefault(mark, set()).add(
                    f"{row.place}:{row.slot}" + ("" if row.live else say("（旧）", " (past)"))
                )
        told = {row.mark: row for row in identifiers.of_marks(connection, entity.site, shown.keys() - own.keys())}
        doubts = [
            _doubt(each) for each in identifiers.listed(connection, entity.site, state="open")
            if entity.id in json.loads(each.about) or shown.keys() & set(json.loads(each.marks))
        ]  # fmt: skip
    marks: list[dict[str, object]] = []
    for mark in sorted(own.keys() | shown.keys(), key=rules.rank):
        held: Row | None = own.get(mark, told.get(mark))
        standing, why = (held.standing, held.why) if held is not None else ("", "")
        marks.append(_mark(mark, standing, why, rules, shown.get(mark, set())))
    merges = entity.extra.get(MERGES)
    merged = entity.extra.get(MERGED)
    return Identity(
        marks,
        [dict(each) for each in merges] if isinstance(merges, list) else [],
        {name: merged[name] for name in ("into", "why", "seq")} if isinstance(merged, Mapping) else {},
        doubts,
    )


def _mark(mark: str, standing: str, why: str, rules: Rules, places: set[str]) -> dict[str, object]:
    kind = kind_of(mark)
    rule = rules.kinds.get(kind)
    if standing == "shared":
        weight, reason = "never", why
    elif kind == PAIR:
        weight, reason = (
            "strong",
            say("地址与名称等两个弱标识同时相符", "two weak ones together: an address with a name"),
        )
    else:
        weight, reason = (
            ("strong" if rule is not None and rule.strong else "weak"),
            rule.why if rule is not None else "",
        )
    if standing == "kept":
        reason = say("人工认定", "a person said so") + (f": {why}" if why else "")
    return {"mark": mark, "weight": weight, "rule": reason, "at": sorted(places)}


def _doubt(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "kind": row.kind,
        "about": json.loads(row.about),
        "marks": json.loads(row.marks),
        "why": row.why,
        "state": row.state,
        "since": render(Instant(row.first_at)),
        "who": row.who,
        "reason": row.reason,
    }


def listed(app: App, *, state: str = "open", kind: str = "") -> Iterator[dict[str, object]]:
    """The doubts, newest first, with the keys of what they are about. Raises UsageError."""
    for word, known in ((state, (*STATES, "all")), (kind, ("", *KINDS))):
        if word not in known:
            near = get_close_matches(word, known, 1)
            raise UsageError(
                "E1335",
                say(f"没有 {word[:40]}", f"no {word[:40]}"),
                hint=near[0] if near else ", ".join(filter(None, known)),
            )
    with app.database.read() as connection:
        found = list(identifiers.listed(connection, app.site, state="" if state == "all" else state, kind=kind))
        ids = {id for each in found if each.kind in {"same", "many"} for id in json.loads(each.about)}
        keys = entities.keys(connection, ids)
    for row in found:
        told = _doubt(row)
        about = json.loads(row.about)
        yield told | {"what": [keys.get(each, each) for each in about]}


def _review(app: App, word: str) -> dict[str, object]:
    with app.database.read() as connection:
        found = identifiers.starting(connection, app.site, word)
    if len(found) != 1:
        raise UsageError(
            "E1331",
            say(f"待审清单里没有 {word[:60]}", f"no doubt {word[:60]}")
            if not found
            else say(f"{word[:60]} 指的不止一条", f"{word[:60]} means more than one"),
            hint="secops inventory review list",
        )
    return _doubt(found[0])


def show(app: App, word: str) -> dict[str, object]:
    """One doubt, with all that is known of the machines it is about. Raises UsageError.

    Of a mark that several show `bearers` are rows of `flows.bearers`, and `bearers_count` how many there are.
    """
    told = _review(app, word)
    about = [str(each) for each in _list(told["about"])]
    if told["kind"] in {"shared", "several"}:
        marks = [str(each) for each in _list(told["marks"])]
        found, number = bearers(app, marks, about[0] if told["kind"] == "several" else "")
        return told | {"bearers_count": number, "bearers": found}
    with app.database.read() as connection:
        known = entities.by_ids(connection, [each for each in about if each.startswith("host-")])
    return told | {
        "machines": [
            {
                "id": id,
                "key": each.key,
                "state": str(each.state),
                "addresses": list(_list(each.facts.get("host.addresses"))),
                "first_seen": render(each.first_seen),
                "last_seen": render(each.last_seen),
                "identifiers": [f"{one['mark']} ({one['weight']})" for one in of_host(app, each).marks],
            }
            for id, each in sorted(known.items())
        ]
    }


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def settle(app: App, word: str, *, accept: bool, who: str, reason: str) -> str:
    """Decide a doubt: accepted, two machines are one (or the mark is shared); rejected, they are not. Gives its id.

    Raises UsageError.
    """
    told = _review(app, word)
    _reasoned(reason)
    id, about, marks = str(told["id"]), [str(each) for each in _list(told["about"])], list(_list(told["marks"]))
    if told["state"] != "open":
        raise UsageError(
            "E1332",
            say("这一条已经定过", "this one is settled"),
            where=id,
            why=f"{told['state']} {told['who']} {told['reason']}",
            hint=say("改用 inventory merge 或 split", "use inventory merge or split instead"),
        )
    if told["kind"] == "same" and accept:
        decision = _decision(app, DecisionType.MERGE, f"host:{about[0]}", {"hosts": about, "review": id}, who, reason)
    elif told["kind"] == "same":
        decision = _decision(app, DecisionType.SPLIT, f"host:{about[0]}", {"apart": about, "review": id}, who, reason)
    else:
        payload: dict[str, object] = {"state": "accepted" if accept else "rejected"}
        payload |= {"marks": marks} if told["kind"] == "shared" else {}
        decision = _decision(app, DecisionType.SETTLE, f"{REVIEW}{id}", payload, who, reason)
    _log(app, decision)
    return id


def merge(app: App, words: Sequence[str], *, who: str, reason: str) -> tuple[str, ...]:
    """Say that these machines are one; gives their ids, the one that stays first. Raises UsageError."""
    _reasoned(reason)
    found = [_host(app, word) for word in words]
    if len({each.id for each in found}) < 2:
        raise UsageError(
            "E1333", say("合并至少要两台不同的主机", "merging takes two different hosts"), where=" ".join(words)
        )
    gone = [each for each in found if MERGED in each.extra]
    if gone:
        raise UsageError(
            "E1333", say("已并入别的主机", "it went up in another host already"), where=gone[0].id,
            why=canonical(of_host(app, gone[0]).merged),
        )  # fmt: skip
    _mergeable(found)
    ids = tuple(dict.fromkeys(each.id for each in sorted(found, key=seniority)))
    decision = _decision(app, DecisionType.MERGE, f"host:{ids[0]}", {"hosts": list(ids)}, who, reason)
    _log(app, replace(decision, site=found[0].site))
    return ids


def _mergeable(found: Sequence[Entity]) -> None:
    """Raises UsageError for machines of several sites, and where several are declared."""
    sites = {each.site: each.key for each in found}
    if len(sites) > 1:
        raise UsageError(
            "E1333", say("不同站点的主机不能合并", "hosts of different sites are never one"),
            why="; ".join(f"{site}: {key}" for site, key in sorted(sites.items())),
            hint=say("同样的地址在两个站点是两台主机", "the same address at two sites is two hosts"),
        )  # fmt: skip
    declared = sorted({each.key for each in found if each.declared})
    if len(declared) > 1:
        raise UsageError(
            "E1333", say("其中几台都登记过", "several of them are declared"), where=", ".join(declared),
            hint=say("先撤销登记，只留一台的", "withdraw the declarations but one first"),
        )  # fmt: skip


def split(app: App, word: str, marks: Sequence[str], *, back: str, who: str, reason: str) -> str:
    """Take marks (or, `back`, a machine that went up in it) out of a machine; gives the id of what left it.

    Without either, the last merge is undone. Raises UsageError.
    """
    _reasoned(reason)
    host = _host(app, word)
    own = of_host(app, host)
    held = {str(each["mark"]) for each in own.marks}
    before = _hosts(app)
    if marks:
        wanted = [_meant(mark, held) for mark in marks]
        payload: dict[str, object] = {"host": host.id, "marks": wanted}
    else:
        taken = [str(each["from"]) for each in own.merges]
        chosen = [each for each in taken if each.startswith(back)] if back else taken[-1:]
        if len(chosen) != 1:
            raise UsageError(
                "E1334",
                say("这台主机没有并入过这样的主机", "no such host went up in this one"),
                where=host.id,
                hint=say(
                    f"它并入了 {own.merged['into']}：拆那一台", f"it went up in {own.merged['into']}: split that one"
                )
                if own.merged
                else say("用 --mark 指明要分出去的标识", "name the identifiers to take out with --mark"),
                why=", ".join(taken),
            )
        payload = {"host": host.id, "from": chosen[0]}
    decision = _decision(app, DecisionType.SPLIT, f"host:{host.id}", payload, who, reason)
    _log(app, replace(decision, site=host.site))
    new = _hosts(app) - before
    return str(payload["from"]) if "from" in payload else next(iter(sorted(new)), "")


def _hosts(app: App) -> set[str]:
    with app.database.read() as connection:
        return {each.id for each in entities.of_kind(connection, app.site, Kind.HOST)}


def _meant(mark: str, held: set[str]) -> str:
    found = [each for each in held if each == mark] or [each for each in held if each.startswith(mark)]
    if len(found) == 1:
        return found[0]
    raise UsageError(
        "E1334",
        say(f"这台主机没有标识 {mark[:80]}", f"this host has no identifier {mark[:80]}")
        if not found
        else say(f"{mark[:80]} 指的不止一个标识", f"{mark[:80]} means more than one"),
        hint=", ".join(sorted(held)[:10]),
    )


def _host(app: App, word: str) -> Entity:
    found = find(app, word)
    if found.kind is not Kind.HOST:
        raise UsageError(
            "E1333", say(f"{word[:60]} 不是主机", f"{word[:60]} is no host"), why=str(found.kind),
            hint="secops inventory list kind:host",
        )  # fmt: skip
    return found


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise UsageError("E1336", say("须写明理由", "a reason is wanted"), hint="--reason")


def _decision(app: App, type: DecisionType, subject: str, payload: Mapping[str, object], *by: str) -> Decision:
    who, reason = by
    return Decision(app.site, type, subject, payload, who, app.clock.now(), reason[:500])


def _log(app: App, decision: Decision) -> None:
    with app.database.write() as connection:
        decisions.append(connection, [decision])
    for _ in taken_in(app):
        pass
