"""What every report is built from: what was asked, who may see what, the moment, the store, and the shared joins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from secops.core.clock import Instant, render
from secops.core.errors import Forbidden, UsageError
from secops.core.fields import Field, Sensitivity, Type, by_name
from secops.core.finding import Severity
from secops.core.key_order import place as place_of
from secops.core.language import say
from secops.core.model import Kind, Organisation, State
from secops.core.query import Query, fields_of, steps
from secops.core.standing import BY_PARTS, ON_PAPER, Standing
from secops.deliver.reports import words
from secops.deliver.reports.model import SITE, Cell, Cells, Column, Look, Report, masked, moment
from secops.deliver.reports.spool import Spool
from secops.hall.app import App
from secops.hall.flows import past, queries
from secops.hall.flows.report_sight import Sight
from secops.hall.flows.report_source import Source, every_field
from secops.scope.account import account
from secops.store import findings, organisations, standing, taken_in
from secops.store.grading import Transaction

if TYPE_CHECKING:
    from secops.store.mirror_query import View

PAGE = 500
SITES = 5
"""Sites that a cover names; of more it tells how many."""
_UPON = 100_000
"""Assets with open findings that are kept in memory; of more each page is looked up."""
Values = Mapping[str, Any]
"""Field -> value; a set is a tuple."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is about; a kind of report reads what concerns it."""

    query: str = ""
    """In the search language; empty means everything."""
    severities: tuple[str, ...] = ()
    resolved: bool = False
    """Findings: the resolved ones too."""
    sensitive: bool = False
    """Sensitive fields in the clear: the least role that sees them."""
    unit: str = ""
    """Who made it; the setting `report.unit` where empty."""
    role: str = ""
    who: str = ""
    at: str = ""
    """The day or moment of which it tells; empty for now."""
    start: str = ""
    end: str = ""
    by: str = ""
    """Assets: kind, org or system."""
    within: int = 90
    """Days in which what runs out is told."""
    org: str = ""
    type: str = ""
    """The register of `register`."""
    scope: str = ""
    """Targets: the authorisation each is held against."""
    pictures: bool = False
    list: str = ""
    """Of all the report's lists this one alone, by its name."""


class Context:
    """One report being built, inside one read view of the store."""

    def __init__(self, app: App, connection: Transaction, wanted: Wanted, *, sight: Sight, spool: Spool,
                 at: Instant | None = None, view: "View | None" = None) -> None:  # fmt: skip
        self._view = view
        self.app, self.connection, self.wanted = app, connection, wanted
        self.sight, self.spool, self.at = sight, spool, at
        self.now: Instant = at if at is not None else app.clock.now()
        self.notes: list[str] = []
        """What whoever asks must be told beside the rows."""
        self.graded_at: Instant | None = None
        """When the findings told were judged; None where none are told, or nothing was judged yet."""
        self.masks = False
        """Whether anything sensitive was asked for: it was masked, or shown in the clear."""

    @cached_property
    def text(self) -> str:
        """The query, narrowed to the unit asked for."""
        asked, mine = self.wanted.query, self.mine
        return f"({asked}) {mine}" if asked and mine else asked or mine

    @property
    def mine(self) -> str:
        """The query that holds for all of the unit asked for: at other sites the code is another unit's."""
        return f'org_id="{self.wanted.org}" {self.here}' if self.wanted.org else ""

    @property
    def here(self) -> str:
        """The query that holds for all of the workspace's own site."""
        site = self.app.site.replace("\\", "\\\\").replace('"', '\\"')
        return f'site="{site}"'

    @cached_property
    def units(self) -> dict[str, Organisation]:
        """Every unit of the site by its code."""
        return {each.id: each for each in organisations.every(self.connection, self.app.site)}

    @property
    def own(self) -> frozenset[str]:
        """The workspace's site alone: what the sheets of registers are of."""
        return frozenset({self.app.site})

    @cached_property
    def newest(self) -> Instant:
        """Up to when everything that is told was taken in, decisions too; now for an empty inventory."""
        return self.at if self.at is not None else taken_in.upto(self.connection) or self.now

    @property
    def today(self) -> date:
        """The day of the report, in China."""
        return date.fromisoformat(render(self.now)[:10])

    def days_until(self, instant: int) -> int:
        """Days of the calendar, in China, from today to the day of the instant: none today, below nought when past."""
        return (date.fromisoformat(render(instant)[:10]) - self.today).days

    def unit(self, code: str, site: str = "") -> str:
        """The name of a unit, of another site where one is named."""
        if site in {"", self.app.site}:
            return self.units[code].name if code in self.units else code
        return self._far.get((site, code), code)

    @cached_property
    def _far(self) -> dict[tuple[str, str], str]:
        return {(each.site, each.id): each.name for each in organisations.every(self.connection)}

    def called(self, kind: str, code: str) -> str:
        """The name of a unit, system or data asset; its code where it has none."""
        return self.unit(code) if kind == "organisation" else self._names.get((kind, code), ("", ""))[0] or code

    def unit_of(self, system: str) -> str:
        """The name of the unit that answers for the system of this code; empty where none is known."""
        return self._names.get((Kind.SYSTEM.value, system), ("", ""))[1]

    @cached_property
    def _names(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Kind and code -> name, and name of the unit."""
        found = self.every((Kind.SYSTEM, Kind.DATA), self.here, fields=("name", "org.name"))
        return {
            (kind.value, str(each["key"])): (str(each["name"] or ""), str(each["org.name"] or ""))
            for kind, each in found
        }  # fmt: skip

    def parsed(self, kinds: Sequence[Kind], text: str | None = None) -> list[tuple[Kind, Query]]:
        """The query as each kind understands it; kinds without its fields are left out.

        Raises UsageError if all are, Forbidden where it asks for what the role may not see.
        """
        found: list[tuple[Kind, Query]] = []
        refused: UsageError | None = None
        for kind in kinds:
            try:
                query = past.asked(queries.parse(self.app, self.text if text is None else text, kind), self.at)
            except UsageError as error:
                refused = refused or error
                continue
            self.permit(query)
            found.append((kind, query))
        if refused is not None and not found:
            raise refused
        return found

    def permit(self, query: Query) -> None:
        """Raises Forbidden where the query asks for what the role may not see."""
        hidden = [each for each in _asked(query) if not self.sight.clear(by_name()[each].sensitivity)]
        if hidden:
            raise Forbidden(
                "E6313",
                say("筛选条件用到了该角色看不到的字段", "the filter asks for fields that the role may not see"),
                where=", ".join(sorted(hidden)),
                why=say(f"角色 {self.sight.role}", f"role {self.sight.role}"),
                hint=say("去掉这一条件，或用 --role", "leave it out, or name another --role"),
            )

    @cached_property
    def source(self) -> Source:
        """Where rows come from."""
        return Source(self.app, self.connection, self.now, self.at, self._view)

    def found(self, kind: Kind, query: Query, fields: Sequence[str] | None = None) -> Iterator[Values]:
        """The values of every entity of the kind that the query meets, as they are now or were at the moment asked.

        `fields`: of these only (and id, key, state), where the kind has them.
        """
        mine = every_field(kind)
        rows = self.source.rows(query, kind, mine if fields is None else [each for each in fields if each in mine])
        return map(_as_seen, rows)

    def every(
        self, kinds: Sequence[Kind], text: str | None = None, *, fields: Sequence[str] | None = None
    ) -> Iterator[tuple[Kind, Values]]:
        """The same over several kinds, one after the other; of those that lack the query's fields there is nothing."""
        for kind in kinds:
            try:
                found = self.parsed((kind,), text)
            except UsageError:
                continue
            for _, query in found:
                for values in self.found(kind, query, fields):
                    yield kind, values

    def sorted(self, rows: Iterator[Cells], *, place: int = 0, by: Sequence[int] = ()) -> Iterator[Cells]:
        """The rows by these columns, then by address and text of the key at `place`."""
        return self.spool.ordered(
            rows, lambda row: (*(str(row[each] or "\uffff") for each in by), place_of(str(row[place] or "")))
        )

    def findings_on(self, rows: Iterator[Cells], *, id: int, into: int) -> Iterator[Cells]:
        """The rows with the number of open findings upon each, looked up by pages where they are many."""
        if (every := self._findings) is not None:
            for row in rows:
                yield (*row[:into], every.get(str(row[id]), 0), *row[into + 1 :])
            return
        while page := list(islice(rows, PAGE)):
            upon = findings.open_upon(self.connection, [str(row[id]) for row in page])
            yield from ((*row[:into], upon.get(str(row[id]), 0), *row[into + 1 :]) for row in page)

    @cached_property
    def _findings(self) -> dict[str, int] | None:
        return findings.every_open_upon(self.connection, _UPON)

    def cell(self, field: Field, value: object) -> Cell:
        """A value of a field as a cell, masked where the role may not see it."""
        if value is None:
            return None
        if field.sensitivity is Sensitivity.SENSITIVE:
            self.masks = True
        if not self.sight.clear(field.sensitivity):
            return masked(plain(field, value))
        if isinstance(value, (bool, int, float)):
            return value
        return plain(field, value)

    def state(self, id: str, state: str) -> str:
        """The state in words: a system, or a machine that is only declared, is in use while a part of it is."""
        kind = id.partition("-")[0]
        if state == State.DECLARED.value and kind in ON_PAPER:
            return say("已登记", "declared")
        if state == State.DECLARED.value and kind in BY_PARTS:
            state = self._by_parts.get(id, state)
        return words.state(State(state))

    @cached_property
    def _by_parts(self) -> dict[str, str]:
        return {id: each.value for each in (State.STALE, State.ACTIVE) for id in standing.living(self.connection, each)}

    def person(self, value: object) -> Cell:
        """A name or number of a person as a cell, masked where the role may not see it."""
        if not value:
            return None
        self.masks = True
        return str(value) if self.sight.clear(Sensitivity.SENSITIVE) else masked(str(value))

    def cells(self, fields: Sequence[Field], values: Values) -> tuple[Cell, ...]:
        """The cells of these fields."""
        return tuple(self.cell(each, values.get(each.name)) for each in fields)

    def cells_of(self, field: Field, values: Sequence[object], parted: str) -> Sequence[Cell]:
        """The cells of one field of many rows, as `cell` gives each; sets come as text, parted so."""
        known = any(each is not None for each in values)
        if known and field.sensitivity is Sensitivity.SENSITIVE:
            self.masks = True
        if not known or (self.sight.clear(field.sensitivity) and field.name not in _WORDED):
            return values  # type: ignore[return-value]  # a value of a field that is no set is a cell
        if field.name == "register.conflicts":
            values = [tuple(each.split(parted)) if isinstance(each, str) and each else each for each in values]
        return [self.cell(field, each) for each in values]

    def column(
        self, field: Field, *, brief: bool = True, chart: str = "", scale: Mapping[str, str] = MappingProxyType({})
    ) -> Column:
        """The column of a field."""
        look = _LOOKS.get(field.type, Look.TEXT) if self.sight.clear(field.sensitivity) else Look.TEXT
        return Column(field.name, field.title, look, brief, chart, scale=scale)

    def facts(self, basis: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        """The cover."""
        wanted, mine = self.wanted, account()
        unit = wanted.unit or self.app.config.text("report.unit") or say("（未填写）", "(not given)")
        by = wanted.who or mine
        by += say(f"（系统帐号 {mine}）", f" (account {mine})") if by != mine else ""
        chosen = [wanted.query] if wanted.query else []
        chosen += [", ".join(words.severity(Severity(each)) for each in wanted.severities)] if wanted.severities else []
        chosen += [self.unit(wanted.org)] if wanted.org else []
        seen = say("明文", "in the clear") if self.sight.whole else say("已脱敏", "masked")
        seen += say(f"（角色 {self.sight.role}）", f" (role {self.sight.role})")
        return (
            (say("编制单位", "unit"), unit),
            (say("导出人", "exported by"), by),
            (say("导出时间", "exported at"), moment(self.app.clock.now())),
            (say("范围", "coverage"), sites_told((self.app.site,))),
            *([(say("依据", "basis"), basis)] if basis else []),
            (say("数据时间", "data as of"), render(self.newest)[:23].replace("T", " ")),
            *more,
            (say("筛选条件", "filter"), " / ".join(chosen) or say("全部", "all")),
            (say("敏感字段", "sensitive fields"), seen),
        )


def _as_seen(values: Values) -> Values:
    """What was declared and never seen has no day on which it was: not when it was declared."""
    return {**values, **NEVER} if values["state"] == State.DECLARED.value else values


NEVER = {"first_seen": None, "last_seen": None}
"""The days of what was never seen."""
_STATUS = {"in_use": ("在用", "in use"), "planned": ("在建", "planned"), "offline": ("停用", "out of use")}
_DEVICE = frozenset({"device.type", "service.device_type"})
_WORDED = frozenset({"register.standing", "register.status", "register.conflicts"}) | _DEVICE
"""Fields whose values are told in words of their own."""
_LOOKS = {Type.INSTANT: Look.TIME, Type.INTEGER: Look.NUMBER, Type.BOOLEAN: Look.FLAG}


def plain(field: Field, value: object) -> str:
    """A value of a field as text, in the reader's words."""
    if field.name == "register.standing" and value in set(Standing):
        return Standing(str(value)).shown
    if field.name in _DEVICE and isinstance(value, str):
        return words.device(value)
    if field.name == "register.status" and value in _STATUS:
        return say(*_STATUS[str(value)])
    if field.name == "register.conflicts" and isinstance(value, tuple):
        return say("、", ", ").join(by_name()[each].title if each in by_name() else each for each in value)
    if field.type is Type.INSTANT and isinstance(value, int):
        return moment(value).removesuffix(" 00:00")
    if isinstance(value, (tuple, list)):
        return say("、", ", ").join(str(each) for each in value)
    return words.yes(value) if isinstance(value, bool) else str(value)


def _asked(query: Query) -> Iterator[str]:
    """Every field the query asks for, behind its steps too."""
    yield from fields_of(query)
    for each in steps(query):
        yield from _asked(each.item)


def sites_told(sites: Sequence[str]) -> str:
    """The first of these sites, and how many there are."""
    named = say("、", ", ").join(sites[:SITES])
    if len(sites) > SITES:
        return say(f"站点 {named} 等 {len(sites)} 个站点", f"sites {named} and others, {len(sites)} in all")
    return say(f"站点 {named}", f"site{'s' if len(sites) > 1 else ''} {named}")


def placed(report: Report) -> Report:
    """The counted report with the sites on its cover that its rows are of."""
    if not report.sites:
        return report
    label = say("范围", "coverage")
    return replace(
        report, facts=[(name, sites_told(report.sites) if name == label else told) for name, told in report.facts]
    )


def site_column() -> Column:
    """The site of a row, told to people where rows are of several."""
    return Column(SITE, by_name()[SITE].title, varied=True)


def numbered(rows: Iterator[Cells]) -> Iterator[Cells]:
    """The rows with their number before them."""
    for number, row in enumerate(rows, 1):
        yield (number, *row)


def number_column() -> Column:
    """The first column of a list."""
    return Column("row", say("序号", "no."), Look.NUMBER)
