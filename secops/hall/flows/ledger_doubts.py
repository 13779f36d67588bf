"""What the preview of many changes warns of: rows at odds with others, later edits undone, what is taken from whom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from secops.core.clock import render
from secops.core.ids import canonical
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Decision, DecisionType, Entity, Kind, Value, entity_id
from secops.intake.declared_alike import Alike
from secops.intake.declared_doubts import doubts
from secops.intake.declared_refer import Directory
from secops.intake.declared_sections import Section, Stated, by_kind, value_of
from secops.store import decisions, entities
from secops.store.grading import Transaction

_KINDS: Final = {str(each) for each in ASSET_KINDS}
_MACHINES: Final = frozenset({"host", "device"})
_SURVEY, _GENERAL, _GENERAL_ZH = "data_survey", "general", "一般"
_POINTERS: Final = {"org": "org_id", "system": "system_id"}


@dataclass(slots=True)
class Known:
    """What is declared and what the rows say, as far as other rows are held against it."""

    directory: Directory
    systems: dict[str, tuple[object, str]] = field(default_factory=dict)
    """Code -> level and unit."""
    filed: dict[str, set[str]] = field(default_factory=dict)
    """Number of a filing certificate -> the systems under it."""

    alike: Alike = field(default_factory=Alike)
    """Systems by what they are called."""

    data: dict[str, str] = field(default_factory=dict)
    """Key of a data asset -> its level."""

    addresses: dict[int, str] = field(default_factory=dict)
    """Number of an address -> unit and subject of the first machine that says it is its own."""

    def note(self, kind: str, key: str, payload: Mapping[str, object]) -> None:
        """One thing as it is stated, its references as keys. A later one says more."""
        if kind == "system":
            self.alike.note(key, payload)
            level, org = self.systems.get(key, (None, ""))
            mine = by_kind()[kind]
            self.systems[key] = value_of(mine, payload, "level") or level, str(payload.get("org") or "") or org
            number, system = value_of(mine, payload, "filing_no"), key
        elif kind == "filing":
            number, system = value_of(by_kind()[kind], payload, "number"), str(payload.get("system") or "")
        else:
            if kind == "data" and (told := value_of(by_kind()[kind], payload, "level")):
                self.data[key] = str(told)
            for address, org in _addresses(kind, payload):
                self.addresses.setdefault(hash(address), f"{org}\n{kind}:{key}")
            return
        if isinstance(number, str) and system:
            self.filed.setdefault(number, set()).add(system)

    def called(self, kind: str, key: str) -> str:
        """A unit, system or supplier with its name."""
        name = self.directory.name(kind, key)
        return say(f"{name}（{key}）", f"{name} ({key})") if name != key else key

    def doubts(self, thing: Stated) -> Iterator[str]:
        """What is odd about what is stated, by itself and beside the others."""
        section = by_kind()[thing.kind]
        yield from doubts(section, thing.payload)
        if thing.kind == "organisation" and set(thing.payload) <= {"kind", "name"}:  # nothing but a name
            for longer in self.directory.longer(thing.kind, thing.key)[:1]:
                yield say(f"像是 {longer} 的简称：是同一个单位就不要另登一个", f"perhaps short for {longer}")
        if thing.kind == "system" and isinstance(name := value_of(section, thing.payload, "name"), str):
            for other in self.directory.others(thing.kind, thing.key, name)[:1]:
                unit = self.called("organisation", org) if (org := self.systems.get(other, (None, ""))[1]) else ""
                yield say(
                    f"编号 {other} 的系统也叫 {name}{f'，属 {unit}' if unit else ''}：是同一个就写同一个编号",
                    f"the system {other}{f' of {unit}' if unit else ''} is called {name} too: write its key where both "
                    "are one",
                )
        if thing.kind not in {"system", "filing"}:
            yield from self._shared(thing)
            yield from self._graded(thing)
            return
        system = thing.key if thing.kind == "system" else str(thing.payload.get("system") or "")
        number = value_of(section, thing.payload, "number" if thing.kind == "filing" else "filing_no")
        others = sorted(self.filed.get(number, set()) - {system}) if isinstance(number, str) else []
        if others:
            told = "、".join(self.called("system", each) for each in others[:3])
            yield say(f"备案证明编号 {number} 也写在 {told} 名下", f"filing number {number} is also that of {told}")
        if thing.kind == "filing" and system in self.systems:
            level, org = self.systems[system]
            yield from self._beside(thing, value_of(section, thing.payload, "level"), level, org)

    def _graded(self, thing: Stated) -> Iterator[str]:
        """A survey of data against the level of its data asset."""
        section = by_kind()[thing.kind]
        own = self.data.get(str(value_of(section, thing.payload, "data"))) if thing.kind == _SURVEY else None
        proposed = value_of(section, thing.payload, "level") if own else None
        if own and proposed and (proposed == _GENERAL) is not own.startswith(_GENERAL_ZH):
            word = _GENERAL_ZH if proposed == _GENERAL else "重要及以上"
            yield say(f"拟定为{word}数据，数据资产登记为 {own}", f"proposed as {proposed}, the data asset is {own}")

    def _shared(self, thing: Stated) -> Iterator[str]:
        for address, org in _addresses(thing.kind, thing.payload):
            other, _, subject = self.addresses.get(hash(address), "").partition("\n")
            if other and other != org and subject != thing.subject:
                kind, _, key = subject.partition(":")
                title, unit = by_kind()[kind].title, self.called("organisation", other)
                yield say(
                    f"地址 {address} 也是{title} {key} 的，那一个属于 {unit}",
                    f"address {address} is also that of {kind} {key}, of {unit}",
                )

    def _beside(self, filing: Stated, level: object, its: object, org: str) -> Iterator[str]:
        if level and its and level != its:
            yield say(f"备案为第{level}级，系统登记为第{its}级", f"filed as level {level}, the system's is {its}")
        mine = str(filing.payload.get("org") or "")
        if mine and org and mine != org:
            one, other = self.called("organisation", mine), self.called("organisation", org)
            yield say(f"备案单位 {one}，系统的责任单位是 {other}", f"filed by {one}, the system is of {other}")


def _addresses(kind: str, payload: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The addresses a machine of a unit says are its own, with that unit."""
    found, org = payload.get("addresses"), str(payload.get("org") or "")
    if kind in _MACHINES and org and isinstance(found, (list, tuple)):
        yield from ((str(each), org) for each in found)


def put_back(
    connection: Transaction, site: str, found: Sequence[tuple[Stated, Decision]]
) -> dict[str, tuple[str, ...]]:
    """Of each thing, the columns that would go back to what they were before somebody changed them, in words.

    `found`: what is to be stated, and the decision in force.
    """
    every = decisions.histories(connection, DecisionType.DECLARE, site, [each.subject for each, _ in found])
    told = {}
    for new, _ in found:
        past = [each.entry for each in every.get(new.subject, []) if isinstance(each.entry, Decision)]
        if len(past) > 1 and (lines := tuple(_reverted(by_kind()[new.kind], new, past))):
            told[new.subject] = lines
    return told


def _reverted(section: Section, new: Stated, past: Sequence[Decision]) -> Iterator[str]:
    for name, slot in section.slots.items():
        values = [canonical(value_of(section, each.payload, name)) for each in past]
        wanted = canonical(value_of(section, new.payload, name))
        if wanted == values[-1] or wanted not in values:
            continue
        since = next(at for at in range(len(values), 0, -1) if at == 1 or values[at - 2] != values[-1]) - 1
        change = past[since]
        yield say(
            f"{slot.title}此后由 {change.who} 于 {render(change.at)[:10]} 改过，这一行会改回",
            f"{slot.title} was changed by {change.who} on {render(change.at)[:10]}, this row puts it back",
        )


def held(connection: Transaction, site: str, found: Sequence[Stated]) -> dict[str, Entity]:
    """What is known, whoever says it, of the assets among these: subject -> asset."""
    ids = {entity_id(site, Kind(each.kind), each.key): each.subject for each in found if each.kind in _KINDS}
    return {ids[id]: entity for id, entity in entities.by_ids(connection, ids).items()}


def systems_of(connection: Transaction, found: Sequence[Entity]) -> dict[str, str]:
    """The code of each system these assets belong to, by its id."""
    wanted = {each.system_id for each in found if each.system_id}
    return {id: each.key for id, each in entities.by_ids(connection, wanted).items()}


def holds(entity: Entity, section: Section, name: str, systems: Mapping[str, str]) -> Value:
    """What an asset shows under a column; None where nothing."""
    path = section.slots[name].path
    group, _, rest = path.partition(".")
    if group == "facts":
        return entity.facts.get(rest)
    value = getattr(entity, _POINTERS[path]) if path in _POINTERS else ""
    return (systems.get(value, value) if path == "system" else value) or None
