"""`secops completion`: a script for a shell, which asks `secops __complete` at each Tab, and offers files after it."""

import sys
from enum import StrEnum
from typing import Annotated, Final

import typer

from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)


class Shell(StrEnum):
    """Shells that are spoken to."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_SCRIPTS: Final = {
    Shell.BASH: """_secops() {
    local text meaning
    COMPREPLY=()
    while IFS=$'\\t' read -r text meaning; do
        COMPREPLY+=("$text")
    done < <("$1" __complete bash "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    [ "${#COMPREPLY[@]}" -eq 0 ] || compopt -o nospace
}
complete -o default -F _secops secops
""",
    Shell.ZSH: """#compdef secops
_secops() {
    local -a found whole
    local text meaning
    while IFS=$'\\t' read -r text meaning; do
        if [[ "$text" == *' ' ]]; then whole+=("${text% }"); else found+=("$text"); fi
    done < <("$words[1]" __complete zsh "${(j: :)words[1,CURRENT-1]} $QIPREFIX$IPREFIX$PREFIX" 2>/dev/null)
    if (( $#found + $#whole == 0 )); then _files; return; fi
    if (( $#found )); then compadd -S '' -a found; fi
    if (( $#whole )); then compadd -a whole; fi
}
if [ "$funcstack[1]" = _secops ]; then _secops "$@"; else compdef _secops secops; fi
""",
    Shell.FISH: """function __secops_offers
    set -l found (secops __complete fish (commandline -cp | string collect) 2>/dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c secops -f -k -a '(__secops_offers)'
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
    """Write the script to stdout."""
    sys.stdout.write(script(shell))


def script(shell: Shell) -> str:
    """The completion script of this shell."""
    return _SCRIPTS[shell]
