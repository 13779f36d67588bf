"""The audit log tells the account of the operating system beside the name a command was given."""

import json
import os
import pwd
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.scope import account as module
from secops.scope.account import account
from secops.scope.audit import Audit


def test_the_account_is_the_system_s_not_what_the_shell_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`USER` and `LOGNAME` are for anybody to set."""
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("LOGNAME", "somebody")
    monkeypatch.setattr(module, "_LOGIN", tmp_path / "none")
    assert account() == pwd.getpwuid(os.getuid()).pw_name


def test_who_logged_in_is_told_beside_who_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As under sudo; an account without a name goes by its number."""
    (tmp_path / "loginuid").write_text("123456789", encoding="ascii")
    monkeypatch.setattr(module, "_LOGIN", tmp_path / "loginuid")
    assert account().endswith("(uid 123456789)")


def test_every_line_has_it(tmp_path: Path) -> None:
    """Whatever name the command was given."""
    audit = Audit(tmp_path / "audit.jsonl", ManualClock(Instant(0)), "zhangsan")
    audit.append("register.answered", {"who": "李四"})
    line = json.loads((tmp_path / "audit.jsonl").read_text(encoding="utf-8"))
    assert line["data"] == {"who": "李四", "account": "zhangsan"}
