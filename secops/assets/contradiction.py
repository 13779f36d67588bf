"""Where what is declared of an asset and what is found of it cannot both be true: names of the fields.

Only what is certain counts: another family of operating system, a product that shares no word, a filing number, serial
or MAC that is another one, a certificate or filing of a unit that is neither the declared one nor above or below it,
an address outside all that its system declares, a zone other than that of the network around it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from secops.assets import draft as drafts
from secops.assets.draft import DECLARE, REGISTER, SHADOWS, Cause, Draft
from secops.assets.record import SOURCE
from secops.assets.register import Register, place_of
from secops.core.model import Kind, Value
from secops.core.names import family, icp_subject, organisation_of, words

FIELD: Final = "register.conflicts"
ADDRESS: Final = "address"
ZONE: Final = "network.zone"
Differ = Callable[[Value, Value], bool]


def contradict(draft: Draft, cause: Cause, register: Register) -> None:
    """Note what of this entity contradicts the register now."""
    if draft.kind is Kind.SERVICE:
        return
    found = _told(draft) if DECLARE in draft.sources else set()
    if draft.kind is Kind.WEBSITE and (draft.org_id or draft.system_id):
        found |= _website(draft, register)
    elif draft.kind is Kind.IP and _zone(draft, register):
        found.add(ZONE)
    if found or FIELD in draft.facts:
        drafts.put(draft, cause, FIELD, tuple(sorted(found)) or None, origin=REGISTER)


def _told(draft: Draft) -> set[str]:
    """Declared facts against the same facts as found."""
    found: set[str] = set()
    hidden = draft.extra.get(SHADOWS)
    shadows = hidden if isinstance(hidden, Mapping) else {}
    for name, differ in _COMPARED.items():
        shown = draft.facts.get(name)
        if shown is None:
            continue
        owner = draft.origin.get(name, "")
        said = shown if owner == DECLARE else shadows.get(DECLARE, {}).get(name)
        seen = None if owner in _PEOPLE else shown
        if seen is None:
            told = [each for each in shadows if each not in _PEOPLE and name in shadows[each]]
            seen = shadows[max(told, key=drafts.rank)][name] if told else None
        if said is not None and seen is not None and differ(said, seen):
            found.add(name)
    return found


def _website(draft: Draft, register: Register) -> set[str]:
    found: set[str] = set()
    org = draft.org_id
    holder = register.org_called(organisation_of(draft.facts.get("tls.subject")))
    if org and holder and not register.related(org, holder):
        found.add("tls.subject")
    numbers = draft.facts.get("http.icp")
    for each in numbers if isinstance(numbers, tuple) else ():
        holder = register.org_filed(icp_subject(str(each)))
        if org and holder and not register.related(org, holder):
            found.add("http.icp")
    place = place_of(draft.facts.get("address"))
    if draft.system_id and place is not None and register.elsewhere(draft.system_id, place):
        found.add(ADDRESS)
    return found


def _zone(draft: Draft, register: Register) -> bool:
    own = register.get(Kind.IP, draft.key)
    place = place_of(draft.key)
    if own is None or place is None or not own.text("zone"):
        return False
    around = register.zone_around(place)
    return bool(around) and around != own.text("zone")


def _texts(value: Value) -> set[str]:
    items = value if isinstance(value, (tuple, list)) else (value,)
    return {"".join(str(each).lower().split()) for each in items}


def _apart(said: Value, seen: Value) -> bool:
    return not _texts(said) & _texts(seen)


def _other_macs(said: Value, seen: Value) -> bool:
    plain = [{re.sub(r"[^0-9a-f]", "", each) for each in _texts(value)} for value in (said, seen)]
    return not plain[0] & plain[1]


def _other_family(said: Value, seen: Value) -> bool:
    one, two = family(str(said)), family(str(seen))
    return bool(one and two) and one != two


def _other_words(said: Value, seen: Value) -> bool:
    one, two = words(str(said)), words(str(seen))
    return bool(one and two) and not one & two


def _other_subjects(said: Value, seen: Value) -> bool:
    one, two = ({icp_subject(each) for each in _texts(value)} for value in (said, seen))
    return not one & two


_COMPARED: Final[Mapping[str, Differ]] = {
    "host.os": _other_family, "host.mac": _other_macs, "device.serial": _apart, "device.vendor": _other_words,
    "service.product": _other_words, "http.icp": _other_subjects, "http.gov_code": _apart,
    "http.police_filing": _apart,
}  # fmt: skip
_PEOPLE: Final = frozenset({DECLARE, SOURCE, REGISTER, drafts.BORN, ""})
"""Sources that nobody saw anything with."""
