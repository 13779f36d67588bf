"""The page about the search language says what is so."""

import pytest

from secops.core.fields import FIELDS
from secops.core.filter import parse_any
from secops.core.filter_guide import EXAMPLES, fields, guide
from secops.core.filter_words import WIDE
from secops.core.links import LINKS


@pytest.mark.parametrize("query", [each for each, _, _ in EXAMPLES])
def test_every_example_can_be_read(query: str) -> None:
    """What the page shows, the parser takes."""
    parse_any(query)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_left_out(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field, alias, wide word and step stands on the page, in either language."""
    monkeypatch.setenv("SECOPS_LANG", language)
    page = guide()
    for each in FIELDS:
        assert f"  {each.name} " in page, each.name
        assert each.title in page
    for word in (*WIDE, *(each.name for each in LINKS)):
        assert f"\n  {word} " in page
    assert {each["name"] for each in fields()} == {each.name for each in FIELDS}
