"""Version numbers as text that sorts: banners come from strangers, so every text has a key and none is long.

The order: numbers count as numbers; a missing part is zero (1.2 = 1.2.0); alpha, beta, rc and the like come before the
release, other letters after it (9.6 < 9.6p1 < 9.6.1, 1.0.2 < 1.0.2k). Only the first word counts, without a leading
`v`, a Debian epoch or what follows `+`.
"""

import re
from functools import lru_cache
from typing import Final

LONGEST: Final = 128
"""Characters of the text that are looked at."""
PARTS: Final = 24
"""Parts that are looked at."""

_BEFORE = {"dev": 0, "snapshot": 0, "alpha": 1, "a": 1, "beta": 2, "b": 2, "m": 3, "milestone": 3, "pre": 4,
           "preview": 4, "rc": 5, "cr": 5}  # fmt: skip
_PART = re.compile(r"[0-9]+|[a-z]+|~", re.ASCII)
_DIGITS: Final = 99
_END: Final = "1"


@lru_cache(maxsize=1 << 14)
def key(text: str) -> str:
    """A text that sorts, character by character, as the versions do. Never fails, at most a few hundred characters."""
    parts = _PART.findall(_core(text))[:PARTS]
    out: list[str] = []
    zeros = 0
    for part in parts:
        if part[0].isdigit():
            number = part.lstrip("0")[:_DIGITS]
            if not number:
                zeros += 1
                continue
            out.extend(["300"] * zeros)
            zeros = 0
            out.append(f"3{len(number):02}{number}")
        else:
            zeros = 0
            rank = _BEFORE.get(part, 0 if part == "~" else None)
            out.append(f"2{part}!" if rank is None else f"0{rank}")
    return "".join(out) + _END


def _core(text: str) -> str:
    words = text[:LONGEST].lower().split()
    word = words[0] if words else ""
    _, colon, rest = word.partition(":")
    if colon and word[: word.index(":")].isdigit() and rest:
        word = rest
    word = word.partition("+")[0]
    return word[1:] if word[:1] == "v" and word[1:2].isdigit() else word
