"""A change by hand to one declared thing: `column=value` words read, checked, recorded and merged."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import Decision, Kind, Skipped
from secops.hall.app import App
from secops.hall.flows.merge import merge
from secops.hall.flows.statement import Force, in_force, news, record
from secops.intake.declared_alike import why_not
from secops.intake.declared_amend import amended
from secops.intake.declared_doubts import impossible, turning
from secops.intake.declared_refer import (
    ORGANISATION,
    Directory,
    alike_of,
    circle,
    going_round,
    resolved,
    superiors,
)
from secops.intake.declared_sections import Section, Stated, flatten, identity, value_of
from secops.intake.lists import parted
from secops.scope.yaml_source import Plain, nearest

EVIDENCE_MOST: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a change."""

    subject: str
    what: str
    """declared, changed, withdrawn, proposed; empty where all was so already."""
    proposal: str = ""
    """Of a proposed change: its id."""


def amend(app: App, section: Section, key: str, words: Sequence[str], *, who: str, reason: str) -> Done:
    """Change one declared thing and merge. Raises UsageError.

    A key of a register that is none, but sets a column, was left out.
    """
    force = in_force(app)
    known = (
        f"secops register columns {section.kind}"
        if section.register
        else f"secops schema {'' if section.kind == ORGANISATION else 'asset.'}{section.kind}"
    )
    if section.register is not None and key and f"{section.kind}:{key}" not in force.decisions:
        name, mark, _ = key.partition("=")
        if mark and _named(section, name.strip()):
            key, words = "", [key, *words]
        else:
            key = _known_as(force, section, key)
    before = force.decisions.get(f"{section.kind}:{key}")
    old = before.payload if before is not None else None
    values, cleared = assignments(section, words, old or {})
    try:
        flat = flatten(section, values, lambda name: name)
        given = bool(key)
        key = key or identity(section, flat)
        if not key:
            titles = "、".join(section.slots[each].title for each in section.identity)
            raise ValueError(say(f"缺少标识：{titles}", f"no key: {titles}"))
        new = amended(section, key, old, flat, cleared=cleared)
        if isinstance(new, Skipped):
            raise ValueError(new.reason)  # noqa: TRY004 - told below
        new = resolved(replace(new, derived=not given), everything(force))
        if new.kind == ORGANISATION and (ring := circle(superiors({**force.payloads, new.subject: new.payload}), key)):
            raise ValueError(going_round(ring))
        if new.kind == Kind.SYSTEM:
            _alone(force, new)
        if wrong := impossible(section, turning(section, new.payload), flat):
            raise ValueError(wrong[1])
    except ValueError as error:
        raise UsageError(
            "E1523",
            say(f"{section.title}这样写不对", f"this is no row of {section.title}"),
            where=getattr(getattr(error, "skipped", None), "where", "") or key,
            why=str(error),
            hint=say(f"列名见 {known}", f"the columns: {known}"),
        ) from error
    if not given and new.subject in force.decisions:
        return amend(app, section, new.key, words, who=who, reason=reason)
    return taken(app, list(news(app, [new], force, who=who, reason=reason)), new.subject)


def _alone(force: Force, new: Stated) -> None:
    """Raises ValueError where a system would get the name and unit of another."""
    before = alike_of(force.payloads)
    after = alike_of({**force.payloads, new.subject: new.payload})
    if others := after.twins(before.systems, (new.key,)).get(new.key):
        called = after.systems[new.key]
        raise ValueError(why_not(called.name, everything(force).name(ORGANISATION, called.org), others, {}))


def assignments(
    section: Section, words: Sequence[str], old: Mapping[str, object]
) -> tuple[dict[str, Plain], tuple[str, ...]]:
    """The values that `name=value` words set, and the columns they clear. Raises UsageError."""
    values: dict[str, Plain] = {}
    cleared: list[str] = []
    for word in words:
        name, mark, value = word.partition("=")
        sign = name[-1:] if mark and name[-1:] in {"+", "-"} else ""
        name = _column(section, name.removesuffix(sign).strip(), word)
        slot = section.slots[name]
        if not sign and not value:
            cleared.append(name)
        elif slot.many:
            items = [_evidence(each) for each in parted(value)]
            if sign:
                had = value_of(section, old, name)
                kept = [str(each) for each in had] if isinstance(had, (list, tuple)) else []
                items = [*kept, *[one for one in items if one not in kept]] if sign == "+" else [
                    one for one in kept if one not in items
                ]  # fmt: skip
            if items:
                values[name] = list[Plain](items)
            else:
                cleared.append(name)
        else:
            values[name] = value
    return values, tuple(cleared)


def _named(section: Section, word: str) -> str:
    """The column that a word names; empty for none."""
    return next((name for name, slot in section.slots.items() if word in {name, slot.zh}), "")


def _column(section: Section, word: str, whole: str) -> str:
    name = _named(section, word)
    if name and name != section.key:
        return name
    guess = nearest(word, [each for name, slot in section.slots.items() for each in (name, slot.zh)])
    raise UsageError(
        "E1526",
        say(f"{section.title}没有列 {word[:40]}", f"{section.title} has no column {word[:40]}"),
        where=whole[:80],
        hint=say(f"是否想写 {guess}？", f"did you mean {guess}?")
        if guess
        else say("写作 列名=值", "write column=value"),
    )


def _evidence(word: str) -> str:
    """`@FILE` as the file's name and digest; other texts as they are. Raises UsageError."""
    if not word.startswith("@"):
        return word
    path = Path(word[1:])
    try:
        if path.stat().st_size > EVIDENCE_MOST:
            raise OSError(say(f"超过 {EVIDENCE_MOST >> 20} MB", f"larger than {EVIDENCE_MOST >> 20} MB"))
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        what = say("读不了佐证文件", "the evidence cannot be read")
        raise UsageError("E1527", what, where=str(path), why=str(error)) from error
    return f"{path.name} sha256:{digest}"


def taken(app: App, found: list[tuple[Decision, str]], subject: str) -> Done:
    """Log the decisions about a subject, if any, and merge."""
    if not found:
        return Done(subject, "")
    with app.database.write() as connection:
        record(connection, found)
    for _ in merge(app):
        pass
    decision, what = found[0]
    return Done(subject, what, decision.id if what == "proposed" else "")


def everything(force: Force) -> Directory:
    """What can be named: everything in force."""
    found = Directory()
    for subject, decision in force.decisions.items():
        kind, _, key = subject.partition(":")
        found.add(kind, key, decision.payload)
    return found


def _known_as(force: Force, section: Section, word: str) -> str:
    try:
        return everything(force).key(section.kind, word)
    except ValueError:
        return word
