"""A picture of how assets hang together: columns by kind, networks as frames, lines for relations.

Laid out by one rule, so that the same assets give the same picture: nodes in a column stand in order of the middle of
what they hang on to the left, then of their key. What does not fit is told as a number, never left out silently.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from secops.core.language import say
from secops.deliver.reports.drawing import SOFT, Box, Drawing, Label, Line
from secops.deliver.reports.lanes import Lanes, Point

ROWS = 9
"""Nodes under one another; a longer column goes on beside itself, so that the picture fits a sheet of paper."""
MOST = 3 * ROWS
"""Nodes drawn in one column."""
_BOX, _HIGH, _GAP, _AISLE, _SPLIT, _TOP, _PAD = 200.0, 38.0, 10.0, 70.0, 26.0, 74.0, 16.0
_FILLS = {
    "system": "#dbe9f6", "website": "#e3f2e1", "host": "#f6ecd9", "device": "#f3e3ea", "ip": "#eef1f4",
    "data": "#e9e4f5", "network": "#f7f9fb", "supplier": "#f6ecd9",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """One asset. `column`: how far right it stands; `frame`: the network around it, empty for none."""

    id: str
    title: str
    note: str
    kind: str
    column: int
    frame: str = ""
    warned: bool = False
    """Not declared, or gone: drawn with a broken red edge."""
    absent: bool = False
    """Declared, but never seen: drawn with a broken grey edge."""


def drawn(title: str, columns: Sequence[str], nodes: Iterable[Node], links: Iterable[tuple[str, str]]) -> Drawing:
    """The picture. `columns`: the word over each; links between nodes that are not drawn are left out."""
    pairs = sorted({(a, b) for a, b in links} | {(b, a) for a, b in links})
    beside: dict[str, list[str]] = {}
    for a, b in pairs:
        beside.setdefault(a, []).append(b)
    stacks: dict[int, list[Node]] = {}
    for each in nodes:
        stacks.setdefault(each.column, []).append(each)
    places: dict[str, Point] = {}
    taken: dict[float, list[tuple[float, float]]] = {}
    shapes: list[Box | Line | Label] = [Label(_PAD, 28, title, size=16, bold=True)]
    over: list[Box | Line | Label] = []
    height, x = _TOP + _HIGH, _PAD
    for column in sorted(stacks):
        stack = _sorted(stacks[column], beside, places)
        over.append(Label(x, 58, f"{columns[column]}（{len(stack):,}）", size=13, bold=True, fill=SOFT, room=_BOX))
        shown = stack[:MOST]
        high = -(-len(shown) // -(-len(shown) // ROWS))
        for begin in range(0, len(shown), high):
            bottom, frames = _placed(shown[begin : begin + high], x, places, over, taken.setdefault(x, []))
            shapes += frames
            height = max(height, bottom)
            x += _BOX + (_SPLIT if begin + high < len(shown) else _AISLE)
        if len(stack) > MOST:
            more = say(f"还有 {len(stack) - MOST:,} 个未画", f"and {len(stack) - MOST:,} more")
            over.append(Label(x - _AISLE, 58, more, size=12, fill=SOFT, anchor="end"))
    lanes = Lanes(_BOX, taken, height)
    shapes += _lines(pairs, places, lanes)
    shapes += over
    shapes += _legend(lanes.bottom + 12)
    return Drawing(max(x - _AISLE + _PAD, 620), lanes.bottom + 34, tuple(shapes), title)


def _sorted(stack: list[Node], beside: Mapping[str, list[str]], places: Mapping[str, Point]) -> list[Node]:
    def middle(each: Node) -> float:
        near = [places[id][1] for id in beside.get(each.id, ()) if id in places]
        return sum(near) / len(near) if near else 1e9

    frames: dict[str, float] = {}
    for each in stack:
        frames[each.frame] = min(frames.get(each.frame, 2e9), middle(each))
    return sorted(stack, key=lambda each: (frames[each.frame], each.frame, middle(each), _address(each.title), each.id))


def _address(title: str) -> str:
    """So that sites of one address stand together, whatever their scheme."""
    return title.partition("://")[2] or title


def _placed(
    stack: Sequence[Node], x: float, places: dict[str, Point], over: list[Box | Line | Label],
    taken: list[tuple[float, float]],
) -> tuple[float, list[Box | Line | Label]]:  # fmt: skip
    """Give each node its place; the lower edge, and the frames that lie under lines and nodes."""
    y = _TOP
    frames: list[Box | Line | Label] = []
    begun, frame = 0.0, ""
    for place, each in enumerate(stack):
        if each.frame and (each.frame != frame):
            begun, frame = y, each.frame
            over.append(Label(x, y + 13, frame, size=11, fill=SOFT, room=_BOX))
            taken.append((y, y + 18))
            y += 20
        frame = each.frame
        places[each.id] = (x, y + _HIGH / 2)
        taken.append((y, y + _HIGH))
        edge = "#c4421a" if each.warned else "#8496a9"
        over += [
            Box(x, y, _BOX, _HIGH, fill=_FILLS.get(each.kind, "#ffffff"), stroke=edge, dash=each.warned or each.absent),
            Label(x + 8, y + 16, each.title, size=12, room=_BOX - 16),
            Label(x + 8, y + 31, each.note, size=10, fill=SOFT, room=_BOX - 16),
        ]
        y += _HIGH + _GAP
        if frame and (place + 1 == len(stack) or stack[place + 1].frame != frame):
            frames.append(Box(x - 8, begun - 4, _BOX + 16, y - begun, fill="#fafbfc", stroke="#c9d3dc"))
            y += _GAP
    return y, frames


def _lines(pairs: Sequence[tuple[str, str]], places: Mapping[str, Point], lanes: Lanes) -> list[Box | Line | Label]:
    """The lines, none behind a box: what is in between would look as if it belonged to both ends."""
    found: list[Box | Line | Label] = []
    for a, b in pairs:
        if a in places and b in places and places[a][0] < places[b][0]:
            corners = lanes.route(places[a], places[b])
            found += [Line(*one, *two, stroke="#9fb0c0") for one, two in pairwise(corners)]
    return found


def _legend(y: float) -> list[Box | Line | Label]:
    return [
        Box(_PAD, y, 22, 12, fill="#ffffff", stroke="#c4421a", dash=True),
        Label(_PAD + 30, y + 11, say("未登记或已消失", "not declared, or gone"), size=11, fill=SOFT),
        Box(_PAD + 160, y, 22, 12, fill="#ffffff", stroke="#8496a9", dash=True),
        Label(_PAD + 190, y + 11, say("登记未发现", "declared, not seen"), size=11, fill=SOFT),
        Line(_PAD + 310, y + 6, _PAD + 340, y + 6, stroke="#9fb0c0"),
        Label(_PAD + 348, y + 11, say("关系（承载、解析、存储、供应、归属）", "relation"), size=11, fill=SOFT),
    ]
