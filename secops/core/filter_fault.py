"""A complaint about a query: the line with a caret under the character at fault, as wide as the terminal shows it."""

import unicodedata

from secops.core.errors import UsageError
from secops.core.language import say


def complain(text: str, at: int, code: str, what: str, hint: str = "", *, of: str = "") -> UsageError:
    """The error with the query (or what `of` names) and a caret under character `at`."""
    start = max(0, at - 60)
    shown = "".join(c if c.isprintable() else "·" for c in text[start : at + 40])
    before = sum(_width(c) for c in shown[: at - start])
    return UsageError(
        code,
        what,
        where=say(f"{of or '查询'}第 {at + 1} 个字符", f"character {at + 1} of {of.strip() or 'the query'}"),
        why=f"\n    {shown}\n    {' ' * before}^",
        hint=hint,
    )


def _width(c: str) -> int:
    """Columns of a terminal that the character takes; a combining one takes none of its own."""
    if unicodedata.combining(c):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1
