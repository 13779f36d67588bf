"""Which sinks the configuration names, which streams each takes, and how one is built."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.letter import Route, Stream
from secops.hall.config import Config
from secops.hall.plugins import SINKS, load

if TYPE_CHECKING:
    from secops.deliver.interface import Sink
    from secops.hall.app import App

STREAMS: dict[str, frozenset[Stream]] = {
    "jsonl": frozenset({Stream.ALERTS}),
    "elasticsearch": frozenset({Stream.ALERTS, Stream.FINDINGS}),
}
"""Sink -> the streams grading writes letters of."""


def routes(config: Config) -> tuple[Route, ...]:
    """The sinks of `alert.sinks`, for `store.outbox.enqueue`. Raises UsageError for an unknown one."""
    named = tuple(dict.fromkeys(config.texts("alert.sinks")))
    for name in named:
        if name not in SINKS:
            near = get_close_matches(name, SINKS, 1)
            raise UsageError(
                "E6001",
                say(f"未知的告警去向 {name}", f"unknown sink {name}"),
                where=f"alert.sinks ({config.origins['alert.sinks']})",
                hint=say(f"是否想写 {near[0]}？", f"did you mean {near[0]}?") if near else ", ".join(SINKS),
            )
    return tuple(Route(name, STREAMS[name]) for name in named)


def build(app: "App", name: str) -> "Sink":
    """The sink of this name over the workspace's settings. Raises UsageError where they do not suffice."""
    sink: Sink = _BUILDERS[name](app)
    return sink


def _jsonl(app: "App") -> "Sink":
    sink: Sink = load(SINKS["jsonl"])(app.workspace.alerts)
    return sink


def _elasticsearch(app: "App") -> "Sink":
    from secops.deliver.sinks.elasticsearch import Access

    text = app.config.text
    if not text("elasticsearch.url"):
        raise UsageError(
            "E6105",
            say("没有配置 Elasticsearch 地址", "no Elasticsearch URL is configured"),
            where="elasticsearch.url",
            hint='secops.toml: [elasticsearch] url = "https://127.0.0.1:9200"',
        )
    access = Access(
        text("elasticsearch.url"),
        user=text("elasticsearch.user"),
        password_file=text("elasticsearch.password_file"),
        api_key_file=text("elasticsearch.api_key_file"),
        ca_file=text("elasticsearch.ca_file"),
    )
    sink: Sink = load(SINKS["elasticsearch"])(access)
    return sink


_BUILDERS: dict[str, Callable[["App"], "Sink"]] = {"jsonl": _jsonl, "elasticsearch": _elasticsearch}
