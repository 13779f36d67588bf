"""What the registers' rows of a system leave undone: access to take back, applications to file, papers to renew.

Days are kept, not ages, so that nothing here depends on when it is asked.
"""

from collections.abc import Iterable
from typing import Final

from secops.core.clock import parse
from secops.core.model import Value
from secops.core.record import Record

_FILED_FORMS: Final = frozenset({"app", "mini_program", "quick_app"})
"""国办函〔2026〕12号 speaks of APP, 小程序 and 快应用, not of accounts."""
_NEWEST_OF: Final = {"certification": "type", "duty": "role", "crypto": "", "interface": ""}
"""Rows that run out, and the column of which only the newest row counts (none: each row by itself)."""


def outstanding(system: str, rows: Iterable[Record]) -> dict[str, Value]:
    """The facts that these rows tell of the system with this code."""
    found = list(rows)
    facts: dict[str, Value] = {}
    covered = {each.key for each in found if each.type == "contract" and system in texts(each.fields.get("systems"))}
    due = [day for each in found if each.type == "staff" and _has_access(each, system, covered) if (day := _left(each))]
    if due:
        facts["system.access_left_on"] = int(parse(min(due)))
    mine = [each for each in found if each.system == system]
    unfiled = {str(each.fields.get("name")) for each in mine if each.type == "app" and _unfiled(each)}
    if unfiled:
        facts["system.apps_unfiled"] = tuple(sorted(unfiled))
    if ends := list(_ends(mine).values()):
        facts["system.records_expire_on"] = int(parse(min(ends)))
    return facts


def _has_access(staff: Record, system: str, covered: Iterable[str]) -> bool:
    """Whether this person can reach the system: named so, else by the contract they work under."""
    named = texts(staff.fields.get("systems"))
    return system in named if named else str(staff.fields.get("contract") or "") in covered


def _left(staff: Record) -> str:
    """The day on which access was to be taken back and is not said to be; empty where none is due."""
    if staff.fields.get("access_revoked") is True:
        return ""
    days = [str(day) for name in ("off_date", "access_until") if (day := staff.fields.get(name))]
    return min(days, default="")


def _unfiled(app: Record) -> bool:
    fields = app.fields
    return fields.get("form") in _FILED_FORMS and not fields.get("filing_no") and not fields.get("offline_on")


def _ends(rows: Iterable[Record]) -> dict[tuple[str, str], str]:
    """The last day of each row that counts."""
    ends: dict[tuple[str, str], str] = {}
    for each in rows:
        if each.valid_until and (column := _NEWEST_OF.get(each.type)) is not None:
            group = each.type, str(each.fields.get(column)) if column else each.key
            ends[group] = max(ends.get(group, ""), each.valid_until)
    return ends


def texts(value: object) -> tuple[str, ...]:
    """A cell that holds a set."""
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()
