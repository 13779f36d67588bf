"""Fixtures of the drill room. `drill_parts` beside this file holds what several tests are made of."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from drill_parts import Outside

from secops.drill.actions.http_marker import HttpMarker
from secops.drill.actions.manual import Manual
from secops.drill.actions.scan import Scan
from secops.drill.actions.tools import Tools


@pytest.fixture
def outside():
    return Outside()


@pytest.fixture
def actions(outside):
    tools = Tools(outside, outside)
    return {each.traits.name: each for each in (Manual(tools), HttpMarker(tools), Scan(tools))}
