"""The registers: list, show, history, set, withdraw; and what waits for a second person.

Who proposes never approves: both are named in the log of decisions, and the audit log has the answer too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from secops.assets.record import valid_until
from secops.core.clock import Instant, render
from secops.core.errors import Forbidden, UsageError
from secops.core.language import say
from secops.core.model import Decision, DecisionType
from secops.core.record import Record
from secops.core.register import RegisterColumn, RegisterType, Shape
from secops.core.registers import REGISTERS, named
from secops.hall.app import App
from secops.hall.flows import past
from secops.hall.flows.amend import Done, amend, everything, taken
from secops.hall.flows.merge import merge
from secops.hall.flows.statement import Force, in_force, waiting, withdrawals
from secops.intake.declared_names import called as shortly
from secops.intake.declared_names import meant
from secops.intake.declared_refer import ORGANISATION, Directory
from secops.intake.declared_sections import KEY, Section, by_kind, value_of
from secops.scope.yaml_source import nearest
from secops.store import decisions, organisations, records

REASON: Final = "register"


def types(app: App) -> Iterator[dict[str, object]]:
    """Every register with how many rows it has, how many of them out of date, and how many wait."""
    today = _today(app)
    with app.database.read() as connection:
        found = records.counts(connection, app.site, today.isoformat())
    asked = [each.subject.partition(":")[0] for each in waiting(app)]
    for each in REGISTERS:
        rows, late = found.get(each.id, (0, 0))
        yield {
            "type": each.id, "title": each.title, "rows": rows, "expired": late, "pending": asked.count(each.id),
            "four_eyes": each.four_eyes, "verified": each.verified, "basis": each.basis,
        }  # fmt: skip


def columns(type: str) -> tuple[RegisterColumn, ...]:
    """The columns of a register. Raises UsageError."""
    return register_of(type).columns


def register_of(word: str) -> RegisterType:
    """The register of this id, section or Chinese name. Raises UsageError."""
    found = named(word)
    if found is None and (section := shortly(word, registers=True)) is not None:
        found = section.register
    if found is None:
        several = "、".join(f"{each.title}（{each.kind}）" for each in meant(word, registers=True))
        guess = nearest(word, [name for each in REGISTERS for name in (each.id, each.section, each.zh)])
        raise UsageError(
            "E1520",
            say(f"没有台账 {word[:40]}", f"no register {word[:40]}")
            if not several
            else say(f"{word[:40]} 指的不止一种台账", f"{word[:40]} means several registers"),
            why=several,
            hint=say(f"是否想写 {guess}？", f"did you mean {guess}?") if guess else "secops register types",
        )
    return found


def listed(
    app: App,
    type: str,
    *,
    org: str = "",
    system: str = "",
    text: str = "",
    within: int | None = None,
    at: Instant | None = None,
) -> Iterator[dict[str, object]]:
    """Rows of a register with their state. `org` and `system` by code or name; `within`: due in so many days or past.

    A unit's rows are those that name it and, of those that name none, those of its systems.

    `at`: what was in force then, and out of date or not then.

    Raises UsageError for a register, unit or system that is not there.
    """
    register = register_of(type)
    today = _today(app, at)
    force = in_force(app, at=at)
    directory = everything(force)
    due = (today + timedelta(days=within + 1)).isoformat() if within is not None else ""
    mine = _meant(directory, "organisation", org) if org else ""
    about = _meant(directory, "system", system) if system else ""
    with past.opened(app, at) as connection:
        units = {each.id: each.name for each in organisations.every(connection, app.site)}
        assessed = _assessed(list(records.listed(connection, app.site, "certification")))
        for each in records.listed(connection, app.site, register.id, system=about):
            if mine and mine not in (_units(register, each) or {_unit_of(force, each.system)}):
                continue
            until = _until(each, assessed)
            row = row_of(register, each, today, until=until, units=units)
            if each.system:
                row["system.name"] = directory.name("system", each.system)
            if text and not any(text.lower() in str(value).lower() for value in row.values()):
                continue
            if due and not (until and until < due):
                continue
            yield row


def _units(register: RegisterType, each: Record) -> set[str]:
    """The units that a row names."""
    named = {str(each.fields.get(one.name) or "") for one in register.columns if one.refers == ORGANISATION}
    return (named | {each.org_id}) - {""}


def _unit_of(force: Force, system: str) -> str:
    found = force.decisions.get(f"system:{system}")
    return str(found.payload.get("org") or "") if found is not None else ""


def row_of(
    register: RegisterType, each: Record, today: date, *, until: str, units: Mapping[str, str]
) -> dict[str, object]:
    """A record as a row: key, every column, when it runs out and whether it has."""
    row: dict[str, object] = {"key": each.key}
    for column in register.columns:
        value = {"organisation": each.org_id, "system": each.system}.get(column.name, each.fields.get(column.name))
        row[column.name] = shown(column, value) if value not in ("", None) else None
    if each.org_id:
        row["org.name"] = units.get(each.org_id, each.org_id)
    state = "" if not until else "expired" if until < today.isoformat() else "valid"
    row["until"] = until or row.get("valid_until")
    row["computed"] = bool(until) and register.column("valid_until") is not None and not row.get("valid_until")
    row |= {"valid_until": row["until"], "seq": each.seq, "who": each.who}
    return row if register.column("state") is not None else row | {"state": state}


def as_stated(row: Mapping[str, object]) -> Mapping[str, object]:
    """A row of `listed` without what was computed: written as a table it comes back through the import unchanged."""
    return {**row, "valid_until": None} if row["computed"] else row


def shown(column: RegisterColumn, value: object) -> object:
    """A value as people read it: the word of a choice."""
    if column.shape is Shape.CHOICE:
        return next((each.title for each in column.choices if each.value == value), value)
    return value


def show(app: App, type: str, key: str, *, at: Instant | None = None) -> dict[str, object]:
    """One row, as of `at` where given. Raises UsageError."""
    register = register_of(type)
    found = [each for each in listed(app, register.id, at=at) if each["key"] == key]
    found = found or [each for each in listed(app, register.id, at=at) if key in {each.get("name"), each.get("number")}]
    if len(found) != 1:
        raise UsageError(
            "E1521" if not found else "E1522",
            say(f"{register.zh}里没有 {key[:80]}", f"{register.en}: no {key[:80]}")
            if not found
            else say(f"{key[:80]} 指的不止一行", f"{key[:80]} means more than one row"),
            why="; ".join(str(each["key"]) for each in found[:10]),
            hint=f"secops register list {register.id}",
        )
    return found[0]


def history(app: App, type: str, key: str) -> Iterator[dict[str, object]]:
    """Every decision about a row, oldest first: what was set, proposed, approved, by whom. Raises UsageError."""
    register = register_of(type)
    section = by_kind()[register.id]
    with app.database.read() as connection:
        found = decisions.of_subject(connection, app.site, f"{register.id}:{key}")
    if not found:
        raise UsageError("E1521", say(f"{register.zh}里没有过 {key[:80]}", f"{register.en}: never had {key[:80]}"))
    names = _names(everything(in_force(app)))
    before: Mapping[str, object] = {}
    for logged in found:
        each = logged.entry
        assert isinstance(each, Decision)
        row: dict[str, object] = {"at": render(each.at), "who": each.who, "what": str(each.type), "reason": each.reason}
        if each.type is DecisionType.APPROVE:
            yield row | {"change": {"answer": each.payload.get("answer"), "proposal": each.payload.get("proposal")}}
            continue
        if each.payload.get("withdrawn"):
            row["what"] = "withdraw" if each.type is DecisionType.DECLARE else "propose withdrawal"
        yield row | {"change": differing(section, before, each.payload, names), "id": each.id}
        if each.type is DecisionType.DECLARE:
            before = each.payload


def put(app: App, type: str, key: str, words: Sequence[str], *, who: str, reason: str = "") -> Done:
    """Set columns of a row (`name=value`, `name=` clears, `name+=x`, `name-=x`); a row not there is begun.

    Without a key the row's identity is its key. Raises UsageError where a value, a reference or a column is wrong.
    """
    register = register_of(type)
    return amend(app, by_kind()[register.id], key, words, who=who, reason=reason or REASON)


def withdraw(app: App, type: str, key: str, *, who: str, reason: str = "") -> Done:
    """Take a row out of force; its history stays. Raises UsageError."""
    register = register_of(type)
    force = in_force(app)
    subject = f"{register.id}:{show(app, type, key)['key']}"
    return taken(app, list(withdrawals(app, [subject], force, who=who, reason=reason or REASON)), subject)


def pending(app: App) -> Iterator[dict[str, object]]:
    """What waits for a second person: each proposal with what it would change."""
    force = in_force(app)
    names = _names(everything(force))
    for each in waiting(app):
        before = force.decisions.get(each.subject)
        section = by_kind()[each.subject.partition(":")[0]]
        yield {
            "id": each.id, "subject": each.subject, "who": each.who, "at": render(each.at), "reason": each.reason,
            "change": say("撤销", "withdraw") if each.payload.get("withdrawn")
            else differing(section, before.payload if before else {}, each.payload, names),
        }  # fmt: skip


def answer(app: App, proposal: str, *, yes: bool, who: str, note: str = "") -> Done:
    """Approve or reject a proposal, named by its id or the beginning of one.

    Raises UsageError for one that does not wait, Forbidden where the proposer answers.
    """
    found = [each for each in waiting(app) if each.id.startswith(proposal)] if proposal else []
    if len(found) != 1:
        raise UsageError(
            "E1524",
            say(f"没有这样一条待批的变更：{proposal[:60]}", f"no one such change waits: {proposal[:60]}"),
            hint="secops register pending",
        )
    each = found[0]
    if each.who == who:
        raise Forbidden(
            "E1525",
            say("提出人不能自己批准", "who proposed it cannot answer it"),
            where=each.subject,
            why=say(f"由 {who} 提出", f"proposed by {who}"),
            hint=say(
                "请另一人用自己的帐号批准；审计日志记有帐号",
                "a second person must, with an account of their own: the audit log tells it",
            ),
        )
    at = app.clock.now()
    said = {"proposal": each.id, "answer": "yes" if yes else "no", "note": note}
    told = [Decision(app.site, DecisionType.APPROVE, each.subject, said, who, at, note or REASON)]
    if yes:
        told.append(Decision(app.site, DecisionType.DECLARE, each.subject, each.payload, each.who, at, each.reason))
    app.audit.append("register.answered", {"who": who, "subject": each.subject} | said)
    with app.database.write() as connection:
        decisions.append(connection, told)
    for _ in merge(app):
        pass
    return Done(each.subject, "approved" if yes else "rejected", each.id)


Called = Callable[[str, str], str]
"""Kind and key -> how people call it."""


def _names(directory: Directory) -> Called:
    """Things with their names."""

    def called(kind: str, key: str) -> str:
        name = directory.name(kind, key)
        return key if name == key else say(f"{name}（{key}）", f"{name} ({key})")

    return called


def _keyed(_: str, key: str) -> str:
    return key


def differing(
    section: Section, old: Mapping[str, object], new: Mapping[str, object], called: Called = _keyed
) -> dict[str, object]:
    """What differs between two statements of one thing, in people's words: title -> the value, or old → new."""
    changed: dict[str, object] = {}
    for name in section.slots:
        if name != KEY:
            before, after = value_of(section, old, name), value_of(section, new, name)
            if before != after:
                changed |= change(section, name, before, after, called)
    return changed


def change(section: Section, name: str, before: object, after: object, called: Called = _keyed) -> dict[str, object]:
    """One column's change in people's words."""
    was, now = _worded(section, name, before, called), _worded(section, name, after, called)
    return {section.slots[name].title: now if before is None else f"{_joined(was)} → {_joined(now)}"}


def _worded(section: Section, name: str, value: object, called: Called) -> object:
    refers = section.slots[name].refers
    if refers and isinstance(value, str):
        return called(refers, value)
    if refers and isinstance(value, (list, tuple)):
        return [called(refers, str(each)) for each in value]
    column = section.register.column(name) if section.register else None
    if column is not None:
        return shown(column, value)
    if section.slots[name].dated and isinstance(value, int):
        return render(Instant(value))[:10]
    return value


def _joined(value: object) -> str:
    if value is None or value == []:
        return say("（空）", "(nothing)")
    return "、".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _meant(directory: Directory, kind: str, word: str) -> str:
    try:
        return directory.key(kind, word)
    except ValueError as error:
        raise UsageError("E1528", str(error), hint="secops inventory list kind:system") from error


def _assessed(found: Sequence[Record]) -> dict[str, list[str]]:
    done: dict[str, list[str]] = {}
    for each in found:
        if each.fields.get("type") == "djbh":
            done.setdefault(each.system, []).append(str(each.fields["done_on"]))
    return done


def _until(each: Record, assessed: Mapping[str, Sequence[str]]) -> str:
    filed = each.fields.get("filed_on")
    if each.type == "filing" and not each.valid_until and filed:
        return valid_until(str(filed), assessed.get(each.system, ()))
    return each.valid_until


def _today(app: App, at: Instant | None = None) -> date:
    return date.fromisoformat(render(app.clock.now() if at is None else at)[:10])
