"""`secops discover`: plan, run, resume, status, import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secops.cli import watch
from secops.cli.show import Column, one, rows
from secops.core.language import say

if TYPE_CHECKING:
    from secops.hall.flows.discover_plan import Plan

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help=say(
        "在授权范围内发现资产\n\n例：secops discover plan scopes/我的授权.yaml\n\n"
        "例：secops discover run scopes/我的授权.yaml --yes",
        "Find what is there, within scope\n\nExample: secops discover plan scopes/mine.yaml\n\n"
        "Example: secops discover run scopes/mine.yaml --yes",
    ),
)
app.add_typer(watch.app)

Scope = Annotated[str, typer.Argument(help=say("授权书文件或编号", "scope file or id"))]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        help=say(
            "auto, syn, connect；空为配置项 discover.engine",
            "auto, syn or connect",
        ),
    ),
]
Ports = Annotated[
    str, typer.Option("--ports", help=say("端口，如 80,443,8000-8010,web", "ports, such as 80,443,8000-8010,web"))
]
Deep = Annotated[
    list[str] | None,
    typer.Option("--deep", help=say("用 nmap 深入查看的地址，可多次", "look deeper with nmap, repeatable")),
]
Udp = Annotated[
    bool,
    typer.Option("--udp/--no-udp", help=say("UDP 服务", "UDP services")),
]
Ping = Annotated[
    bool | None,
    typer.Option(
        "--ping/--no-ping",
        help=say("ICMP、ARP（随 syn 引擎）", "ICMP and ARP (with syn)"),
    ),
]
Look = Annotated[
    str,
    typer.Option(
        "--look",
        help="full, page, certificate, port",
    ),
]
Shard = Annotated[str, typer.Option("--shard", help=say("只做其中一份，如 2/5", "one part, as 2/5"))]
Delta = Annotated[
    bool,
    typer.Option("--delta", help=say("先问可能变化的", "likely changed first")),
]


@app.command(
    help=say(
        "列出会发出什么、发给多少目标、要多久；不发送", "what would be sent, to how many, in how long; sends nothing"
    )
)
def plan(
    scope: Scope,
    *,
    engine: Engine = "",
    ports: Ports = "",
    deep: Deep = None,
    udp: Udp = True,
    ping: Ping = None,
    look: Look = "",
    shard: Shard = "",
    delta: Delta = False,
    format: watch.Form = None,
    out: Annotated[str, typer.Option("--out", "-o", help=say("把计划存为文件", "save the plan"))] = "",
) -> None:
    """Show the plan, and save it where asked."""
    from secops.cli.context import open_app, talk
    from secops.cli.show import opened
    from secops.hall.flows.discover_open import make_plan
    from secops.hall.flows.discover_plan import described, left_alone, saved
    from secops.hall.flows.discover_probes import shown

    with open_app() as app_:
        made = make_plan(
            app_,
            scope,
            engine=engine,
            ports=ports,
            deep=tuple(deep or ()),
            udp=udp,
            ping=ping,
            look=look,
            shard=shard,
            delta=delta,
        )
        sends = shown(made, app_)
        alone = left_alone(ports) if ports else ""
    if alone:
        talk(say(f"不碰的端口，已去掉：{alone}", f"ports nobody may touch, left out: {alone}"))
    one(described(made, sends), _titles(), format=format)
    if out:
        with opened(out) as stream:
            stream.write(saved(made))
        talk(
            say(f"计划已存为 {out}；执行：secops discover run --plan {out}", f"saved; secops discover run --plan {out}")
        )


@app.command(help=say("执行计划；没有存好的计划时会先询问", "run; without a saved plan it asks first"))
def run(
    scope: Annotated[str, typer.Argument(help=say("授权书文件或编号", "scope file or id"))] = "",
    *,
    plan: Annotated[Path | None, typer.Option("--plan", help=say("存好的计划", "a saved plan"))] = None,
    engine: Engine = "",
    ports: Ports = "",
    deep: Deep = None,
    udp: Udp = True,
    ping: Ping = None,
    look: Look = "",
    shard: Shard = "",
    delta: Delta = False,
    operator: watch.Operator = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help=say("不再询问", "ask nothing"))] = False,
    format: watch.Form = None,
) -> None:
    """Run to the end; a run always ends with its summary."""
    from secops.cli.context import Meter, exit_code, follow, open_app, operator_of, stopping
    from secops.core.errors import UsageError
    from secops.hall.flows.discover import discover
    from secops.hall.flows.discover_open import make_plan
    from secops.hall.flows.discover_plan import load

    if bool(scope) == bool(plan):
        raise UsageError(
            "E1412", say("给出授权书，或用 --plan 给出计划，二选一", "name a scope or --plan, one of them")
        )
    with open_app() as app_, stopping() as stop:
        if plan is not None:
            made = load(plan)
        else:
            made = make_plan(
                app_,
                scope,
                engine=engine,
                ports=ports,
                deep=tuple(deep or ()),
                udp=udp,
                ping=ping,
                look=look,
                shard=shard,
                delta=delta,
            )
            _confirm(made, yes=yes)
        meter = Meter()
        going = discover(app_, made, operator=operator_of(operator), stop=stop, live=meter.live)
        summary = follow(going, format=format, meter=meter)
        raise typer.Exit(exit_code(summary, stop))


@app.command(help=say("继续未完成的任务；选项不能改变", "go on with an unfinished run; options cannot change"))
def resume(
    run: Annotated[str, typer.Argument(help=say("任务编号", "run id"))],
    *,
    plan: Annotated[
        Path | None, typer.Option("--plan", help=say("须与任务一致的计划", "must equal the run's plan"))
    ] = None,
    engine: Engine = "",
    ports: Ports = "",
    deep: Deep = None,
    operator: watch.Operator = "",
    format: watch.Form = None,
) -> None:
    """Finish the blocks that are not done."""
    from secops.cli.context import Meter, exit_code, follow, open_app, operator_of, stopping
    from secops.hall.flows.discover import resume as resumed
    from secops.hall.flows.discover import wanted_plan
    from secops.hall.flows.discover_plan import load

    with open_app() as app_, stopping() as stop:
        wanted = load(plan) if plan is not None else None
        if wanted is None and (engine or ports or deep):
            wanted = wanted_plan(app_, run, engine=engine, ports=ports, deep=tuple(deep or ()))
        meter = Meter()
        going = resumed(app_, run, operator=operator_of(operator), stop=stop, wanted=wanted, live=meter.live)
        summary = follow(going, format=format, meter=meter)
        raise typer.Exit(exit_code(summary, stop))


@app.command(help=say("查看任务及其进度，可在另一个终端执行", "runs and how far they are; works from another terminal"))
def status(
    run: Annotated[str, typer.Argument(help=say("任务编号，空为最近的", "run id, empty for the latest ones"))] = "",
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    format: watch.Form = None,
    out: Annotated[str, typer.Option("--out", "-o", help=say("输出文件", "file"))] = "-",
) -> None:
    """List runs, newest first, or tell all of one."""
    from secops.cli.context import open_app
    from secops.hall.flows.discover_status import listed, told

    with open_app() as app_:
        if run:
            one(told(app_, run), format=format, out=out)
            return
        columns = [
            Column("run", say("任务", "run")),
            Column("state", say("状态", "state")),
            Column("title", say("授权", "scope")),
            Column("engine", say("引擎", "engine")),
            Column("stage", say("阶段", "stage")),
            Column("share", say("进度", "progress")),
            Column("left", say("剩余", "left")),
            Column("blocks", say("已完成块", "blocks done")),
            Column("open", say("开放端口", "open")),
            Column("observations", say("观测", "observations")),
            Column("started_at", say("开始", "started")),
            Column("heartbeat", say("最近活动", "last sign")),
        ]
        rows(listed(app_, limit), columns, format=format, out=out)


@app.command(
    "import",
    help=say(
        "导入其它工具的结果，可为 .gz；不发送任何报文\n\n"
        "格式：nmap（XML）、masscan、masscan-list、zgrab2、nuclei、httpx、naabu、zeek、suricata",
        "results of other tools, .gz or not; sends nothing\n\n"
        "Formats: nmap (XML), masscan, masscan-list, zgrab2, nuclei, httpx, naabu, zeek, suricata",
    ),
)
def import_(
    files: Annotated[list[Path], typer.Argument(help=say("文件", "files"))],
    *,
    kind: Annotated[str, typer.Option("--type", help=say("格式，空为自动识别", "format, empty to recognise"))] = "",
    format: watch.Form = None,
) -> None:
    """Read files as observations."""
    from secops.cli.context import exit_code, follow, open_app, operator_of
    from secops.hall.flows.discover_import import bring_in

    with open_app() as app_:
        raise typer.Exit(exit_code(follow(bring_in(app_, tuple(files), kind, operator=operator_of("")), format=format)))


@app.command(
    help=say(
        "从抓包文件或网卡流量中发现资产；不发送任何报文",
        "find assets in captured traffic or on a network card; sends nothing",
    )
)
def passive(
    files: Annotated[list[Path] | None, typer.Argument(help=say("pcap、pcapng 文件", "pcap, pcapng files"))] = None,
    *,
    interface: Annotated[str, typer.Option("--interface", "-i", help=say("网卡，如 eth0", "card, like eth0"))] = "",
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=31_536_000, help=say("监听秒数", "how long"))] = 60,
    scope: Annotated[str, typer.Option("--scope", help=say("监听所依据的授权书", "scope to listen under"))] = "",
    keep_outside: Annotated[
        bool,
        typer.Option(
            "--keep-outside", help=say("授权外的也保留并标明（仅文件）", "keep what is outside, flagged (files)")
        ),
    ] = False,
    operator: watch.Operator = "",
    format: watch.Form = None,
) -> None:
    """Hear and keep; a card needs a scope of any level."""
    from secops.cli.context import exit_code, follow, open_app, operator_of, stopping
    from secops.core.errors import UsageError
    from secops.hall.flows.discover_passive import from_files, live

    if bool(files) == bool(interface):
        raise UsageError("E1423", say("给出抓包文件或网卡，二选一", "name capture files or a card, one of them"))
    if interface and (not scope or keep_outside):
        raise UsageError(
            "E1424", say("监听网卡须用 --scope 给出授权书", "listening to a card needs --scope, and it filters")
        )
    with open_app() as app_, stopping() as stop:
        if files:
            events = from_files(app_, tuple(files), keep_outside=keep_outside, stop=stop)
        else:
            events = live(app_, interface, scope, seconds=seconds, operator=operator_of(operator), stop=stop)
        raise typer.Exit(exit_code(follow(events, format=format), stop))


def _confirm(made: "Plan", *, yes: bool) -> None:
    """A person is asked; a script must have said --yes. Raises UsageError."""
    import sys

    from secops.cli.context import talk
    from secops.core.errors import UsageError
    from secops.hall.flows.discover_plan import described

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "E1413",
            say("没有终端可以询问", "there is no terminal to ask on"),
            hint=say("加 --yes，或先 discover plan -o 再 run --plan", "add --yes, or plan -o first and run --plan"),
        )
    titles = _titles()
    for key, value in described(made).items():
        talk(f"{titles.get(key, key)}: {value}")
    sys.stderr.write(say("开始吗？[y/N] ", "begin? [y/N] "))
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes", "是"}:
        raise UsageError("E1414", say("没有开始", "not begun"))


def _titles() -> dict[str, str]:
    return {
        "scope": say("授权书", "scope"),
        "title": say("标题", "title"),
        "engine": say("引擎", "engine"),
        "addresses": say("地址数", "addresses"),
        "ports": say("端口", "ports"),
        "udp": say("UDP 端口", "UDP ports"),
        "ping": say("存活探测", "pings"),
        "look": say("查看", "look"),
        "targets": say("目标数", "targets"),
        "blocks": say("分块数", "blocks"),
        "packets": say("报文数上限（估计）", "packets at most (estimate)"),
        "seconds": say("秒数上限（估计）", "seconds at most (estimate)"),
        "rate": say("速率上限：总/每网段/每主机", "rate at most: overall/network/host"),
        "networks": say("各网段", "networks"),
        "shard": say("分片", "shard"),
        "first": say("优先询问的目标数", "targets asked first"),
        "fragile": say("脆弱主机（只礼貌地看一次）", "fragile hosts (one polite look)"),
        "intrusive": say("目标会察觉到什么", "what targets notice"),
        "level": say("侵入程度", "intrusiveness"),
        "sends": say("会发送的内容", "what is sent"),
        "deep": say("深入查看", "deep look"),
        "cannot_predict": say("无法预知", "cannot predict"),
        "hash": say("计划摘要", "plan hash"),
    }
