"""Files of other tools brought in: in the order of the days they tell of, each day as it was."""

import pytest

from secops.core.clock import ManualClock, parse
from secops.core.events import Note, Summary
from secops.core.model import Kind
from secops.hall.app import App
from secops.hall.flows.difference import Told, diff
from secops.hall.flows.discover_import import bring_in
from secops.hall.flows.history import history
from secops.hall.flows.inventory import rebuild
from secops.hall.flows.inventory_at import listed_at
from secops.hall.flows.moment import instant
from secops.hall.workspace import Workspace
from secops.scope.chain import entries
from secops.store import entities, relations


@pytest.fixture
def app(tmp_path):
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    with App(workspace, clock=ManualClock(parse("2025-06-01"))) as opened:
        yield opened


def last(events):
    return [event for event in events if isinstance(event, Summary)][-1]


def _nmap(path, day, *places):
    """An nmap file of hosts with an MAC of their own, seen at nine on this day."""
    at = int(parse(f"{day}T09:00:00+08:00") / 1000)
    hosts = "".join(
        f'<host starttime="{at}" endtime="{at + place}"><status state="up"/>'
        f'<address addr="198.18.0.{place}" addrtype="ipv4"/>'
        f'<address addr="38:22:D6:00:00:{mac:02X}" addrtype="mac"/>'
        '<ports><port protocol="tcp" portid="22"><state state="open"/><service name="ssh"/></port></ports></host>'
        for place, mac in places
    )
    path.write_text(f'<?xml version="1.0"?><nmaprun scanner="nmap" start="{at}" version="7.94">{hosts}</nmaprun>')
    return path


_DAYS = (("2025-05-08", (1, 1), (2, 2)), ("2025-05-15", (3, 1), (2, 2)), ("2025-05-22", (3, 1), (4, 4)))


def _at(app, day):
    """Machines and addresses as they were at the end of this day."""
    found = [row for row in listed_at(app, instant(app, day), "*") if row["kind"] in {"host", "ip"}]
    return sorted((str(row["kind"]), str(row.get("host.addresses") or row["address"])) for row in found)


def test_what_imported_files_tell_of_machines_is_of_the_day_they_tell_of(app, tmp_path):
    """Files brought in later show the machines of each of their days, and links that end no earlier than they begin."""
    for number, (day, *places) in enumerate(_DAYS):
        list(bring_in(app, (_nmap(tmp_path / f"{number}.xml", day, *places),)))
    machines = [[where for kind, where in _at(app, day) if kind == "host"] for day, *_ in _DAYS]
    assert [len(each) for each in machines] == [2, 2, 3]
    assert "198.18.0.3" in str(machines[1])
    moved = [row for row in diff(app, "2025-05-08", "2025-05-15") if row["kind"] == "host"]
    assert moved
    with app.database.read() as connection:
        hosts = [each.id for each in entities.of_kind(connection, app.site, Kind.HOST)]
        assert all(
            each.first_seen <= each.last_seen < app.clock.now() for each in relations.touching(connection, hosts)
        )
    assert last(list(rebuild(app))).complete


def test_files_named_in_any_order_are_taken_in_by_the_time_they_tell_of(app, tmp_path):
    """The past is the same whichever file is named first, and the act is in the audit log with its operator."""
    files = [_nmap(tmp_path / f"scan-{9 - number}.xml", day, *places) for number, (day, *places) in enumerate(_DAYS)]
    summary = last(list(bring_in(app, tuple(reversed(files)), operator="张三")))
    assert not summary.warnings
    assert [len(_at(app, day)) for day, *_ in _DAYS] == [4, 5, 7]
    entry = [each for each in entries(app.audit.path) if each["event"] == "discover.import"][-1]
    assert entry["data"]["operator"] == "张三"
    assert [each["file"] for each in entry["data"]["files"]] == [str(each) for each in files]


def test_an_older_file_after_newer_ones_is_told_of(app, tmp_path):
    """The summary says that the day it tells of is not made anew; history begins when the asset was first seen."""
    files = [_nmap(tmp_path / f"{number}.xml", day, *places) for number, (day, *places) in enumerate(_DAYS)]
    for path in files[1:]:
        assert not last(list(bring_in(app, (path,)))).warnings
    (warning,) = last(list(bring_in(app, (files[0],)))).warnings
    assert "2025-05-08" in warning
    assert "2025-05-22" in warning
    assert not last(list(bring_in(app, (files[0],)))).warnings
    first = next(iter(history(app, "198.18.0.2")))
    assert str(first["at"]).startswith("2025-05-08")
    assert first["field"] == "first_seen"


def test_a_scan_of_the_same_day_taken_in_after_a_later_one_says_where_its_machines_are(app, tmp_path):
    """What became of hosts is dated as the later scan: the import counts them, `diff RUN RUN` cannot; told so."""
    list(bring_in(app, (_nmap(tmp_path / "later.xml", "2025-05-08", (9, 9)),)))
    events = list(bring_in(app, (_nmap(tmp_path / "earlier.xml", "2025-05-08", (2, 2)),)))
    run = last(events).run
    notes = [event.text for event in events if isinstance(event, Note) and "diff" in event.text]
    assert len(notes) == 1
    assert "2025-05-08 09:00:09" in notes[0]
    told = Told()
    list(diff(app, run, run, told=told))
    assert last(events).counts["created"] == 3
    assert told.counts == {("new", "ip"): 1, ("new", "service"): 1}
    events = list(bring_in(app, (_nmap(tmp_path / "next.xml", "2025-05-09", (2, 2), (5, 9)),)))
    told, run = Told(), last(events).run
    list(diff(app, run, run, told=told))
    assert not [event for event in events if isinstance(event, Note)]
    counts = last(events).counts
    assert counts["created"] + counts["updated"] == sum(told.counts.values()) > 0
