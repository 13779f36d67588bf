"""A rule, and the three answers it can give: it holds, it does not, or what it needs is not known (Undecided)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from secops.core.fields import Derivation, by_name
from secops.core.finding import Severity
from secops.core.language import say
from secops.core.model import Kind, State, Value
from secops.core.query import And, Compare, Linked, Not, Op, Or, Query, Reader, fields_of, holds

STATES = (State.ACTIVE, State.STALE, State.DECLARED)
"""States of the entities a rule judges unless it names others: what is gone breaks no rule."""


class Outcome(StrEnum):
    """What a rule says of one entity."""

    MATCHED = "matched"
    NOT_MATCHED = "not_matched"
    UNDECIDED = "undecided"


class Status(StrEnum):
    """How far a rule may be relied on, in Sigma's words; deprecated ones are not run."""

    STABLE = "stable"
    TEST = "test"
    EXPERIMENTAL = "experimental"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class Basis:
    """A law, regulation or standard the rule stands on."""

    document: str
    clause: str = ""
    verified: bool = False
    """Whether somebody held the text beside it; shown as 未核实 otherwise."""

    def __str__(self) -> str:
        text = f"{self.document} {self.clause}".strip()
        return text if self.verified else text + say("（未核实）", " (not verified)")


@dataclass(frozen=True, slots=True)
class Example:
    """Facts of an imagined entity and what the rule must say of it."""

    facts: Mapping[str, Value]
    outcome: Outcome
    where: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, read and checked."""

    id: str
    title_zh: str
    title_en: str
    kind: Kind
    severity: Severity
    status: Status
    detection: Query
    requires: tuple[str, ...]
    digest: str
    """Over all of its content: another digest, another evaluation."""
    path: str = ""
    states: tuple[State, ...] = STATES
    description: str = ""
    basis: tuple[Basis, ...] = ()
    risk: str = ""
    remedy: str = ""
    references: tuple[str, ...] = ()
    dengbao_risk: str = ""
    """重大风险隐患触发项, A-01 … A-32."""
    tags: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    parts: frozenset[str] = frozenset()
    """Names of the detection's parts that its condition uses."""
    source: Mapping[str, str] = field(default_factory=dict)
    """Part of the rule (`detection`, `requires.0`, …) -> `path:line:column`."""

    @property
    def title(self) -> str:
        """The title in the language in force."""
        return say(self.title_zh, self.title_en or self.title_zh)

    @property
    def fields(self) -> tuple[str, ...]:
        """What the rule reads, each once: its detection's fields, then what else it requires."""
        return tuple(dict.fromkeys((*fields_of(self.detection), *self.requires)))

    @property
    def ages(self) -> bool:
        """Whether time alone can change its answer, so that unchanged entities are judged again too."""
        return any(_how(name) is Derivation.AGE for name in self.fields)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The fields kept as a finding's evidence: for an age the time it counts from, which does not change daily."""
        return tuple(dict.fromkeys(_base(name) for name in self.fields))

    @property
    def matched(self) -> Query:
        """Holds where the rule holds whatever the unknown required fields may be."""
        return certain(self.detection, frozenset(self.requires))

    @property
    def undecided(self) -> Query:
        """Holds where an unknown required field could make the difference."""
        needed = frozenset(self.requires)
        return And((possible(self.detection, needed), Not(certain(self.detection, needed))))


def judge(rule: Rule, reader: Reader) -> Outcome:
    """What the rule says of the entity, by the plain-Python oracle."""
    if holds(rule.matched, reader):
        return Outcome.MATCHED
    return Outcome.UNDECIDED if holds(rule.undecided, reader) else Outcome.NOT_MATCHED


def certain(query: Query, needed: frozenset[str]) -> Query:
    """True where the query holds whatever value each unknown field among `needed` may have."""
    return _lean(query, needed, hopeful=False)


def possible(query: Query, needed: frozenset[str]) -> Query:
    """True where the query holds for some value that the unknown fields among `needed` could have."""
    return _lean(query, needed, hopeful=True)


def _lean(query: Query, needed: frozenset[str], *, hopeful: bool) -> Query:
    match query:
        case And(items):
            return And(tuple(_lean(each, needed, hopeful=hopeful) for each in items))
        case Or(items):
            return Or(tuple(_lean(each, needed, hopeful=hopeful) for each in items))
        case Not(item):
            return Not(_lean(item, needed, hopeful=not hopeful))
        case Compare(name, op, _):
            if not hopeful or name not in needed or op is Op.EXISTS:
                return query
            return Or((query, Compare(name, Op.EXISTS, False)))
        case Linked():
            return query
        case _:
            assert_never(query)


def _how(name: str) -> Derivation | None:
    derived = by_name()[name].derived
    return derived.how if derived else None


def _base(name: str) -> str:
    derived = by_name()[name].derived
    return derived.of if derived and derived.how is Derivation.AGE else name
