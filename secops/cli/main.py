"""The command `secops`: a lazy table of nouns, options understood anywhere, and the one place that catches errors."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module

import typer
from typer.core import TyperGroup
from typer.main import get_command

from secops import __version__
from secops.cli.examples import adorn
from secops.cli.headings import head
from secops.core.errors import Exit, SecopsError, UsageError
from secops.core.language import say

NOUNS: dict[str, tuple[str, str, str]] = {
    "init": ("secops.cli.init", "新建工作区", "make a workspace"),
    "demo": ("secops.cli.demo", "在本机演示全流程", "show the whole path on this machine"),
    "scope": ("secops.cli.scope", "授权书：新建、签名、核验、撤销", "authorisation documents"),
    "discover": ("secops.cli.discover", "在授权范围内发现资产", "find what is there, within scope"),
    "inventory": ("secops.cli.inventory", "资产台账：查询、登记、历史、导出", "the assets"),
    "register": (
        "secops.cli.register",
        "专项台账：责任、备案、测评、供应商等",
        "registers: duties, filings, …",
    ),
    "rules": ("secops.cli.rules", "规则：查看、检查、试运行", "the rules"),
    "grade": ("secops.cli.grade", "按规则评判资产", "judge assets by the rules"),
    "alert": ("secops.cli.alert", "告警：查看、推送、重试", "alerts and their delivery"),
    "report": ("secops.cli.report", "报表：台账、问题清单", "reports"),
    "drill": ("secops.cli.drill", "攻防演练剧本", "exercises"),
    "audit": ("secops.cli.audit", "审计日志：核验、导出", "the audit log"),
    "stop": ("secops.cli.stop", "立即停止一切对外动作", "stop everything that sends"),
    "db": ("secops.cli.db", "数据库：检查、备份", "the database"),
    "config": ("secops.cli.config", "查看配置及其来源", "settings and where they come from"),
    "doctor": ("secops.cli.doctor", "检查运行环境", "check this machine"),
    "explain": ("secops.cli.explain", "解释错误码与退出码", "explain a code"),
    "schema": ("secops.cli.schema", "输出记录的 JSON Schema", "JSON Schema of records"),
    "dev": ("secops.cli.dev", "给开发者：新建采集器", "for developers: begin a collector"),
    "completion": ("secops.cli.completion", "生成命令补全脚本", "shell completion"),
}


class LazyGroup(TyperGroup):
    """Imports a noun's module only when that noun is used, so that help starts at once."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's vendored Context
        return list(NOUNS)

    def get_command(self, ctx: typer.Context, cmd_name: str):  # type: ignore[no-untyped-def,override]  # noqa: ANN201 - typer's vendored Command
        if cmd_name not in NOUNS:
            near = get_close_matches(cmd_name, NOUNS, 1)
            raise UsageError(
                "E1001",
                say(f"没有命令 {cmd_name}", f"no command {cmd_name}"),
                hint=say(f"是否想写 {near[0]}？", f"did you mean {near[0]}?") if near else "secops --help",
            )
        command = get_command(import_module(NOUNS[cmd_name][0]).app)
        command.name = cmd_name
        adorn(command, cmd_name)
        return command

    def format_commands(self, ctx, formatter) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - typer's vendored types
        with formatter.section(say("命令", "Commands")):
            formatter.write_dl([(name, say(zh, en)) for name, (_, zh, en) in NOUNS.items()])


def build() -> typer.Typer:
    """The root command, in the language in force now (`--lang` has been read by then)."""
    app = typer.Typer(
        cls=LazyGroup,
        rich_markup_mode=None,
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(
        invoke_without_command=True,
        help=say(
            "政务外网安全工具集\n\n例：secops demo\n\n例：secops -w 工作区 discover plan scopes/我的授权.yaml\n\n"
            "随处可用：-w/--workspace 目录，--lang zh|en，-q，-v，--color auto|always|never",
            "Security of a government extranet\n\nExample: secops demo\n\n"
            "Example: secops -w DIR discover plan scopes/mine.yaml\n\n"
            "Anywhere: -w/--workspace DIR, --lang zh|en, -q, -v, --color auto|always|never",
        ),
    )(_root)
    return app


def _root(version: bool = typer.Option(False, "--version", help=say("版本", "version"))) -> None:
    if version:
        sys.stdout.write(f"secops {__version__}\n")
        raise typer.Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Results go to stdout, everything else to stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["__complete"]:
        from secops.cli.completion_answer import answer

        return answer(*words[1:4])
    words = _take_globals(words)
    try:
        command = get_command(build())
        head(command)
        command.invoke = _telling(command.invoke)  # type: ignore[method-assign]  # typer makes a bare 130 of Ctrl-C
        code = command(args=words, prog_name="secops", standalone_mode=False)
        return int(code or 0)
    except SecopsError as error:
        _say(error.diagnose())
        if int(os.environ.get("SECOPS_VERBOSE", "0")) > 1:
            traceback.print_exc()
        return int(error.exit_code)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.DONE)
    except Exception as error:  # noqa: BLE001 - the last door: a click complaint or our own fault, never a bare traceback
        return _unforeseen(error)


def _interrupted() -> int:
    _say(say("已中断", "interrupted"))
    return int(Exit.INTERRUPTED)


def _telling(invoke: Callable[..., object]) -> Callable[..., object]:
    """The command, which says so when it was interrupted."""

    def telling(*given: object) -> object:
        try:
            return invoke(*given)
        except KeyboardInterrupt:
            raise typer.Exit(_interrupted()) from None

    return telling


def _unforeseen(error: Exception) -> int:
    if type(error).__name__ == "NoArgsIsHelpError" and hasattr(error, "show"):
        error.show()
        return int(Exit.USAGE)
    if hasattr(error, "exit_code") and hasattr(error, "show"):
        from secops.cli.complaint import complaint

        ours = complaint(error)
        _say(ours.diagnose())
        return int(ours.exit_code)
    if type(error).__name__ == "Abort":
        return int(Exit.INTERRUPTED)
    if type(error).__name__ == "Exit":
        return int(getattr(error, "exit_code", 0))
    fault = SecopsError(
        "E9001",
        say("程序内部错误", "a fault of the program itself"),
        why=f"{type(error).__name__}: {error}",
        hint=say("加 -vv 重跑并把输出附在问题单里", "run again with -vv and attach the output to an issue"),
    )
    _say(fault.diagnose())
    if int(os.environ.get("SECOPS_VERBOSE", "0")) > 1:
        traceback.print_exception(error)
    return int(Exit.FAILED)


def _take_globals(words: list[str]) -> list[str]:
    """Options that mean the same wherever they stand; they travel as environment to whatever opens the workspace."""
    valued = {
        "-w": "SECOPS_WORKSPACE",
        "--workspace": "SECOPS_WORKSPACE",
        "--lang": "SECOPS_LANG",
        "--color": "SECOPS_COLOR",
    }
    rest: list[str] = []
    verbosity = 0
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            return [*rest, word, *words]
        if name in valued and (equals or words):
            os.environ[valued[name]] = value if equals else words.pop(0)
        elif word in {"-q", "--quiet"}:
            os.environ["SECOPS_QUIET"] = "1"
        elif word in {"-v", "-vv", "--verbose"}:
            verbosity += 2 if word == "-vv" else 1
        else:
            rest.append(word)
    if verbosity:
        os.environ["SECOPS_VERBOSE"] = str(verbosity)
    return rest


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
