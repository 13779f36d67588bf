"""`secops report make KIND`: one verb a kind of report, all with the same options and the kind's own."""

import inspect
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from secops.core.language import say
from secops.hall.flows.report_kinds import FORMATS, KINDS, ReportKind

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=say("编制报表", "make a report"))

_QUERY = (
    str,
    typer.Argument(
        metavar="[QUERY]", hidden=True, help=say("筛选条件，与 inventory list 相同", "as in inventory list")
    ),
)
_TYPE = (str, typer.Argument(metavar="TYPE", help=say("台账，见 register types", "a register: register types")))


def _option(
    *names: str, zh: str, en: str, type: Any = str, default: Any = "", hidden: bool = False
) -> tuple[Any, Any, Any]:
    return type, typer.Option(*names, help=say(zh, en), hidden=hidden), default


_COMMON: dict[str, tuple[Any, Any, Any]] = {
    "format": (str, typer.Option("--format", "-f", show_default=False, help=", ".join(FORMATS)), "xlsx"),
    "out": _option(
        "--out", "-o", zh="输出文件，默认在 reports/，- 为标准输出", en="file, default in reports/, - for stdout"
    ),
    "at": _option("--at", zh="按过去某日（日终）或某刻编制", en="as of a past day (its end) or moment"),
    "org": _option("--org", zh="只含这个单位（编号或名称）", en="only this organisation"),
    "split": _option(
        "--split",
        zh="org：每个单位一个文件；list：每张清单一个文件；-o 为目录",
        en="org: a file for each unit; list: for each list; -o is the folder",
    ),
    "role": _option("--role", zh="以此角色导出，见配置 report.roles", en="export as this role: setting report.roles"),
    "sensitive": _option(
        "--sensitive",
        zh="敏感字段用明文（须角色允许，记入审计）",
        en="sensitive fields in the clear, audited",
        type=bool,
        default=False,
    ),
    "who": _option("--who", zh="导出人，默认当前用户", en="who exports; the user unless told"),
    "unit": _option("--unit", zh="封面上的编制单位", en="unit named on the cover", hidden=True),
    "sign": _option("--sign", zh="用此密钥给清单签名", en="sign the manifest with this key"),
    "passphrase_file": _option(
        "--passphrase-file", zh="口令文件", en="file that holds the passphrase", type=Path | None, default=None
    ),
}
_OWN: dict[str, tuple[str, tuple[Any, Any, Any]]] = {
    "by": ("by", _option("--by", zh="编排：kind、org、system", en="arranged by: kind, org, system", default="kind")),
    "pictures": (
        "pictures",
        _option("--pictures", zh="附各系统拓扑图", en="with a picture of each system", type=bool, default=False),
    ),
    "severity": (
        "severities",
        _option("--severity", zh="危害程度，可多次", en="severity, repeatable", type=list[str] | None, default=None),
    ),
    "resolved": ("resolved", _option("--resolved", zh="含已整改的", en="resolved ones too", type=bool, default=False)),
    "from": (
        "start",
        _option("--from", zh="起点：日期、时间或任务编号，默认七天前", en="start: a day, time or run; a week ago"),
    ),
    "to": ("end", _option("--to", zh="终点，默认现在", en="end; now")),
    "within": (
        "within",
        _option("--within", zh="几天内到期算将到期", en="days in which what runs out is told", type=int, default=90),
    ),
    "scope": ("scope", _option("--scope", zh="对照这份授权书", en="held against this scope")),
}


def _verb(kind: ReportKind) -> Callable[..., None]:
    """The function behind one verb, with the signature that typer reads its options from."""
    own = {_OWN[name][0]: _OWN[name][1] for name in kind.options if name in _OWN}
    first = {"type": (*_TYPE, inspect.Parameter.empty)} if "type" in kind.options else {"query": (*_QUERY, "")}

    def run(**given: Any) -> None:
        _make(kind.name, given)

    spots = {**first, **_COMMON, **own}
    kinds = inspect.Parameter
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # read by typer in place of the code's own
        [
            kinds(name, kinds.KEYWORD_ONLY, default=default, annotation=Annotated[type, mark])
            for name, (type, mark, default) in spots.items()
        ]
    )
    run.__annotations__ = {name: Annotated[type, mark] for name, (type, mark, _) in spots.items()}
    run.__name__, run.__doc__ = kind.name, f"Make the report `{kind.name}`."
    return run


for _each in KINDS.values():
    app.command(_each.name, help=_each.title)(_verb(_each))


def _make(what: str, given: dict[str, Any]) -> None:
    from secops.cli.context import Meter, open_app, operator_of
    from secops.core.errors import UsageError
    from secops.hall.flows import report

    live = Meter().live
    format, out, split = (str(given.pop(name)) for name in ("format", "out", "split"))
    signing = _signing(given.pop("sign"), given.pop("passphrase_file"))
    given["severities"] = tuple(given.pop("severities", None) or ())
    given["who"] = operator_of(given["who"])
    wanted = report.Wanted(**given)
    if split not in {"", "org", "list"} or (split and out == "-"):
        raise UsageError(
            "E6320", say("只能按 org 或 list 分文件，输出到目录", "only org or list, into a folder"), where="--split"
        )
    with open_app() as opened, tempfile.TemporaryDirectory() as folder:
        if split:
            folder_of = Path(out) if out else None
            for made in report.split(opened, what, format, wanted, folder_of, signing=signing, by=split, live=live):
                _told(made)
            return
        target = Path(folder) / f"{what}.{format}" if out == "-" else Path(out) if out else None
        made = report.make(opened, what, format, wanted, target, signing=signing, live=live)
        if out != "-":
            _told(made)
            return
        with made.path.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()


def _signing(key: str, file: Path | None) -> Any:
    from secops.core.errors import UsageError
    from secops.hall.flows.report import Signing

    if bool(key) != (file is not None):
        raise UsageError(
            "E6321",
            say("签名须同时给出密钥与口令文件", "signing needs a key and the file with its passphrase"),
            hint="--sign KEY --passphrase-file FILE",
        )
    return Signing(key, file) if file is not None else None


def _told(made: Any) -> None:
    from secops.cli.context import talk

    for note in made.notes:
        talk(f"! {note}")
    talk(
        say(
            f"共 {made.rows:,} 行，{made.sheets} 张清单，sha256:{made.sha256}",
            f"{made.rows:,} rows, {made.sheets} lists",
        )
    )
    sys.stdout.write(f"{made.path}\n")
    sys.stdout.flush()
