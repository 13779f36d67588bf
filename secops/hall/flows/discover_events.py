"""Events of a run, read from what its observations changed: in its stream while it runs, and ever after."""

from collections.abc import Iterator, Mapping

from secops.assets.event import Class, Happening, happenings
from secops.core.clock import render
from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import Change, Entity, Kind
from secops.hall.app import App
from secops.store import changes, entities, runs

_STRETCH = 20_000
"""Changes classed together."""


def since(app: App, run: str, seq: int) -> Iterator[Mapping[str, object]]:
    """The events of this run from behind this place of the log, as records."""
    with app.database.read() as connection:
        stretch: list[Change] = []
        for each in changes.between(connection, after_seq=seq, run=run):
            if len(stretch) >= _STRETCH and each.seq != stretch[-1].seq:
                yield from _told(app, run, stretch)
                stretch = []
            stretch.append(each)
    yield from _told(app, run, stretch)


def of_run(app: App, run: str, class_: str = "") -> Iterator[Mapping[str, object]]:
    """The events of one run (the latest where none is named). Raises UsageError."""
    if class_ and class_ not in list(Class):
        raise UsageError("E1435", say(f"没有这类事件：{class_}", f"no such class: {class_}"), hint=", ".join(Class))
    with app.database.read() as connection:
        latest = runs.latest(connection, 50)
        found = runs.get(connection, run) if run else next((each for each in latest if each.kind == "discover"), None)
    if found is None:
        raise UsageError("E1404", say(f"没有这个任务：{run}", f"no such run: {run}"), hint="secops discover status")
    return (each for each in since(app, found.id, 0) if not class_ or each["class"] == class_)


def _told(app: App, run: str, stretch: list[Change]) -> Iterator[Mapping[str, object]]:
    if not stretch:
        return
    with app.database.read() as connection:
        known = entities.by_ids(connection, {each.entity for each in stretch})
    for each in happenings(stretch, {id: entity.parent for id, entity in known.items()}):
        yield _record(run, each, known.get(each.entity))


def _record(run: str, each: Happening, entity: Entity | None) -> dict[str, object]:
    facts = entity.facts if entity is not None else {}
    return {
        "class": str(each.class_),
        "run": run,
        "kind": str(each.kind),
        "id": each.entity,
        "key": entity.key if entity is not None else "",
        "address": facts.get("address", ""),
        "port": facts.get("port") if each.kind is Kind.SERVICE else None,
        "service": facts.get("service.name", ""),
        "at": render(each.at),
        "changes": {name: list(pair) for name, pair in each.fields.items()},
    }
