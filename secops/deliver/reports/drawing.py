"""A drawing of boxes, lines and words before it is SVG or PNG. Numbers are pixels from the upper left corner."""

import html
import re
import unicodedata
from dataclasses import dataclass

FACES = '"Noto Sans CJK SC","Source Han Sans SC","WenQuanYi Zen Hei","Microsoft YaHei","PingFang SC",sans-serif'
INK, SOFT, LINE = "#1b2733", "#66727e", "#aab6c2"
_UNWRITABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners."""

    x: float
    y: float
    w: float
    h: float
    fill: str = "#ffffff"
    stroke: str = LINE
    dash: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    stroke: str = LINE
    dash: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """Words on one line; `y` is their base line, `room` the width they are cut to (0: whole)."""

    x: float
    y: float
    text: str
    size: float = 12
    fill: str = INK
    bold: bool = False
    anchor: str = "start"
    room: float = 0

    @property
    def shown(self) -> str:
        """The words as they fit."""
        plain = _UNWRITABLE.sub("", self.text.encode("utf-8", "replace").decode()).replace("\n", " ")
        return fitted(plain, self.size, self.room) if self.room else plain


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes in the order they are laid down."""

    width: float
    height: float
    shapes: tuple[Box | Line | Label, ...]
    name: str = ""
    """For those who cannot see it."""


def width_of(text: str, size: float) -> float:
    """About how wide the words are; never less than they are in the faces named."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.6 for c in text)


def fitted(text: str, size: float, room: float) -> str:
    """The words, cut with an ellipsis where they are wider than the room."""
    if width_of(text, size) <= room:
        return text
    kept = ""
    for c in text:
        if width_of(kept + c, size) > room - size:
            break
        kept += c
    return kept + "…"


def svg(drawing: Drawing) -> str:
    """An inline SVG element: no script, no reference to anything outside, every text escaped."""
    name = html.escape(Label(0, 0, drawing.name).shown)
    out = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" '
            f'width="{_n(drawing.width)}" height="{_n(drawing.height)}" role="img" aria-label="{name}" '
            f'font-family="{html.escape(FACES)}">'
        )
    ]
    for each in drawing.shapes:
        dash = ' stroke-dasharray="4 3"' if not isinstance(each, Label) and each.dash else ""
        if isinstance(each, Box):
            out.append(
                f'<rect x="{_n(each.x)}" y="{_n(each.y)}" width="{_n(each.w)}" height="{_n(each.h)}" rx="4" '
                f'fill="{each.fill}" stroke="{each.stroke}"{dash}/>'
            )
        elif isinstance(each, Line):
            out.append(
                f'<line x1="{_n(each.x1)}" y1="{_n(each.y1)}" x2="{_n(each.x2)}" y2="{_n(each.y2)}" '
                f'stroke="{each.stroke}"{dash}/>'
            )
        else:
            weight = ' font-weight="600"' if each.bold else ""
            out.append(
                f'<text x="{_n(each.x)}" y="{_n(each.y)}" font-size="{_n(each.size)}" fill="{each.fill}" '
                f'text-anchor="{each.anchor}"{weight}>{html.escape(each.shown)}</text>'
            )
    return "".join(out) + "</svg>"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
