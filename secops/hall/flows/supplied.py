"""Who supplies systems, by the contracts and what was declared: suppliers are no assets, but they have names."""

from collections.abc import Sequence
from dataclasses import dataclass

from secops.core.model import Entity, Relation, RelationType, thing_id
from secops.store import records, relations
from secops.store.grading import Transaction


@dataclass(frozen=True, slots=True)
class Supplied:
    """What is drawn from systems to their suppliers."""

    relations: tuple[Relation, ...]
    names: dict[str, str]
    """The id of each supplier -> its name."""


def of(connection: Transaction, systems: Sequence[Entity]) -> Supplied:
    """The suppliers of these systems: each by the name of its register, else as the systems name it."""
    mine = {each.id for each in systems}
    drawn = [
        each
        for each in relations.touching(connection, sorted(mine))
        if each.type is RelationType.SUPPLIED_BY and each.source in mine
    ]
    if not drawn:
        return Supplied((), {})
    names: dict[str, str] = {}
    for one in systems:
        named = one.facts.get("system.suppliers")
        for each in named if isinstance(named, tuple) else ():
            names[thing_id(one.site, "supplier", str(each))] = str(each)
    for site in sorted({each.site for each in systems}):
        for row in records.listed(connection, site, "supplier"):
            names[thing_id(site, row.type, row.key)] = str(row.fields.get("name") or row.key)
    met = tuple(sorted((each for each in drawn if each.target in names), key=lambda each: each.id))
    return Supplied(met, {each.target: names[each.target] for each in met})
