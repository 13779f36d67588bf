"""What cannot be right in the filings: within a row, between rows, and between filings and the systems they are of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from secops.core.clock import render
from secops.core.language import say
from secops.hall.flows.report_context import Values
from secops.hall.flows.report_register import Row

_NEEDED: Final = (
    ("number", "备案证明编号", "number"), ("filed_on", "备案日期", "date"), ("police", "受理机关", "police organ"),
)  # fmt: skip


def filed(row: Row) -> bool:
    """Whether a row says that the system was filed, not only graded."""
    return bool(row.get("number") or row.get("filed_on"))


def of_filings(filings: Sequence[Row], systems: Mapping[str, Values]) -> dict[str, list[str]]:
    """Key of a filing -> what is wrong with it, in words. `systems`: by code."""
    numbered: dict[str, set[str]] = {}
    for each in filings:
        if each.get("number"):
            numbered.setdefault(str(each["number"]), set()).add(str(each.get("system") or each["key"]))
    for code, values in systems.items():
        if values.get("system.filing_no"):
            numbered.setdefault(str(values["system.filing_no"]), set()).add(code)
    return {
        str(each["key"]): [
            *_alone(each), *_shared(each, numbered), *_against(each, systems.get(str(each.get("system") or "")))
        ]
        for each in filings
    }  # fmt: skip


def of_assessments(values: Values, done: Iterable[str]) -> str:
    """Where the system's own date of the last assessment is another than the latest of the register; else empty."""
    latest, own = max(done, default=""), values.get("system.assessed_on")
    mine = render(own)[:10] if isinstance(own, int) else ""
    if not latest or not mine or latest == mine:
        return ""
    return say(
        f"最近测评日期：系统台账 {mine}，测评台账 {latest}",
        f"last assessed: {mine} by its system, {latest} by the register",
    )


def _alone(row: Row) -> list[str]:
    found: list[str] = []
    begun, until = str(row.get("filed_on") or ""), str(row.get("valid_until") or "")
    if begun and until and begun > until:
        found.append(say(f"备案日期 {begun} 晚于有效期至 {until}", f"filed on {begun}, after it ran out on {until}"))
    lacking = [say(zh, en) for name, zh, en in _NEEDED if not row.get(name)]
    if lacking:
        told = say("、", ", ").join(lacking)
        found.append(say(f"备案信息缺{told}", f"the filing lacks its {told}"))
    level, parts = row.get("level"), [row.get("level_s"), row.get("level_a")]
    known = [each for each in parts if isinstance(each, int)]
    if isinstance(level, int) and len(known) == len(parts) and level != max(known):
        found.append(
            say(
                f"等级 {level} 与 S{parts[0]}A{parts[1]} 不符，应取较高者 {max(known)}（GB/T 22240）",
                f"level {level} is not the higher of S{parts[0]} and A{parts[1]} (GB/T 22240)",
            )
        )
    return found


def _shared(row: Row, numbered: Mapping[str, set[str]]) -> list[str]:
    others = sorted(numbered.get(str(row.get("number") or ""), set()) - {str(row.get("system") or row["key"])})
    if not others:
        return []
    told = say("、", ", ").join(others[:5]) + ("…" if len(others) > 5 else "")
    return [say(f"备案证明编号与 {told} 相同", f"the same number as {told}")]


def _against(row: Row, system: Values | None) -> list[str]:
    """A filing against the declaration of its system."""
    if system is None:
        return [say("业务系统不在册", "its system is not declared")] if row.get("system") else []
    until = system.get("system.filing_valid_until")
    day = render(until)[:10] if isinstance(until, int) else None
    pairs = (
        (say("等级", "level"), row.get("level"), system.get("system.level")),
        (say("责任单位", "unit"), row.get("org.name"), system.get("org.name")),
        (say("备案证明编号", "number"), row.get("number"), system.get("system.filing_no")),
        (say("有效期至", "valid until"), row.get("valid_until"), day),
    )  # fmt: skip
    return [
        say(f"{what}：备案 {mine}，系统台账 {own}", f"{what}: {mine} filed, {own} declared")
        for what, mine, own in pairs
        if mine and own and str(mine) != str(own)
    ]
