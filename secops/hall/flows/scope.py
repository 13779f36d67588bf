"""Authorisations of a workspace: made, signed, verified, shown, tested and withdrawn."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from secops.core.clock import Instant, render
from secops.core.errors import InvalidFile, InvalidFiles, Refused, SecopsError, StoreError, UsageError
from secops.core.language import say
from secops.hall.app import App
from secops.scope import denied, document, gate, keys, signature, template
from secops.scope.document import Scope
from secops.scope.intervals import IntervalSet
from secops.scope.signature import Signature
from secops.scope.targets import host_name
from secops.scope.template import Draft

_ID: Final = re.compile(r"scp-[a-z2-7]{20}")
_PORT: Final = re.compile(r"[0-9]{1,5}")


def new(path: Path, draft: Draft) -> tuple[str, ...]:
    """Write the form; what is still to be filled in. Raises UsageError for an existing file, StoreError."""
    text = template.render(draft)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        hint = say("换一个文件名", "take another name")
        raise UsageError("E2405", say("文件已存在", "the file exists"), where=str(path), hint=hint) from error
    except OSError as error:
        what = say("授权书写不出来", "the scope cannot be written")
        raise StoreError("E2403", what, where=str(path), why=error.strerror or str(error)) from error
    try:
        return document.read(text.encode(), path).warnings
    except InvalidFiles as wrong:
        return tuple(f"{each.where}: {each.what}" for each in wrong.problems)


def keygen(app: App, name: str, passphrase_file: Path) -> Mapping[str, object]:
    """A new key pair of the workspace."""
    made = keys.generate(name, keys.passphrase(passphrase_file), app.workspace.keys, app.workspace.trust)
    app.audit.append("key.made", {"name": made.name, "key_id": made.id})
    private, public = app.workspace.keys / f"{name}.key", app.workspace.trust / f"{name}.pub"
    return {"name": made.name, "key_id": made.id, "private": str(private), "public": str(public)}


def sign(app: App, path: Path, key: str, passphrase_file: Path) -> Scope:
    """Sign a document with a key of the workspace (or a key file)."""
    named = Path(key)
    file = named if named.suffix == ".key" else app.workspace.keys / f"{key}.key"
    private = keys.private_key(file, keys.passphrase(passphrase_file))
    scope = signature.sign(path, private, file.stem, app.clock)
    app.audit.append(
        "scope.signed",
        {"scope": scope.id, "digest": scope.digest, "title": scope.title, "signer": file.stem,
         "key_id": keys.key_id(private.public_key())},
    )  # fmt: skip
    return scope


def verify(app: App, name: str) -> tuple[Scope, Signature]:
    """A scope fit for use now, with its signature. Raises Refused, InvalidFile, UsageError."""
    path = find(app, name)
    scope, signed = signature.verify(path, app.workspace.trust)
    if app.epoch.revoked(scope.id):
        raise gate.revoked(scope)
    gate.valid(scope, float(app.clock.now()))
    return scope, signed


def find(app: App, name: str) -> Path:
    """The file of that path, file name or scope id. Raises UsageError."""
    path = Path(name)
    if path.is_file():
        return path
    for each in files(app):
        if name in {each.name, each.stem}:
            return each
    if name.startswith("scp-"):
        for each in files(app):
            try:
                if document.identify(each.read_bytes()) == name:
                    return each
            except OSError:
                continue
    raise UsageError(
        "E1415",
        say(f"没有这份授权书：{name}", f"no such scope: {name}"),
        where=str(app.workspace.scopes),
        hint="secops scope show",
    )


def files(app: App) -> list[Path]:
    """The documents of the workspace."""
    return sorted(app.workspace.scopes.glob("*.yaml"))


def listed(app: App) -> list[dict[str, object]]:
    """One row for each document, whatever its state."""
    rows: list[dict[str, object]] = []
    for path in files(app):
        try:
            scope, state, reason = state_of(app, path)
        except SecopsError as error:
            rows.append({"id": "", "title": "", "state": "invalid", "reason": error.what, "file": str(path)})
            continue
        rows.append(
            {"id": scope.id, "title": scope.title, "state": state, "not_after": last_moment(scope),
             "addresses": scope.targets.count(), "level": int(scope.level), "reason": reason, "file": str(path)}
        )  # fmt: skip
    return rows


def state_of(app: App, path: Path) -> tuple[Scope, str, str]:
    """The scope of a file, `usable` or the code that stands against it, and why. Raises InvalidFile."""
    try:
        return signature.admit(path, trust=app.workspace.trust, epoch=app.epoch, clock=app.clock), "usable", ""
    except Refused as error:
        return document.read(path.read_bytes(), path), error.code, error.what
    except OSError as error:
        raise InvalidFile("E1210", say("授权书读不了", "cannot be read"), where=str(path), why=str(error)) from error


def described(app: App, path: Path) -> dict[str, object]:
    """Everything a document says, and whether it may be used."""
    scope, state, reason = state_of(app, path)
    return {
        "id": scope.id, "title": scope.title, "site": scope.site, "basis": scope.basis, "document": scope.document,
        "issuer": scope.issuer, "not_before": render(scope.not_before), "not_after": last_moment(scope),
        "state": state, "reason": reason, "signed_by": scope.signed_by,
        "targets": list(scope.targets.networks()), "addresses": scope.targets.count(), "names": list(scope.names),
        "ports": str(scope.ports.minus(denied.PORTS)), "resolvers": list(scope.resolvers), "hosts": scope.hosts,
        "hours": [str(each) for each in scope.hours], "pps": scope.pps, "pps_per_host": scope.pps_per_host,
        "level": int(scope.level), "level_title": scope.level.title, "operators": list(scope.operators),
        "industrial": scope.industrial, "note": scope.note,
        "digest": scope.digest, "file": str(path), "warnings": list(scope.warnings),
    }  # fmt: skip


def last_moment(scope: Scope) -> str:
    """The last millisecond of validity, as people say it."""
    return render(Instant(scope.not_after - 1))


def tested(app: App, targets: Sequence[str], scopes: Sequence[str]) -> list[dict[str, object]]:
    """For each target: allowed or not, under which scope, and why. Nothing is sent, no name is resolved."""
    paths = [find(app, each) for each in scopes] or files(app)
    if not paths:
        raise UsageError("E1415", say("工作区里没有授权书", "the workspace holds no scope"), hint="secops scope new")
    admitted: list[Scope] = []
    refused: list[tuple[str, str, str]] = []
    for path in paths:
        try:
            admitted.append(signature.admit(path, trust=app.workspace.trust, epoch=app.epoch, clock=app.clock))
        except SecopsError as error:
            refused.append((error.code, error.what, str(path)))
    rows: list[dict[str, object]] = []
    for text in targets:
        answers = [(scope, *judge(scope, text)) for scope in admitted]
        for scope, code, why in sorted(answers, key=lambda each: each[1] != ""):
            rows.append(_answer(text, scope.id, code, why, scope.path))
            break
        else:
            code, why, place = refused[0]
            rows.append(_answer(text, "", code, why, place))
    return rows


def judge(scope: Scope, text: str) -> tuple[str, str]:
    """Code and reason that stand against this target in this scope; empty where it is allowed. Raises UsageError."""
    host, port = _split(text)
    if port and port in denied.PORTS:
        return "E2116", denied.why(port)
    if port and port not in scope.ports and port in denied.INDUSTRIAL:
        return "E2115", say(
            f"端口 {port} 属工控端口，授权书未写 industrial: true",
            f"port {port} is industrial, and the scope lacks `industrial: true`",
        )
    if port and port not in scope.ports:
        return "E2115", say(f"端口 {port} 不在授权内", f"port {port} is not in the scope")
    try:
        wanted = IntervalSet.parse([host])
    except ValueError as error:
        name = host_name(host)
        if name is None:
            what = say(f"看不懂的目标：{text}", f"no target: {text}")
            raise UsageError(
                "E1410", what, hint="198.18.0.1:443 198.18.0.0/24 [2001:db8::1]:80 www.example.gov.cn"
            ) from error
        if name in scope.names:
            return "", say("主机名在授权内；连接时仍核对其地址", "named; its address is checked when connecting")
        return "E2115", say("主机名不在授权内", "the name is not in the scope")
    outside = wanted.minus(scope.targets)
    if not outside:
        return "", say("在授权内", "within the scope")
    if outside.count() == wanted.count():
        return "E2115", say("地址不在授权内", "the address is not in the scope")
    return "E2115", say(f"有 {outside.count()} 个地址不在授权内", f"{outside.count()} addresses are not in the scope")


def revoke(app: App, name: str, reason: str, operator: str) -> list[str]:
    """Withdraw a scope for ever and stop whatever runs in this workspace; the ids withdrawn.

    A file that was edited after it was signed withdraws both texts: the one it holds and the one that was signed. An
    id needs no file. The switch is thrown before the audit line is written: a full disk must not keep a scope alive.
    """
    if _ID.fullmatch(name):
        ids = [name]
    else:
        path = find(app, name)
        ids = [document.identify(path.read_bytes())]
        signed = signature.claimed_digest(path)
        if signed:
            ids.append(document.named(signed))
    gone = list(dict.fromkeys(ids))
    for each in gone:
        app.epoch.revoke(each, reason)
    for each in gone:
        app.audit.append("scope.revoked", {"scope": each, "reason": reason[:1000], "operator": operator[:200]})
    return gone


def _answer(text: str, scope: str, code: str, why: str, place: str) -> dict[str, object]:
    return {"target": text, "allowed": not code, "code": code, "reason": why, "scope": scope, "file": place}


def _split(text: str) -> tuple[str, int]:
    """Host (or network) and port, 0 where none is told."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, _port(rest[1:]) if rest.startswith(":") else 0
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, _port(port)
    try:
        return str(ipaddress.ip_network(text, strict=False)) if "/" in text else text, 0
    except ValueError:
        return text, 0


def _port(text: str) -> int:
    if _PORT.fullmatch(text) is None or not 0 < int(text) < 65536:
        raise UsageError("E1409", say(f"不是端口：{text}", f"no port: {text}"))
    return int(text)
