"""What is doubtful about a rule that could be read. Apart from the parser: the parser refuses, this advises.

An error means the rule cannot do what it says; a warning that its reader misses something; a note is taste.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from secops.core.fields import SETS, by_name
from secops.core.language import say
from secops.core.query import ORDER, And, Compare, Linked, Not, Op, Or, Query, fields_of
from secops.grade.rule import Outcome, Rule, judge


class Weight(StrEnum):
    """How much an issue matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Issue:
    """One doubt, with its place."""

    weight: Weight
    code: str
    where: str
    what: str
    hint: str = ""


def lint(rule: Rule) -> tuple[Issue, ...]:
    """Every doubt about the rule, errors first."""
    issues = [*_fields(rule), *_parts(rule), *_reach(rule), *_prose(rule), *_examples(rule)]
    order = list(Weight)
    return tuple(sorted(issues, key=lambda each: order.index(each.weight)))


def _fields(rule: Rule) -> Iterator[Issue]:
    for name in rule.fields:
        field = by_name()[name]
        if rule.kind not in field.kinds:
            kinds = ", ".join(sorted(field.kinds))
            yield Issue(
                Weight.ERROR,
                "E4101",
                rule.source.get("detection", rule.path),
                say(f"{rule.kind} 没有字段 {name}，条件永不成立", f"{rule.kind} has no field {name}"),
                say(f"有它的类别：{kinds}", f"kinds that have it: {kinds}"),
            )
    read = set(fields_of(rule.detection))
    for place, name in enumerate(rule.requires):
        if name not in read:
            yield Issue(
                Weight.WARNING,
                "E4106",
                rule.source.get(f"requires.{place}", rule.path),
                say(f"requires 里的 {name} 没有用在条件里", f"required {name} is never used"),
                say("去掉它，或写进 detection", "drop it, or use it in the detection"),
            )


def _parts(rule: Rule) -> Iterator[Issue]:
    names = {key.removeprefix("detection.") for key in rule.source if key.startswith("detection.")} - {"condition"}
    for name in sorted(names - rule.parts):
        yield Issue(
            Weight.ERROR,
            "E4102",
            rule.source[f"detection.{name}"],
            say(f"condition 没有用到 {name}", f"the condition never uses {name}"),
            say("写进 condition 或删掉", "use it in the condition or delete it"),
        )


def _reach(rule: Rule) -> Iterator[Issue]:
    where = rule.source.get("detection.condition", rule.path)
    for why in _contradictions(rule.detection):
        yield Issue(
            Weight.ERROR, "E4107", where, say("有条件永远不会成立", "part of the condition can never hold"), why
        )


def _contradictions(query: Query) -> Iterator[str]:
    match query:
        case And(items):
            flat = tuple(_flat(items))
            yield from _clash(flat)
            for each in flat:
                if not isinstance(each, Compare):
                    yield from _contradictions(each)
        case Or(items):
            for each in items:
                yield from _contradictions(each)
        case Not(item):
            yield from _contradictions(item)
        case Compare() | Linked():
            return


def _flat(items: Sequence[Query]) -> Iterator[Query]:
    for each in items:
        if isinstance(each, And):
            yield from _flat(each.items)
        else:
            yield each


def _clash(items: Sequence[Query]) -> Iterator[str]:
    plain = [each for each in items if isinstance(each, Compare)]
    for each in items:
        if isinstance(each, Not) and each.item in plain:
            yield say("同一个条件既要成立又要不成立", "a condition and its opposite")
    for name in dict.fromkeys(each.field for each in plain):
        if by_name()[name].type in SETS:
            continue
        mine = [each for each in plain if each.field == name]
        equal = {each.value for each in mine if each.op is Op.EQ}
        if len(equal) > 1:
            yield say(f"{name} 不能同时等于 {len(equal)} 个值", f"{name} cannot equal {len(equal)} values at once")
        low = [int(str(e.value)) + (e.op is Op.GT) for e in mine if e.op in {Op.GT, Op.GTE} and _number(e)]
        high = [int(str(e.value)) - (e.op is Op.LT) for e in mine if e.op in {Op.LT, Op.LTE} and _number(e)]
        if low and high and max(low) > min(high):
            yield say(f"{name} 的上下限之间没有数", f"no number lies between the bounds of {name}")


def _number(compare: Compare) -> bool:
    return compare.op in ORDER and isinstance(compare.value, int)


def _prose(rule: Rule) -> Iterator[Issue]:
    wanted = (
        (bool(rule.basis), "basis", "依据", "basis"),
        (bool(rule.risk), "risk", "危害说明", "risk"),
        (bool(rule.remedy), "remedy", "整改建议", "remedy"),
    )
    for there, key, zh, en in wanted:
        if not there:
            yield Issue(
                Weight.WARNING, "E4103", rule.source.get("id", rule.path), say(f"缺少{zh}（{key}）", f"no {en}")
            )
    if not rule.title_en:
        yield Issue(Weight.NOTE, "E4108", rule.source.get("title", rule.path), say("没有英文标题", "no English title"))


def _examples(rule: Rule) -> Iterator[Issue]:
    for outcome, key in ((Outcome.MATCHED, "match"), (Outcome.NOT_MATCHED, "no_match")):
        if not any(each.outcome is outcome for each in rule.examples):
            yield Issue(
                Weight.WARNING,
                "E4104",
                rule.source.get("examples", rule.path),
                say(f"缺少 examples.{key}", f"no examples.{key}"),
                say("写一个应当命中的和一个不应命中的例子", "give one that matches and one that does not"),
            )
    for example in rule.examples:
        got = judge(rule, example.facts.get)
        if got is not example.outcome:
            yield Issue(
                Weight.ERROR,
                "E4105",
                example.where,
                say(f"例子应为 {example.outcome}，实为 {got}", f"expected {example.outcome}, got {got}"),
            )
        for name in example.facts:
            if rule.kind not in by_name()[name].kinds:
                yield Issue(
                    Weight.ERROR, "E4101", example.where, say(f"{rule.kind} 没有字段 {name}", f"no field {name}")
                )
