"""`secops scope`: new, keygen, sign, verify, show, test, revoke."""

from pathlib import Path
from typing import Annotated

import typer

from secops.cli.show import Column, Format, one, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help=say(
        "授权书：新建、签名、核验、撤销\n\n"
        "例：secops scope new scopes/甲.yaml --title 甲单位检测 --include 198.18.0.0/24 --operator 张三\n\n"
        "例：secops scope sign scopes/甲.yaml --key 局长 --passphrase-file 口令.txt",
        "Authorisation documents\n\n"
        "Example: secops scope new scopes/a.yaml --title 'Unit A' --include 198.18.0.0/24 --operator alice\n\n"
        "Example: secops scope sign scopes/a.yaml --key chief --passphrase-file pass.txt",
    ),
)

File = Annotated[str, typer.Argument(metavar="SCOPE", help=say("授权书文件、文件名或编号", "scope file, name or id"))]
Passphrase = Annotated[
    Path,
    typer.Option(
        "--passphrase-file", help=say("口令文件，首行为口令，权限 600", "first line is the passphrase; mode 600")
    ),
]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]


@app.command(
    help=say(
        "例：secops scope new scopes/a.yaml --include 198.18.0.0/24\n\n"
        "例：secops scope new scopes/b.yaml --include www.a.cn --level 2\n\n"
        "写一份待填写的授权书；不覆盖已有文件",
        "Example: secops scope new scopes/a.yaml --include 198.18.0.0/24\n\n"
        "Example: secops scope new scopes/b.yaml --include www.a.cn --level 2\n\n"
        "write a form to fill in; never over an existing file",
    )
)
def new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say("要写的 YAML 文件", "the YAML file to write"))],
    *,
    title: Annotated[str, typer.Option("--title", help=say("标题", "title"))] = "",
    basis: Annotated[str, typer.Option("--basis", help=say("法律依据", "legal basis"))] = "",
    number: Annotated[str, typer.Option("--document", help=say("文号", "document number"))] = "",
    issuer: Annotated[str, typer.Option("--issuer", help=say("签发单位", "issuer"))] = "",
    start: Annotated[str, typer.Option("--from", help=say("生效日期，默认今天", "valid from, today by default"))] = "",
    until: Annotated[
        str, typer.Option("--until", help=say("失效日期，默认 30 天后", "valid until, in 30 days by default"))
    ] = "",
    include: Annotated[
        list[str] | None, typer.Option("--include", help=say("目标，可多次", "target, repeatable"))
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help=say("排除，可多次", "not these, repeatable"))
    ] = None,
    ports: Annotated[list[str] | None, typer.Option("--ports", help=say("端口，可多次", "ports, repeatable"))] = None,
    level: Annotated[int, typer.Option("--level", min=0, max=3, help=say("最高强度", "highest intrusiveness"))] = 1,
    operator: Annotated[list[str] | None, typer.Option("--operator", help=say("操作人，可多次", "repeatable"))] = None,
) -> None:
    """Write the form and say what is still missing in it."""
    from secops.cli.context import open_app, talk
    from secops.core.clock import DAY_MS, Instant, render
    from secops.hall.flows import scope as flow
    from secops.scope.template import Draft

    with open_app() as opened:
        now = opened.clock.now()
        draft = Draft(
            title=title,
            site=opened.site,
            basis=basis,
            document=number,
            issuer=issuer,
            valid_from=start or render(now)[:10],
            valid_until=until or render(Instant(now + 30 * DAY_MS))[:10],
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            ports=tuple(part.strip() for each in ports or ["1-65535"] for part in each.split(",")),
            level=level,
            operators=tuple(operator or ()),
        )
        left = flow.new(path, draft)
    talk(say(f"已写出 {path}", f"wrote {path}"))
    for each in left:
        talk(f"  {each}")
    talk(say("接下来：", "next:") + f" secops scope sign {path} --key KEY --passphrase-file FILE")


@app.command(
    help=say(
        "例：secops scope keygen chief --passphrase-file pass.txt\n\n"
        "例：secops scope keygen 局长 --passphrase-file pass.txt\n\n"
        "新建一对签名密钥：keys/名字.key 与 trust/名字.pub",
        "Example: secops scope keygen chief --passphrase-file pass.txt\n\n"
        "Example: secops scope keygen 局长 --passphrase-file pass.txt\n\n"
        "make a signing key pair",
    )
)
def keygen(
    name: Annotated[str, typer.Argument(help=say("名字", "name"))], *, passphrase_file: Passphrase, format: Form = None
) -> None:
    """Make the pair and show where it lies."""
    from secops.cli.context import open_app
    from secops.hall.flows import scope as flow

    with open_app() as opened:
        one(flow.keygen(opened, name, passphrase_file), _titles(), format=format)


@app.command(
    help=say(
        "例：secops scope sign a --key chief --passphrase-file pass.txt\n\n"
        "例：secops scope sign scopes/a.yaml --key /mnt/usb/chief.key --passphrase-file pass.txt\n\n"
        "签名；文件有错则不签",
        "Example: secops scope sign a --key chief --passphrase-file pass.txt\n\n"
        "Example: secops scope sign scopes/a.yaml --key /mnt/usb/chief.key --passphrase-file pass.txt\n\n"
        "sign; a document with errors is not signed",
    )
)
def sign(
    scope: File,
    *,
    key: Annotated[str, typer.Option("--key", help=say("工作区里的密钥名，或 .key 文件", "key name, or a .key file"))],
    passphrase_file: Passphrase,
    format: Form = None,
) -> None:
    """Sign and show the scope's id."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows import scope as flow

    with open_app() as opened:
        path = flow.find(opened, scope)
        signed = flow.sign(opened, path, key, passphrase_file)
        for each in signed.warnings:
            talk(f"! {each}")
        one(
            {"id": signed.id, "title": signed.title, "signed_by": signed.signed_by, "file": f"{path}.sig"},
            _titles(),
            format=format,
        )


@app.command(
    help=say(
        "例：secops scope verify scopes/a.yaml\n\n"
        "例：secops scope verify a -f json\n\n"
        "核验签名、有效期与撤销；不可用时退出码 3",
        "Example: secops scope verify scopes/a.yaml\n\n"
        "Example: secops scope verify a -f json\n\n"
        "signature, dates, revocation; exit code 3 if not usable",
    )
)
def verify(scope: File, *, format: Form = None) -> None:
    """Say that it may be used, or fail with the reason."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows import scope as flow

    with open_app() as opened:
        good, signed = flow.verify(opened, scope)
        for each in good.warnings:
            talk(f"! {each}")
        told = {"id": good.id, "title": good.title, "state": "usable", "signed_by": good.signed_by,
                "key_id": signed.key_id, "signed_at": signed.signed_at,
                "not_after": flow.last_moment(good)}  # fmt: skip
        one(told, _titles(), format=format)


@app.command(
    help=say(
        "例：secops scope show\n\n例：secops scope show a -f json\n\n显示一份授权书；不给名字则列出全部",
        "Example: secops scope show\n\nExample: secops scope show a -f json\n\nshow one; without a name, list all",
    )
)
def show(
    scope: Annotated[str, typer.Argument(metavar="[SCOPE]", help=say("文件、文件名或编号", "file, name or id"))] = "",
    *,
    format: Form = None,
    out: Out = "-",
) -> None:
    """Write one record, or a row for each document."""
    from secops.cli.context import open_app
    from secops.hall.flows import scope as flow

    with open_app() as opened:
        if scope:
            one(flow.described(opened, flow.find(opened, scope)), _titles(), format=format, out=out)
        else:
            names = ("id", "title", "state", "not_after", "addresses", "level", "file")
            rows(flow.listed(opened), _columns(names), format=format, out=out)


@app.command(
    "test",
    help=say(
        "例：secops scope test 198.18.0.1:443 198.18.0.0/24\n\n"
        "例：secops scope test --scope a www.a.cn\n\n"
        "逐个回答目标是否在授权内；不发送；有被拒的退出码 3",
        "Example: secops scope test 198.18.0.1:443 198.18.0.0/24\n\n"
        "Example: secops scope test --scope a www.a.cn\n\n"
        "is each target allowed? sends nothing; exit 3 if any is not",
    ),
)
def examine(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...", help=say("地址、地址:端口、网段或主机名", "address, address:port, network or name")
        ),
    ],
    *,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help=say("只看这份授权书，可多次", "only this scope, repeatable"))
    ] = None,
    format: Form = None,
    out: Out = "-",
) -> None:
    """One row a target."""
    from secops.cli.context import open_app
    from secops.core.errors import Exit
    from secops.hall.flows import scope as flow

    with open_app() as opened:
        answers = flow.tested(opened, targets, scope or ())
    rows(answers, _columns(("target", "allowed", "code", "reason", "scope")), format=format, out=out)
    if not all(each["allowed"] for each in answers):
        raise typer.Exit(int(Exit.REFUSED))


@app.command(
    help=say(
        "例：secops scope revoke a --reason 演练结束\n\n"
        "例：secops scope revoke scp-… --reason 换发\n\n"
        "撤销，不可恢复；一秒内停下正在进行的动作",
        "Example: secops scope revoke a --reason 演练结束\n\n"
        "Example: secops scope revoke scp-… --reason 换发\n\n"
        "withdraw for good; what runs stops within a second",
    )
)
def revoke(
    scope: File,
    *,
    reason: Annotated[str, typer.Option("--reason", help=say("原因，写入审计日志", "why; kept in the audit log"))],
    operator: Annotated[str, typer.Option("--operator", envvar="SECOPS_OPERATOR", help=say("操作人", "operator"))] = "",
) -> None:
    """Throw the switch and record it."""
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows import scope as flow

    with open_app() as opened:
        for gone in flow.revoke(opened, scope, reason, operator_of(operator)):
            talk(say(f"已撤销 {gone}", f"revoked {gone}"))


def _columns(names: tuple[str, ...]) -> list[Column]:
    titles = _titles()
    return [Column(name, titles[name]) for name in names]


def _titles() -> dict[str, str]:
    return {
        "id": say("编号", "id"), "title": say("标题", "title"), "state": say("状态", "state"),
        "reason": say("说明", "reason"), "site": say("站点", "site"), "basis": say("法律依据", "legal basis"),
        "document": say("文号", "document"), "issuer": say("签发单位", "issuer"),
        "not_before": say("生效", "valid from"), "not_after": say("有效至", "valid until"),
        "signed_by": say("签名人", "signed by"), "signed_at": say("签名时间", "signed at"),
        "key_id": say("密钥编号", "key id"), "targets": say("目标", "targets"), "addresses": say("地址数", "addresses"),
        "names": say("主机名", "names"), "ports": say("端口", "ports"), "resolvers": say("DNS 服务器", "resolvers"),
        "hosts": say("hosts 文件", "hosts file"), "hours": say("时段", "hours"),
        "pps": say("总速率(包/秒)", "packets/s"),
        "pps_per_host": say("单机速率(包/秒)", "packets/s per host"), "level": say("最高强度", "level"),
        "level_title": say("强度", "level name"), "operators": say("操作人", "operators"), "note": say("备注", "note"),
        "digest": say("文件摘要", "digest"), "file": say("文件", "file"), "warnings": say("提醒", "warnings"),
        "target": say("目标", "target"), "allowed": say("允许", "allowed"), "code": say("代码", "code"),
        "scope": say("授权书", "scope"), "name": say("名字", "name"), "private": say("私钥", "private key"),
        "public": say("公钥", "public key"),
    }  # fmt: skip
