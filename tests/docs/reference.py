"""The README's command reference, made from the commands themselves: `python tests/docs/reference.py --write`."""

import os
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READMES = {"zh": ROOT / "README.md", "en": ROOT / "README.en.md"}
BLOCK = re.compile(r"(<!-- commands: begin -->\n).*?(<!-- commands: end -->)", re.DOTALL)


def commands() -> Iterator[tuple[str, Any]]:
    """Words and command object of every noun and verb, groups included, in the order of the help."""
    from typer.main import get_command

    from secops.cli.examples import adorn
    from secops.cli.main import NOUNS

    for noun, (module, _, _) in NOUNS.items():
        command = get_command(import_module(module).app)
        adorn(command, noun)
        yield from _below(noun, command)


def _below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield words, command
    for name, each in getattr(command, "commands", {}).items():
        yield from _below(f"{words} {name}", each)


def table() -> str:
    """One line a command: its words, what must be given, what it is for."""
    lines = ["```text"]
    for words, command in commands():
        if not getattr(command, "commands", {}):
            needed = [_word(each) for each in command.params if each.param_type_name == "argument"]
            lines.append(f"{' '.join(['secops', words, *needed])}\n    {command.short_help}")
    return "\n".join([*lines, "```", ""])


def _word(argument: Any) -> str:
    name = (argument.metavar or argument.name).strip("[]").upper()
    return name if argument.required else f"[{name}]"


def written(text: str, made: str) -> str:
    """The README with its block replaced."""
    return BLOCK.sub(lambda found: found[1] + made + found[2], text)


if __name__ == "__main__":
    os.environ["SECOPS_LANG"] = sys.argv[2]
    path = READMES[sys.argv[2]]
    result = written(path.read_text(encoding="utf-8"), table())
    if sys.argv[1] == "--write":
        path.write_text(result, encoding="utf-8")
    sys.exit(result != path.read_text(encoding="utf-8"))
