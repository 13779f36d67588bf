"""Rows of ledgers against each other and against what is declared: keys, references, doubles, rival claims, circles."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import blake2b
from typing import Final

from secops.core.ids import canonical
from secops.core.language import say
from secops.core.model import Decision, DecisionType, Kind, Skipped
from secops.hall.app import App
from secops.hall.flows.ledger_doubts import Known
from secops.hall.flows.ledger_spool import Spool
from secops.intake.declared_alike import why_not
from secops.intake.declared_doubts import impossible, turning
from secops.intake.declared_refer import ORGANISATION, Directory, hanging, references, resolved
from secops.intake.declared_sections import Section, Stated, by_kind, identity, sections, stated, value_of
from secops.intake.declared_values import credit_code
from secops.intake.sheet_rows import Faulty, Read
from secops.scope.yaml_source import visible
from secops.store import decisions

_PLACES: Final = 5
_BOXES: Final = frozenset({"device", "host"})
_MACHINE: Final = "machine"
Claim = tuple[str, str, str]
"""Kind (hosts and devices are one), column, value: only one thing may have it."""
Holder = tuple[str, str]
"""Kind and key."""


@dataclass(slots=True)
class Settled:
    """What the rows of an import mean together."""

    directory: Directory
    known: Known
    bad: dict[str, str] = field(default_factory=dict)
    """Subject -> why none of its rows is taken."""
    claimed: dict[Claim, set[Holder]] = field(default_factory=dict)
    """Claim -> who makes it."""
    declared: dict[str, dict[str, object]] = field(default_factory=dict)
    """What is declared already of what rows may name, by subject: its name, its days that follow one another."""
    held: frozenset[str] = frozenset()
    """Components an older bill of materials listed already: which bill told them stays."""
    lost: dict[str, str] = field(default_factory=dict)
    """Subjects that nobody declared and whose rows are left out -> where they stand: no row may name them."""
    created: list[Read] = field(default_factory=list)
    """Organisations that are named and proposed to be declared."""

    def key(self, read: Read) -> str:
        """Under which key the row stands; of a register's row without one: empty, its references settle it.

        Raises ValueError where two things answer.
        """
        section = sections()[read.section]
        if read.key:
            return read.key
        if section.register is not None:
            return ""
        found: set[str] = set()
        for claim in claims(section, read.flat):
            found |= {key for kind, key in self.claimed.get(claim, ()) if kind == section.kind}
        for name in section.identity:
            if not found and isinstance(word := read.flat.get(name), str):
                found |= self.directory.keys(section.kind, word)
        if len(found) > 1:
            several = "、".join(sorted(found)[:_PLACES])
            raise ValueError(say(f"没写编号，可能是其中之一：{several}", f"without a key it may be any of {several}"))
        return next(iter(found)) if found else identity(section, read.flat)

    def thing(self, read: Read) -> Stated:
        """What the row alone states, its references as keys. Raises ValueError."""
        section = sections()[read.section]
        key = self.key(read)
        name = read.flat.get("name")
        called = self.declared.get(f"{section.kind}:{key}", {}).get("name")
        if name and name == key and called and called != name:
            raise ValueError(
                say(
                    f"{section.slots['name'].title}写的是编号 {visible(key)}，它的名称是 {visible(str(called))}",
                    f"{visible(key)} is a key, no name: it is called {visible(str(called))}, write that",
                )
            )
        new = stated(section, key or identity(section, read.flat), read.flat, read.where)
        return resolved(replace(new, derived=not key), self.directory)


def uniques(section: Section) -> Iterator[str]:
    """Columns whose value only one thing may have."""
    for name, slot in section.slots.items():
        if slot.reader is credit_code or (section.kind in _BOXES and name == "serial"):
            yield name


def claims(section: Section, flat: Mapping[str, object]) -> Iterator[Claim]:
    """What these values claim for themselves alone. A serial number counts with its maker, where one is told."""
    for name in uniques(section):
        if isinstance(value := flat.get(name), str):
            maker = f"{flat['vendor']} " if name == "serial" and flat.get("vendor") else ""
            yield _MACHINE if section.kind in _BOXES else section.kind, name, maker + value


def settle(app: App, spool: Spool, *, create: bool = False) -> Settled:
    """Look at all rows together. `create`: organisations that nobody declared are proposed."""
    directory = Directory()
    settled = Settled(directory, Known(directory))
    parents = _known(app, settled, _kinds(spool))
    _named(settled, spool)
    if create:
        settled.created = list(_created(settled, spool))
        for each in settled.created:
            settled.directory.add(ORGANISATION, each.key, {"name": each.key})
    _compared(app, settled, spool, parents)
    return settled


def _kinds(spool: Spool) -> set[str]:
    """Kinds the rows are of or refer to."""
    seen = {_read(each).section for each in spool if isinstance(each, (Read, Faulty))}
    kinds = set()
    for name in seen:
        section = sections()[name]
        kinds |= {slot.refers for slot in section.slots.values() if slot.refers}
        if section.kind in _referred() | {"filing"} or any(uniques(section)) or section.register is None:
            kinds |= _BOXES if section.kind in _BOXES else {section.kind}
    return kinds | {ORGANISATION} if kinds else kinds


def _read(each: Read | Faulty) -> Read:
    return each.read if isinstance(each, Faulty) else each


def _known(app: App, settled: Settled, kinds: Iterable[str]) -> dict[str, str]:
    """Enter what is declared; gives the organisations' superiors."""
    parents: dict[str, str] = {}
    known = by_kind()
    with app.database.read() as connection:
        for logged in decisions.of_kinds(connection, DecisionType.DECLARE, app.site, kinds):
            entry = logged.entry
            assert isinstance(entry, Decision)
            payload = entry.payload
            if payload.get("withdrawn"):
                continue
            kind, _, key = entry.subject.partition(":")
            settled.directory.add(kind, key, payload)
            settled.known.note(kind, key, payload)
            _claim(settled, known[kind], key, payload)
            if kind in _referred():
                name = value_of(known[kind], payload, "name") if "name" in known[kind].slots else None
                settled.declared[entry.subject] = turning(known[kind], payload) | {"name": name}
            if kind == ORGANISATION:
                parents[key] = str(payload.get("parent") or "")
    return parents


def _claim(settled: Settled, section: Section, key: str, payload: Mapping[str, object]) -> None:
    names = [*uniques(section), "vendor"] if section.kind in _BOXES else list(uniques(section))
    for claim in claims(section, {name: value_of(section, payload, name) for name in names}):
        settled.claimed.setdefault(claim, set()).add((section.kind, key))


def _named(settled: Settled, spool: Spool) -> None:
    """Enter what the rows themselves can be called and what they claim: first those with a key, then the others."""
    for keyed in (True, False):
        for each in spool:
            if not isinstance(each, (Read, Faulty)) or bool((read := _read(each)).key) is not keyed:
                continue
            section = sections()[read.section]
            if keyed and isinstance(each, Read):
                for claim in claims(section, read.flat):
                    settled.claimed.setdefault(claim, set()).add((section.kind, read.key))
            if section.kind in _referred():
                try:
                    key = settled.key(read) or identity(section, read.flat)
                except ValueError:
                    continue  # told when the rows are compared
                if key:
                    settled.directory.add(section.kind, key, stated(section, key, read.flat, "").payload)


@cache
def _referred() -> frozenset[str]:
    return frozenset(slot.refers for each in sections().values() for slot in each.slots.values() if slot.refers)


def _created(settled: Settled, spool: Spool) -> Iterator[Read]:
    seen: set[str] = set()
    for each in spool:
        if not isinstance(each, Read):
            continue
        for name, slot in sections()[each.section].slots.items():
            word = each.flat.get(name)
            if slot.refers == ORGANISATION and isinstance(word, str) and word not in seen:
                seen.add(word)
                if not settled.directory.keys(ORGANISATION, word):
                    yield Read("organisations", word, {"name": word}, each.where)


@dataclass(slots=True)
class _Rows:
    """What was seen of the rows, small: numbers that stand for subjects and contents."""

    contents: dict[int, int] = field(default_factory=dict)
    doubled: set[int] = field(default_factory=set)
    rivals: set[Claim] = field(default_factory=set)
    holders: dict[Claim, set[Holder]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Subjects with a row that cannot be taken -> where."""


def _compared(app: App, settled: Settled, spool: Spool, parents: dict[str, str]) -> None:
    """Find rows that contradict each other: one subject said differently, one claim by two, a circle of superiors."""
    rows = _Rows()
    above = dict(parents)
    mine: set[str] = set()
    alike = settled.known.alike
    systems, before = dict[str, str](), dict(alike.systems)
    for each in (*settled.created, *spool):
        thing = _thing(settled, each)
        if thing is None or not isinstance(each, Read) or _impossible(settled, each, thing):
            _failed(settled, rows, each)
            continue
        settled.known.note(thing.kind, thing.key, thing.payload)
        subject, content = _number(thing.subject), _number(canonical(thing.payload))
        if rows.contents.setdefault(subject, content) != content:
            rows.doubled.add(subject)
        for claim in claims(sections()[each.section], each.flat):
            holders = rows.holders.setdefault(claim, set(settled.claimed.get(claim, ())))
            holders.add((thing.kind, thing.key))
            if len({key for _, key in holders}) > 1:
                rows.rivals.add(claim)
        if thing.kind == ORGANISATION:
            mine.add(thing.key)
            if parent := thing.payload.get("parent"):
                above[thing.key] = str(parent)
        elif thing.kind == Kind.SYSTEM:
            systems.setdefault(thing.key, each.where)
    for key, path in circles(above):
        if key in mine:
            settled.bad[f"{ORGANISATION}:{key}"] = say("上级单位成环：", "a circle of superiors: ") + path
    for code, others in alike.twins(before, systems).items() if systems else ():
        called = alike.systems[code]
        unit = settled.known.called(ORGANISATION, called.org)
        settled.bad[f"{Kind.SYSTEM}:{code}"] = why_not(called.name, unit, others, systems)
    if rows.doubled or rows.rivals:
        _blamed(settled, spool, rows)
    good = rows.contents.keys()
    failed = {each: where for each, where in rows.failed.items() if _number(each) not in good}
    if failed or settled.bad:
        settled.lost = _undeclared(app, failed | _places_of(settled, spool))
        _hung(app, settled, spool)


def _impossible(settled: Settled, read: Read, thing: Stated) -> bool:
    """Whether a row that others may name is going to be left out for what it lacks or contradicts."""
    if thing.kind not in _referred():
        return False
    section, before = sections()[read.section], settled.declared.get(thing.subject)
    if before is None and any(each not in read.flat for each in section.required):
        return True
    kept = {name: value for name, value in (before or {}).items() if name not in read.cleared}
    return impossible(section, kept | turning(section, thing.payload), read.flat.keys()) is not None


def _failed(settled: Settled, rows: _Rows, each: object) -> None:
    """Note a row whose values or references are wrong, where others may name it."""
    if not isinstance(each, (Read, Faulty)):
        return
    read = _read(each)
    if (kind := sections()[read.section].kind) in _referred():
        try:
            key = settled.key(read) or identity(sections()[read.section], read.flat)
        except ValueError:
            return
        if key:
            rows.failed.setdefault(f"{kind}:{key}", read.where)


def _places_of(settled: Settled, spool: Spool) -> dict[str, str]:
    """Where the rows stand that are left out for what others say."""
    found: dict[str, str] = {}
    for each in spool if settled.bad else ():
        thing = _thing(settled, each)
        if thing is not None and thing.kind in _referred() and thing.subject in settled.bad:
            found.setdefault(thing.subject, thing.where)
    return found


def _undeclared(app: App, subjects: Mapping[str, str]) -> dict[str, str]:
    with app.database.read() as connection:
        known = decisions.of_subjects(connection, DecisionType.DECLARE, app.site, list(subjects))
    held = {
        subject
        for subject, each in known.items()
        if isinstance(each.entry, Decision) and not each.entry.payload.get("withdrawn")
    }
    return {subject: where for subject, where in subjects.items() if subject not in held}


def _hung(app: App, settled: Settled, spool: Spool) -> None:
    """Add to what is lost all that names it, and what names that."""
    naming: dict[str, list[Stated]] = {}
    for each in spool if settled.lost else ():
        thing = _thing(settled, each)
        if thing is not None and thing.kind in _referred():
            for _, target in references(by_kind()[thing.kind], thing.payload):
                naming.setdefault(target, []).append(replace(thing, payload={}))
    level = settled.lost
    while level:
        found = {each.subject: each.where for one in level for each in naming.get(one, ())}
        level = _undeclared(app, {each: where for each, where in found.items() if each not in settled.lost})
        settled.lost = settled.lost | level


def _thing(settled: Settled, each: object) -> Stated | None:
    if not isinstance(each, Read):
        return None
    try:
        return settled.thing(each)
    except ValueError:
        return None


def _blamed(settled: Settled, spool: Spool, rows: _Rows) -> None:
    places: dict[str, list[str]] = {}
    first: dict[str, Stated] = {}
    apart: dict[str, dict[str, None]] = {}
    claiming: dict[Claim, list[str]] = {}
    subjects: dict[Claim, set[str]] = {}
    for each in spool:
        thing = _thing(settled, each)
        if thing is None or not isinstance(each, Read):
            continue
        if _number(thing.subject) in rows.doubled:
            places.setdefault(thing.subject, []).append(each.where)
            differing = _apart(first.setdefault(thing.subject, thing), thing)
            apart.setdefault(thing.subject, {}).update(dict.fromkeys(differing))
        for claim in claims(sections()[each.section], each.flat):
            if claim in rows.rivals:
                claiming.setdefault(claim, []).append(each.where)
                subjects.setdefault(claim, set()).add(thing.subject)
    for subject, where in places.items():
        titles = "、".join(apart[subject])
        settled.bad[subject] = say(
            f"同一标识写了几行，{titles}不同：", f"rows of one key that differ in {titles}: "
        ) + _listed(where)
    for claim, where in claiming.items():
        held = sorted(rows.holders[claim])[:_PLACES]
        title, value = by_kind()[held[0][0]].slots[claim[1]].title, claim[2]
        holders = "、".join(f"{by_kind()[kind].title} {visible(key, 40)}" for kind, key in held)
        for subject in subjects[claim]:
            settled.bad[subject] = say(
                f"{title} {value} 不止一处声明（{holders}）：", f"{title} {value} is claimed by several ({holders}): "
            ) + _listed(where)


def _apart(one: Stated, other: Stated) -> Iterator[str]:
    """Titles of the columns in which two statements differ."""
    section = by_kind()[one.kind]
    for name, slot in section.slots.items():
        if value_of(section, one.payload, name) != value_of(section, other.payload, name):
            yield slot.title


def _listed(where: list[str]) -> str:
    return "、".join(where[:_PLACES]) + ("…" if len(where) > _PLACES else "")


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def circles(above: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each unit that stands above itself, with the way round."""
    done: set[str] = set()
    for start in above:
        path: dict[str, None] = {}
        at = start
        while at and at not in done and at not in path:
            path[at] = None
            at = above.get(at, "")
        if at in path:
            way = list(path)
            ring = way[way.index(at) :]
            for each in ring:
                yield each, " → ".join(visible(one, 40) for one in [*ring, ring[0]])
        done.update(path)


def why_left(settled: Settled, read: Read, thing: Stated) -> Skipped | None:
    """Why the row is not taken although it can be read; None where it is."""
    reason = settled.bad.get(thing.subject)
    if reason:
        return Skipped(read.where, reason)
    found = hanging(thing, settled.lost) if settled.lost else None
    return Skipped(read.cell(found[0]), found[1]) if found else None
