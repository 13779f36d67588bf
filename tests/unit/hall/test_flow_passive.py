"""Captures from file to inventory: nothing is sent, scope filters, a second time changes nothing."""

import getpass
import gzip
import struct
import sys

import pytest

from secops.assets.identity import ip_id
from secops.core.clock import SystemClock, render
from secops.core.errors import InvalidFile
from secops.core.events import Note, Row, Summary
from secops.hall.app import App
from secops.hall.flows import scope as scopes
from secops.hall.flows.discover_import import bring_in
from secops.hall.flows.discover_passive import from_files
from secops.hall.workspace import Workspace
from secops.scope.template import Draft
from secops.store import entities, observations

INSIDE, OUTSIDE = "198.18.0.5", "203.0.113.5"


@pytest.fixture
def app(tmp_path):
    workspace = Workspace(tmp_path / "ws")
    workspace.root.mkdir()
    workspace.make()
    secret = tmp_path / "pass"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    today = SystemClock().now()
    draft = Draft(
        "甲", "default", "法", "号", "局", render(today)[:10], render(today + 10 * 86_400_000)[:10],
        ["198.18.0.0/24"], [getpass.getuser()], level=0,
    )  # fmt: skip
    with App(workspace) as opened:
        path = workspace.scopes / "a.yaml"
        scopes.new(path, draft)
        scopes.keygen(opened, "chief", secret)
        scopes.sign(opened, path, "chief", secret)
        yield opened


def synack(address: str, port: int) -> bytes:
    source, target = bytes(map(int, address.split("."))), bytes((198, 18, 0, 77))
    tcp = struct.pack("!HHIIBBHHH", port, 50_000, 1, 1, 0x50, 0x12, 1_000, 0, 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + source + target
    return b"\x02" * 12 + b"\x08\x00" + ip + tcp


def capture(*frames: bytes) -> bytes:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    return head + b"".join(struct.pack("<IIII", 1_700_000_000, 0, len(each), len(each)) + each for each in frames)


def last(events):
    (summary,) = [each for each in events if isinstance(each, Summary)]
    assert events[-1] is summary
    return summary


def ports(app):
    with app.database.read() as connection:
        found = entities.services_of(connection, {ip_id("default", each) for each in (INSIDE, OUTSIDE)})
        return sorted(each.key for several in found.values() for each in several)


def test_a_capture_becomes_assets_without_a_byte_sent(app, tmp_path):
    """Open ports inside scope reach the inventory, those outside do not, and no socket is so much as made."""
    made: list[str] = []
    sys.addaudithook(lambda name, _: made.append(name) if name.startswith("socket.") else None)
    path = tmp_path / "a.pcap.gz"
    path.write_bytes(gzip.compress(capture(synack(INSIDE, 443), synack(OUTSIDE, 443))))
    summary = last(list(from_files(app, (path,))))
    assert made == []
    assert summary.complete
    assert (summary.counts["frames"], summary.counts["sent"], summary.counts["outside_scope"]) == (2, 0, 0)
    assert ports(app) == [f"{INSIDE}:443/tcp"]
    again = last(list(from_files(app, (path,))))
    assert (again.run, again.counts["observations"], again.counts["updated"]) == (summary.run, 0, 0)


def test_what_lies_outside_can_be_kept_and_is_flagged(app, tmp_path):
    """Asked for, addresses outside every trusted scope are kept, flagged, and stay no targets."""
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(synack(INSIDE, 443), synack(OUTSIDE, 443)))
    summary = last(list(from_files(app, (path,), keep_outside=True)))
    with app.database.read() as connection:
        seen = {each.target.address: each.in_scope for each in observations.of_run(connection, summary.run)}
    assert seen == {INSIDE: True, OUTSIDE: False}


def test_a_broken_capture_keeps_what_came_before_and_says_where(app, tmp_path):
    """A truncated capture gives its whole frames, ends incomplete and names the place."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(capture(synack(INSIDE, 80), synack(INSIDE, 81))[:-9])
    events = list(from_files(app, (path,)))
    summary = last(events)
    assert summary.state == "incomplete"
    assert ports(app) == [f"{INSIDE}:80/tcp"]
    assert any(isinstance(each, Note) and "cut.pcap: byte" in each.text for each in events)


def test_what_is_no_capture_is_refused_before_anything_is_written(app, tmp_path):
    """Another file is turned away with its name."""
    path = tmp_path / "a.txt"
    path.write_text("hello")
    with pytest.raises(InvalidFile, match="E1418"):
        list(from_files(app, (path,)))


def test_a_ledger_tells_what_became_of_every_record(app, tmp_path):
    """Each imported file has its own account: read, rows, skipped with reason and place, passed by with reason."""
    path = tmp_path / "a.jsonl.gz"
    lines = ['{"ip":"198.18.0.9","timestamp":"2023-11-14T22:13:21Z","port":22,"protocol":"tcp","tls":false}',
             "nonsense", '{"ip":"198.18.0.9","port":"x"}']  # fmt: skip
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    events = list(bring_in(app, (path,)))
    (ledger,) = [each.data for each in events if isinstance(each, Row)]
    assert (ledger["format"], ledger["read"], ledger["rows"], ledger["observations"]) == ("naabu", 1, 1, 1)
    assert ledger["skipped"] == [
        {"reason": "no JSON object", "count": 1, "first": "line 2"},
        {"reason": "no port", "count": 1, "first": "line 3"},
    ]
    summary = last(events)
    assert (summary.state, summary.counts["skipped"], summary.counts["created"]) == ("incomplete", 2, 2)


def test_a_file_cannot_outshine_the_future(app, tmp_path):
    """A row that claims to be from the future is taken as seen now; one without a time as old as its file."""
    path = tmp_path / "a.jsonl"
    rows = ("198.18.0.1", "2099-01-01T00:00:00Z"), ("198.18.0.2", "yesterday")
    text = '{{"ip":"{}","timestamp":"{}","port":22,"protocol":"tcp"}}\n'
    path.write_text("".join(text.format(*each) for each in rows))
    summary = last(list(bring_in(app, (path,))))
    with app.database.read() as connection:
        seen = {each.target.address: each.seen_at for each in observations.of_run(connection, summary.run)}
    assert abs(seen["198.18.0.1"] - SystemClock().now()) < 60_000
    assert abs(seen["198.18.0.2"] - path.stat().st_mtime * 1000) < 2_000


def test_a_gzip_bomb_is_left_where_it_swells(app, tmp_path):
    """A file that unpacks to three hundred times itself is left with a reason; rows before it are kept."""
    path = tmp_path / "bomb.gz"
    row = b'{"ip":"198.18.0.9","timestamp":"2023-11-14T22:13:21Z","port":22,"protocol":"tcp"}\n'
    path.write_bytes(gzip.compress(row + b" " * (160 << 20), 9))
    summary = last(list(bring_in(app, (path,))))
    assert summary.state == "incomplete"
    assert any("bomb" in reason for reason in summary.left_out)
    assert summary.counts["observations"] == 1
