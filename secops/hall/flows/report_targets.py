"""A coordinator's target list: assets of a query with systems, level, who answers, and whether they may be touched."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from secops.core.errors import UsageError
from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import Kind, State
from secops.deliver.reports import words
from secops.deliver.reports.model import Cell, Cells, Column, Look, Report, Rows, Sheet
from secops.hall.flows import responsible
from secops.hall.flows import scope as authorisations
from secops.hall.flows.report_context import Context, Values, number_column, numbered, site_column
from secops.hall.flows.report_graded import graded
from secops.scope import document
from secops.scope.document import Scope

_KINDS: Final = (Kind.SYSTEM, Kind.WEBSITE, Kind.IP, Kind.HOST, Kind.DEVICE)
_FACTS: Final = ("org.contact", "services.ports", "http.server", "host.os", "network.zone", "host.addresses")
_PAPER: Final = frozenset({"services.ports"})
_ANSWERS: Final = ("person", "phone", "via", "escalate")


def build(ctx: Context) -> Report:
    """The list. Raises UsageError, InvalidFile for a scope that cannot be read."""
    allowed, told = _allowed(ctx)
    facts = [ctx.column(by_name()[name], brief=name in _PAPER) for name in _FACTS]
    columns = (
        number_column(), Column("kind", by_name()["kind"].title), Column("key", say("目标", "target")), site_column(),
        Column("name", by_name()["name"].title), Column("org.name", by_name()["org.name"].title,
               chart=say("按责任单位", "by unit")),
        Column("system.name", by_name()["system.name"].title),
        Column("system.grade", by_name()["system.level"].title, Look.NUMBER, chart=say("按等保级别", "by level"),
               scale=words.levels()),
        Column("allowed", say("授权", "authorised"), chart=say("按授权", "by authorisation")),
        Column("state", by_name()["state"].title), Column("person", say("责任人", "who answers")),
        Column("phone", say("责任人电话", "phone")), Column("via", say("责任来源", "known by"), brief=False),
        Column("escalate", say("督办单位", "escalate to"), brief=False), *facts,
        Column("findings", say("问题数", "findings"), Look.NUMBER),
        Column("id", by_name()["id"].title, brief=False),
    )  # fmt: skip
    note = say(
        "系统（未发现的也列）、网站、地址、主机、设备；授权一栏对照 --scope 给出的授权书，系统按其地址；"
        "责任人由责任清单、系统与单位登记逐级得出",
        "systems (those never found too), websites, addresses, hosts, devices; held against the scope of --scope; "
        "who answers is resolved from duties, systems and units",
    )
    sheet = Sheet(say("目标清单", "Targets"), columns, _rows(ctx, allowed), note=note)
    return Report(say("演练目标清单", "Targets"), ctx.facts("", *told, graded(ctx)), [sheet], ctx.newest)


def _allowed(ctx: Context) -> tuple[Callable[[Values], str], tuple[tuple[str, str], ...]]:
    """What is said of an asset's address, and the scope's lines of the cover."""
    if not ctx.wanted.scope:
        return (lambda _: say("未对照", "not compared")), ()
    path = authorisations.find(ctx.app, ctx.wanted.scope)
    scope = document.read(path.read_bytes(), path)
    told = ((say("授权书", "scope"), f"{scope.title} {scope.id}"),)
    inside: dict[str, Counter[bool]] = {}
    for _, each in ctx.every((Kind.IP,), "", fields=("address", "system_id", "site")):
        if each["state"] != State.GONE.value and each.get("system_id"):
            within = each["site"] == scope.site and str(each["address"]) in scope.targets
            inside.setdefault(str(each["system_id"]), Counter())[within] += 1

    def verdict(values: Values) -> str:
        if values["site"] != scope.site:
            return say("不在授权：另一站点", "not authorised: of another site")
        if str(values["id"]).startswith(f"{Kind.SYSTEM}-"):
            return _of_system(inside.get(str(values["id"]), Counter()))
        return _verdict(scope, values)

    return verdict, told


def _of_system(addresses: Mapping[bool, int]) -> str:
    """Of a system as its addresses stand, whatever its code."""
    if not any(addresses.values()):
        return say("无地址", "no address")
    if not addresses[False]:
        return say("在授权内", "authorised")
    return say("部分地址在授权内", "authorised in part") if addresses[True] else _outside()


def _outside() -> str:
    return say("不在授权或已排除", "not authorised, or excluded")


def _verdict(scope: Scope, values: Values) -> str:
    address = values.get("address") or values.get("host.addresses") or values.get("key")
    places = address if isinstance(address, tuple) else (address,)
    try:
        within = [str(each) in scope.targets for each in places]
    except ValueError:
        return say("无地址", "no address")
    port = values.get("port")
    if not all(within):
        return _outside()
    if isinstance(port, int) and port not in scope.ports:
        return say("端口不在授权", "port not authorised")
    return say("在授权内", "authorised")


def _rows(ctx: Context, allowed: Callable[[Values], str]) -> Rows:
    fields = [by_name()[name] for name in _FACTS]

    def plain() -> Iterator[Cells]:
        for kind, values, answer in _answered(ctx):
            if values["state"] == State.GONE.value:
                continue
            name = values.get("name") or values.get("http.title")
            system, grade = _system(kind, values)
            yield (
                words.kind(kind), str(values["key"]), _text(values["site"]), name, values.get("org.name"), system,
                grade,
                allowed(values), ctx.state(str(values["id"]), str(values["state"])),
                ctx.person(answer.get("person")), ctx.person(answer.get("phone")), _text(answer.get("via")),
                _text(answer.get("escalate")), *ctx.cells(fields, values), None, str(values["id"]),
            )  # fmt: skip

    def rows() -> Iterator[Cells]:
        found = ctx.sorted(plain(), place=1, by=(4, 5, 0))
        return numbered(ctx.findings_on(found, id=-1, into=9 + len(_ANSWERS) + len(_FACTS)))

    return rows


def _answered(ctx: Context) -> Iterator[tuple[Kind, Values, Mapping[str, object]]]:
    """Each asset with who must act for it; both come in order of id. Of the past that is not resolved."""
    for kind in _KINDS:
        try:
            found = ctx.parsed((kind,))
        except UsageError:
            continue
        answers = responsible.listed(ctx.app, ctx.text, kind=kind) if ctx.at is None else iter(())
        answer = next(answers, {})
        for _, query in found:
            for values in ctx.found(kind, query):
                while answer and str(answer["id"]) < str(values["id"]):
                    answer = next(answers, {})
                yield kind, values, answer if answer.get("id") == values["id"] else {}


def _system(kind: Kind, values: Values) -> tuple[Cell, Cell]:
    """Name and level of the system that a row stands with: a system with what is of it."""
    names = ("name", "system.level") if kind is Kind.SYSTEM else ("system.name", "system.grade")
    return values.get(names[0]), values.get(names[1])


def _text(value: object) -> str | None:
    return str(value) if value else None
