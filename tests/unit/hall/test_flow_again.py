"""Discovery that goes on: events between runs, watches caught up once, pauses for the hours, hosts left alone."""

import getpass
import json
import socket
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from secops.core.clock import ManualClock, SteadyClock, SystemClock, parse, render
from secops.core.errors import InvalidFile, Refused, UsageError
from secops.core.events import Note, Row, Started, Summary
from secops.hall import watches
from secops.hall.app import App
from secops.hall.flows import scope as scopes
from secops.hall.flows.discover import discover
from secops.hall.flows.discover_events import of_run
from secops.hall.flows.discover_open import make_plan
from secops.hall.flows.discover_status import told
from secops.hall.flows.discover_watch import listed, occasion, planned, watch
from secops.hall.workspace import Workspace
from secops.scope.template import Draft
from secops.store import runs

ME = getpass.getuser()


class Clock(ManualClock):
    """Its wall hand is moved by hand, its monotonic one is the machine's: sockets need real time."""

    def __init__(self, now) -> None:
        super().__init__(now)
        self.begun = SystemClock().monotonic()

    def now(self):
        return super().now() + round((self.monotonic() - self.begun) * 1000)

    def monotonic(self):
        return SystemClock().monotonic()

    def sleep(self, seconds):
        self._now += round(seconds * 1000)


class Door:
    """A server on the loopback that can be shut and opened again."""

    def __init__(self, address) -> None:
        self.address, self.port, self.sock = address, 0, None

    def open(self, greeting=b"220 (vsFTPd 3.0.3)\r\n") -> int:
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((self.address, self.port))
        self.sock.listen(32)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._serve, args=(self.sock, greeting), daemon=True).start()
        return self.port

    def close(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    @staticmethod
    def _serve(sock, greeting) -> None:
        while True:
            try:
                peer, _ = sock.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                peer.sendall(greeting)


@pytest.fixture
def doors():
    made = [Door("127.0.0.1"), Door("127.0.0.1")]
    for each in made:
        each.open()
    yield made
    for each in made:
        with suppress(OSError):
            each.close()


@pytest.fixture
def clock():
    return Clock(parse("2026-06-10T12:00:00+08:00"))


@pytest.fixture
def app(tmp_path, doors, monkeypatch, clock):
    monkeypatch.setenv("SECOPS_DISCOVER_PROBES", "off")
    workspace = Workspace(tmp_path)
    workspace.make()
    secret = tmp_path / "pass"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    draft = Draft(
        "甲", "default", "法", "号", "局", "2026-06-01", "2026-06-30", ["127.0.0.1-127.0.0.4"], [ME],
        ports=[str(each.port) for each in doors], loopback=True, pps=10_000, pps_per_host=1_000, level=1,
    )  # fmt: skip
    with App(workspace, clock=clock) as opened:
        scopes.keygen(opened, "chief", secret)
        for name, hours in (("a", ()), ("day", ("08:00-20:00",))):
            path = workspace.scopes / f"{name}.yaml"
            scopes.new(path, replace(draft, hours=hours))
            scopes.sign(opened, path, "chief", secret)
        yield opened


def run(app, **options):
    plan = make_plan(app, "a.yaml", udp=False)
    return list(discover(app, plan, operator=ME, **options))


def happened(events):
    return sorted(
        (each.data["class"], each.data["key"]) for each in events if isinstance(each, Row) and each.type == "event"
    )


def test_open_closed_reopened_vanished(app, doors, clock):
    """Between runs a port closes, opens again, and at last the whole host falls silent: one event of its class each."""
    first, second = (f"127.0.0.1:{each.port}/tcp" for each in doors)
    assert happened(run(app)) == sorted([("new", "127.0.0.1"), ("new", first), ("new", second)])
    clock.advance(60)
    assert happened(run(app)) == []
    clock.advance(60)
    doors[1].close()
    events = run(app)
    assert happened(events) == [("closed", second)]
    assert next(each for each in events if isinstance(each, Summary)).counts["event_closed"] == 1
    clock.advance(60)
    doors[1].open(b"220 (vsFTPd 3.0.5)\r\n")
    events = run(app)
    assert happened(events) == [("reopened", second)]
    id = next(each for each in events if isinstance(each, Summary)).run
    assert [each["class"] for each in of_run(app, id)] == ["reopened"]
    assert [each["class"] for each in of_run(app, "", "closed")] == []
    clock.advance(60)
    for each in doors:
        each.close()
    assert happened(run(app)) == [("vanished", "127.0.0.1")]
    with pytest.raises(UsageError, match="E1404"):
        of_run(app, "none")


def test_clock_set_back_ages_nothing(app, clock):
    """When the clock is set back during a run, what it saw is not taken for missed, and run ids stay distinct."""
    plan = make_plan(app, "a.yaml", udp=False)
    ids = []
    for _ in range(2):
        for event in discover(app, plan, operator=ME):
            if isinstance(event, Started):
                ids.append(event.run)
                clock._now -= 3_600_000
            if isinstance(event, Row) and event.type == "event":
                assert event.data["class"] == "new"
    assert len(set(ids)) == 2


def test_pause_until_the_hours_begin(app, clock):
    """A run whose hours end waits, says so, and goes on when they begin; without waiting it ends resumable."""
    plan = make_plan(app, "day.yaml", udp=False)
    notes = []
    for event in discover(app, plan, operator=ME):
        if isinstance(event, Started):
            clock._now = int(parse("2026-06-10T20:00:01+08:00"))
        if isinstance(event, Note):
            notes.append(event.text)
        if isinstance(event, Summary):
            assert event.state == "done"
    assert any("2026-06-11T08:00" in each for each in notes)
    assert clock.now() > parse("2026-06-11T08:00:00+08:00")
    for event in discover(app, plan, operator=ME, wait=False):
        if isinstance(event, Started):
            clock._now = int(parse("2026-06-11T20:00:01+08:00"))
        if isinstance(event, Summary):
            assert (event.state, event.resumable) == ("refused", True)
    with pytest.raises(Refused, match="E2114") as caught:
        list(discover(app, replace(plan, ports=plan.ports[:1]), operator=ME))
    assert "2026-06-12T08:00" in caught.value.hint


def test_stopped_while_paused(app, clock):
    """The stop switch ends a run that waits for its hours."""
    plan = make_plan(app, "day.yaml", udp=False)
    for event in discover(app, plan, operator=ME):
        if isinstance(event, Started):
            clock._now = int(parse("2026-06-10T20:00:01+08:00"))
        if isinstance(event, Note) and "2026-06-11T08:00" in event.text:
            clock.sleep = lambda _: app.epoch.bump()
        if isinstance(event, Summary):
            assert event.state == "stopped"


def nightly(app, text="scope: a.yaml\nschedule: 0 2 * * *\nudp: false\nfull_every: 3\n"):
    path = app.workspace.root / "watches" / "nightly.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def started(events):
    return [each.run for each in events if isinstance(each, Started)]


def test_missed_runs_are_caught_up_once(app, clock):
    """Five nights missed give one run; the next moment gives the next; nothing is due in between."""
    nightly(app)
    assert started(watch(app, operator=ME, once=True)) == []
    clock.advance(5 * 86_400)
    assert len(started(watch(app, operator=ME, once=True))) == 1
    assert started(watch(app, operator=ME, once=True)) == []
    clock.advance(86_400)
    assert len(started(watch(app, operator=ME, once=True))) == 1
    (row,) = listed(app)
    assert (row["runs"], row["due"], row["next"][:16]) == (2, None, "2026-06-17T02:00")


def test_crash_between_run_and_state_counts_once(app, clock):
    """A process that dies after its run ended and before it wrote that down does not run again; one amid it resumes."""
    nightly(app)
    list(watch(app, operator=ME, once=True))
    clock.advance(86_400)
    before = (app.workspace.state / "watches" / "nightly.json").read_text()
    (first,) = started(watch(app, operator=ME, once=True))
    (app.workspace.state / "watches" / "nightly.json").write_text(before)
    again = list(watch(app, operator=ME, once=True))
    assert started(again) == [first]
    assert not any(isinstance(each, Row) for each in again)
    clock.advance(86_400)
    asked = iter((False, False, False, True, True))
    (cut,) = started(watch(app, operator=ME, once=True, stop=lambda: next(asked, True)))
    (resumed,) = [each for each in watch(app, operator=ME, once=True) if isinstance(each, Started)]
    assert (resumed.run, resumed.resumed) == (cut, True)
    with app.database.read() as connection:
        assert [each.state for each in runs.latest(connection)] == ["done", "done"]


def test_turns_of_a_watch(app, clock):
    """Every third run asks everything; the two between ask the known first and half of the rest each."""
    run(app)
    nightly(app)
    (found,), _ = watches.all_of(app.workspace)
    due = int(clock.now())
    plans = [planned(app, found, due, number) for number in range(4)]
    assert [each.shard for each in plans] == [(1, 1), (1, 2), (2, 2), (1, 1)]
    assert [bool(each.first) for each in plans] == [False, True, True, False]
    assert plans[1].first[0].targets == ("127.0.0.1/32",)
    assert plans[0].occasion == occasion(found, due)


def test_clock_set_far_back_does_not_silence_a_watch(app, clock):
    """A clock that was a year ahead for a while does not leave a watch silent for a year."""
    done = watches.Done(since=0, handled=int(clock.now()) + 365 * 86_400_000)
    watches.keep(app.workspace, "nightly", done)
    now = clock.now()
    assert watches.state(app.workspace, "nightly", now).handled == now
    done = watches.Done(since=0, handled=int(clock.now()) + 3_600_000)
    assert done.steady(clock.now()) is done


@pytest.mark.parametrize(
    "text",
    ["scope: a.yaml\n", "scope: a.yaml\nschedule: tomorrow\n", "scope: a.yaml\nschedule: FREQ=SECONDLY\n", "x: 1\n"],
)
def test_broken_watch_is_told_once_and_the_others_go_on(app, clock, text):
    """A broken file is an error with its place; a running watch tells it once and goes on with the others."""
    nightly(app)
    list(watch(app, operator=ME, once=True))
    (app.workspace.root / "watches" / "broken.yaml").write_text(text)
    clock.advance(86_400)
    events, asked = [], iter([False] * 12)
    events += watch(app, operator=ME, stop=lambda: next(asked, True) or bool(started(events)))
    assert sum(isinstance(each, Note) and "broken.yaml" in each.text for each in events) == 1
    assert len(started(events)) == 1
    with pytest.raises(InvalidFile):
        list(listed(app))


def test_looking_once_ends_with_the_error_that_kept_a_watch_from_running(app, clock):
    """`--once` in a timer must not end as if all were well; the other watches have their runs all the same."""
    nightly(app)
    list(watch(app, operator=ME, once=True))
    (app.workspace.root / "watches" / "broken.yaml").write_text("scope: a.yaml\n")
    clock.advance(86_400)
    events = []
    with pytest.raises(InvalidFile, match=r"broken\.yaml"):
        for each in watch(app, operator=ME, once=True):
            events.append(each)  # noqa: PERF402  what came before the error is looked at
    assert len(started(events)) == 1


def test_a_watch_finds_its_scope_from_any_directory(app, tmp_path, monkeypatch):
    """`scope: scopes/a.yaml` is the workspace's, wherever the program was started."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    nightly(app, "scope: scopes/a.yaml\nschedule: 0 2 * * *\nudp: false\n")
    (found,) = watches.all_of(app.workspace)[0]
    assert found.scope == "scopes/a.yaml"
    assert planned(app, found, 0, 0).title == "甲"


def test_no_watch_and_garbled_state(app):
    """Without a file it says how to write one; a state that cannot be read is an error, not a second run."""
    with pytest.raises(UsageError, match="E1434"):
        list(watch(app, operator=ME, once=True))
    watches.keep(app.workspace, "nightly", watches.Done(1, 2))
    (app.workspace.state / "watches" / "nightly.json").write_text(json.dumps([1]))
    with pytest.raises(InvalidFile, match="E1432"):
        watches.state(app.workspace, "nightly", 5)


def test_live_progress_and_audit_numbers(app):
    """The flow tells progress beside its events, time left unknown first; the store keeps the audit's numbers."""
    heard = []
    events = run(app, live=heard.append)
    id = next(each for each in events if isinstance(each, Summary)).run
    assert heard
    assert heard[0].left < 0
    with app.database.read() as connection:
        kept = runs.get(connection, id).summary["audit"]
    assert 0 < kept["first"] < kept["last"]
    assert told(app, id)["left"] == ""


def test_steady_clock():
    """Its wall hand never runs back, follows forward steps, and wraps no clock twice."""
    hand = ManualClock(parse("2026-06-10T12:00:00+08:00"))
    steady = SteadyClock(hand)
    first = steady.now()
    hand._now -= 60_000
    hand.advance(1)
    assert steady.now() == first + 1_000
    hand._now += 120_000
    assert steady.now() == first + 61_000
    assert SteadyClock(steady).raw is hand
    assert SteadyClock(hand, least=first + 10**9).now() == first + 10**9
    assert render(steady.now())
