"""Why a rule holds for an entity or does not: each condition with the value it met and where that value came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secops.core.fields import by_name
from secops.core.query import And, Compare, Linked, Not, Op, Or, Query, Reader, holds
from secops.grade.rule import Outcome, Rule, judge


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the condition, as deep as it stands, with what became of it."""

    depth: int
    kind: str
    """and, or, not, compare, requires."""
    held: bool | None
    """None: the field is not known."""
    field: str = ""
    op: str = ""
    wanted: object = None
    met: object = None
    seq: int = 0
    """Log entry that gave the value, 0 where the store computed it or nothing did."""
    unknown: str = ""
    """Why the value is not known, where somebody looked."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The rule's answer and how it came about."""

    rule: str
    entity: str
    outcome: Outcome
    lines: tuple[Line, ...]
    missing: tuple[str, ...] = ()
    """Required fields that are not known and could make the difference."""


def explain(
    rule: Rule, entity: str, reader: Reader, origin: Mapping[str, int], unknown: Mapping[str, str]
) -> Explanation:
    """The rule's answer for this entity; `origin` and `unknown` are the entity's own."""
    outcome = judge(rule, reader)
    missing = tuple(n for n in rule.requires if reader(n) is None) if outcome is Outcome.UNDECIDED else ()
    lines = tuple(_lines(rule.detection, 0, reader, origin, unknown))
    return Explanation(rule.id, entity, outcome, lines, missing)


def _lines(
    query: Query, depth: int, reader: Reader, origin: Mapping[str, int], unknown: Mapping[str, str]
) -> Iterator[Line]:
    if isinstance(query, Compare):
        met = reader(query.field)
        base = base_of(query.field)
        known = met is not None or query.op is Op.EXISTS
        yield Line(
            depth=depth,
            kind="compare",
            held=holds(query, reader) if known else None,
            field=query.field,
            op=str(query.op),
            wanted=query.value,
            met=met,
            seq=origin.get(base, 0),
            unknown=unknown.get(base, "") if met is None else "",
        )
        return
    if isinstance(query, Linked):  # no rule has one: what is around an entity is not at hand here
        yield Line(depth, query.link, None)
        return
    name = {And: "and", Or: "or", Not: "not"}[type(query)]
    yield Line(depth, name, holds(query, reader))
    for each in (query.item,) if isinstance(query, Not) else query.items:
        yield from _lines(each, depth + 1, reader, origin, unknown)


def base_of(name: str) -> str:
    """The stored field of the same entity that a value goes back to: an age's instant, else the field itself."""
    derived = by_name()[name].derived
    return derived.of if derived is not None and derived.how == "age" else name
