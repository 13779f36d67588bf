"""Discovery from scope to inventory on two loopback listeners, resumed, refused, imported."""

import getpass
import socket
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from secops.core.clock import DAY_MS, Instant, SystemClock, render
from secops.core.errors import Locked, Refused, UsageError
from secops.core.events import Note, Row, Started, Summary
from secops.hall.app import App
from secops.hall.flows import scope as scopes
from secops.hall.flows.discover import discover, resume, wanted_plan
from secops.hall.flows.discover_import import bring_in
from secops.hall.flows.discover_open import make_plan
from secops.hall.flows.discover_status import listed, told
from secops.hall.workspace import Workspace
from secops.scope.template import Draft
from secops.store import coverage, entities, observations, places, run_ends, runs

ME = getpass.getuser()


@pytest.fixture
def listener():
    """An FTP server on the loopback that greets and is gone with the test."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(32)

    def serve():
        while True:
            try:
                peer, _ = sock.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                peer.sendall(b"220 (vsFTPd 3.0.3)\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield sock.getsockname()[1]
    sock.close()


@pytest.fixture
def app(tmp_path, listener, monkeypatch):
    monkeypatch.setenv("SECOPS_DISCOVER_PROBES", "off")  # the same with and without nmap on this machine
    workspace = Workspace(tmp_path)
    workspace.make()
    secret = tmp_path / "pass"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    today = SystemClock().now()
    draft = Draft(
        "甲", "default", "法", "号", "局", render(today)[:10], render(today + 10 * 86_400_000)[:10],
        ["127.0.0.1-127.0.0.4"], [ME], ports=[str(listener), "1"], loopback=True, pps=10_000, pps_per_host=1_000,
        level=2,
    )  # fmt: skip
    with App(workspace) as opened:
        path = workspace.scopes / "a.yaml"
        scopes.new(path, draft)
        scopes.keygen(opened, "chief", secret)
        scopes.sign(opened, path, "chief", secret)
        yield opened


def last(events):
    (summary,) = [each for each in events if isinstance(each, Summary)]
    assert events[-1] is summary
    return summary


def test_from_scope_to_inventory(app, listener):
    """A run finds the listener, logs it, covers its block, ends, and tells one summary, last."""
    plan = make_plan(app, "a.yaml")
    events = list(discover(app, plan, operator=ME))
    assert isinstance(events[0], Started)
    (row,) = [each.data for each in events if isinstance(each, Row) and each.type == "observation"]
    new = [each.data["kind"] for each in events if isinstance(each, Row) and each.type == "event"]
    assert sorted(new) == ["ip", "service"]
    assert (row["address"], row["port"], row["facts"]["service.name"]) == ("127.0.0.1", listener, "ftp")
    summary = last(events)
    assert (summary.complete, summary.counts["open"], summary.counts["planned"]) == (True, 1, 8)
    assert summary.counts["new"] == 2
    with app.database.read() as connection:
        assert runs.get(connection, summary.run).state == "done"
        assert coverage.of_run(connection, summary.run)[0].asked == 8
        assert run_ends.of_run(connection, summary.run).complete
        assert observations.count(connection, summary.run) == 1
    assert (app.workspace.run(summary.run) / "summary.json").is_file()
    assert next(iter(listed(app, 5)))["state"] == "done"
    assert told(app, summary.run)["observations"] == 1


@pytest.mark.parametrize("look", ["page", "certificate", "port"])
def test_a_sweep_asks_little_and_ends_nothing_known(app, listener, look):
    """A sweep that does not understand a port leaves what a full look found, and asks neither UDP nor probes."""
    last(list(discover(app, make_plan(app, "a.yaml"), operator=ME)))
    plan = make_plan(app, "a.yaml", look=look)
    assert (plan.udp, plan.probes, plan.level) == ((), "", 1)
    summary = last(list(discover(app, plan, operator=ME)))
    assert (summary.complete, summary.counts["open"], summary.counts["changed"]) == (True, 1, 0)
    with app.database.read() as connection:
        (service,) = [each for each in places.known(connection, app.site) if each.port == listener]
        assert entities.by_ids(connection, [service.id])[service.id].facts["service.name"] == "ftp"
    assert wanted_plan(app, summary.run, engine="", ports="", deep=()).look == look


def test_scope_ports_are_the_default_where_few(app, listener):
    """A scope that names few ports is asked for exactly these; ports outside it are refused."""
    assert make_plan(app, "a.yaml").ports == (1, listener)
    with pytest.raises(Refused, match="E3402"):
        make_plan(app, "a.yaml", ports="2")
    with pytest.raises(UsageError, match="E1409"):
        make_plan(app, "a.yaml", ports="http")
    with pytest.raises(Refused, match="E3403"):
        make_plan(app, "a.yaml", deep=("127.0.0.9",))


def test_drained_and_resumed(app):
    """Asked to stop, a run ends interrupted and resumable; resumed, it ends done with nothing twice."""
    plan = make_plan(app, "a.yaml")
    summary = last(list(discover(app, plan, operator=ME, stop=lambda: True)))
    assert (summary.state, summary.resumable, summary.complete) == ("interrupted", True, False)
    again = last(list(resume(app, summary.run, operator=ME)))
    assert (again.state, again.run) == ("done", summary.run)
    (note,) = resume(app, summary.run, operator=ME)
    assert isinstance(note, Note)


def test_changed_option_is_refused_on_resume(app):
    """A resumed run takes no changed option, and says which changed."""
    plan = make_plan(app, "a.yaml")
    summary = last(list(discover(app, plan, operator=ME, stop=lambda: True)))
    other = wanted_plan(app, summary.run, engine="", ports="1", deep=())
    with pytest.raises(UsageError, match="E1406") as caught:
        list(resume(app, summary.run, operator=ME, wanted=other))
    assert "ports" in caught.value.why
    same = wanted_plan(app, summary.run, engine="", ports="", deep=())
    assert last(list(resume(app, summary.run, operator=ME, wanted=same))).state == "done"


def test_dead_run_gets_its_summary_from_the_next_start(app):
    """A run whose process vanished is told as crashed and resumable by whoever starts next."""
    plan = make_plan(app, "a.yaml")
    now = app.clock.now()
    with app.database.write() as connection:
        dead = runs.Run("dead", "discover", "default", "running", plan.document(), plan.hash, now, now, None, 1, {}, {})
        runs.begin(connection, dead)
    events = list(discover(app, make_plan(app, "a.yaml", ports="1"), operator=ME))
    assert any(isinstance(each, Note) and "dead" in each.text for each in events)
    with app.database.read() as connection:
        found = runs.get(connection, "dead")
    assert (found.state, found.summary["state"], found.summary["resumable"]) == ("crashed", "crashed", True)
    assert last(list(resume(app, "dead", operator=ME))).state == "done"


def test_a_second_start_continues(app):
    """Starting the same plan again goes on with the unfinished run, and begins anew once that is done."""
    plan = make_plan(app, "a.yaml")
    first = last(list(discover(app, plan, operator=ME, stop=lambda: True)))
    second = last(list(discover(app, plan, operator=ME)))
    third = last(list(discover(app, plan, operator=ME)))
    assert (second.run, second.state) == (first.run, "done")
    assert third.run != first.run


def test_an_old_unfinished_run_is_left_alone(app):
    """A run that was alive more than a day ago is not continued by a start: what it asked is too old to count."""
    plan = make_plan(app, "a.yaml")
    now = Instant(app.clock.now() - 2 * DAY_MS)
    with app.database.write() as connection:
        runs.begin(
            connection,
            runs.Run("old", "discover", "default", "crashed", plan.document(), plan.hash, now, now, None, 1, {}, {}),
        )
    assert last(list(discover(app, plan, operator=ME))).run != "old"


def test_changed_scope_or_program_refuses_the_plan(app):
    """A plan made for another text of the scope, or by other collectors, is refused before anything is sent."""
    plan = make_plan(app, "a.yaml")
    with pytest.raises(Refused, match="E3405"):
        list(discover(app, replace(plan, scope_digest="0" * 64), operator=ME))
    with pytest.raises(Refused, match="E3406"):
        list(discover(app, replace(plan, collectors=("x@1",)), operator=ME))
    with pytest.raises(Refused, match="E2113"):
        list(discover(app, plan, operator="nobody"))
    with app.database.read() as connection:
        assert runs.latest(connection) == []


def test_revoked_while_it_runs(app):
    """A scope revoked during the run ends it as refused, with its summary."""
    plan = make_plan(app, "a.yaml")
    events = discover(app, plan, operator=ME)
    begun = [next(events)]
    scopes.revoke(app, "a", "over", ME)
    summary = last(begun + list(events))
    assert summary.state in {"refused", "stopped"}
    assert not summary.complete


def test_one_run_at_a_time(app):
    """A second run while the first holds the lock is turned away."""
    plan = make_plan(app, "a.yaml")
    with app.workspace.lock("discover"), pytest.raises(Locked):
        list(discover(app, plan, operator=ME))


def test_abandoned_run_has_its_summary(app):
    """When the caller goes away the summary is on disk all the same."""
    events = discover(app, make_plan(app, "a.yaml"), operator=ME)
    run = next(events).run
    events.close()
    with app.database.read() as connection:
        assert runs.get(connection, run).state == "interrupted"


NMAP = """<?xml version="1.0"?><nmaprun scanner="nmap" start="1" version="7.93"><host starttime="1" endtime="2">
<status state="up"/><address addr="{}" addrtype="ipv4"/><ports><port protocol="tcp" portid="80">
<state state="open"/><service name="http"/></port></ports></host><runstats><finished time="2"/></runstats></nmaprun>"""


def test_import_sends_nothing_and_flags_what_is_outside(app, tmp_path):
    """Rows of a file become observations once, those outside every trusted scope flagged."""
    files = []
    for name, address in (("in.xml", "127.0.0.2"), ("out.xml", "203.0.113.5")):
        files.append(tmp_path / name)
        files[-1].write_text(NMAP.format(address), encoding="utf-8")
    events = list(bring_in(app, tuple(files)))
    summary = last(events)
    assert summary.complete
    assert summary.counts["outside_scope"] > 0
    with app.database.read() as connection:
        ledgers = [each.data for each in events if isinstance(each, Row)]
        seen = [each for file in ledgers for each in observations.of_run(connection, file["run"])]
    assert {each.target.address: each.in_scope for each in seen} == {"127.0.0.2": True, "203.0.113.5": False}
    again = last(list(bring_in(app, tuple(files))))
    assert (again.run, again.counts["observations"]) == (summary.run, 0)


def test_broken_import_tells_its_place(app, tmp_path):
    """A truncated file keeps the rows before the break and tells where it broke."""
    path = tmp_path / "cut.xml"
    path.write_text(NMAP.format("127.0.0.2")[:-40], encoding="utf-8")
    summary = last(list(bring_in(app, (path,))))
    assert summary.state == "incomplete"
    assert any("cut.xml" in each and "line" in each for each in summary.warnings)
    with pytest.raises(UsageError, match="E1416"):
        list(bring_in(app, (path,), "csv"))


def test_larger_fingerprint_set_is_used_or_refused_before_anything_is_sent(app, tmp_path, monkeypatch):
    """`discover.fingerprints` names a file of the workspace; one that cannot be read ends the run before it begins."""
    from secops.core.errors import InvalidFile
    from secops.discover.fingerprint.entry import Seen
    from secops.discover.fingerprint.shelf import SHELF

    seen = Seen(values={"server": "widget/1.2"})
    (tmp_path / "larger.json").write_text('{"apps": {"Widget": {"headers": {"server": "widget"}}}}')
    plan = make_plan(app, "a.yaml")
    monkeypatch.setenv("SECOPS_DISCOVER_FINGERPRINTS", "larger.json")
    with App(app.workspace) as again:
        assert last(list(discover(again, plan, operator=ME))).complete
    assert [hit.technology.name for hit in SHELF.match(seen)] == ["Widget"]
    monkeypatch.setenv("SECOPS_DISCOVER_FINGERPRINTS", "missing.json")
    with App(app.workspace) as again, pytest.raises(InvalidFile, match="E1426"):
        list(discover(again, plan, operator=ME))
    monkeypatch.setenv("SECOPS_DISCOVER_FINGERPRINTS", "")
    with App(app.workspace) as again:
        list(discover(again, plan, operator=ME))
    assert SHELF.match(seen) == ()
