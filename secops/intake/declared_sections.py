"""What can be declared: for each list of inventory/*.yaml its columns, how each is read, and where it goes.

Spreadsheets and forms use the same sections under their Chinese headings; the registers' sections derive from
`core.registers`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, NamedTuple

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.core.model import Skipped
from secops.core.register import RegisterType, Shape
from secops.core.registers import REGISTERS
from secops.intake import declared_values as read
from secops.intake.declared_assets import ASSETS
from secops.intake.declared_slot import Section, Slot, slot
from secops.scope.yaml_source import Plain, unknown_key

__all__ = [
    "KEY", "RELATIONS", "Link", "Section", "Slot", "Stated", "Where", "by_kind", "flatten", "identity", "rekeyed",
    "row", "sections", "stated", "value_of",
]  # fmt: skip
KEY: Final = "key"
Where = Callable[[str], str]
"""The place of the value of this name in a row; of the row itself for the empty name."""


@dataclass(frozen=True, slots=True)
class Stated:
    """One thing a person states. `payload` is the content of its declare decision."""

    kind: str
    key: str
    payload: Mapping[str, object]
    where: str
    refers: tuple[tuple[str, str], ...] = ()
    """Path in the payload -> kind of what it names."""
    derived: bool = False
    """The key follows from the content."""

    @property
    def subject(self) -> str:
        """What the decision is about."""
        return f"{self.kind}:{self.key}"


_ALSO: Final = {
    "organisation": (
        "单位", "单位名称", "所属单位", "建设单位", "使用单位", "责任部门", "归属单位", "填报单位", "主办单位",
        "主管部门", "主管单位", "业务主管部门", "运营使用单位", "运营单位", "管理单位", "主责单位", "应用单位",
        "使用部门",
    ),
    "system": (
        "系统", "系统名称", "所属系统", "信息系统", "信息系统名称", "应用系统", "应用系统名称", "业务系统名称",
        "定级对象", "定级对象名称", "系统编码", "系统编号", "系统代码", "所属业务系统", "所属信息系统", "关联系统",
    ),
    "supplier": (
        "供应商名称", "承建单位", "外包单位", "服务商", "厂商", "开发商", "开发单位", "技术供应商", "承建厂商",
        "建设厂商", "开发厂商", "乙方", "乙方单位", "服务提供商", "服务单位", "运维单位", "中标单位", "所属公司",
        "所在公司", "公司名称", "公司", "所属企业", "所属供应商",
    ),
    "phone": ("联系方式", "手机号", "手机", "电话", "联系电话"),
    "person": ("负责人", "责任人", "责任人姓名", "经办人"),
    "contact": ("联系人员", "项目负责人", "负责人", "业务联系人"),
    "evidence": ("附件", "证明材料", "佐证", "证明文件", "附件材料"),
    "remark": ("说明", "备注说明"),
}  # fmt: skip
"""Headings that mean the same in every register."""


def _of(register: RegisterType) -> Section:
    slots = {KEY: slot("key", read.text, "台账编号", "key", "记录编号")}
    for each in register.columns:
        path = {"organisation": "org", "system": "system"}.get(each.name, f"fields.{each.name}")
        slots[each.name] = Slot(
            path, read.cell(each), each.zh, each.en, (*each.also, *_ALSO.get(each.name, ())), each.refers,
            many=each.shape is Shape.TEXTS, dated=each.shape is Shape.DATE,
        )  # fmt: skip
    required = tuple(each.name for each in register.columns if each.required)
    return Section(
        register.section, register.id, register.zh, register.en, KEY, slots, required, register.identity, register
    )


@cache
def sections() -> dict[str, Section]:
    """Every section by its name."""
    return {each.name: each for each in (*ASSETS, *map(_of, REGISTERS))}


@cache
def by_kind() -> dict[str, Section]:
    """Every section by the kind of its things."""
    return {each.kind: each for each in sections().values()}


def row(section: Section, values: Mapping[str, Plain], where: Where, *, strict: bool = False) -> Stated | Skipped:
    """The thing a row states. `strict`: its key must be written; otherwise the section's identity may stand in."""
    try:
        flat = flatten(section, values, where)
    except _Refused as refused:
        return refused.skipped
    for name in (section.key, *section.required) if strict and not section.register else section.required:
        if name not in flat:
            title = section.slots[name].title
            return Skipped(where(""), say(f"缺少 {name}（{title}）", f"{name} is missing"))
    given = flat.pop(section.key, None)
    key = given or identity(section, flat)
    if not key:
        names = "、".join((section.key, *section.identity))
        return Skipped(where(""), say(f"缺少标识：{names}", f"no key: one of {names}"))
    return replace(stated(section, str(key), flat, where("")), derived=given is None)


def flatten(section: Section, values: Mapping[str, Plain], where: Where) -> dict[str, object]:
    """The values of a row, read; empty ones left out. Raises ValueError's kin with the place (see `row`)."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        slot = section.slots.get(name)
        if slot is None:
            raise _Refused(_skipped(unknown_key(where(f"={name}"), name, section.slots)))
        if value is None or value == "":
            continue
        try:
            flat[name] = slot.reader(value)
        except ValueError as error:
            raise _Refused(Skipped(where(name), str(error))) from error
    return flat


def identity(section: Section, flat: Mapping[str, object]) -> str:
    """The key of a row that is given none; empty where nothing can stand in."""
    parts = [_word(flat[each]) for each in section.identity if flat.get(each)]
    if section.register is not None:
        return "/".join(parts)[: read.TEXT_MOST]
    return parts[0] if parts else ""


def value_of(section: Section, payload: Mapping[str, object], name: str) -> object:
    """What a payload says under a column; None where it says nothing."""
    if name in RELATIONS:
        found = payload.get("relations")
        return [each[2] for each in found if RELATIONS[name].is_of(each)] if isinstance(found, list) else None
    group, _, rest = section.slots[name].path.partition(".")
    value = payload.get(group)
    return (value.get(rest) if isinstance(value, Mapping) else None) if rest else value


def rekeyed(each: Stated) -> Stated:
    """The thing under the key its content gives, where nobody gave it one: references are keys by now."""
    section = by_kind()[each.kind]
    if not each.derived or section.register is None:
        return each
    flat = {name: value_of(section, each.payload, name) for name in section.identity}
    return replace(each, key=identity(section, flat))


def stated(section: Section, key: str, flat: Mapping[str, object], where: str) -> Stated:
    """The thing with these values."""
    kind = section.kind
    payload: dict[str, object] = {"kind": kind}
    groups: dict[str, dict[str, object]] = {"facts": {}, "fields": {}}
    relations: list[list[str]] = []
    refers = []
    for name, value in flat.items():
        slot = section.slots[name]
        group, _, rest = slot.path.partition(".")
        if name in RELATIONS:
            relations += [RELATIONS[name].to(each) for each in _list(value)]
        elif group in groups:
            groups[group][rest] = value
        else:
            payload[slot.path] = value
        if slot.refers and name not in RELATIONS:
            refers.append((slot.path, slot.refers))
    if kind == "network":
        groups["facts"] |= {"network.cidr": key} | ({"network.zone": flat["zone"]} if "zone" in flat else {})
    if kind == "system":
        groups["facts"]["system.code"] = key
    payload |= {name: found for name, found in groups.items() if found}
    if relations:
        payload["relations"] = sorted(relations)
    return Stated(kind, key, payload, where, tuple(refers))


class Link(NamedTuple):
    """A relation that a column draws: its type, what kind the other end is, and whether it runs from there to here."""

    type: str
    kind: str
    backward: bool = False

    def to(self, key: str) -> list[str]:
        """As it stands in a payload."""
        return [self.type, self.kind, key, *(["backward"] if self.backward else [])]

    def is_of(self, item: Sequence[str]) -> bool:
        """Whether a payload's relation is one of these. Data of old stood as belonging to the system that stores it."""
        old = self.type == "stores" and item[0] == "belongs-to"
        return old or (item[0] == self.type and item[1] == self.kind and (len(item) > 3) is self.backward)


RELATIONS: Final = {
    "depends_on": Link("depends-on", "system"),
    "connects_to": Link("connects-to", "system"),
    "stored_in": Link("stores", "system", backward=True),
    "serves": Link("serves", "system"),
    "runs_on": Link("runs-on", "host"),
}
"""Columns that draw relations. Belonging to a system, resolving and linking are found or follow from other columns."""


class _Refused(ValueError):
    """A row that is left out."""

    def __init__(self, skipped: Skipped) -> None:
        super().__init__(skipped.reason)
        self.skipped = skipped


def _word(value: object) -> str:
    return _word(value[0]) if isinstance(value, (list, tuple)) else str(value)


def _list(value: object) -> Iterable[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _skipped(error: InvalidFile) -> Skipped:
    return Skipped(error.where, error.what + (f" ({error.hint})" if error.hint else ""))
