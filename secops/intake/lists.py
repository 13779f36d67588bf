"""One cell that holds several things: people part them by 、 , ; or a new line."""

import re
from typing import Final

_PARTS: Final = re.compile(r"[、,，;；\n\r]+")


def parted(text: str) -> list[str]:
    """The things, trimmed, in the order written, each once."""
    return list(dict.fromkeys(part for each in _PARTS.split(text) if (part := each.strip())))
