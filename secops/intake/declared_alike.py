"""Systems of one name and one unit: most likely one system under two codes, which a person must settle."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from secops.core.language import say
from secops.core.model import Kind
from secops.core.standing import OFFLINE
from secops.intake.declared_sections import by_kind, value_of
from secops.scope.yaml_source import visible


@dataclass(frozen=True, slots=True)
class Called:
    """What a system is called, whose it is and whether it is still in use; empty where nothing says so."""

    name: str = ""
    org: str = ""
    status: str = ""

    @property
    def pair(self) -> tuple[str, str] | None:
        """Name and unit; None where one is unknown or the system is out of use: it may have a successor."""
        return (self.name, self.org) if self.name and self.org and self.status != OFFLINE else None


@dataclass(slots=True)
class Alike:
    """What is stated of systems, as far as two may be one."""

    systems: dict[str, Called] = field(default_factory=dict)
    """By code."""

    def note(self, code: str, payload: Mapping[str, object]) -> None:
        """A system as it is stated, its unit as key; where it says nothing, what was said before stands."""
        section, had = by_kind()[Kind.SYSTEM], self.systems.get(code, Called())
        name, org, status = (str(value_of(section, payload, each) or "") for each in ("name", "organisation", "status"))
        self.systems[code] = Called(name or had.name, org or had.org, status or had.status)

    def twins(self, before: Mapping[str, Called], among: Collection[str]) -> dict[str, list[str]]:
        """Code of each of these systems -> the others of its name and unit.

        `before`: what is in force; a system that stands there under this name and unit already is none of them.
        """
        found: dict[tuple[str, str], list[str]] = {}
        for code, each in self.systems.items():
            if each.pair is not None:
                found.setdefault(each.pair, []).append(code)
        return {
            code: sorted(set(codes) - {code})
            for pair, codes in found.items()
            if len(codes) > 1
            for code in codes
            if code in among and before.get(code, Called()).pair != pair
        }


def why_not(name: str, unit: str, others: Collection[str], where: Mapping[str, str]) -> str:
    """Why a system is not taken. `where`: the place of each of the others that is stated beside it."""
    told = "、".join(
        visible(each) + (say(f"（{where[each]}）", f" ({where[each]})") if each in where else "")
        for each in list(others)[:3]
    )
    return say(
        f"{visible(unit)} 还有一个系统也叫 {visible(name)}，编号 {told}：同一个系统只用一个编号；"
        "确是两个，名称要分得开；旧的已停用，先把它的使用状态改为停用",
        f"{visible(unit)} has another system called {visible(name)}, code {told}: one system has one code; of two the "
        "names must differ; is the old one out of use, set its status to offline first",
    )
