"""A declared machine and the one found where it is declared: asked about, never merged for the address alone."""

from collections.abc import Collection
from typing import Final

from secops.assets.draft import FIRM, Cause
from secops.assets.register import Register, only_address
from secops.core.model import Entity, Kind, State, entity_id
from secops.store import entities, evidence, identifiers
from secops.store.grading import Transaction

WHY: Final = "found at the only address that the other is declared with"
_TELLING: Final = ("host.mac", "ssh.host_key", "cloud.instance_id")
"""What two machines that are one cannot have of two kinds."""


def propose(connection: Transaction, register: Register, keys: Collection[str], cause: Cause) -> None:
    """Put these declared machines on the list of doubts, each with the one machine found at its only address."""
    if not keys:
        return
    site = register.site
    known = entities.by_ids(connection, [entity_id(site, Kind.HOST, key) for key in keys])
    declared = {each.id: each for each in known.values() if each.declared and each.sources.keys() <= FIRM}
    places = {id: place for id, each in declared.items() if (place := only_address(register.get(Kind.HOST, each.key)))}
    at = evidence.hosts_at(connection, site, set(places.values()))
    found = entities.by_ids(connection, set().union(*at.values()))
    for id, place in sorted(places.items()):
        there = [found[each] for each in sorted(at.get(place, ())) if each in found and found[each].id != id]
        if len(there) == 1 and _alike(declared[id], there[0]):
            entry = identifiers.Entry(site, "same", sorted((id, there[0].id)), [], WHY, cause.seq, int(cause.at))
            identifiers.doubt(connection, entry)


def _alike(declared: Entity, found: Entity) -> bool:
    """Whether nothing of what is known of both speaks against their being one."""
    if found.declared or State.GONE in {declared.state, found.state}:
        return False
    pairs = [(declared.facts.get(name), found.facts.get(name)) for name in _TELLING]
    return all(_set(one).intersection(_set(other)) for one, other in pairs if one and other)


def _set(value: object) -> set[str]:
    return {str(each).lower() for each in value} if isinstance(value, (list, tuple)) else {str(value).lower()}
