"""The fixed words of a help page in Chinese: the option parser knows them in English alone."""

import re
from typing import Any, Final

from secops.core.language import say

_ZH: Final = (
    (re.compile(r"^Usage: ", re.MULTILINE), "用法："),
    (re.compile(r"\[OPTIONS\]"), "[选项]"),
    (re.compile(r"COMMAND \[ARGS\]\.\.\."), "命令 [参数]…"),
    (re.compile(r"^Arguments:$", re.MULTILINE), "参数："),
    (re.compile(r"^Options:$", re.MULTILINE), "选项："),
    (re.compile(r"^Commands:$", re.MULTILINE), "命令："),
    (re.compile(r"Show this message and exit\."), "显示这一页"),
    (re.compile(r"\[default: "), "[默认 "),
    (re.compile(r"\[required\]"), "[必填]"),
)


def head(command: Any) -> None:
    """Let the command tell its help with headings in the language in force."""
    plain = command.get_help

    def told(context: object) -> str:
        text = str(plain(context))
        for words, zh in _ZH:
            text = words.sub(say(zh, r"\g<0>"), text)
        return text

    command.get_help = told
