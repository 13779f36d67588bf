"""`secops db`: check, backup, restore, upgrade, compact."""

from pathlib import Path
from typing import Annotated

import typer

from secops.cli import compact, db_mirror
from secops.core.language import say

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help=say(
        "例：secops db check\n\n例：secops db backup 备份.db\n\n数据库的检查、备份与恢复",
        "Example: secops db check\n\nExample: secops db backup copy.db\n\nThe database: check, backup, restore",
    ),
)

app.add_typer(db_mirror.app, name="mirror")


app.add_typer(compact.app)


@app.command(
    help=say(
        "例：secops db check\n\n例：secops -w 工作区 db check\n\n检查数据库；有损坏时退出码 1\n\n"
        "查结构、索引、表间关系与文字是否可读；改成了别的可读文字的，只有备份的校验值能发现",
        "Example: secops db check\n\nExample: secops -w DIR db check\n\nCheck it; exit code 1 where it is damaged\n\n"
        "Structure, indices, what tables say of each other, whether texts can be read; a text changed into another"
        " only a backup's digest shows",
    )
)
def check() -> None:
    """Write one line a problem; nothing where all is well."""
    import sys

    from secops.cli.context import Meter, open_app, talk
    from secops.hall.flows import care

    with open_app() as opened:
        found = care.check(opened, Meter().live)
        for each in found:
            sys.stdout.write(each + "\n")
        talk(say("数据库完好", "the database is sound") if not found else say("数据库有问题", "it is damaged"))
    if found:
        raise typer.Exit(1)


@app.command(
    help=say(
        "例：secops db backup 备份.db\n\n例：secops -w 工作区 db backup /mnt/备份.db\n\n"
        "在使用中一致地复制数据库，附校验值并读回核对；SQLite 与 PostgreSQL 互通",
        "Example: secops db backup copy.db\n\nExample: secops -w DIR db backup /mnt/copy.db\n\n"
        "A consistent copy, taken while in use, with digests, read back; SQLite and PostgreSQL restore each other's",
    )
)
def backup(file: Annotated[Path, typer.Argument(metavar="FILE", help=say("备份文件", "file"))]) -> None:
    """Copy the database and say how large the copy is."""
    from secops.cli.context import Meter, open_app, talk
    from secops.hall.flows import care

    with open_app() as opened:
        size = care.backup(opened, file, Meter().live)
    talk(say(f"已备份到 {file}（{size:,} 字节）", f"backed up to {file} ({size:,} bytes)"))


@app.command(
    help=say(
        "例：secops db restore 备份.db\n\n例：secops db restore 备份.db --yes\n\n"
        "用备份替换全部数据；先核对校验值、留一份现状",
        "Example: secops db restore copy.db\n\nExample: secops db restore copy.db --yes\n\n"
        "All data from a backup that fits its digests; a copy of today's is kept",
    )
)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=say("备份文件", "file"))],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=say("不再询问", "ask nothing"))] = False,
) -> None:
    """Ask, restore, and say where the data of before are."""
    from secops.cli.context import Meter, open_app, operator_of, talk
    from secops.hall.flows import care

    if not yes:
        typer.confirm(
            say("现在的全部数据将被替换，继续？", "all data of today will be replaced, go on?"), abort=True, err=True
        )
    with open_app() as opened:
        done = care.restore(opened, file, Meter().live, who=operator_of(""))
    if not done.sealed:
        talk(
            say(
                "注意：这份备份没有校验值（由旧版本写成），只查了结构与文字，内容是否被改动无从核对",
                "note: this backup bears no digest (an older version wrote it): whether its contents changed since"
                " cannot be told",
            )
        )
    talk(say(f"已从 {file} 恢复（{done.size:,} 字节）", f"restored from {file} ({done.size:,} bytes)"))
    kept = done.kept
    talk(
        say(
            f"恢复前的数据在 {kept}，确认无误后可以删除",
            f"the data of before are in {kept}; delete it once all is well",
        )
    )


@app.command(
    help=say(
        "例：secops db upgrade\n\n例：secops -w 工作区 db upgrade\n\n"
        "把数据库升到本程序的版本；其他命令打开时也会自动升级",
        "Example: secops db upgrade\n\nExample: secops -w DIR db upgrade\n\n"
        "Bring the database to this program's version; every other command does so on opening it",
    )
)
def upgrade() -> None:
    """Say which version it had and has."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows import care

    with open_app() as opened:
        before, now = care.bring_up(opened)
    if before == now:
        talk(say(f"数据库已是最新版本 {now}", f"the database is at the newest version {now}"))
    else:
        old = before or say("空库", "empty")
        talk(say(f"数据库已从 {old} 升到 {now}", f"the database went from {old} to {now}"))
