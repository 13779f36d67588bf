"""The same change to every asset a query meets: told first, one transaction, one line in the audit log."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import Decision, DecisionType, Entity, Kind, Skipped
from secops.hall.app import App
from secops.hall.flows.amend import assignments
from secops.hall.flows.ledger_batch import Batch
from secops.hall.flows.ledger_change import Work
from secops.hall.flows.ledger_settle import settle
from secops.hall.flows.ledger_spool import Spool
from secops.hall.flows.queries import read
from secops.intake.declared_sections import Section, by_kind, flatten
from secops.intake.sheet_rows import Read
from secops.store import compile as compiler
from secops.store import decisions, entities
from secops.store.grading import Transaction

KIND: Final = "bulk"
REASON: Final = "inventory bulk"
CAP: Final = 1_000
"""More assets than these are changed only where --yes says so."""
MOST: Final = 200_000
"""What one transaction may hold."""
_PAGE: Final = 2_000


def planned(app: App, query: str, words: Sequence[str], *, who: str, reason: str = "", capped: bool = True) -> Batch:
    """The change to every asset the query meets. `capped`: no more than `CAP` of them. Raises UsageError."""
    begun = app.clock.monotonic()
    kind, parsed = read(app, query, None)
    if kind is Kind.SERVICE:
        raise UsageError(
            "E1388",
            say("端口不能登记，只能改资产", "services are not declared: only assets can be changed"),
            where=query,
        )
    if not words:
        raise UsageError("E1389", say("没有写要改什么", "nothing to change"), hint=say("写作 列名=值", "column=value"))
    condition = compiler.where(parsed, kind, app.clock.now())
    with app.database.read() as connection:
        count = entities.count(connection, kind, condition)
        seen = decisions.last(connection)
    most = CAP if capped else MOST
    if count > most:
        raise UsageError(
            "E1387",
            say(f"查询符合 {count:,} 项，超过 {most:,} 项", f"the query meets {count:,} assets, more than {most:,}"),
            where=query or say("（全部）", "(everything)"),
            hint=say("缩小查询；确实要改这么多，加 --yes", "narrow the query, or add --yes if you mean it")
            if capped
            else say("缩小查询，分几次改", "narrow the query: change them in several goes"),
        )
    spool = Spool()
    try:
        for each in _rows(app, kind, condition, words):
            spool.add(each)
        work = Work(spool, settle(app, spool), who, reason or REASON, named=False)
        about = {"query": query, "change": list(words), "reason": reason}
        return Batch(app, work, KIND, "inventory.bulk", about, seen, whole=MOST, begun=begun)
    except BaseException:
        spool.close()
        raise


def _rows(app: App, kind: Kind | None, condition: object, words: Sequence[str]) -> Iterator[Read | Skipped]:
    after = ""
    while True:
        with app.database.read() as connection:
            found = list(entities.page(connection, kind, condition, after=after, limit=_PAGE))  # type: ignore[arg-type]
            held = _held(app, connection, found)
        for each in found:
            yield _row(each, held.get(f"{each.kind}:{each.key}", {}), words)
        if len(found) < _PAGE:
            return
        after = found[-1].id


def _held(app: App, connection: Transaction, found: Sequence[Entity]) -> dict[str, Mapping[str, object]]:
    subjects = [f"{each.kind}:{each.key}" for each in found]
    logged = decisions.of_subjects(connection, DecisionType.DECLARE, app.site, subjects)
    entries = {subject: each.entry for subject, each in logged.items()}
    return {
        subject: each.payload
        for subject, each in entries.items()
        if isinstance(each, Decision) and not each.payload.get("withdrawn")
    }


def _row(entity: Entity, old: Mapping[str, object], words: Sequence[str]) -> Read | Skipped:
    section: Section = by_kind()[str(entity.kind)]
    where = f"{section.title} {entity.key}"
    try:
        values, cleared = assignments(section, words, old)
        flat = flatten(section, values, lambda name: name)
    except UsageError as error:
        return Skipped(where, error.what)
    except ValueError as error:
        return Skipped(where, str(error))
    return Read(section.name, entity.key, flat, where, cleared)
