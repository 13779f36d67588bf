"""The Gate says yes only to what the scope says yes to, at this moment."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from secops.core.clock import Instant, ManualClock, parse
from secops.core.errors import Refused, StoreError
from secops.scope import hours
from secops.scope.audit import Audit
from secops.scope.chain import entries
from secops.scope.document import Scope
from secops.scope.epoch import Epoch
from secops.scope.gate import Gate
from secops.scope.level import Level
from secops.scope.ports import PortSet

Open = Callable[..., Gate]


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


def test_lease(open_gate: Open, scope: Scope, clock: ManualClock) -> None:
    """A lease covers included minus excluded targets and ports but never a printer's, for a tenth of a second."""
    gate = open_gate(scope)
    clock.advance(1)
    lease = gate.lease(Level.GENTLE, 1000)
    assert lease.budget == 100
    assert lease.live(clock.monotonic())
    assert not lease.live(clock.monotonic() + 0.1001)
    assert lease.allows("198.18.0.1", 443)
    assert lease.allows("2001:db8::1", 9099)
    assert not lease.allows("198.18.0.9", 443)
    assert not lease.allows("198.18.1.0", 443)
    assert not lease.allows("198.18.0.1", 9100)
    assert not lease.allows("www.example.gov.cn", 443)
    assert gate.admits("198.18.0.1", 80)
    assert not gate.admits("198.18.0.1", 9100)


def test_unverified(open_gate: Open, scope: Scope) -> None:
    """A scope whose signature nobody verified opens no Gate."""
    assert code_of(lambda: open_gate(replace(scope, signed_by=""))) == "E2101"


def test_refusals(open_gate: Open, scope: Scope, clock: ManualClock) -> None:
    """Too intrusive an act, a stranger (look-alikes included), an empty scope: each is refused with its code."""
    assert code_of(lambda: open_gate(scope, "аlice")) == "E2113"
    assert code_of(lambda: open_gate(scope, "Alice")) == "E2113"
    assert code_of(lambda: open_gate(replace(scope, ports=PortSet.parse([9100])))) == "E2117"
    gate = open_gate(scope)
    assert code_of(lambda: gate.lease(Level.ACTIVE)) == "E2112"
    gate.close()
    assert code_of(lambda: gate.lease(Level.GENTLE)) == "E2110"


def test_expiry(open_gate: Open, scope: Scope, clock: ManualClock) -> None:
    """A running scan gets no lease past the last moment, and the last lease ends with it."""
    gate = open_gate(replace(scope, not_after=Instant(clock.now() + 1040)))
    clock.advance(1)
    assert gate.lease(Level.GENTLE).expires == pytest.approx(clock.monotonic() + 0.04)
    clock.advance(0.05)
    assert code_of(lambda: gate.lease(Level.GENTLE)) == "E2107"
    assert code_of(lambda: open_gate(replace(scope, not_before=Instant(clock.now() + 9)))) == "E2106"


def test_clock_set_back(open_gate: Open, scope: Scope, clock: ManualClock) -> None:
    """Setting the clock back does not prolong a scope; setting it forward ends it."""
    gate = open_gate(replace(scope, not_after=Instant(clock.now() + 60_000)))
    clock._now -= 3_600_000
    gate.lease(Level.GENTLE)
    clock.advance(61)
    assert code_of(lambda: gate.lease(Level.GENTLE)) == "E2107"


def test_hours(open_gate: Open, scope: Scope, clock: ManualClock) -> None:
    """Outside its hours a scope gives no lease."""
    gate = open_gate(replace(scope, hours=(hours.parse("08:00-12:01"),)))
    gate.lease(Level.GENTLE)
    clock.advance(60)
    assert code_of(lambda: gate.lease(Level.GENTLE)) == "E2114"


def test_stop_and_revoke(open_gate: Open, scope: Scope, epoch: Epoch) -> None:
    """The very next lease after a stop or a revocation is refused; a revoked scope opens no Gate again."""
    gate = open_gate(scope)
    gate.lease(Level.GENTLE)
    epoch.bump()
    assert code_of(lambda: gate.lease(Level.GENTLE)) == "E2110"
    again = open_gate(scope)
    epoch.revoke(scope.id, "over")
    assert code_of(lambda: again.lease(Level.GENTLE)) == "E2108"
    assert code_of(lambda: open_gate(scope)) == "E2108"


def test_switch_removed(open_gate: Open, scope: Scope, epoch: Epoch, tmp_path) -> None:
    """Removing the switch file while a scan runs stops the scan."""
    epoch.bump()
    gate = open_gate(scope)
    (tmp_path / "state" / "epoch").unlink()
    assert code_of(lambda: gate.lease(Level.GENTLE)) == "E2110"


def test_rate(open_gate: Open, scope: Scope, clock: ManualClock) -> None:
    """The leases of two seconds hold no more packets than the rate, given-back ones not counted."""
    gate = open_gate(scope)
    total = 0
    for _ in range(200):
        clock.advance(0.01)
        lease = gate.lease(Level.GENTLE, 50)
        gate.give_back(lease.budget // 2)
        total += lease.budget - lease.budget // 2
    assert total <= 2000
    assert gate.lease(Level.GENTLE, 0).budget == 0


def test_audited(open_gate: Open, scope: Scope, audit: Audit, clock: ManualClock) -> None:
    """The log tells of the opening before any lease, of leases in ten-second windows, and of refusals by network."""
    gate = open_gate(scope)
    for _ in range(3):
        clock.advance(6)
        gate.give_back(gate.lease(Level.GENTLE, 10).budget)
    for host in range(20):
        gate.refuse(f"198.18.7.{host}", 80, "out-of-lease")
    gate.refuse("198.18.0.1", 9100, "x")
    gate.refuse("evil\x1b[2J", 80, "x")
    assert gate.refusals == {"out-of-lease": 20, "denied-port": 1, "x": 1}
    gate.close()
    gate.close()
    told = list(entries(audit.path))
    assert [each["event"] for each in told] == ["gate.opened", "gate.leasing", "gate.leasing", "gate.closed"]
    refused = told[-1]["data"]["before"]["refused"]
    assert refused[0] == {"network": "198.18.7.0/24", "reason": "out-of-lease", "count": 20}
    assert {each["network"] for each in refused} == {"198.18.7.0/24", "198.18.0.0/24", "not-an-address"}
    assert sum(each["data"]["before"]["leases"].get("1", 0) for each in told[1:]) == 3
    assert sum(each["data"]["before"]["packets"] for each in told[1:]) == 0


def test_many_refusals(open_gate: Open, scope: Scope, audit: Audit) -> None:
    """However many networks are refused, the summary stays one bounded line and no refusal is lost from its count."""
    gate = open_gate(scope)
    for i in range(2000):
        gate.refuse(f"10.{i // 250}.{i % 250}.1", 80, "原因" * 40)
    gate.close()
    refused = list(entries(audit.path))[-1]["data"]["before"]["refused"]
    assert sum(each["count"] for each in refused) == 2000
    assert len(refused) <= 101


def test_no_audit_no_act(open_gate: Open, scope: Scope, audit: Audit) -> None:
    """Where the log cannot be written, no lease is given."""
    audit.path.mkdir()
    with pytest.raises(StoreError):
        open_gate(scope)


def test_admitted_dates(scope: Scope) -> None:
    """A bare last date includes the whole of that day, in Chinese time."""
    assert scope.not_before == parse("2026-06-01T00:00:00+08:00")
    assert scope.not_after == parse("2026-07-01T00:00:00+08:00")
