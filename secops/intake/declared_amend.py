"""A change to what is declared: some values are set or cleared, the others stay."""

from collections.abc import Collection, Mapping

from secops.core.language import say
from secops.core.model import Skipped
from secops.intake.declared_sections import RELATIONS, Link, Section, Stated, stated


def amended(
    section: Section,
    key: str,
    before: Mapping[str, object] | None,
    flat: Mapping[str, object],
    *,
    cleared: Collection[str] = (),
    where: str = "",
) -> Stated | Skipped:
    """What is stated once these values (read, by column) are set and those cleared; `before` is its payload so far."""
    new = stated(section, key, flat, where)
    payload = dict(before or {}) | {"kind": section.kind}
    payload.pop("withdrawn", None)
    for name, value in new.payload.items():
        old = payload.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            payload[name] = {**old, **value}
        elif name != "relations":
            payload[name] = value
    touched = [RELATIONS[name] for name in (*flat, *cleared) if name in RELATIONS]
    _relate(payload, new.payload.get("relations"), touched)
    for name in cleared:
        _clear(payload, section.slots[name].path)
    for name in section.required:
        if not _given(payload, section.slots[name].path):
            title = section.slots[name].title
            return Skipped(where, say(f"缺少{title}", f"{name} is missing"))
    return Stated(section.kind, key, payload, where, new.refers)


def _relate(payload: dict[str, object], new: object, touched: Collection[Link]) -> None:
    old = payload.get("relations")
    kept = [each for each in old if not any(link.is_of(each) for link in touched)] if isinstance(old, list) else []
    found = sorted([*kept, *(new if isinstance(new, list) else [])])
    if found:
        payload["relations"] = found
    else:
        payload.pop("relations", None)


def _clear(payload: dict[str, object], path: str) -> None:
    group, _, rest = path.partition(".")
    if not rest:
        payload.pop(group, None)
        return
    held = payload.get(group)
    if isinstance(held, Mapping):
        payload[group] = {name: value for name, value in held.items() if name != rest}


def _given(payload: Mapping[str, object], path: str) -> bool:
    group, _, rest = path.partition(".")
    held = payload.get(group)
    return bool(held.get(rest) not in (None, "") if isinstance(held, Mapping) else held) if rest else bool(held)
