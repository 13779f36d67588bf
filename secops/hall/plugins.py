"""The one lazy table of plugins: name -> "module:attribute", imported when used. Third-party code is not loaded."""

from importlib import import_module
from typing import Any

SINKS: dict[str, str] = {
    "elasticsearch": "secops.deliver.sinks.elasticsearch:ElasticsearchSink",
    "jsonl": "secops.deliver.sinks.jsonl:JsonlSink",
}

REPORT_FORMATS: dict[str, str] = {
    "csv": "secops.deliver.reports.csv:write",
    "docx": "secops.deliver.reports.docx:write",
    "html": "secops.deliver.reports.html:write",
    "jsonl": "secops.deliver.reports.jsonl:write",
    "parquet": "secops.deliver.reports.parquet:write",
    "pdf": "secops.deliver.reports.pdf:write",
    "xlsx": "secops.deliver.reports.xlsx:write",
}

IMPORTERS: dict[str, str] = {
    "nmap": "secops.intake.nmap_xml",
    "masscan": "secops.intake.masscan_json",
    "masscan-list": "secops.intake.masscan_list",
    "zgrab2": "secops.intake.zgrab2",
    "nuclei": "secops.intake.nuclei",
    "httpx": "secops.intake.httpx",
    "naabu": "secops.intake.naabu",
    "zeek": "secops.intake.zeek",
    "suricata": "secops.intake.suricata",
}

ACTIONS: dict[str, str] = {
    "http_marker": "secops.drill.actions.http_marker:HttpMarker",
    "manual": "secops.drill.actions.manual:Manual",
    "scan": "secops.drill.actions.scan:Scan",
}


def load(place: str) -> Any:
    """The object at `module:attribute`, or the module itself."""
    module, _, attribute = place.partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found
