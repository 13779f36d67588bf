"""One text as people state it: bounded, without control characters, its characters' widths as they come or narrow."""

import unicodedata
from typing import Final

from secops.core.language import say
from secops.scope.yaml_source import Plain

TEXT_MOST: Final = 500
LONG_MOST: Final = 4_000


def text(value: Plain, most: int = TEXT_MOST, *, lines: bool = False) -> str:
    """One text of 1 to `most` characters; control characters only as line ends, and only where `lines`."""
    if isinstance(value, (bool, list, dict)):
        raise ValueError(say("应写一段文字", "a text belongs here"))  # noqa: TRY004 - a wrong value of a file
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53
    found = str(int(value) if whole else value).strip()  # type: ignore[arg-type]  # a float when whole
    if lines:
        found = found.replace("\r\n", "\n").replace("\r", "\n")
    rest = found.replace("\n", "").replace("\t", "") if lines else found
    if not found or len(found) > most or any(ord(each) < 0x20 for each in rest):
        raise ValueError(say(f"应为 1 至 {most} 字、不含控制字符", f"1 to {most} characters, no control ones"))
    return found


def narrow(value: Plain) -> str:
    """A text in which full-width forms are as good as plain ones."""
    return unicodedata.normalize("NFKC", text(value)).strip()
