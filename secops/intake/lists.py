"""One cell that holds several things: people part them by 、 , ; or a new line."""

import re
from typing import Final

_PARTS: Final = re.compile(r"[、,，;；\n\r]+")
_CODES: Final = re.compile(r"[A-Za-z]+-?[0-9]+(?:\s*/\s*[A-Za-z]+-?[0-9]+)+")
"""Short codes that a slash parts: SM2/SM3/SM4."""


def parted(text: str) -> list[str]:
    """The things, trimmed, in the order written, each once."""
    parts = [part for each in _PARTS.split(text) if (part := each.strip())]
    single = [one.strip() for each in parts for one in (each.split("/") if _CODES.fullmatch(each) else [each])]
    return list(dict.fromkeys(single))
