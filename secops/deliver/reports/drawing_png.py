"""A drawing as PNG, for Word, which draws no SVG in its older versions. Twice the size, so that print is sharp."""

import io

from secops.deliver.reports.drawing import Box, Drawing, Label, Line
from secops.deliver.reports.fonts import chinese_file

_SCALE = 2


def png(drawing: Drawing) -> bytes:
    """The picture. Raises UsageError where no Chinese font is installed."""
    from PIL import Image, ImageDraw, ImageFont

    place, index = chinese_file()
    size = (max(1, round(drawing.width * _SCALE)), max(1, round(drawing.height * _SCALE)))
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    faces: dict[float, ImageFont.FreeTypeFont] = {}
    for each in drawing.shapes:
        if isinstance(each, Box):
            corners = [each.x * _SCALE, each.y * _SCALE, (each.x + each.w) * _SCALE, (each.y + each.h) * _SCALE]
            pen.rounded_rectangle(corners, 4 * _SCALE, fill=each.fill, outline=each.stroke, width=_SCALE)
        elif isinstance(each, Line):
            ends = [each.x1 * _SCALE, each.y1 * _SCALE, each.x2 * _SCALE, each.y2 * _SCALE]
            pen.line(ends, fill=each.stroke, width=_SCALE)
        elif isinstance(each, Label):
            face = faces.get(each.size)
            if face is None:
                face = faces[each.size] = ImageFont.truetype(place, round(each.size * _SCALE), index=index)
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[each.anchor]
            bold = 1 if each.bold else 0
            at = (each.x * _SCALE, each.y * _SCALE)
            pen.text(at, each.shown, font=face, fill=each.fill, anchor=anchor, stroke_width=bold and 0)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()
