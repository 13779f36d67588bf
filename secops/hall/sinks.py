"""Which sinks the configuration names, which streams each takes, and how one is opened."""

from difflib import get_close_matches

from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.letter import Route, Stream
from secops.hall.config import Config

STREAMS: dict[str, frozenset[Stream]] = {
    "jsonl": frozenset({Stream.ALERTS}),
    "elasticsearch": frozenset({Stream.ALERTS, Stream.FINDINGS}),
}
"""Sink kind -> the streams grading writes letters of."""


def routes(config: Config) -> tuple[Route, ...]:
    """The sinks of `alert.sinks`, for `store.outbox.enqueue`. Raises UsageError for an unknown one."""
    named = tuple(dict.fromkeys(config.texts("alert.sinks")))
    for name in named:
        if name not in STREAMS:
            near = get_close_matches(name, STREAMS, 1)
            raise UsageError(
                "E6001",
                say(f"未知的告警去向 {name}", f"unknown sink {name}"),
                where=f"alert.sinks ({config.origins['alert.sinks']})",
                hint=say(f"是否想写 {near[0]}？", f"did you mean {near[0]}?") if near else ", ".join(STREAMS),
            )
    return tuple(Route(name, STREAMS[name]) for name in named)
