"""What is there and nobody declared, what was declared and is not there, and what runs out (未登记、过期)."""

from collections.abc import Iterator

from secops.core.clock import DAY_MS
from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import Kind, State
from secops.core.standing import Standing
from secops.deliver.reports import words
from secops.deliver.reports.model import SITE, Cells, Column, Look, Report, Rows, Sheet
from secops.hall.flows.report_assets import BASIS
from secops.hall.flows.report_context import Context, Values, number_column, numbered, site_column
from secops.hall.flows.report_register import due_sheet

_FOUND = (Kind.SYSTEM, Kind.IP, Kind.WEBSITE, Kind.HOST, Kind.DEVICE)
_FACTS = (
    "register.conflicts",
    "services.ports",
    "http.title",
    "service.product",
    "host.os",
    "device.type",
    "device.vendor",
    "host.addresses",
)
_READ = (
    SITE, "name", "org.name", "system.name", "system_id", "declared", "first_seen", "last_seen", "register.standing",
    "tls.not_after", *_FACTS,
)  # fmt: skip


def build(ctx: Context) -> Report:
    """The report. Raises UsageError."""
    name = say("未登记与过期资产", "Undeclared and expired")
    sheets = [
        Sheet(
            say("未登记资产", "Undeclared"),
            _columns(ctx, days=False),
            _standing(ctx, Standing.UNDECLARED),
            note=say(
                "发现了，但本身没有登记，也不属于已登记的系统；责任单位如有，由所在网段推出",
                "found, neither declared nor part of a declared system; a unit is known by the network only",
            ),
        ),
        Sheet(
            say("登记未发现", "Declared, not found"),
            _columns(ctx, days=False),
            _standing(ctx, Standing.VANISHED),
            note=say("登记在册，但从未发现或已消失", "declared, never seen or gone"),
        ),
        Sheet(
            say("与登记不符", "Contradicting"),
            _columns(ctx, days=False),
            _standing(ctx, Standing.CONTRADICTING),
            note=say("发现的与登记的不同，或登记停用仍在应答", "what is found differs, or answers though out of use"),
        ),
        Sheet(say("证书过期", "Certificates"), _columns(ctx, days=True), _certificates(ctx)),
        due_sheet(ctx, name=say("登记到期", "Registers")),
    ]
    return Report(name, ctx.facts(BASIS), sheets, ctx.newest)


def _columns(ctx: Context, *, days: bool) -> tuple[Column, ...]:
    more = (
        Column("tls.not_after", by_name()["tls.not_after"].title, Look.TIME),
        Column("days", say("剩余天数", "days left"), Look.NUMBER),
    ) if days else tuple(ctx.column(by_name()[name], brief=name in _FACTS[:5]) for name in _FACTS)  # fmt: skip
    return (
        number_column(), Column("kind", by_name()["kind"].title, chart=say("按类别", "by kind")),
        Column("key", by_name()["key"].title), site_column(), Column("name", by_name()["name"].title),
        Column("org.name", by_name()["org.name"].title, chart=say("按责任单位", "by unit")),
        Column("system.name", by_name()["system.name"].title), Column("state", by_name()["state"].title),
        Column("first_seen", by_name()["first_seen"].title, Look.TIME),
        Column("last_seen", by_name()["last_seen"].title, Look.TIME), *more,
        Column("id", by_name()["id"].title, brief=False),
    )  # fmt: skip


def _standing(ctx: Context, wanted: Standing) -> Rows:
    """Assets that stand so to what is declared; of the past, where that is not kept, by declaration and state."""

    def plain() -> Iterator[Cells]:
        for kind, values in ctx.every(_FOUND, fields=_READ):
            if _stands(values) is wanted:
                yield _row(ctx, kind, values)

    return lambda: numbered(ctx.sorted(plain(), place=1, by=(4, 0)))


def _stands(values: Values) -> Standing:
    known = values.get("register.standing")
    if known is not None:
        return Standing(str(known))
    if values.get("declared"):
        lost = {State.DECLARED.value, State.GONE.value}
        return Standing.VANISHED if values["state"] in lost else Standing.REGISTERED
    return Standing.REGISTERED if values.get("system_id") else Standing.UNDECLARED


def _certificates(ctx: Context) -> Rows:
    """Websites and services whose certificate is out of date or will be; the latest first."""
    limit = int(ctx.now) + (ctx.wanted.within + 1) * DAY_MS  # the calendar's days are counted of few

    def plain() -> Iterator[Cells]:
        for kind, values in ctx.every((Kind.WEBSITE, Kind.SERVICE), fields=_READ):
            until = values.get("tls.not_after")
            if (
                isinstance(until, int)
                and until <= limit
                and ctx.days_until(until) <= ctx.wanted.within
                and values["state"] == State.ACTIVE.value
            ):
                row = _row(ctx, kind, values)
                yield (*row[:9], until, ctx.days_until(until), row[-1])

    return lambda: numbered(ctx.spool.ordered(plain(), lambda row: (row[9], row[1])))


def _row(ctx: Context, kind: Kind, values: Values) -> Cells:
    first, last = values.get("first_seen"), values.get("last_seen")
    return (
        words.kind(kind), str(values["key"]), str(values["site"]), values.get("name"), values.get("org.name"),
        values.get("system.name"), ctx.state(str(values["id"]), str(values["state"])), first, last,
        *ctx.cells([by_name()[name] for name in _FACTS], values), str(values["id"]),
    )  # fmt: skip
