"""A good authorisation, a clock within its dates, and a workspace's folders."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from secops.core.clock import ManualClock, parse
from secops.scope.audit import Audit
from secops.scope.document import Scope, read
from secops.scope.epoch import Epoch
from secops.scope.gate import Gate

GOOD = """\
title: 甲单位检测
site: lab
basis: 网络安全法
document: 粤〔2026〕5号
issuer: 某局
valid: {from: 2026-06-01, until: 2026-06-30}
include: [198.18.0.0/24, "2001:db8::/120"]
exclude: [198.18.0.9]
ports: [80, 443, 9000-9200]
rate: {packets_per_second: 1000, per_host: 40}
level: 1
operators: [张三, alice]
"""


@pytest.fixture
def good() -> str:
    return GOOD


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(parse("2026-06-10T12:00:00+08:00"))


@pytest.fixture
def scope() -> Scope:
    return replace(read(GOOD.encode(), "scope.yaml"), signed_by="chief")


@pytest.fixture
def epoch(tmp_path: Path) -> Epoch:
    return Epoch(tmp_path / "state")


@pytest.fixture
def audit(tmp_path: Path, clock: ManualClock) -> Audit:
    return Audit(tmp_path / "audit.jsonl", clock)


@pytest.fixture
def open_gate(clock: ManualClock, epoch: Epoch, audit: Audit) -> Callable[..., Gate]:
    def opened(scope: Scope, operator: str = "张三") -> Gate:
        return Gate(scope, clock=clock, audit=audit, epoch=epoch, operator=operator)

    return opened
