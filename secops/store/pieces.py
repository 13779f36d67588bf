"""Texts cut into the pieces an index keeps: two Chinese characters at a time, three of letters and digits.

Whatever a text contains, the pieces of the text contain the pieces of that: so an index of pieces proposes every entity
in which a word of two characters or more stands, and the condition itself decides.
"""

import re
from functools import lru_cache
from typing import Final

from secops.core.query import fold

_RUN: Final = re.compile(r"[a-z0-9]+|[^\x00-\x7f]+")
"""Letters and digits of ASCII, or what is not ASCII; everything else parts the runs."""
_LETTERS: Final = 3
_OTHERS: Final = 2
_MOST: Final = 12


@lru_cache(maxsize=1 << 15)
def cut(text: str) -> tuple[str, ...]:
    """The pieces of a text: of every run one at each character, shorter at its end."""
    found: list[str] = []
    for run in _RUN.findall(fold(text)):
        if run[0] < "\x80":
            found += [run[place : place + _LETTERS] for place in range(len(run) - 1)]
        else:
            found += [run[place : place + _OTHERS] for place in range(len(run))]
    return tuple(found)


def needed(text: str) -> tuple[str, ...]:
    """Whole pieces that stand in the index of every text that contains this one; none for a text too short."""
    whole = [
        run[place : place + _size(run)]
        for run in _RUN.findall(fold(text))
        for place in range(len(run) - _size(run) + 1)
    ]
    kept = list(dict.fromkeys(whole))
    step = -(-len(kept) // _MOST) or 1
    return tuple(kept[::step])


def begins(text: str) -> str:
    """How some piece of every text that contains this short one begins; empty where that says too little."""
    short = [run for run in _RUN.findall(fold(text)) if len(run) >= (1 if _size(run) == _OTHERS else 2)]
    return max(short, key=lambda run: (_size(run) == _OTHERS, len(run)), default="")


def _size(run: str) -> int:
    return _LETTERS if run[0] < "\x80" else _OTHERS
