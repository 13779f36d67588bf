"""Everything that ever changed of one thing: an asset with its relations, a unit, a row of a register.

Each row says what, from what to what, when, from which source (collector or decision), in which run, by whom and why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from secops.core.clock import Instant, render
from secops.core.errors import UsageError
from secops.core.fields import by_name, by_word
from secops.core.filter_words import titles
from secops.core.language import say
from secops.core.model import Change, Decision, DecisionType, Entity, Kind, Relation, Value
from secops.hall.app import App
from secops.hall.flows.inventory import find, plain
from secops.intake.declared_sections import KEY, Section, by_kind, value_of
from secops.store import changes, decisions, entities, observations, organisations, records, relations, run_ends, runs
from secops.store.grading import Transaction

RELATION: Final = "relation"
EVENTS: Final[dict[str, tuple[str, str]]] = {
    "born": ("首次出现", "first seen"), RELATION: ("关系", "relation"), "merged": ("并入", "went up in"),
    "split": ("拆分", "split"),
}  # fmt: skip
"""What can happen to a thing beside another value of a field, and what people call it."""
_POINTERS: Final = ("org_id", "system_id")
LATER: Final = "told of by looks that were taken in later"
Row = dict[str, object]


def history(app: App, word: str, *, field: str = "") -> Iterator[Row]:
    """Every change of the thing meant, oldest first; `field`: only of this one (or `relation`).

    `word` is what `inventory show` takes, or `organisation:CODE`, `supplier:KEY` and the like for what is only
    declared. Raises UsageError.
    """
    kind, colon, key = word.partition(":")
    if colon and kind not in list(Kind) and (section := by_kind().get(kind)) is not None:
        yield from (each for each in declared(app, section, key) if field in {"", each["field"]})
        return
    field = known(field) if field not in {"", RELATION, *EVENTS[RELATION]} else RELATION if field else ""
    try:
        entity = find(app, word)
    except UsageError as error:
        found = _stated(app, word) if error.code == "E1312" else []
        if len(found) != 1:
            raise _several(word, found) if found else error from None
        yield from (each for each in declared(app, *found[0]) if field in {"", each["field"]})
        return
    with app.database.read() as connection:
        told = changes.of_entity(connection, entity.id)
        rows = [(each.seq, changed((each, entity.key))) for each in (*_first(entity, told), *told)
                if field in {"", each.field}]  # fmt: skip
        if field in {"", "first_seen"}:
            rows += _sooner(entity, told)
        if field in {"", RELATION}:
            rows += _related(connection, entity)
        origin = _sources(connection, [seq for seq, _ in rows])
        steps = [row | origin.get(seq, {}) for seq, row in rows]
        operators = runs.operators(connection, {str(each["run"]) for each in steps if each["run"]})
    for row in sorted(steps, key=_order):
        yield row if row["who"] else row | {"who": operators.get(str(row["run"]), "")}


def _order(row: Row) -> tuple[str, int, bool]:
    """By time (all in one zone), then as the log has it; a birth before what came with it."""
    return str(row["at"]), int(str(row["seq"])), row["field"] != "born"


def _sooner(entity: Entity, told: Sequence[Change]) -> list[tuple[int, Row]]:
    """That it was seen on a day before the one of its birth, as looks told that were taken in later."""
    birth = next((each for each in told if each.field == "born"), None)
    if birth is None or render(entity.first_seen)[:10] >= render(birth.at)[:10]:
        return []
    old, new = render(birth.at), render(entity.first_seen)
    seen = replace(birth, field="first_seen", old=old, new=new, at=entity.first_seen, seq=0, reason=LATER)
    return [(0, changed((seen, entity.key)) | {"run": ""})]


def _first(entity: Entity, told: Sequence[Change]) -> list[Change]:
    """What was declared of it first: what is known now, the changes since taken back. What a run found tells itself."""
    birth = next((each for each in told if each.field == "born"), None)
    if birth is None or birth.run:
        return []
    values: dict[str, Value] = dict(entity.facts)
    values |= {name: value for name in _POINTERS if (value := getattr(entity, name))}
    for each in sorted(told, key=lambda one: one.seq, reverse=True):
        if each.field in _POINTERS or ((field := by_name().get(each.field)) is not None and not field.core):
            values[each.field] = each.old
    return [
        replace(birth, field=name, old=None, new=value) for name, value in sorted(values.items()) if value is not None
    ]


def _stated(app: App, word: str) -> list[tuple[Section, str]]:
    """Units and rows of registers with this key or name, or this name or number."""
    with app.database.read() as connection:
        units = {each.id for each in organisations.every(connection, app.site) if word in {each.id, each.name}}
        subjects = [f"{kind}:{word}" for kind in by_kind()]
        known = decisions.of_subjects(connection, DecisionType.DECLARE, app.site, subjects)
        rows = [
            (each.type, each.key)
            for each in records.listed(connection, app.site)
            if word in {each.key, each.fields.get("name"), each.fields.get("number")}
        ]
    found = [("organisation", unit) for unit in sorted(units)]
    found += [(each.partition(":")[0], word) for each in known] + rows
    return [(by_kind()[kind], key) for kind, key in dict.fromkeys(found)]


def _several(word: str, found: Sequence[tuple[Section, str]]) -> UsageError:
    return UsageError(
        "E1313", say(f"{word[:80]} 指的不止一个", f"{word[:80]} means more than one"),
        why="; ".join(f"{section.kind}:{key}" for section, key in found[:10]),
        hint=say("写作 类别:编号", "write KIND:KEY"),
    )  # fmt: skip


def known(field: str) -> str:
    """The field of this name or title, if anything can change in it. Raises UsageError."""
    if field in by_name() or field in {"born", "merged", "split"}:
        return field
    if (meant := by_word().get(field) or titles().get(field)) is not None:
        return meant.name
    if (meant_ := next((name for name, called in EVENTS.items() if field in called), None)) is not None:
        return meant_
    raise UsageError(
        "E1316",
        say(f"没有字段 {field[:60]}", f"no field {field[:60]}"),
        hint=say("字段见 secops inventory fields", "the fields: secops inventory fields"),
    )


def changed(told: tuple[Change, str]) -> Row:
    """A change as a row."""
    each, key = told
    return {
        "at": render(each.at),
        "entity": each.entity,
        "kind": str(each.kind),
        "key": key,
        "field": each.field,
        "old": plain(each.field, each.old),
        "new": plain(each.field, each.new),
        "reason": each.reason,
        "run": each.run,
        "who": each.who,
        "seq": each.seq,
    }


def declared(app: App, section: Section, key: str) -> Iterator[Row]:
    """What the decisions about one declared thing changed, column by column. Raises UsageError where there are none."""
    subject = f"{section.kind}:{key}"
    with app.database.read() as connection:
        found = decisions.of_subject(connection, app.site, subject)
    entries = [(each.seq, each.entry) for each in found if isinstance(each.entry, Decision)]
    if not entries:
        raise UsageError(
            "E1391",
            say(f"从未登记过 {subject[:80]}", f"{subject[:80]} was never declared"),
            hint=say("写作 类别:编号，如 organisation:D001", "as KIND:KEY, such as organisation:D001"),
        )
    before: Mapping[str, object] = {}
    for seq, each in entries:
        if each.type is DecisionType.DECLARE:
            yield from stepped(section, key, before, each, seq)
            before = each.payload


def stepped(section: Section, key: str, before: Mapping[str, object], after: Decision, seq: int) -> Iterator[Row]:
    """The columns in which a declaration differs from the one before it."""
    row: Row = {
        "at": render(after.at), "entity": f"{section.kind}:{key}", "kind": section.kind, "key": key, "field": "born",
        "old": None, "new": None, "reason": after.reason, "run": "", "who": after.who, "seq": seq,
        "source": f"decision {after.id}",
    }  # fmt: skip
    if after.payload.get("withdrawn"):
        if before and not before.get("withdrawn"):
            yield row | {"field": "declared", "old": True, "new": False}
        return
    if not before or before.get("withdrawn"):
        yield row
    for name, old, new in differing(section, before, after.payload):
        yield row | {"field": name, "old": old, "new": new}


def differing(
    section: Section, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[tuple[str, object, object]]:
    """Column, value of before, value of after, where they differ."""
    for name in section.slots:
        if name != KEY:
            old, new = value_of(section, before, name), value_of(section, after, name)
            if old != new:
                yield name, old, new


def _related(connection: Transaction, entity: Entity) -> list[tuple[int, Row]]:
    """When its relations were drawn and when they ended."""
    living = relations.touching(connection, [entity.id])
    ended = relations.ended(connection, [entity.id])
    ends = {end for each in [*living, *(one.relation for one in ended)] for end in (each.source, each.target)}
    names = {id: f"{each.kind} {each.key}" for id, each in entities.by_ids(connection, ends - {entity.id}).items()}

    def told(each: Relation, at: Instant, seq: int, *, drawn: bool, who: str = "", why: str = "") -> tuple[int, Row]:
        outward = each.source == entity.id
        other = names.get(each.target if outward else each.source, each.target if outward else each.source)
        what = f"{each.type} {other}" if outward else f"{other} {each.type}"
        return seq, {
            "at": render(at), "entity": entity.id, "kind": str(entity.kind), "key": entity.key, "field": RELATION,
            "old": None if drawn else what, "new": what if drawn else None, "reason": why or each.reason, "run": "",
            "who": who, "seq": seq,
        }  # fmt: skip

    rows = [told(each, each.first_seen, each.seq, drawn=True) for each in living if each.seq]
    for one in ended:
        rows.append(told(one.relation, one.relation.first_seen, one.relation.seq, drawn=True))
        rows.append(told(one.relation, one.at, one.seq, drawn=False, who=one.who, why=one.reason))
    return rows


def _sources(connection: Transaction, seqs: Sequence[int]) -> dict[int, Row]:
    """Log entry -> what to say of it: collector and target, decision, or the end of a run."""
    found: dict[int, Row] = {}
    for seq, each in observations.by_seqs(connection, seqs).items():
        found[seq] = {"source": f"{each.collector} {each.target}", "run": each.run}
    for seq in sorted(set(seqs) - found.keys()):
        if (decision := decisions.by_seq(connection, seq)) is not None:
            found[seq] = {"source": f"decision {decision.id}", "who": decision.who}
        elif (end := run_ends.by_seq(connection, seq)) is not None:
            found[seq] = {"source": "coverage", "run": end.run}
    return found
