"""Who must act for an asset, with every step by which they were found.

The way: port declaration, address, network (the narrowest with a unit stands), the system's unit, the units above; then
the person: the asset's own owner, its system's, the duty register (the system's rows before the unit's), the unit's
contact, the same of the units above. Where no unit is found the escalation is named and marked as one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from secops.assets.claims import Claims, Found
from secops.assets.register import ORGANISATION, Register
from secops.core.language import say
from secops.core.model import Kind
from secops.core.record import Record
from secops.core.registers import registers

ROLES: Final = ("operator", "builder", "competent", "cii_protector", "regulator")
"""Whose person acts first."""
WIDEST: Final = {True: 1 << 16, False: 1 << 96}
"""How far a neighbouring network may lie to be asked: an IPv4 /16, an IPv6 /32."""
_FOUR: Final = range(0xFFFF_0000_0000, 0x1_0000_0000_0000)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of the asset asked about."""

    kind: Kind
    key: str
    org: str | None = ""
    """Its unit; None of what is no asset yet: whoever its place is declared to answers for it."""
    system: str = ""
    """The code of its system."""
    places: tuple[int, ...] = ()
    """Its address, or a machine's addresses, on the address line."""
    port: int = 0
    owner: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way: what was looked at, what it says, and the log entry that says it."""

    what: str
    subject: str
    text: str
    org: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a name, and why it is them."""

    name: str = ""
    phone: str = ""
    role: str = ""
    """asset, system, a role of the duty register, or contact."""
    org: str = ""
    letter: str = ""
    valid_until: str = ""
    late: bool = False
    """The letter of responsibility has run out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who must act. Without a unit, `escalate` is whom to ask, and `escalate_why` why them."""

    org: str = ""
    person: Person = field(default_factory=Person)
    via: str = ""
    """The declaration that named the unit."""
    escalate: str = ""
    escalate_why: str = ""
    steps: tuple[Step, ...] = ()


class Responsibility:
    """Answers from one register and its duty rows; `today` decides which letters have run out."""

    def __init__(self, register: Register, duties: Iterable[Record], today: str) -> None:
        self.register = register
        self.today = today
        self.claims = Claims(register)
        self._of_system: dict[str, list[Record]] = {}
        self._of_unit: dict[str, list[Record]] = {}
        for each in sorted(duties, key=lambda one: (ROLES.index(str(one.fields.get("role"))), one.key)):
            if each.system:
                self._of_system.setdefault(each.system, []).append(each)
            else:
                self._of_unit.setdefault(each.org_id, []).append(each)
        self._persons: dict[tuple[str, str], Person] = {}

    def name(self, org: str) -> str:
        """What a unit is called."""
        found = self.register.get(ORGANISATION, org)
        return found.text("name") if found is not None and found.text("name") else org

    def answer(self, asked: Asked, *, steps: bool = True) -> Answer:
        """Who must act. Without `steps` only the outcome is told, which is quicker."""
        found = list(self._claims(asked))
        told = next((each for each in found if each.org), None)
        org, system = asked.org, asked.system or (asked.key if asked.kind is Kind.SYSTEM else "")
        if org is None:
            org, system = (told.org, told.system) if told is not None else ("", "")
        if self.register.get(ORGANISATION, org) is None:
            org = ""
        if not org:
            unit, why = self._escalation(asked, system)
            way = (*_claimed(found), _nobody(asked), *self._told(unit, why)) if steps else ()
            return Answer("", self._person(unit, system) if unit else Person(), "", unit, why, way)
        person = Person(asked.owner, asked.phone, "asset", org) if asked.owner else self._person(org, system)
        via = told.thing.subject if told is not None and told.org == org else ""
        if not steps:
            return Answer(org, person, via)
        shown = found[: found.index(told) + 1] if told is not None else found
        rivals = _rivals(told, found) if told is not None else ()
        way = (*_claimed(shown), *rivals, *self._units(org), *self._duties(org, system), _acting(person))
        return Answer(org, person, via, steps=way)

    def _claims(self, asked: Asked) -> Iterator[Found]:
        own = self.register.get(asked.kind, asked.key)
        if own is not None and asked.kind not in {Kind.IP, Kind.WEBSITE, Kind.NETWORK}:
            system = asked.key if asked.kind is Kind.SYSTEM else own.text("system")
            yield Found("own", own, self.register.org_of(own), system)
            return
        if asked.kind is Kind.WEBSITE:
            yield from self.claims.website(asked.key)
        if asked.kind is Kind.NETWORK and own is not None:
            yield Found("network", own, self.register.org_of(own), own.text("system"))
        elif asked.places:
            yield from self.claims.around(asked.places[0], asked.port)

    def _person(self, org: str, system: str) -> Person:
        if (org, system) not in self._persons:
            self._persons[org, system] = next(self._persons_of(org, system), Person())
        return self._persons[org, system]

    def _persons_of(self, org: str, system: str) -> Iterator[Person]:
        declared = self.register.get(Kind.SYSTEM, system) if system else None
        facts = declared.payload.get("facts") if declared is not None else None
        if isinstance(facts, Mapping) and facts.get("owner"):
            yield Person(str(facts["owner"]), str(facts.get("owner.phone") or ""), "system", org)
        yield from (self._dutiful(each) for each in self._of_system.get(system, ()) if each.org_id == org)
        for unit in self.register.above(org):
            yield from map(self._dutiful, self._of_unit.get(unit, ()))
            found = self.register.get(ORGANISATION, unit)
            if found is not None and found.text("contact"):
                yield Person(found.text("contact"), found.text("phone"), "contact", unit)

    def _dutiful(self, row: Record) -> Person:
        fields = {name: str(row.fields.get(name) or "") for name in ("person", "phone", "role", "letter")}
        late = bool(row.valid_until) and row.valid_until < self.today
        return Person(fields["person"], fields["phone"], fields["role"], row.org_id, fields["letter"],
                      row.valid_until, late)  # fmt: skip

    def _escalation(self, asked: Asked, system: str) -> tuple[str, str]:
        """Whom to ask where nobody is declared: the system's authority, the unit next door, the top authority."""
        rows = sorted(self._of_system.get(system, ()), key=lambda each: each.fields.get("role") != "competent")
        for each in rows:
            return each.org_id, say(f"所属系统 {system} 的{role(each)}", f"{role(each)} of its system {system}")
        for place in asked.places:
            near = self.claims.beside(place, WIDEST[place in _FOUR])
            if near is not None:
                return near.org, say(
                    f"相邻网段 {near.thing.subject} 的单位", f"unit of the network beside it, {near.thing.subject}"
                )
        top = [
            unit
            for unit, rows in sorted(self._of_unit.items())
            if any(r.fields.get("role") == "competent" for r in rows)
        ]
        roots = [unit for unit in top if self.register.above(unit)[1:] == []] or top
        if roots:
            return roots[0], say("登记的主管单位", "the declared competent authority")
        return "", ""

    def _told(self, unit: str, why: str) -> Iterator[Step]:
        if unit:
            yield Step("escalation", f"{ORGANISATION}:{unit}", say(f"上报：{why}", f"ask: {why}"), unit)
        else:
            text = say("没有可上报的单位：先登记单位与网段", "nobody to ask: declare units and networks first")
            yield Step("escalation", "", text)

    def _units(self, org: str) -> Iterator[Step]:
        for place, unit in enumerate(self.register.above(org)):
            found = self.register.get(ORGANISATION, unit)
            if found is not None:
                contact = " ".join(filter(None, (found.text("contact"), found.text("phone"))))
                text = say(f"联系人 {contact}", f"contact {contact}") if contact else say("没有联系人", "no contact")
                yield Step("unit" if not place else "above", found.subject, text, unit, found.seq)

    def _duties(self, org: str, system: str) -> Iterator[Step]:
        rows = [*self._of_system.get(system, ())]
        for unit in self.register.above(org):
            rows += self._of_unit.get(unit, ())
        for each in rows:
            person = self._dutiful(each)
            until = say(f"责任书至 {person.valid_until}", f"letter until {person.valid_until}")
            late = say("已过期", "run out") if person.late else ""
            words = [role(each), person.name, person.phone, until if person.valid_until else "", late]
            yield Step("duty", each.subject, " ".join(filter(None, words)), each.org_id, each.seq)


def role(row: Record) -> str:
    """A duty's role as people read it."""
    column = registers()["duty"].column("role")
    word = str(row.fields.get("role") or "")
    return next((each.title for each in column.choices if each.value == word), word) if column is not None else word


def _claimed(found: Sequence[Found]) -> Iterator[Step]:
    for each in found:
        own = each.thing.text("org")
        if each.org and each.org == own:
            text = say(f"登记的单位是 {each.org}", f"names the unit {each.org}")
        elif each.org:
            text = say(f"未写单位，属系统 {each.system}，由系统的单位 {each.org} 负责",
                       f"names no unit; its system {each.system} is of {each.org}")  # fmt: skip
        elif own:
            text = say(f"登记的单位 {own} 已撤销", f"its unit {own} was dissolved")
        else:
            text = say("没有写单位", "names no unit")
        yield Step(each.level, each.thing.subject, text, each.org, each.thing.seq)


def _rivals(told: Found, found: Sequence[Found]) -> Iterator[Step]:
    """Declarations as narrow as the one that counts which name another unit."""
    for each in found[found.index(told) + 1 :]:
        if (each.level, each.size) == (told.level, told.size) and each.org and each.org != told.org:
            text = say(f"登记的单位却是 {each.org}：与 {told.thing.subject} 矛盾，以后者为准",
                       f"names {each.org} instead, against {told.thing.subject}, which stands")  # fmt: skip
            yield Step("contradiction", each.thing.subject, text, each.org, each.thing.seq)


def _nobody(asked: Asked) -> Step:
    return Step("nobody", asked.key, say("没有登记责任单位", "no unit is declared to answer"))


def _acting(person: Person) -> Step:
    if not person.name:
        return Step("nobody", "", say("单位没有登记责任人、联系人", "the unit declares no person to act"))
    told = " ".join(filter(None, (person.name, person.phone)))
    zh, en = _WHY[person.role]
    return Step("act", "", say(f"应由 {told} 处理（{zh}）", f"{told} must act ({en})"), person.org)


_WHY: Final = {
    "asset": ("资产负责人", "the asset's owner"), "system": ("系统负责人", "the system's owner"),
    "operator": ("运营单位责任人", "operator's duty"), "builder": ("建设单位责任人", "builder's duty"),
    "competent": ("主管单位责任人", "competent authority's duty"), "regulator": ("监管部门责任人", "regulator's duty"),
    "cii_protector": ("关基保护工作部门责任人", "CII protector's duty"),
    "contact": ("单位联系人", "the unit's contact"),
}  # fmt: skip
