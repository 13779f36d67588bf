"""`secops dev`: for those who change this program."""

from typing import Annotated

import typer

from secops.core.language import say

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help=say(
        "例：secops dev new collector acme\n\n例：secops dev new collector acme --port 4321\n\n给开发者：新建采集器",
        "Example: secops dev new collector acme\n\nExample: secops dev new collector acme --port 4321\n\n"
        "For developers: begin a collector",
    ),
)
new = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help=say(
        "例：secops dev new collector acme\n\n例：secops dev new collector acme --port 4321\n\n新建程序的一个部件",
        "Example: secops dev new collector acme\n\nExample: secops dev new collector acme --port 4321\n\n"
        "Begin a part of the program",
    ),
)
app.add_typer(new, name="new")


@new.callback()
def _new() -> None:
    """Keeps `collector` a word of its own while it is the only one."""


@new.command(
    help=say(
        "例：secops dev new collector acme --port 4321\n\n"
        "例：secops dev new collector acme --port 4321 --ask 'VERSION\\r\\n'\n\n"
        "在源代码里新建一个采集器：一个文件、登记一行、一份测试；填好 parse() 即可",
        "Example: secops dev new collector acme --port 4321\n\n"
        "Example: secops dev new collector acme --port 4321 --ask 'VERSION\\r\\n'\n\n"
        "Begin a collector in the source: one file, its line in dispatch, its test; parse() is yours to fill in",
    )
)
def collector(
    name: Annotated[str, typer.Argument(metavar="NAME", help=say("名字", "name"))],
    *,
    port: Annotated[
        list[int] | None, typer.Option("--port", help=say("常用端口，可重复", "usual port, repeatable"))
    ] = None,
    ask: Annotated[str, typer.Option("--ask", help=say("发出的问句", "what is sent"))] = "VERSION\\r\\n",
) -> None:
    """Write the files, name them on stdout, and say what is left to do."""
    import sys

    from secops.cli.context import talk
    from secops.hall.flows.dev import new_collector, tree

    root = tree()
    for path in new_collector(name, tuple(port or ()), ask):
        sys.stdout.write(f"{path.relative_to(root)}\n")
    test = f"tests/unit/discover/test_{name}.py"
    talk(
        say(
            "接下来：填好 parse()，在测试里放真实回答，然后",
            "next: fill in parse(), put real answers into the test, then",
        )
    )
    talk(f"  pytest {test} tests/contract/test_collectors.py")
    if not port:
        talk(say("没有 --port：只有填上端口后才会被问到", "without --port: it is asked once its ports are filled in"))
