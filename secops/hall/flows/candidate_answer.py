"""A person answers a candidate system: it is one, and is declared with its members; or it is not, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secops.assets.candidate import Candidate, Member
from secops.core.address import pack
from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import Decision, DecisionType, Kind, Skipped
from secops.hall.app import App
from secops.hall.flows.amend import everything
from secops.hall.flows.candidates import find, one, system_of, title_of
from secops.hall.flows.merge import merge
from secops.hall.flows.statement import Force, in_force, news
from secops.intake.declared_amend import amended
from secops.intake.declared_refer import resolved
from secops.intake.declared_sections import Section, Stated, flatten, sections, value_of
from secops.store import decisions, shared


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The system a candidate became, or joined."""

    code: str
    new: bool
    addresses: tuple[str, ...]
    websites: tuple[str, ...]


def confirm(
    app: App,
    word: str,
    *,
    who: str,
    code: str = "",
    name: str = "",
    org: str = "",
    without: Sequence[str] = (),
    reason: str = "",
) -> Confirmed:
    """Declare the candidate as a system, or add its members to the declared one it joins (or `code` names).

    The two decisions, the answer and the declaration, are logged in one transaction. Raises UsageError.
    """
    found = find(app)
    each = one(found, word)
    code = code or system_of(found, each)
    if not code:
        raise UsageError(
            "E1352",
            say("这是一个新系统，要给它代码", "this is a new system and needs a code"),
            where=each.id,
            hint=say("--code 代码 --name 名称 --org 单位", "--code CODE --name NAME --org UNIT"),
        )
    members = _kept(each, without)
    addresses, websites = _places(app, members)
    force = in_force(app)
    why = reason or say(f"确认候选系统 {each.id}", f"candidate {each.id} confirmed")
    stated, new = _stated(each, force, code=code, name=name, org=org, addresses=addresses, websites=websites)
    left = sorted(member.key for member in each.open if member not in members)
    answer = _answer(app, each, {"answer": "confirmed", "code": code, "without": left}, who=who, reason=why)
    declared = [decision for decision, _ in news(app, [stated], force, who=who, reason=why)]
    with app.database.write() as connection:
        decisions.append(connection, [answer, *declared])
    for _ in merge(app):
        pass
    return Confirmed(code, new, tuple(addresses), tuple(websites))


def reject(app: App, word: str, *, who: str, reason: str) -> Candidate:
    """It is no system: it stays silent until evidence of another kind arrives. Raises UsageError."""
    if not reason.strip():
        raise UsageError("E1353", say("否决要写理由", "a rejection needs a reason"), hint="--reason")
    each = one(find(app), word)
    answer = _answer(app, each, {"answer": "rejected"}, who=who, reason=reason)
    with app.database.write() as connection:
        decisions.append(connection, [answer])
    for _ in merge(app):
        pass
    return each


def _answer(app: App, each: Candidate, more: Mapping[str, object], *, who: str, reason: str) -> Decision:
    """The decision, with all the evidence there was."""
    payload = {
        "members": [member.key for member in each.members], "score": each.score, "kinds": sorted(each.kinds),
        "evidence": [list(mark) for mark in sorted(each.marks)],
        "bonds": [[bond.one, bond.two, bond.sum] for bond in each.bonds], **more,
    }  # fmt: skip
    return Decision(app.site, DecisionType.CANDIDATE, f"candidate:{each.id}", payload, who, app.clock.now(), reason)


def _kept(each: Candidate, without: Sequence[str]) -> list[Member]:
    """The members that are to be the system's. Raises UsageError where a name is none, or none is left."""
    words = set(without)
    if strange := sorted(words - {name for member in each.members for name in (member.key, member.id)}):
        raise UsageError(
            "E1354",
            say(f"{strange[0][:80]} 不是它的成员", f"{strange[0][:80]} is no member of it"),
            where=each.id,
            hint=f"secops inventory candidates show {each.id}",
        )
    kept = [member for member in each.open if not {member.key, member.id} & words]
    if not kept:
        raise UsageError(
            "E1354",
            say("没有剩下成员", "no member is left"),
            where=each.id,
            hint=f"secops inventory candidates reject {each.id} --reason …",
        )
    return kept


def _places(app: App, members: Sequence[Member]) -> tuple[list[str], list[str]]:
    """Addresses and websites to declare: an address whole where every site on it is a member, else the port."""
    ids = {member.id for member in members}
    with app.database.read() as connection:
        there = shared.at_addresses(connection, app.site, {pack(m.address) for m in members if m.address})
    addresses: set[str] = set()
    websites: set[str] = set()
    for member in members:
        port = f"[{member.address}]:{member.port}" if ":" in member.address else f"{member.address}:{member.port}"
        if member.kind is Kind.SERVICE:
            addresses.add(port)
            continue
        websites.add(member.key)
        if not member.address:
            continue
        if set(there.get(member.address, ())) <= ids:
            addresses.add(member.address)
        elif not member.host and member.port:
            addresses.add(port)
    return sorted(each for each in addresses if each.rpartition(":")[0].strip("[]") not in addresses), sorted(websites)


def _stated(
    each: Candidate,
    force: Force,
    *,
    code: str,
    name: str,
    org: str,
    addresses: Sequence[str],
    websites: Sequence[str],
) -> tuple[Stated, bool]:
    """The system as it is to be declared, and whether it is new. Raises UsageError."""
    section = sections()["systems"]
    before = force.decisions.get(f"{Kind.SYSTEM}:{code}")
    old = before.payload if before is not None else None
    units = {member.org for member in each.members if member.org}
    values: dict[str, object] = {
        "addresses": [*_had(section, old, "addresses"), *addresses],
        "websites": [*_had(section, old, "websites"), *websites],
    }
    if name or old is None:
        values["name"] = name or title_of(each)
    if org or (old is None and len(units) == 1):
        values["organisation"] = org or next(iter(units))
    try:
        flat = flatten(section, {key: value for key, value in values.items() if value}, lambda part: part)  # type: ignore[misc]  # plain values of our own
        made = amended(section, code, old, flat)
        if isinstance(made, Skipped):
            raise ValueError(made.reason)  # noqa: TRY004 - told below
        return resolved(made, everything(force)), old is None
    except ValueError as error:
        raise UsageError(
            "E1355",
            say("不能这样登记", "it cannot be declared so"),
            where=code,
            why=str(error),
            hint="secops inventory organisations",
        ) from error


def _had(section: Section, old: Mapping[str, object] | None, name: str) -> list[str]:
    found = value_of(section, old, name) if old is not None else None
    return [str(each) for each in found] if isinstance(found, list) else []
