"""Repetitions folded and laid out again."""

from hypothesis import given
from hypothesis import strategies as st

from secops.store.folds import Fold, pack, unpack

_entries = st.lists(
    st.tuples(st.integers(2, 1 << 40), st.integers(1, 1 << 40), st.integers(-(1 << 45), 1 << 45)),
    min_size=1,
    max_size=50,
)


@given(_entries)
def test_what_was_packed_comes_back(entries: list[tuple[int, int, int]]) -> None:
    """Whatever the distances and the order of times."""
    found = [Fold(seq, base, "r", at) for seq, base, at in sorted(entries)]
    assert unpack("r", len(found), pack(found)) == found


def test_a_fold_takes_a_few_bytes() -> None:
    """A run over addresses in order costs less than three bytes a look."""
    found = [Fold(100_000 + i, 1 + i, "r", 1_700_000_000_000 + 7 * i) for i in range(4_000)]
    assert len(pack(found)) < 3 * len(found)
