"""Queries written as people would type them."""

import pytest

from secops.core.filter import parse
from secops.core.filter_text import write
from secops.core.query import And, Compare, Not, Op, Or


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (And(()), ""),
        (Or(()), "-*"),
        (Not(Compare("http.title", Op.EXISTS, True)), "-http.title:*"),
        (Compare("http.title", Op.CONTAINS, 'a"b'), 'http.title:"a\\"b"'),
        (Compare("tags", Op.CONTAINS, "测"), "tags:*测*"),
        (Compare("port", Op.EQ, 1), "@port=1"),
        (And((Compare("key", Op.EQ, "x"), Or((Compare("key", Op.EQ, "y"), Compare("key", Op.EQ, "z"))))),
         'key="x" (key="y" OR key="z")'),
        (Compare("last_seen", Op.GTE, 1_750_000_000_000), "last_seen>=2025-06-15T23:06:40.000+08:00"),
        (Compare("last_seen", Op.GTE, 2**62), f"last_seen>={2**62}ms"),
    ],
)  # fmt: skip
def test_written_form(query: object, text: str) -> None:
    """The text is this, and reading it gives the query again."""
    assert write(query) == text  # type: ignore[arg-type]
    assert parse(text) == (query if query != Or(()) else Not(And(())))
