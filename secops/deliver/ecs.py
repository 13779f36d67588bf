"""Finding transitions as Elastic Common Schema 8 documents. Pure, and bounded whatever the facts hold.

ECS fields where ECS has one, the namespace `secops.*` for the rest. Evidence is a list of field and text, never an open
object: facts of any shape give documents of one mapping. Source: ECS 8.17 field reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from secops.core.clock import Instant, render
from secops.core.fields import Type, by_name
from secops.core.finding import Finding, Severity, Transition
from secops.core.model import Entity, Kind, Organisation

VERSION = "8.17.0"
TEXT = 1024
"""Longest text of a document, in characters."""
_YEAR_9999 = 253_402_300_799_999
"""Certificates may claim later ends than calendars have."""
ITEMS = 50
"""Most members of a list."""

_SCORES = {Severity.INFO: 1, Severity.LOW: 21, Severity.MEDIUM: 47, Severity.HIGH: 73, Severity.CRITICAL: 99}
"""`event.severity`, on the scale Elastic's own detection rules use."""

_PLACES: Mapping[str, str] = {
    "port": "server.port",
    "transport": "network.transport",
    "service.name": "service.type",
    "service.product": "service.name",
    "service.version": "service.version",
    "host.mac": "host.mac",
    "host.os": "host.os.full",
    "device.type": "host.type",
    "http.status_code": "http.response.status_code",
    "tls.version": "tls.version",
    "tls.cipher": "tls.cipher",
    "tls.subject": "tls.server.subject",
    "tls.issuer": "tls.server.issuer",
    "tls.not_before": "tls.server.not_before",
    "tls.not_after": "tls.server.not_after",
    "tls.fingerprint": "tls.server.hash.sha256",
    "tls.names": "tls.server.x509.alternative_names",
}
"""Dictionary field -> ECS field of the same meaning."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a reader of the alert needs of its rule."""

    id: str
    title: str
    description: str = ""
    basis: Sequence[str] = ()
    """Laws and standards it stands on, with clause."""
    risk: str = ""
    remedy: str = ""
    tags: Sequence[str] = ()


def documents(
    transition: Transition,
    entity: Entity,
    rule: RuleText,
    organisation: Organisation | None = None,
    system: str = "",
) -> tuple[dict[str, object], dict[str, object]]:
    """The alert of this transition, and the present state of its finding after it. `system` is a name.

    The alert's `event.id` is the transition's id, the other's the finding's; both are the document ids at the sinks.
    """
    found = transition.finding
    common: dict[str, object] = {
        "@timestamp": _time(transition.at),
        "ecs": {"version": VERSION},
        "message": _cut(f"{rule.title}: {entity.facts.get('name') or entity.key}"),
        "rule": _rule(found, rule),
        "labels": {"site": _cut(found.site), "severity": str(found.severity)},
        "tags": ["secops", *_texts(rule.tags)],
        "secops": _ours(found, entity, rule, system),
    }
    if found.org_id:
        name = organisation.name if organisation else ""
        common["organization"] = _full({"id": _cut(found.org_id), "name": _cut(name)})
    _place_facts(common, entity)
    event = {
        "action": str(transition.step),
        "category": ["vulnerability"],
        "type": ["info"],
        "module": "secops",
        "dataset": "secops.findings",
        "severity": _SCORES[found.severity],
    }
    alert = {**common, "event": {"kind": "alert", "id": transition.id, **event}}
    return alert, {**common, "event": {"kind": "state", "id": found.id, **event}}


def _rule(found: Finding, rule: RuleText) -> dict[str, object]:
    return _full(
        {
            "id": rule.id,
            "name": _cut(rule.title),
            "description": _cut(rule.description),
            "ruleset": "secops",
            "version": found.rule_digest[:16],
            "reference": _cut("; ".join(rule.basis)),
        }
    )


def _ours(found: Finding, entity: Entity, rule: RuleText, system: str) -> dict[str, object]:
    return _full(
        {
            "site": _cut(found.site),
            "severity": str(found.severity),
            "case": found.case,
            "remedy": _cut(rule.remedy),
            "risk": _cut(rule.risk),
            "basis": _texts(rule.basis),
            "system": _full({"id": _cut(found.system_id), "name": _cut(system)}),
            "finding": {
                "id": found.id,
                "number": found.transition,
                "open": found.open,
                "opened_at": _time(found.opened_at),
                "changed_at": _time(found.changed_at),
            },
            "entity": {
                "id": entity.id,
                "kind": str(entity.kind),
                "key": _cut(entity.key),
                "state": str(entity.state),
                "first_seen": _time(entity.first_seen),
                "last_seen": _time(entity.last_seen),
            },
            "evidence": [
                {"field": _cut(name), "value": _plain(name, value)}
                for name, value in sorted(found.evidence.items())[:ITEMS]
            ],
        }
    )


def _place_facts(document: dict[str, object], entity: Entity) -> None:
    facts = entity.facts
    if address := facts.get("address"):
        _put(document, "host.ip", [str(address)])
        if entity.kind is not Kind.IP:
            _put(document, "server.ip", str(address))
    names = facts.get("host.names")
    if isinstance(names, tuple) and names:
        _put(document, "host.name", _cut(str(names[0])))
        _put(document, "server.domain", _cut(str(names[0])))
    if entity.kind is Kind.WEBSITE:
        _put(document, "url.original", _cut(entity.key))
        scheme, _, rest = entity.key.partition("://")
        if rest:
            _put(document, "url.scheme", _cut(scheme))
            _put(document, "url.domain", _cut(rest.partition("/")[0].rpartition(":")[0] or rest.partition("/")[0]))
    for name, place in _PLACES.items():
        value = facts.get(name)
        if value is not None:
            typed = _typed(name, value)
            if typed is not None:
                _put(document, place, typed)


def _put(document: dict[str, object], place: str, value: object) -> None:
    *folders, leaf = place.split(".")
    here = document
    for folder in folders:
        inner = here.setdefault(folder, {})
        if not isinstance(inner, dict):
            return
        here = inner
    here[leaf] = value


def _typed(name: str, value: object) -> object:
    known = by_name().get(name)
    if known is not None and known.type is Type.INSTANT and isinstance(value, int):
        return _time(Instant(value)) if 0 <= value <= _YEAR_9999 else None
    if isinstance(value, (tuple, list, frozenset, set)):
        return [_cut(each) if isinstance(each, str) else each for each in list(value)[:ITEMS]]
    return _cut(value) if isinstance(value, str) else value


def _plain(name: str, value: object) -> str:
    typed = _typed(name, value)
    if isinstance(typed, list):
        return _cut(", ".join(str(each) for each in typed))
    if isinstance(typed, bool):
        return "true" if typed else "false"
    return "" if typed is None else _cut(str(typed))


def _time(instant: Instant) -> str:
    return render(instant, zone=UTC)


def _cut(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


def _texts(values: Sequence[str]) -> list[str]:
    return [_cut(each) for each in list(values)[:ITEMS]]


def _full(values: Mapping[str, object]) -> dict[str, object]:
    """Without what is empty."""
    return {name: value for name, value in values.items() if value not in ("", None, [], {})}
