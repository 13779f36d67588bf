from json import encoder

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core import ids
from secops.core.ids import LENGTH, canonical, derive, digest

words = st.lists(st.text(max_size=12), max_size=4)


@given(words, words)
def test_different_parts_never_share_an_id(left: list[str], right: list[str]) -> None:
    """Two lists of parts give the same id exactly when they are equal, however their texts are split."""
    assert (derive("x", *left) == derive("x", *right)) == (left == right)


def test_id_is_prefix_and_twenty_letters() -> None:
    """An id is its prefix, a hyphen and twenty lower-case base32 characters."""
    made = derive("ip", "site", "10.0.0.1", 1)
    assert made.startswith("ip-")
    assert len(made) == len("ip-") + LENGTH
    assert made == made.lower()


def test_digest_ignores_the_order_of_keys() -> None:
    """The digest of a mapping does not depend on the order its keys were written in."""
    assert digest({"a": 1, "b": (1, 2)}) == digest({"b": [1, 2], "a": 1})
    assert canonical({"题": {"乙", "甲"}}) == '{"题":["乙","甲"]}'


def test_without_the_encoder_in_c_the_text_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids do not depend on how Python was built."""
    value = ("ip", '题"\\\n', 1, True, None, [1.5, {"b": 1, "a": 2}])
    quick = ids._texts(sort_keys=True)(value)
    monkeypatch.setattr(encoder, "c_make_encoder", None)
    assert ids._texts(sort_keys=True)(value) == quick
