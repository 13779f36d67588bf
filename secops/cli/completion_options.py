"""What the commands themselves say may stand on a line: verbs, options, and the values of those that are a choice."""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, Final, get_args

from secops.core.language import say

GLOBAL: Final[dict[str, tuple[str, ...]]] = {
    "--workspace": (), "-w": (), "--lang": ("zh", "en"), "--color": ("auto", "always", "never"),
}  # fmt: skip
"""Options with a value that every command takes, and what that may be (nothing: a folder)."""
_FLAGS: Final = {
    "--quiet": ("少说", "say less"), "--verbose": ("多说", "say more"), "--help": ("用法", "how it is used"),
}  # fmt: skip
_MEANT: Final = {
    "--workspace": ("工作区目录", "the workspace's folder"),
    "--lang": ("语言", "language"), "--color": ("颜色", "colour"),
}  # fmt: skip


@cache
def _noun(name: str) -> Any:
    from typer.main import get_command

    from secops.cli.main import NOUNS

    return get_command(import_module(NOUNS[name][0]).app) if name in NOUNS else None


def command(words: Sequence[str]) -> tuple[Any, int]:
    """The command that the line's plain words name, and how many of them do; None where they name none."""
    found, length = _noun(words[0]) if words else None, 1
    while found is not None and length < len(words) and (below := getattr(found, "commands", {})):
        if words[length] not in below:
            return None, length
        found, length = below[words[length]], length + 1
    return found, length


def verbs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What the next plain word may be, while the words name a noun or a verb of verbs; the nouns after none."""
    from secops.cli.examples import meaning
    from secops.cli.main import NOUNS

    if not words:
        yield from ((name, say(zh, en)) for name, (_, zh, en) in NOUNS.items())
        return
    found, _ = command(words)
    for name, each in getattr(found, "commands", {}).items():
        yield name, each.short_help or meaning(each.help or "")


def options(words: Sequence[str], typed: str, given: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Options that begin as typed, long ones first of all, without those that stand on the line already."""
    found, _ = command(words)
    had = set(given)
    for each in _options(found):
        if had.isdisjoint(each.opts) or each.multiple:
            told = [name for name in (*each.opts, *each.secondary_opts) if name.startswith(typed)]
            yield from ((name, each.help or "") for name in told if name.startswith("--") or typed == name)
    for name, (zh, en) in (_FLAGS | _MEANT).items():
        if name.startswith(typed) and name not in had:
            yield name, say(zh, en)


def takes(words: Sequence[str], option: str) -> bool:
    """Whether the word after this option is its value."""
    if option in GLOBAL:
        return True
    return any(option in each.opts and not each.is_flag and not each.count for each in _options(command(words)[0]))


def choices(words: Sequence[str], option: str) -> tuple[str, ...]:
    """The values an option takes, where it is a choice."""
    if option in GLOBAL:
        return GLOBAL[option]
    return next((_choices(each) for each in _options(command(words)[0]) if option in each.opts), ())


def argument(words: Sequence[str]) -> tuple[str, ...]:
    """The values the next plain word may have, where it is an argument that is a choice."""
    found, length = command(words)
    taken = [each for each in getattr(found, "params", ()) if each.param_type_name == "argument"]
    at = len(words) - length
    return _choices(taken[at]) if 0 <= at < len(taken) else ()


def _options(found: Any) -> list[Any]:
    hidden = {"install_completion", "show_completion"}
    return [
        each
        for each in getattr(found, "params", ())
        if each.param_type_name == "option" and not each.hidden and each.name not in hidden
    ]


def _choices(parameter: Any) -> tuple[str, ...]:
    said = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    for each in (said, *get_args(said)):
        if isinstance(each, type) and issubclass(each, Enum):
            return tuple(str(one.value) for one in each)
    return ()
