"""Version keys sort as people mean versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.version import key

ORDER = ["1.0~beta1",
         "1.0-alpha", "1.0rc1", "1.0", "1.0.0p1", "1.0.1", "1.0.2", "1.0.2k", "1.2", "1.10", "9.2p1", "9.6",
         "9.6p1", "9.6.1", "10"]  # fmt: skip


def test_versions_sort_as_numbers_do() -> None:
    """Ten comes after nine, a candidate before its release, a patch letter after it."""
    assert sorted(sorted(ORDER), key=key) == ORDER


@pytest.mark.parametrize(
    ("one", "same"), [("1.2", "v1.2.0"), ("1:9.2p1", "9.2p1"), ("2.4.6+deb12", "2.4.6"), ("1.2 x", "1.2")]
)
def test_spellings_of_one_version_are_equal(one: str, same: str) -> None:
    """Trailing zeros, a leading v, an epoch, build marks and later words change nothing."""
    assert key(one) == key(same)


@given(st.text(max_size=300))
def test_every_text_has_a_bounded_key(text: str) -> None:
    """Hostile banners too: no failure, plain ASCII, a few hundred characters."""
    assert key(text).isascii()
    assert len(key(text)) < 600
