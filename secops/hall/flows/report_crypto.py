"""Cryptography (密码): capabilities, service catalogue, use, 密评, and what discovery saw of TLS and TLCP."""

from collections.abc import Iterator
from typing import Final

from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import Kind, State
from secops.core.registers import registers
from secops.deliver.reports import words
from secops.deliver.reports.model import SITE, Cells, Column, Look, Report, Rows, Sheet
from secops.hall.flows.report_context import Context, number_column, numbered, site_column
from secops.hall.flows.report_register import basis_of, rows_of, sheet_of

_SEEN: Final = (
    "tls.version", "tls.versions", "tls.cipher", "tls.key_type", "tls.key_bits", "tls.signature", "tls.not_after",
    "tlcp.enabled", "tlcp.suites", "tlcp.not_after",
)  # fmt: skip
_READ: Final = (SITE, "org.name", "system.name", "system.grade", "tls.enabled", "tlcp.enabled", *_SEEN)
_PAPER: Final = frozenset({"tls.version", "tls.key_type", "tls.key_bits", "tls.not_after", "tlcp.enabled"})


def build(ctx: Context) -> Report:
    """The report. Raises UsageError."""
    register = registers()["crypto"]
    column = register.column("list")
    found = list(rows_of(ctx, "crypto"))
    sheets = [
        sheet_of(ctx, "crypto", [each for each in found if each.get("list") in {one.title, one.value}],
                 name=one.title, without=("list",))
        for one in (column.choices if column else ())
    ]  # fmt: skip
    certified = registers()["certification"].column("type")
    miping = {each.title for each in (certified.choices if certified else ()) if each.value == "miping"} | {"miping"}
    done = [each for each in rows_of(ctx, "certification") if each.get("type") in miping]
    sheets += [
        sheet_of(ctx, "certification", done, name=say("密评记录", "Assessments"), without=("type",)),
        Sheet(
            say("系统密评情况", "Systems"),
            _system_columns(),
            _systems(ctx),
            note=say("三级以上系统每年密评一次：国家密码管理局令第3号", "assessed yearly from level 3"),
        ),
        Sheet(
            say("发现的加密传输", "Transport seen"),
            _columns(ctx),
            _transport(ctx),
            note=say(
                "发现任务实际看到的 TLS 与国密 TLCP；未启用的明文网站也列出", "what discovery saw, plain websites too"
            ),
        ),
    ]
    return Report(say("密码应用与能力清单", "Cryptography"), ctx.facts(basis_of(register)), sheets, ctx.newest)


def _system_columns() -> tuple[Column, ...]:
    return (
        number_column(),
        Column("system.code", say("系统代码", "code")),
        site_column(),
        Column("name", say("系统名称", "system")),
        Column("org.name", say("责任单位", "unit")),
        Column("system.level", by_name()["system.level"].title, Look.NUMBER),
        Column("system.crypto_assessed_on", by_name()["system.crypto_assessed_on"].title, Look.TIME),
        Column("state", say("情况", "state"), chart=say("系统密评", "systems assessed")),
    )


def _systems(ctx: Context) -> Rows:
    def plain() -> Iterator[Cells]:
        for _, values in ctx.every((Kind.SYSTEM,)):
            if ctx.wanted.org and ctx.wanted.org not in {values.get("org_id"), values.get("org.name")}:
                continue
            done, level = values.get("system.crypto_assessed_on"), values.get("system.level")
            if not isinstance(done, int):
                state = say("未见密评", "none known")
            elif -ctx.days_until(done) > 366 and isinstance(level, int) and level >= 3:
                state = say("超过一年", "over a year ago")
            else:
                state = say("已密评", "assessed")
            yield (str(values["key"]), values["site"], values.get("name"), values.get("org.name"), level, done, state)

    return lambda: numbered(ctx.sorted(plain(), place=0, by=(3,)))


def _columns(ctx: Context) -> tuple[Column, ...]:
    return (
        number_column(), Column("kind", by_name()["kind"].title), Column("key", by_name()["key"].title), site_column(),
        Column("org.name", by_name()["org.name"].title), Column("system.name", by_name()["system.name"].title),
        Column("system.grade", by_name()["system.grade"].title, Look.NUMBER),
        Column("how", say("传输", "transport"), chart=say("传输加密", "transport")),
        *(ctx.column(by_name()[name], brief=name in _PAPER) for name in _SEEN),
        Column("id", by_name()["id"].title, brief=False),
    )  # fmt: skip


def _transport(ctx: Context) -> Rows:
    fields = [by_name()[name] for name in _SEEN]

    def plain() -> Iterator[Cells]:
        for kind, values in ctx.every((Kind.WEBSITE, Kind.SERVICE), fields=_READ):
            if values["state"] == State.GONE.value:
                continue
            how = _how(values.get("tls.enabled"), values.get("tlcp.enabled"))
            if (
                kind is Kind.SERVICE
                and values.get("tls.enabled") is not True
                and values.get("tlcp.enabled") is not True
            ):
                continue
            yield (
                words.kind(kind), str(values["key"]), values["site"], values.get("org.name"), values.get("system.name"),
                values.get("system.grade"), how, *ctx.cells(fields, values), str(values["id"]),
            )  # fmt: skip

    return lambda: numbered(ctx.sorted(plain(), place=1, by=(0, 3)))


def _how(tls: object, tlcp: object) -> str:
    if tlcp is True:
        return say("国密 TLCP 与 TLS", "TLCP and TLS") if tls is True else say("国密 TLCP", "TLCP")
    if tls is True:
        return "TLS"
    return say("明文", "in the clear") if tls is False else say("未知", "unknown")
