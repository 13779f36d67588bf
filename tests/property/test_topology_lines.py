"""The picture of a system says what hangs on what, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.deliver.reports.drawing import Box, Line
from secops.deliver.reports.topology import Node, drawn

pytestmark = pytest.mark.property


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 14), st.sampled_from(("", "甲网", "乙网"))), max_size=40),
       st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=40))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_no_line_passes_behind_a_box(nodes, links):
    """Whatever hangs together, a line leaves one box, meets another, and touches none in between."""
    made = [Node(f"n{at}", f"资产{n}", "", "ip", column, frame if column == 3 else "")
            for at, (column, n, frame) in enumerate(nodes)]  # fmt: skip
    shapes = drawn("图", list("甲乙丙丁戊"), made, [(f"n{a}", f"n{b}") for a, b in links]).shapes
    boxes = [each for each in shapes if isinstance(each, Box) and (each.w, each.h) == (200.0, 38.0)]
    for line in (each for each in shapes if isinstance(each, Line)):
        for box in boxes:
            left, right = max(line.x1, box.x + 0.5), min(line.x2, box.x + box.w - 0.5)
            if left < right and line.x2 > line.x1:
                ys = [line.y1 + (line.y2 - line.y1) * (x - line.x1) / (line.x2 - line.x1) for x in (left, right)]
                assert max(ys) <= box.y or min(ys) >= box.y + box.h
