"""`secops completion`."""

import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)


class Shell(StrEnum):
    """Shells that are spoken to."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_SCRIPTS = {
    Shell.BASH: """_secops() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" verbs=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        verbs='{nouns}'
    elif [ "$COMP_CWORD" -eq 2 ]; then
        case "${{COMP_WORDS[1]}}" in
{cases}
        esac
    elif [ "$COMP_CWORD" -eq 3 ]; then
        case "${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}}" in
{deeper}
        esac
    fi
    if [ -n "$verbs" ]; then
        COMPREPLY=($(compgen -W "$verbs" -- "$word"))
        return
    fi
    local text meaning
    COMPREPLY=()
    while IFS=$'\\t' read -r text meaning; do
        COMPREPLY+=("$text")
    done < <("$1" __complete bash "${{COMP_LINE:0:COMP_POINT}}" "$2" 2>/dev/null)
    [ "${{#COMPREPLY[@]}}" -eq 0 ] || compopt -o nospace
}}
complete -o default -F _secops secops
""",
    Shell.ZSH: """#compdef secops
_secops() {{
    local verbs=""
    if (( CURRENT == 2 )); then
        compadd {nouns}
        return
    fi
    if (( CURRENT == 3 )); then
        case "$words[2]" in
{cases}
        esac
    elif (( CURRENT == 4 )); then
        case "$words[2] $words[3]" in
{deeper}
        esac
    fi
    if [ -n "$verbs" ]; then compadd ${{=verbs}}; return; fi
    local -a found
    local text meaning
    while IFS=$'\\t' read -r text meaning; do
        found+=("$text")
    done < <("$words[1]" __complete zsh "${{(j: :)words[1,CURRENT-1]}} $QIPREFIX$IPREFIX$PREFIX" 2>/dev/null)
    if (( $#found )); then compadd -S '' -a found; else _files; fi
}}
compdef _secops secops
""",
}


@app.command(
    help=say(
        "例：secops completion bash > ~/.local/share/bash-completion/completions/secops\n\n"
        "例：secops completion fish > ~/.config/fish/completions/secops.fish\n\n输出命令补全脚本",
        "Example: secops completion bash > ~/.local/share/bash-completion/completions/secops\n\n"
        "Example: secops completion fish > ~/.config/fish/completions/secops.fish\n\nWrite a completion script",
    )
)
def completion(shell: Annotated[Shell, typer.Argument(help="bash, zsh, fish")]) -> None:
    """Write the script for nouns and verbs to stdout."""
    sys.stdout.write(script(shell))


def script(shell: Shell) -> str:
    """The completion script: nouns, then the verbs of the noun, then what `secops __complete` offers, or files."""
    every = verbs()
    table = {before: words for before, words in every.items() if " " not in before}
    deeper = {before: words for before, words in every.items() if " " in before}
    if shell is Shell.FISH:
        lines = [f"complete -c secops -n __fish_use_subcommand -f -a {noun}" for noun in table]
        lines += [
            f"complete -c secops -n '{_after(before)}' -a '{' '.join(words)}'"
            for before, words in (*table.items(), *deeper.items())
            if words
        ]
        asked = "(secops __complete fish (commandline -cp | string collect))"
        lines.append(f"complete -c secops -n 'not __fish_use_subcommand' -k -a '{asked}'")
        return "\n".join(lines) + "\n"
    return _SCRIPTS[shell].format(nouns=" ".join(table), cases=_cases(table), deeper=_cases(deeper))


def _cases(table: Mapping[str, Sequence[str]]) -> str:
    return "\n".join(
        f"            '{before}') verbs='{' '.join(words)}' ;;" for before, words in table.items() if words
    )


def _after(before: str) -> str:
    return "; and ".join(f"__fish_seen_subcommand_from {each}" for each in before.split())


def verbs() -> dict[str, tuple[str, ...]]:
    """Noun -> its verbs, empty for a noun that is a command itself; and `noun verb` -> what follows a verb of verbs."""
    from importlib import import_module
    from importlib.util import find_spec

    from typer.main import get_command

    from secops.cli.main import NOUNS

    found: dict[str, tuple[str, ...]] = {}
    for noun, (module, _, _) in NOUNS.items():
        if find_spec(module) is not None:
            command = get_command(import_module(module).app)
            below = getattr(command, "commands", {})
            found[noun] = tuple(below)
            found |= {f"{noun} {verb}": tuple(more) for verb, each in below.items()
                      if (more := getattr(each, "commands", {}))}  # fmt: skip
    return found
