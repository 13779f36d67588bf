"""Authorisations of a workspace, from form to withdrawal, and its audit log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import ManualClock, parse
from secops.core.errors import Refused, SecopsError, UsageError
from secops.hall.app import App
from secops.hall.flows import audit as audit_flow
from secops.hall.flows import scope as flow
from secops.hall.workspace import Workspace
from secops.scope.template import Draft

DRAFT = Draft("甲", "default", "法", "号", "局", "2026-06-01", "2026-06-30", ["198.18.0.0/24", "www.a.cn"], ["张三"])


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(parse("2026-06-10"))) as opened:
        yield opened


@pytest.fixture
def signed(app: App, tmp_path: Path) -> Path:
    secret = tmp_path / "pass"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    path = app.workspace.scopes / "a.yaml"
    assert flow.new(path, DRAFT) == ()
    flow.keygen(app, "chief", secret)
    flow.sign(app, path, "chief", secret)
    return path


def test_whole_life(app: App, signed: Path) -> None:
    """A signed scope verifies by file, name and id, until it is revoked; each step is in the audit log."""
    scope, _ = flow.verify(app, str(signed))
    assert flow.verify(app, "a")[0].id == flow.verify(app, scope.id)[0].id == scope.id
    assert flow.listed(app)[0]["state"] == "usable"
    assert flow.described(app, signed)["not_after"] == "2026-06-30T23:59:59.999+08:00"
    assert flow.revoke(app, "a", "over", "张三") == [scope.id]
    with pytest.raises(Refused) as caught:
        flow.verify(app, "a")
    assert caught.value.code == "E2108"
    assert flow.listed(app)[0]["state"] == "E2108"
    assert [each["event"] for each in audit_flow.exported(app)] == ["key.made", "scope.signed", "scope.revoked"]
    assert len(list(audit_flow.exported(app, event="scope.", since="2026-06-10", until="2026-06-11"))) == 2
    assert not list(audit_flow.exported(app, until="2026-06-09"))


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("198.18.0.1", ""), ("198.18.0.1:443", ""), ("198.18.0.0/25", ""), ("198.18.0.5-198.18.0.9", ""),
        ("www.a.cn", ""), ("WWW.a.cn:443", ""), ("[::ffff:198.18.0.1]:80", ""), ("198.18.0.1:9100", "E2116"),
        ("198.18.0.0/23", "E2115"), ("8.8.8.8", "E2115"), ("[2001:db8::1]:80", "E2115"), ("b.cn", "E2115"),
    ],
)  # fmt: skip
def test_test(app: App, signed: Path, target: str, code: str) -> None:
    """Each target is answered with allowed, or the code against it."""
    (answer,) = flow.tested(app, [target], [])
    assert (answer["allowed"], answer["code"]) == (not code, code)


def test_test_bad(app: App, signed: Path) -> None:
    """Words that are no target are a usage error; without a usable scope everything is refused with its reason."""
    for text in ("198.18.0.1:0", "198.18.0.1:99999", "x y", "*"):
        with pytest.raises(UsageError):
            flow.tested(app, [text], [])
    signed.write_text(signed.read_text() + " ")
    (answer,) = flow.tested(app, ["198.18.0.1"], [])
    assert (answer["allowed"], answer["code"]) == (False, "E2103")
    with pytest.raises(UsageError):
        flow.tested(app, ["198.18.0.1"], ["none"])


def test_revoke_edited(app: App, signed: Path) -> None:
    """Revoking a scope that was edited, even into nonsense, withdraws the text that was signed too."""
    good = signed.read_bytes()
    before = flow.verify(app, "a")[0].id
    signed.write_text("nonsense: [")
    assert before in flow.revoke(app, "a", "over", "张三")
    signed.write_bytes(good)
    with pytest.raises(Refused):
        flow.verify(app, "a")
    assert flow.revoke(app, "scp-" + "a" * 20, "no file needed", "张三") == ["scp-" + "a" * 20]


def test_new_keeps(app: App, signed: Path) -> None:
    """An existing document is never overwritten."""
    with pytest.raises(UsageError):
        flow.new(signed, DRAFT)


def test_audit(app: App, signed: Path) -> None:
    """A whole log tells its count; a touched one its first broken line; no log at all is whole."""
    assert audit_flow.verified(app)["records"] == 2
    lines = app.audit.path.read_bytes()
    app.audit.path.write_bytes(lines.replace(b"chief", b"thief", 1))
    with pytest.raises(SecopsError) as caught:
        audit_flow.verified(app)
    assert caught.value.where.endswith("audit.jsonl:1:1")
    app.audit.path.unlink()
    app.audit.head_path.unlink()
    assert audit_flow.verified(app)["records"] == 0
