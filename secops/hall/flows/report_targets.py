"""A coordinator's target list: assets of a query with systems, level, who answers, and whether they may be touched."""

from collections.abc import Callable, Iterator
from typing import Final

from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import Kind, State
from secops.deliver.reports import words
from secops.deliver.reports.model import Cells, Column, Look, Report, Rows, Sheet
from secops.hall.flows import scope as authorisations
from secops.hall.flows.report_context import Context, Values, number_column, numbered
from secops.scope import document
from secops.scope.document import Scope

_KINDS: Final = (Kind.WEBSITE, Kind.IP, Kind.HOST, Kind.DEVICE)
_FACTS: Final = ("owner", "owner.phone", "org.contact", "services.ports", "http.server", "host.os", "network.zone")
_PAPER: Final = frozenset({"owner", "owner.phone", "services.ports"})


def build(ctx: Context) -> Report:
    """The list. Raises UsageError, InvalidFile for a scope that cannot be read."""
    allowed, told = _allowed(ctx)
    facts = [ctx.column(by_name()[name], brief=name in _PAPER) for name in _FACTS]
    columns = (
        number_column(), Column("kind", by_name()["kind"].title), Column("key", say("目标", "target")),
        Column("name", by_name()["name"].title), Column("org.name", by_name()["org.name"].title,
               chart=say("按责任单位", "by unit")),
        Column("system.name", by_name()["system.name"].title),
        Column("system.grade", by_name()["system.level"].title, Look.NUMBER, chart=say("按等保级别", "by level")),
        Column("allowed", say("授权", "authorised"), chart=say("按授权", "by authorisation")),
        Column("state", by_name()["state"].title), *facts,
        Column("findings", say("问题数", "findings"), Look.NUMBER),
        Column("id", by_name()["id"].title, brief=False),
    )  # fmt: skip
    note = say(
        "授权一栏对照授权书：在授权内、已排除、不在授权；没有给 --scope 时不判断",
        "held against the scope: within, or not authorised; without --scope nothing is said",
    )
    sheet = Sheet(say("目标清单", "Targets"), columns, _rows(ctx, allowed), note=note)
    return Report(say("演练目标清单", "Targets"), ctx.facts("", *told), [sheet], ctx.newest)


def _allowed(ctx: Context) -> tuple[Callable[[Values], str], tuple[tuple[str, str], ...]]:
    """What is said of an asset's address, and the scope's lines of the cover."""
    if not ctx.wanted.scope:
        return (lambda _: say("未对照", "not compared")), ()
    path = authorisations.find(ctx.app, ctx.wanted.scope)
    scope = document.read(path.read_bytes(), path)
    told = ((say("授权书", "scope"), f"{scope.title} {scope.id}"),)
    return (lambda values: _verdict(scope, values)), told


def _verdict(scope: Scope, values: Values) -> str:
    address = values.get("address") or values.get("host.addresses") or values.get("key")
    places = address if isinstance(address, tuple) else (address,)
    try:
        within = [str(each) in scope.targets for each in places]
    except ValueError:
        return say("无地址", "no address")
    port = values.get("port")
    if not all(within):
        return say("不在授权或已排除", "not authorised, or excluded")
    if isinstance(port, int) and port not in scope.ports:
        return say("端口不在授权", "port not authorised")
    return say("在授权内", "authorised")


def _rows(ctx: Context, allowed: Callable[[Values], str]) -> Rows:
    fields = [by_name()[name] for name in _FACTS]

    def plain() -> Iterator[Cells]:
        for kind, values in ctx.every(_KINDS):
            if values["state"] == State.GONE.value:
                continue
            name = values.get("name") or values.get("http.title")
            yield (
                words.kind(kind), str(values["key"]), name, values.get("org.name"), values.get("system.name"),
                values.get("system.grade"), allowed(values), words.state(State(str(values["state"]))),
                *ctx.cells(fields, values), None, str(values["id"]),
            )  # fmt: skip

    def rows() -> Iterator[Cells]:
        found = ctx.sorted(plain(), place=1, by=(3, 4, 0))
        return numbered(ctx.findings_on(found, id=-1, into=8 + len(_FACTS)))

    return rows
