"""The chain finds the first broken place."""

import pytest

from secops.core.clock import ManualClock
from secops.scope.audit import Audit
from secops.scope.chain import Head, entries, verify


@pytest.fixture
def log(audit: Audit, clock: ManualClock) -> Audit:
    for i in range(5):
        audit.append("event", {"i": i, "who": "张三"})
    return audit


@pytest.mark.parametrize("harm", ["edit", "drop", "swap", "insert", "space", "blank", "duplicate-key"])
def test_places(log: Audit, harm: str) -> None:
    """An edited, dropped, swapped or inserted line is found at its own line."""
    lines = log.path.read_bytes().splitlines(keepends=True)
    lines = {
        "edit": [*lines[:2], lines[2].replace(b'"i":2', b'"i":3'), *lines[3:]],
        "drop": [*lines[:2], *lines[3:]],
        "swap": [*lines[:2], lines[3], lines[2], lines[4]],
        "insert": [*lines[:2], lines[1], *lines[2:]],
        "space": [*lines[:2], lines[2].replace(b'"i":2', b'"i": 2'), *lines[3:]],
        "blank": [*lines[:2], b"\n", *lines[2:]],
        "duplicate-key": [*lines[:2], lines[2].replace(b'"i":2', b'"i":9,"i":2'), *lines[3:]],
    }[harm]
    log.path.write_bytes(b"".join(lines))
    verdict = verify(log.path, log.head_path)
    assert verdict.fault is not None
    assert verdict.fault.line == 3
    assert verdict.head.seq == 2


def test_rewritten(log: Audit, tmp_path, clock: ManualClock) -> None:
    """A whole chain forged anew is caught by the head file."""
    forged = Audit(tmp_path / "forged.jsonl", clock)
    for i in range(5):
        forged.append("event", {"i": i})
    log.path.write_bytes(forged.path.read_bytes())
    assert verify(log.path, log.head_path).fault is not None


def test_entries(log: Audit) -> None:
    """Reading gives every record in order."""
    assert [each["seq"] for each in entries(log.path)] == [1, 2, 3, 4, 5]
    assert Head.parse(Head(7, "ab" * 32).render()) == Head(7, "ab" * 32)
    assert len(Head().render()) == len(Head(10**15).render())
