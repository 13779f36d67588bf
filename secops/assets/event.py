"""What happened to things: new, changed, vanished, closed, reopened. Derived from their changes, by nothing else.

A disappearance is told once, when the first complete run meets silence: an open port of a host that still answers has
`closed`, everything else has `vanished` (a host that went up in another has `changed`), and the ports of what vanished
go with it untold. Seen again: `reopened`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from secops.core.clock import Instant
from secops.core.model import Change, Kind, State, Value

_LOST: Final = frozenset({State.STALE.value, State.GONE.value})
_OWNERS: Final = frozenset({"org_id", "system_id"})
FIELDS_MOST: Final = 50


class Class(StrEnum):
    """What can happen."""

    NEW = "new"
    CHANGED = "changed"
    VANISHED = "vanished"
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing and what happened to it; `fields`: what changed, from what to what."""

    kind: Kind
    entity: str
    class_: Class
    at: Instant
    seq: int
    fields: Mapping[str, tuple[Value, Value]]


def happenings(changes: Iterable[Change], parents: Mapping[str, str]) -> list[Happening]:
    """What these changes (of one stretch of the log) come to, one event per entity, in the log's order.

    `parents`: of services the ids of their addresses.
    """
    gathered: dict[str, list[Change]] = {}
    for each in changes:
        gathered.setdefault(each.entity, []).append(each)
    lost = {id for id, own in gathered.items() if any(_loses(each) for each in own)}
    found: list[Happening] = []
    for id, own in gathered.items():
        class_ = _class(own, lost=id in lost, silent=parents.get(id, "") in lost)
        if class_ is not None:
            last = own[-1]
            fields = {
                each.field: (each.old, each.new)
                for each in own[:FIELDS_MOST]
                if class_ is Class.CHANGED and each.field not in _OWNERS
            }
            found.append(Happening(last.kind, id, class_, last.at, last.seq, fields))
    return found


def _class(own: list[Change], *, lost: bool, silent: bool) -> Class | None:
    """What happened to one entity; None for nothing worth an event."""
    if any(each.field == "born" for each in own):
        return Class.NEW
    states = [each for each in own if each.field == "state"]
    if lost and any(each.field == "merged" for each in own):
        return Class.CHANGED
    if lost:
        if own[0].kind is not Kind.SERVICE:
            return Class.VANISHED
        return None if silent else Class.CLOSED
    if any(each.old in _LOST and each.new == State.ACTIVE.value for each in states):
        return Class.REOPENED
    if any(each.old == State.DECLARED.value and each.new == State.ACTIVE.value for each in states):
        return Class.NEW
    if any(each.field not in _OWNERS and each.field != "state" for each in own):
        return Class.CHANGED
    return None


def _loses(each: Change) -> bool:
    """Active until now, and no longer."""
    return each.field == "state" and each.old == State.ACTIVE.value and each.new in _LOST
