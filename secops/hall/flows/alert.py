"""Alerts: what waits, what arrived, what is dead; and the pump, of which only one runs at a time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from secops.core.clock import render
from secops.core.errors import UsageError
from secops.core.events import Event, Note, Progress, Summary
from secops.core.finding import Severity
from secops.core.ids import derive
from secops.core.language import say
from secops.core.letter import LetterState, Stream
from secops.deliver.interface import Sink
from secops.deliver.pump import Pace, Sent, pump
from secops.hall.app import App
from secops.hall.sinks import build, routes
from secops.store import outbox
from secops.store.outbox import Wanted

_PACE = Pace()
_CHOICES = {
    "severities": [str(each) for each in Severity],
    "states": [str(each) for each in LetterState],
    "streams": [str(each) for each in Stream],
}


def wanted(**chosen: tuple[str, ...]) -> Wanted:
    """A filter over letters; keys are those of `store.outbox.Wanted`. Raises UsageError for an unknown word."""
    for name, values in chosen.items():
        for value in values:
            if name in _CHOICES and value not in _CHOICES[name]:
                raise UsageError(
                    "E6002",
                    say(f"不认识的取值 {value}", f"unknown value {value}"),
                    hint=", ".join(_CHOICES[name]),
                )
    return Wanted(**chosen)


def listed(app: App, which: Wanted, *, limit: int = 0) -> Iterator[Mapping[str, object]]:
    """Matching letters in queue order, each with where it stands at its sink."""
    with app.database.read() as connection:
        for row in outbox.entries(connection, which, limit=limit):
            due = row["due"]
            yield {
                "seq": row["seq"],
                "sink": row["sink"],
                "stream": row["stream"],
                "id": row["id"],
                "state": row["state"],
                "severity": row["severity"],
                "step": row["step"],
                "rule": row["rule"],
                "entity": row["entity"],
                "org_id": row["org_id"],
                "at": _time(row["at"]),
                "attempts": row["attempts"],
                "due": _time(due) if due else None,
                "settled_at": _time(row["settled_at"]),
                "reason": row["reason"],
            }


def retry(app: App, which: Wanted) -> int:
    """Queue matching dead letters again and let those held back go at once; gives how many."""
    with app.workspace.lock("alert"), app.database.write() as connection:
        return outbox.revive(connection, which) + outbox.hasten(connection, which)


@dataclass(slots=True)
class _Tally:
    delivered: int = 0
    dead: int = 0
    retried: int = 0
    unknown: int = 0
    moved: float = 0.0
    """When something last went through, in monotonic seconds."""

    def add(self, sent: Sent, now: float) -> None:
        if sent.delivered or sent.dead:
            self.moved = now
        self.delivered += sent.delivered
        self.dead += sent.dead
        self.retried += sent.retried
        self.unknown += sent.unknown


def push(
    app: App,
    *,
    only: tuple[str, ...] = (),
    wait: float = 30.0,
    stop: Callable[[], bool] = lambda: False,
    pace: Pace = _PACE,
) -> Iterator[Event]:
    """Send what waits to the configured sinks, trying again for at most `wait` seconds after the last success.

    The summary is incomplete while letters wait. Raises Locked when another pump is running, UsageError for settings.
    """
    begun = app.clock.monotonic()
    tally = _Tally()
    warnings: list[str] = []
    with app.workspace.lock("alert"):
        names = _names(app, only)
        sinks = [build(app, name) for name in names]
        try:
            yield from _pumped(app, sinks, tally, warnings, wait=wait, stop=stop, pace=pace)
        finally:
            for sink in sinks:
                sink.close()
        box = outbox.StoredOutbox(app.database)
        backlog = {name: count for name in names if (count := box.waiting(name))}
    yield _summary(app, tally, backlog, warnings, round((app.clock.monotonic() - begun) * 1000), stopped=stop())


def _pumped(
    app: App,
    sinks: list[Sink],
    tally: _Tally,
    warnings: list[str],
    *,
    wait: float,
    stop: Callable[[], bool],
    pace: Pace,
) -> Iterator[Event]:
    box = outbox.StoredOutbox(app.database)
    total = sum(box.waiting(sink.name) for sink in sinks)
    begun = tally.moved = app.clock.monotonic()

    for sent in pump(box, sinks, app.clock, pace=pace, stop=stop, until=lambda: tally.moved + wait):
        now = app.clock.monotonic()
        tally.add(sent, now)
        done = tally.delivered + tally.dead
        yield Progress(say("推送", "push"), done, total, say("条", "letters"), done / max(now - begun, 0.001))
        for remark in sent.remarks:
            yield Note(f"{sent.sink}: {remark}")
        if sent.reason and f"{sent.sink}: {sent.reason}" not in warnings and len(warnings) < 20:
            warnings.append(f"{sent.sink}: {sent.reason}")
            yield Note(warnings[-1], warning=True)


def _names(app: App, only: tuple[str, ...]) -> list[str]:
    names = [route.sink for route in routes(app.config)]
    for name in only:
        if name not in names:
            raise UsageError(
                "E6001",
                say(f"未配置的告警去向 {name}", f"sink {name} is not configured"),
                where=f"alert.sinks ({app.config.origins['alert.sinks']})",
                hint=", ".join(names),
            )
    return [name for name in names if not only or name in only]


def _summary(
    app: App, tally: _Tally, backlog: Mapping[str, int], warnings: list[str], duration: int, *, stopped: bool
) -> Summary:
    left = {say(f"{name} 未送达，仍在队列", f"{name}: still queued"): count for name, count in backlog.items()}
    if tally.dead:
        left[say("不可投递，见 alert dead", "dead, see alert dead")] = tally.dead
    state = "done" if not backlog else "interrupted" if stopped else "incomplete"
    return Summary(
        run=derive("push", app.site, int(app.clock.now())),
        kind="alert",
        complete=not backlog,
        counts={
            "delivered": tally.delivered,
            "dead": tally.dead,
            "retried": tally.retried,
            "unknown": tally.unknown,
            "backlog": sum(backlog.values()),
        },
        left_out=left,
        warnings=tuple(warnings),
        duration_ms=duration,
        state=state,
    )


def _time(value: object) -> str | None:
    return render(value) if isinstance(value, int) else None
