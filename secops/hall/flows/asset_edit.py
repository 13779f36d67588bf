"""One asset or organisation changed by hand: who, when and why stay in its history."""

from collections.abc import Sequence

from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import Entity
from secops.hall.app import App
from secops.hall.flows.amend import Done, amend, everything
from secops.hall.flows.ledger_import import section_of
from secops.hall.flows.statement import Force, in_force
from secops.intake.declared_sections import Section
from secops.scope.yaml_source import nearest
from secops.store import named

REASON = "inventory edit"
_SEVERAL = 10


def edit(
    app: App, kind: str, word: str, words: Sequence[str], *, who: str, reason: str = "", new: bool = False
) -> Done:
    """Set columns of an asset (`name=value`, `name=` clears, `name+=x`, `name-=x`), known by key, name or id.

    What was found but not declared becomes declared. `new`: one that is not there at all is begun. Raises UsageError.
    """
    section = asset_section(kind)
    return amend(app, section, _key(app, section, word, new=new), words, who=who, reason=reason or REASON)


def asset_section(word: str) -> Section:
    """The section of an asset's or the organisations' kind. Raises UsageError."""
    section = section_of(word)
    if section is None or section.register is not None:
        raise UsageError(
            "E1388",
            say(f"{word[:40] or '空'} 不是资产类别", f"{word[:40]} is no kind of asset"),
            hint=say(
                "类别：system website network host device data ip organisation；专项台账用 secops register set",
                "system website network host device data ip organisation; for registers: secops register set",
            ),
        )
    return section


def _key(app: App, section: Section, word: str, *, new: bool) -> str:
    force = in_force(app)
    key = _canonical(section, word)
    for each in (word, key):
        if f"{section.kind}:{each}" in force.decisions:
            return each
    directory = everything(force)
    named = sorted(directory.keys(section.kind, word))
    if len(named) > 1:
        raise _several(word, named)
    if named:
        return named[0]
    found = _found(app, section, word, key)
    if len(found) > 1:
        raise _several(word, [f"{each.id} {each.key}" for each in found])
    if found:
        return found[0].key
    if not new:
        raise _absent(section, word, force)
    if not key:
        raise UsageError("E1386", say("没有写标识", "no key was given"), hint=say("写出标识", "write its key"))
    return key


def _canonical(section: Section, word: str) -> str:
    """The key as it would be declared; the word itself where it cannot be one."""
    try:
        return str(section.slots[section.key].reader(word))
    except ValueError:
        return word


def _found(app: App, section: Section, word: str, key: str) -> list[Entity]:
    with app.database.read() as connection:
        for each in dict.fromkeys((word, key)):
            known = named.starting(connection, each, _SEVERAL, app.site) if each else []
            if mine := [one for one in known if one.kind == section.kind and one.site == app.site]:
                return mine
    return []


def _several(word: str, found: Sequence[str]) -> UsageError:
    return UsageError(
        "E1313",
        say(f"{word[:80]} 指的不止一个", f"{word[:80]} means more than one"),
        why="; ".join(found[:_SEVERAL]),
        hint=say("写标识", "write its key"),
    )


def _absent(section: Section, word: str, force: Force) -> UsageError:
    mine = [each.partition(":")[2] for each in force.decisions if each.startswith(f"{section.kind}:")]
    known = {each.casefold(): each for each in mine[:5_000]}
    guess = known.get(nearest(word, known), "")
    hint = say("没有的要新登记，加 --new", "add --new to declare one that is not there")
    return UsageError(
        "E1386",
        say(f"台账里没有{section.title} {word[:80]}", f"the inventory has no {section.kind} {word[:80]}"),
        hint=(say(f"是不是 {guess}？", f"did you mean {guess}? ") if guess else "") + hint,
    )
