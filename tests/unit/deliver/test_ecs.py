"""A transition becomes one bounded ECS document whatever the facts hold."""

import json

from secops.core.clock import Instant
from secops.core.finding import Finding, Severity, Step, Transition
from secops.core.ids import canonical
from secops.core.model import Entity, Kind, Organisation
from secops.deliver.ecs import RuleText, documents
from secops.deliver.sinks import templates

NOW = Instant(1_750_000_000_000)
RULE = RuleText("tls-expired", "证书已过期", basis=["GB/T 22239-2019 8.1.2.2"], risk="可被冒充", remedy="更换证书")


def made(facts, *, kind=Kind.SERVICE, evidence=None):
    entity = Entity(kind, "s", "198.18.0.1:443/tcp", NOW, NOW, org_id="o1", facts=facts)
    finding = Finding(
        "tls-expired", entity.id, kind, "s", Severity.HIGH, True, NOW, NOW, 2, "d" * 64, evidence or {}, "o1", "sys"
    )
    return documents(Transition(finding, Step.REOPENED, NOW), entity, RULE, Organisation("o1", "s", "省财政厅"), "门户")


def test_the_alert_carries_its_id_and_ecs_fields():
    """The alert's id is the transition's, and address, port, rule and unit stand where ECS has them."""
    alert, finding = made({"address": "198.18.0.1", "port": 443, "tls.not_after": NOW, "tls.version": "TLSv1.2"})
    assert alert["event"]["id"] == finding["event"]["id"] + ":2"
    assert (alert["event"]["kind"], finding["event"]["kind"]) == ("alert", "state")
    assert alert["event"]["action"] == "reopened"
    assert alert["host"]["ip"] == ["198.18.0.1"]
    assert alert["server"] == {"ip": "198.18.0.1", "port": 443}
    assert alert["tls"]["server"]["not_after"] == "2025-06-15T15:06:40.000+00:00"
    assert alert["organization"] == {"id": "o1", "name": "省财政厅"}
    assert alert["rule"]["name"] == "证书已过期"
    assert alert["secops"]["remedy"] == "更换证书"


def test_hostile_facts_are_bounded():
    """Ten thousand certificate names, lone surrogates and years beyond the calendar give a small valid document."""
    names = tuple(f"n{i}.example" * 50 for i in range(10_000))
    alert, _ = made(
        {"tls.names": names, "service.product": "x\udc80" * 5000, "tls.not_after": 10**18},
        evidence={f"f{i}": "v" * 9999 for i in range(500)},
    )
    text = canonical(alert)
    assert len(text.encode()) < 200_000
    assert len(alert["secops"]["evidence"]) == 50
    assert "not_after" not in alert["tls"]["server"]
    assert json.loads(text) == alert


def test_every_field_of_a_full_document_is_mapped():
    """No field of a document is missing from the index mappings: what is written can be searched."""
    facts = {
        "address": "198.18.0.1",
        "port": 1,
        "transport": "tcp",
        "service.name": "http",
        "service.product": "nginx",
        "service.version": "1",
        "host.names": ("h",),
        "host.mac": ("m",),
        "host.os": "Linux",
        "device.type": "router",
        "http.status_code": 200,
        "tls.version": "v",
        "tls.cipher": "c",
        "tls.subject": "s",
        "tls.issuer": "i",
        "tls.not_before": NOW,
        "tls.not_after": NOW,
        "tls.fingerprint": "f",
        "tls.names": ("n",),
    }
    for alert in (*made(facts, evidence={"port": 1}), *made(facts, kind=Kind.WEBSITE)):
        assert not list(_unmapped(alert, templates.mappings().body["template"]["mappings"]["properties"], ""))


def _unmapped(value, properties, place):
    for name, inner in value.items():
        here = properties.get(name)
        if here is None:
            yield place + name
        elif isinstance(inner, dict):
            yield from _unmapped(inner, here.get("properties", {}), f"{place}{name}.")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            for each in inner:
                yield from _unmapped(each, here.get("properties", {}), f"{place}{name}.")
