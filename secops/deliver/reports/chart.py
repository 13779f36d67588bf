"""A chart as a drawing: lying bars, each with its label, number and share."""

from secops.core.language import say
from secops.deliver.reports.drawing import SOFT, Box, Drawing, Label, Line, width_of
from secops.deliver.reports.model import Chart

COLOURS = ("#1d5d9b", "#3b8ea5", "#7fb069", "#e6aa68", "#ca3c25", "#6c5b7b", "#4d7ea8", "#9a8c98")
_ROW, _TOP, _WIDE, _PAD = 24, 40, 760, 12


def bars(chart: Chart) -> Drawing:
    """The chart; as high as it has parts."""
    labels = [name for name, _ in chart.parts]
    most = max((number for _, number in chart.parts), default=1) or 1
    whole = sum(number for _, number in chart.parts) or 1
    left = min(260.0, max((width_of(each, 12) for each in labels), default=0) + 2 * _PAD)
    room = _WIDE - left - 130
    shapes: list[Box | Line | Label] = [Label(_PAD, 22, chart.title, size=14, bold=True, room=_WIDE - 2 * _PAD)]
    for place, (name, number) in enumerate(chart.parts):
        y = _TOP + place * _ROW
        wide, share = max(1.0, room * number / most), f"{number / whole:.1%}"
        shapes += [
            Label(left - 8, y + 15, name, anchor="end", room=left - _PAD),
            Box(left, y + 3, wide, _ROW - 8, fill=COLOURS[0], stroke=COLOURS[0]),
            Label(left + wide + 6, y + 15, say(f"{number:,}（{share}）", f"{number:,} ({share})"), size=11, fill=SOFT),
        ]
    height = _TOP + len(chart.parts) * _ROW + 8
    shapes.append(Line(left, _TOP - 2, left, height - 8))
    told = say("；", "; ").join(f"{name} {number}" for name, number in chart.parts)
    return Drawing(_WIDE, height, tuple(shapes), chart.title + say("：", ": ") + told)
