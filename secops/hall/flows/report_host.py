"""A host as people recognise it: by its name, else by where it is; the mark that tells it apart comes shortened."""

import re
from collections.abc import Sequence
from typing import Final

from secops.core.language import say

_MARK: Final = re.compile(r"(cert|ssh|mac|engine|serial|cloud|name):(.+)")
_KEPT: Final = 8
"""Characters of a mark that are shown: enough to find it by in the other formats."""


def marked(key: str) -> bool:
    """Whether the key is the mark of a host that has no address or name of its own."""
    return _MARK.fullmatch(key) is not None


def short(key: str) -> str:
    """The key, cut where it is a long mark."""
    found = _MARK.fullmatch(key)
    if found is None or len(found[2]) <= _KEPT + 4:
        return key
    return f"{found[1]}:{found[2][:_KEPT]}…"


def place(addresses: Sequence[object]) -> str:
    """The first of its addresses, and how many more there are."""
    if not addresses:
        return ""
    return f"{addresses[0]}（+{len(addresses) - 1}）" if len(addresses) > 1 else str(addresses[0])


def told(key: str, addresses: str) -> str:
    """The key as paper shows it; `addresses` as a cell holds them."""
    where = place([each for each in re.split("[、,] ?", addresses) if each])
    if not marked(key):
        return key
    return say(f"{where}（{short(key)}）", f"{where} ({short(key)})") if where else short(key)
