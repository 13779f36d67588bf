"""Lines that pass no box: straight to the next column, through the gaps between boxes to one further on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Point = tuple[float, float]
_STEP: Final = 3.0
"""Between lines that share a gap."""
_MARGIN: Final = 1.5
_TAKEN: Final = 60.0
"""How far out of its way a line goes rather than over another."""


@dataclass(slots=True)
class Lanes:
    """Where boxes stand, by the left edge of their column, and which heights lines took already."""

    width: float
    taken: Mapping[float, Sequence[tuple[float, float]]]
    """Left edge of a column -> upper and lower edge of what stands in it."""
    bottom: float
    """Below everything."""
    used: dict[float, int] = field(default_factory=dict)

    def route(self, start: Point, end: Point) -> list[Point]:
        """The corners of a line from the right side of one box to the left side of another: middle of their edges."""
        begin = (start[0] + self.width, start[1])
        between = sorted(x for x in self.taken if start[0] < x < end[0])
        if not between:
            return [begin, end]
        y = self._lane(between, start[1], end[1])
        self.used[y] = self.used.get(y, 0) + 1
        self.bottom = max(self.bottom, y + 2 * _STEP)
        corners = [begin, (between[0] - 4, y), (between[-1] + self.width + 4, y), end]
        return [each for place, each in enumerate(corners) if place == 0 or each != corners[place - 1]]

    def _lane(self, columns: Sequence[float], y1: float, y2: float) -> float:
        """A height at which no box of these columns stands: near both ends, and not another line's if that can be."""
        edges = {edge for x in columns for pair in self.taken[x] for edge in pair}
        heights = {y1, y2, self.bottom + _STEP}
        for edge in edges:
            heights |= {edge + step * _STEP for step in (-3, -2, -1, 1, 2, 3)}
        free = [y for y in sorted(heights) if all(self._free(x, y) for x in columns)]
        return min(free, key=lambda y: (abs(y - y1) + abs(y - y2) + _TAKEN * self.used.get(y, 0), y))

    def _free(self, x: float, y: float) -> bool:
        return all(not top - _MARGIN < y < bottom + _MARGIN for top, bottom in self.taken[x])
