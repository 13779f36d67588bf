"""`secops demo`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secops.cli.show import Format, pad, plain_text, visible, width
from secops.core.language import say

if TYPE_CHECKING:
    from secops.hall.flows.demo import Outcome

app = typer.Typer(rich_markup_mode=None)


@app.command(
    help=say(
        "例：secops demo\n\n例：secops demo 演示目录 --elasticsearch http://127.0.0.1:9200\n\n"
        "在本机回环地址上演示全流程：授权、发现、登记、评判、告警、报表、演练。"
        "不用 root，不联网，只连接演示自己的靶场；目录下次演示时重建",
        "Example: secops demo\n\nExample: secops demo DIR --elasticsearch http://127.0.0.1:9200\n\n"
        "The whole path on this machine's loopback: scope, discovery, ledger, grading, alerts, reports, exercise. "
        "No root, no network; the folder is made anew by the next demo",
    )
)
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help=say("工作区目录", "workspace folder"))] = Path(
        "secops-demo"
    ),
    *,
    elasticsearch: Annotated[
        str, typer.Option("--elasticsearch", metavar="URL", help=say("告警也送往它", "send alerts there too"))
    ] = "",
    keep_lab: Annotated[
        bool, typer.Option("--keep-lab", help=say("结束后靶场继续监听，直到 Ctrl-C", "keep the lab up until Ctrl-C"))
    ] = False,
    format: Annotated[Format | None, typer.Option("--format", "-f", help="table, json, jsonl")] = None,
) -> None:
    """Run it and tell a newcomer what happened; machine formats give one record."""
    import getpass
    import sys
    from dataclasses import asdict

    from secops.cli.context import exit_code, follow, stopping, talk
    from secops.cli.show import one
    from secops.hall.flows.demo import Demo

    with stopping() as stop, Demo(folder, operator=getpass.getuser(), elasticsearch=elasticsearch) as showing:
        summary = follow(showing.run(stop), format=Format.TABLE)
        if summary is None or summary.state == "interrupted":
            raise typer.Exit(exit_code(summary, stop))
        if format in {None, Format.TABLE}:
            sys.stdout.write("\n".join(story(showing.outcome, folder)) + "\n")
            sys.stdout.flush()
        else:
            one(asdict(showing.outcome), format=format)
        if keep_lab:
            talk(say("靶场仍在监听，Ctrl-C 结束", "the lab is still listening; Ctrl-C ends it"))
            showing.linger(stop)
            raise typer.Exit(0)
        raise typer.Exit(exit_code(summary, stop))


SEVERITIES = {
    "critical": ("紧急", "critical"),
    "high": ("高危", "high"),
    "medium": ("中危", "medium"),
    "low": ("低危", "low"),
    "info": ("提示", "info"),
}
KINDS = {
    "ip": ("IP 地址", "addresses"),
    "service": ("开放端口", "open ports"),
    "website": ("网站", "websites"),
    "system": ("业务系统", "systems"),
    "network": ("网段", "networks"),
    "host": ("主机", "hosts"),
    "device": ("设备", "devices"),
    "data": ("数据", "data sets"),
}


def story(told: "Outcome", folder: Path) -> Iterator[str]:
    """The summary a newcomer reads, line by line."""
    yield ""
    yield say(f"══ 演示完成，用时 {told.seconds:.0f} 秒 ══", f"== the demo is done, {told.seconds:.0f} s ==")
    yield ""
    yield from _found(told)
    yield ""
    yield from _left_alone(told)
    yield ""
    yield say("生成的文件：", "What it made:")
    wide = max((width(name) for name, _ in told.files), default=0)
    for name, path in told.files:
        yield f"  {pad(name, wide)}  {visible(str(path))}"
    yield ""
    yield say("接下来可以试试：", "Try next:")
    here = f"{_program()} -w {visible(str(folder))}"
    yield f"  {here} inventory list service:redis"
    yield f"  {here} grade explain {told.example[:12]}"
    yield f"  {here} drill status {told.drill_run}"


def _program() -> str:
    """How the reader can call this program from where they stand."""
    import os
    import shutil
    import sys

    beside = Path(sys.executable).parent / "secops"
    if shutil.which("secops"):
        return "secops"
    return os.path.relpath(beside) if beside.exists() else f"{sys.executable} -m secops"


def _found(told: "Outcome") -> Iterator[str]:
    kinds = [f"{say(*KINDS[kind])} {count}" for kind in KINDS if (count := told.assets.get(kind, 0))]
    yield say("资产：", "Assets: ") + say("，", ", ").join(kinds)
    graded = [f"{say(*SEVERITIES[word])} {told.severities[word]}" for word in SEVERITIES if word in told.severities]
    yield (
        say("问题：", "Findings: ")
        + say("，", ", ").join(graded)
        + say(f"；归成 {told.cases} 张通报单", f"; in {told.cases} cases")
    )
    for severity, title, count, key in told.top:
        example = visible(plain_text(key))
        yield say(
            f"  [{say(*SEVERITIES[severity])}] {title}：{count} 处，如 {example}",
            f"  [{severity}] {title}: {count}, such as {example}",
        )
    places = say("，", ", ").join(f"{visible(place)} {count}" for place, count in told.alerts.items())
    yield say(f"告警：{told.transitions} 条，送达 {places}", f"Alerts: {told.transitions}, delivered to {places}")
    yield say(
        f"演练：{told.verdict}（靶场收到 {told.markers} 个良性标记）",
        f"Exercise: {told.verdict} (the lab was sent {told.markers} benign markers)",
    )


def _left_alone(told: "Outcome") -> Iterator[str]:
    yield say(
        f"没有碰的（靶场自己数的连接数；审计日志 {told.audit_records} 条，链完好）：",
        f"Left alone (connections the lab itself counted; audit log of {told.audit_records} records is whole):",
    )
    for what, place, count in told.untouched:
        good = say("未触碰", "untouched") if not count else say("被触碰！", "TOUCHED!")
        yield f"  {place}  {what}: {count}  {good}"
