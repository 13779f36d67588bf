"""Texts cut into the pieces of the index of words."""

import pytest

from secops.store.pieces import begins, cut, needed


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("财政厅", "财政 政厅 厅"),
        ("NGINX/1.18", "ngi gin inx nx 18"),
        ("甲a乙", "甲 乙"),
        ("門戶 网站", "門戶 戶 网站 站"),
        ("...", ""),
    ],
)
def test_two_of_chinese_three_of_letters(text: str, pieces: str) -> None:
    """Runs are cut at every character, folded; a run's end is shorter."""
    assert " ".join(cut(text)) == pieces


@pytest.mark.parametrize(
    ("word", "whole", "start"),
    [
        ("财政", ("财政",), "财政"),
        ("财", (), "财"),
        ("ng", (), "ng"),
        ("n", (), ""),
        ("/", (), ""),
        ("inx/18", ("inx",), "inx"),
    ],
)
def test_what_a_word_needs_stands_in_every_text_that_contains_it(word: str, whole: tuple[str, ...], start: str) -> None:
    """Whole pieces where it has some; else how a piece begins; nothing for a letter alone."""
    assert (needed(word), begins(word)) == (whole, start)
