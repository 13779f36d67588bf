"""What real servers said, recorded byte for byte, and what each collector must read in it."""

import json
import runpy
from importlib import import_module
from pathlib import Path

import pytest

from secops.core.model import Target

RECORDED = sorted((Path(__file__).parent / "collectors").glob("*.json"))
Player = runpy.run_path(str(Path(__file__).parents[1] / "unit/discover/conftest.py"))["Player"]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_server_is_read_as_before(path: Path) -> None:
    """Status, facts and extra of a recorded talk are those written beside it."""
    told = json.loads(path.read_text("utf-8"))
    collector = import_module(f"secops.discover.collectors.{told['collector']}").COLLECTOR
    peer = Player(*(bytes.fromhex(each) for each in told["connections"]))
    reading = peer.run(collector.ask(Target("198.18.0.1", told["port"])))
    plain = json.loads(json.dumps({"facts": dict(reading.facts), "extra": dict(reading.extra)}, default=list))
    assert str(reading.status) == told["status"]
    assert plain == {"facts": told["facts"], "extra": told["extra"]}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_server_cut_short_harms_nothing(path: Path) -> None:
    """Every prefix of what a server said gives a reading under the collector's own label."""
    told = json.loads(path.read_text("utf-8"))
    collector = import_module(f"secops.discover.collectors.{told['collector']}").COLLECTOR
    whole = bytes.fromhex(told["connections"][0])
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        reading = Player(whole[:end]).run(collector.ask(Target("198.18.0.1", told["port"])))
        assert reading.collector == collector.label
