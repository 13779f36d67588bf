"""What is installed in Elasticsearch before the first document: mappings, index templates, the life-cycle policy.

Pure: requests as data, kept as golden files. Everything is versioned and put only where the server has an older one.
`dynamic: false` keeps unforeseen fields in the source without giving them a mapping: no field explosion.
"""

from collections.abc import Mapping
from dataclasses import dataclass

STREAM = "secops-alerts-default"
FINDINGS = "secops-findings"
POLICY = "secops-alerts"
MAPPINGS = "secops-mappings"
EDITION = 1
"""Raised with every change below."""

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing to install: where it is put, and its content."""

    path: str
    body: Body


def policy() -> Piece:
    """Roll over monthly or at 50 GB; nothing is ever deleted (how long to keep is for its owner to decide)."""
    rollover = {"rollover": {"max_age": "30d", "max_primary_shard_size": "50gb"}}
    body = {"policy": {"phases": {"hot": {"actions": rollover}}, "_meta": _meta()}}
    return Piece(f"/_ilm/policy/{POLICY}", body)


def mappings() -> Piece:
    """The component template every index of ours is composed of."""
    template = {"mappings": {"dynamic": False, "properties": _properties()}}
    return Piece(f"/_component_template/{MAPPINGS}", {"version": EDITION, "_meta": _meta(), "template": template})


def indices(*, with_policy: bool) -> tuple[Piece, ...]:
    """The index templates: the data stream of alerts and the plain index of present states."""
    settings: dict[str, object] = {"index.auto_expand_replicas": "0-1"}
    rolled = settings | ({"index.lifecycle.name": POLICY} if with_policy else {})
    return (
        _template("secops-alerts", ["secops-alerts-*"], rolled, {"data_stream": {}}),
        _template(FINDINGS, [FINDINGS], settings, {}),
    )


def _template(name: str, patterns: list[str], settings: Body, more: Body) -> Piece:
    body = {
        "index_patterns": patterns,
        "priority": 500,
        "version": EDITION,
        "composed_of": [MAPPINGS],
        "template": {"settings": settings},
        "_meta": _meta(),
        **more,
    }
    return Piece(f"/_index_template/{name}", body)


def _meta() -> Body:
    return {"managed_by": "secops", "edition": EDITION}


_KEYWORD: Body = {"type": "keyword", "ignore_above": 1024}
_TEXT: Body = {"type": "text", "fields": {"keyword": _KEYWORD}}
_DATE: Body = {"type": "date"}
_LONG: Body = {"type": "long"}
_IP: Body = {"type": "ip"}
_BOOLEAN: Body = {"type": "boolean"}

_FIELDS: Mapping[str, Body] = {
    "@timestamp": _DATE,
    "ecs.version": _KEYWORD,
    "event.action": _KEYWORD,
    "event.category": _KEYWORD,
    "event.dataset": _KEYWORD,
    "event.id": _KEYWORD,
    "event.kind": _KEYWORD,
    "event.module": _KEYWORD,
    "event.severity": _LONG,
    "event.type": _KEYWORD,
    "host.ip": _IP,
    "host.mac": _KEYWORD,
    "host.name": _KEYWORD,
    "host.os.full": _KEYWORD,
    "host.type": _KEYWORD,
    "http.response.status_code": _LONG,
    "labels.severity": _KEYWORD,
    "labels.site": _KEYWORD,
    "message": _TEXT,
    "network.transport": _KEYWORD,
    "organization.id": _KEYWORD,
    "organization.name": _KEYWORD,
    "rule.description": _TEXT,
    "rule.id": _KEYWORD,
    "rule.name": _KEYWORD,
    "rule.reference": _KEYWORD,
    "rule.ruleset": _KEYWORD,
    "rule.version": _KEYWORD,
    "secops.basis": _KEYWORD,
    "secops.case": _KEYWORD,
    "secops.entity.first_seen": _DATE,
    "secops.entity.id": _KEYWORD,
    "secops.entity.key": _KEYWORD,
    "secops.entity.kind": _KEYWORD,
    "secops.entity.last_seen": _DATE,
    "secops.entity.state": _KEYWORD,
    "secops.evidence.field": _KEYWORD,
    "secops.evidence.value": _KEYWORD,
    "secops.finding.changed_at": _DATE,
    "secops.finding.id": _KEYWORD,
    "secops.finding.number": _LONG,
    "secops.finding.open": _BOOLEAN,
    "secops.finding.opened_at": _DATE,
    "secops.remedy": _TEXT,
    "secops.risk": _TEXT,
    "secops.severity": _KEYWORD,
    "secops.site": _KEYWORD,
    "secops.system.id": _KEYWORD,
    "secops.system.name": _KEYWORD,
    "server.domain": _KEYWORD,
    "server.ip": _IP,
    "server.port": _LONG,
    "service.name": _KEYWORD,
    "service.type": _KEYWORD,
    "service.version": _KEYWORD,
    "tags": _KEYWORD,
    "tls.cipher": _KEYWORD,
    "tls.server.hash.sha256": _KEYWORD,
    "tls.server.issuer": _KEYWORD,
    "tls.server.not_after": _DATE,
    "tls.server.not_before": _DATE,
    "tls.server.subject": _KEYWORD,
    "tls.server.x509.alternative_names": _KEYWORD,
    "tls.version": _KEYWORD,
    "url.domain": _KEYWORD,
    "url.original": _KEYWORD,
    "url.scheme": _KEYWORD,
}


def _properties() -> dict[str, object]:
    root: dict[str, object] = {}
    for name, body in _FIELDS.items():
        *folders, leaf = name.split(".")
        here = root
        for folder in folders:
            inner = here.setdefault(folder, {"properties": {}})
            assert isinstance(inner, dict)
            here = inner["properties"]
        here[leaf] = body
    return root
