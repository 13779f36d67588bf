"""What the inventory files state becomes decisions, and the inventory follows at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from secops.assets.register import Declared, Register
from secops.core.errors import InvalidFile, UsageError
from secops.core.events import Event, Note, Row, Summary
from secops.core.language import say
from secops.core.model import Skipped
from secops.grade import matrix
from secops.hall.app import App
from secops.hall.flows.merge import merge
from secops.hall.flows.statement import in_force, news, record, withdrawals
from secops.hall.workspace import layered
from secops.intake import declared_yaml
from secops.intake.declared_doubts import doubts
from secops.intake.declared_sections import by_kind
from secops.intake.declared_yaml import Stated, refer
from secops.scope.yaml_source import Source

KIND = "declare"
TABLE = "tables/gbt22240-2020.yaml"
REASON = "inventory declare"


def declare(app: App, *, who: str, files: Sequence[Path] | None = None, plan: bool = False) -> Iterator[Event]:
    """Record what the inventory files state now, then merge. With `plan` only what would change is told.

    Without `files` every inventory/*.yaml of the workspace is read, and what is stated no longer is withdrawn (not
    when a row or file had to be left out). Yields `Row("declaration", ...)` per change and ends with a Summary.
    """
    begun = app.clock.monotonic()
    paths = sorted(app.workspace.inventory.glob("*.yaml")) if files is None else list(files)
    if not paths:
        raise UsageError(
            "E1311",
            say("没有登记文件", "no inventory file"),
            where=str(app.workspace.inventory),
            hint=say(
                "参照 inventory/*.yaml.example 写一份 systems.yaml", "write systems.yaml after the .example files"
            ),
        )
    force = in_force(app, reason=REASON)
    others = {name: each.payload for name, each in force.decisions.items() if each.reason != REASON or files}
    rows = list(refer(_read(paths), others, held=force.payloads))
    read = [_levelled(app, row) for row in rows]
    stated = [each for each in read if isinstance(each, Stated)]
    skipped = [each for each in read if isinstance(each, Skipped)]
    warnings = [f"{each.where}: {each.reason}" for each in skipped]
    found = list(news(app, stated, force, who=who, reason=REASON))
    if files is None and not skipped:
        mine = {each for each, said in force.said.items() if not said.payload.get("withdrawn")} & force.decisions.keys()
        found += withdrawals(app, sorted(mine - {each.subject for each in stated}), force, who=who, reason=REASON)
    warnings += _contradictions(app.site, stated)
    for text in warnings:
        yield Note(text, warning=True)
    for each, what in found:
        yield Row("declaration", {"subject": each.subject, "change": what})
    counts: dict[str, int | float] = {"stated": len(stated), "declared": 0, "changed": 0, "withdrawn": 0}
    if found and not plan:
        with app.database.write() as connection:
            counts |= record(connection, found)
    else:
        for _, what in found:
            counts[what] = counts.get(what, 0) + 1
    if not plan:
        for event in merge(app):
            if isinstance(event, Summary):
                counts |= {f"assets_{name}": number for name, number in event.counts.items() if name != "entries"}
            else:
                yield event
    yield Summary(
        run="",
        kind=KIND,
        complete=not skipped,
        counts=counts,
        left_out={say("行未采纳", "rows left out"): len(skipped)} if skipped else {},
        warnings=tuple(warnings),
        duration_ms=round((app.clock.monotonic() - begun) * 1000),
        state="incomplete" if skipped else "done",
    )


def _read(paths: Sequence[Path]) -> Iterator[Stated | Skipped]:
    for path in paths:
        try:
            yield from declared_yaml.read(Source.read(path))
        except InvalidFile as error:
            yield Skipped(error.where or str(path), error.what + (f": {error.why}" if error.why else ""))


def _levelled(app: App, row: Stated | Skipped) -> Stated | Skipped:
    """The row with the levels the matrix gives, so that a replay needs no table."""
    if isinstance(row, Skipped) or not ({"business_information", "system_service"} & row.payload.keys()):
        return row
    path = layered(app.workspace, "rules").get(TABLE)
    if path is None:
        return Skipped(row.where, say(f"缺少定级表 {TABLE}", f"the table {TABLE} is missing"))
    facts = row.payload.get("facts")
    known = dict(facts) if isinstance(facts, Mapping) else {}
    try:
        table = matrix.read(path).table(str(row.payload.get("level_edition") or ""))
        levels = {
            field: matrix.level(table, str(harm["object"]), str(harm["degree"]))
            for name, field in (("business_information", "system.level_s"), ("system_service", "system.level_a"))
            if isinstance(harm := row.payload.get(name), Mapping)
        }
    except InvalidFile as error:
        return Skipped(row.where, error.what + (f" ({error.hint})" if error.hint else ""))
    computed = {"system.level_matrix": max(levels.values()), "system.level_edition": table.edition}
    return replace(row, payload=dict(row.payload) | {"facts": levels | known | computed})


def _contradictions(site: str, stated: Sequence[Stated]) -> list[str]:
    register = Register(site, [Declared(each.subject, each.payload, 1) for each in stated])
    found = register.contradictions()
    for each in stated:
        found += [f"{each.where}: {text}" for text in doubts(by_kind()[each.kind], each.payload)]
    return found
