"""What the option parser complains of, said as every other error is: in the language in force, with what to try."""

import re
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final, get_args

from secops.core.errors import UsageError
from secops.core.language import say

_QUOTED: Final = re.compile(r"'(.*?)'")
_BRACKETED: Final = re.compile(r"\(s\) \((.*)\)", re.DOTALL)


def complaint(error: Any) -> UsageError:
    """The same complaint as an error of ours."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command", None)
    what, hint = _told(error, command)
    usage = f"{context.command_path} -h" if context is not None else ""
    return UsageError("E1004", what, hint=say("；", "; ").join(each for each in (hint, usage) if each))


def _told(error: Any, command: Any) -> tuple[str, str]:
    """What is wrong, and what to try where that is known."""
    message, sort = str(getattr(error, "message", error)), type(error).__name__
    option = str(getattr(error, "option_name", ""))
    if sort == "NoSuchOption":
        known = [each for one in getattr(command, "params", ()) for each in one.opts if each.startswith("--")]
        return say(f"没有选项 {option}", f"no such option: {option}"), _near(option, known)
    if sort == "BadOptionUsage":
        if "requires" in message:
            return say(f"选项 {option} 后面要写它的值", f"option {option} needs a value after it"), ""
        return say(f"选项 {option} 不带值", f"option {option} takes no value"), ""
    if sort == "MissingParameter" and error.param is not None:
        return say(f"没有写 {_named(error.param)}", f"missing: {_named(error.param)}"), error.param.help or ""
    if sort == "BadParameter" and error.param is not None:
        named = _named(error.param)
        wanted = _wanted(error.param) or message
        return say(f"{named} 的值不对：{wanted}", f"wrong value for {named}: {wanted}"), ""
    if message.startswith("No such command") and (found := _QUOTED.search(message)):
        return say(f"没有命令 {found[1]}", f"no command {found[1]}"), _near(found[1], list(command.commands))
    if message.startswith("Got unexpected extra") and (found := _BRACKETED.search(message)):
        query = any(each.name == "query" for each in command.params)
        hint = say("含空格的查询整个放在引号里", "put a query that holds spaces in quotes") if query else ""
        return say(f"多出来的：{found[1]}", f"too much: {found[1]}"), hint
    return message, ""


def _near(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, 1)
    return say(f"是否想写 {near[0]}？", f"did you mean {near[0]}?") if near else ""


def _named(parameter: Any) -> str:
    """The parameter as it is written: the option, else the argument's name."""
    if parameter.param_type_name == "option":
        return "/".join(parameter.opts)
    return str(parameter.metavar or parameter.name).strip("[]{}").upper()


def _wanted(parameter: Any) -> str:
    """What the parameter takes, as far as its type tells."""
    descriptor = getattr(parameter, "type_descriptor", None)
    said = getattr(descriptor, "annotation", None)
    types = [each for each in (said, *get_args(said)) if isinstance(each, type)]
    for each in types:
        if issubclass(each, Enum):
            return say("可写 ", "one of ") + ", ".join(str(one.value) for one in each)
    if not {int, float} & set(types):
        return ""
    told = say("要写整数", "a whole number") if int in types else say("要写数字", "a number")
    least, most = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if least is not None:
        told += say(f"，不小于 {least}", f", not below {least}")
    if most is not None:
        told += say(f"，不大于 {most}", f", not above {most}")
    return told
