"""Twin of secops/dial/wire/permute.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.dial.wire.permute import LARGEST, Permutation


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.integers(0, 2**64))
def test_every_number_is_met_once(count: int, seed: int) -> None:
    """The whole walk, in any pieces, meets 0..count-1 exactly once each, and is less than twice as long."""
    order = Permutation(count, seed)
    middle = order.domain // 3
    met = np.concatenate([order.walk(0, middle), order.walk(middle, order.domain + 9)])
    assert sorted(met.tolist()) == list(range(count))
    assert order.domain < max(5, 2 * count)


def test_neighbours_are_parted_and_seeds_differ() -> None:
    """Numbers next to each other come far apart, and another seed gives another order."""
    met = Permutation(65536, 1).walk(0, 1 << 17).astype(np.int64)
    assert (np.abs(np.diff(met)) == 1).sum() < 20
    assert (met[:1000] // 256 != met[1:1001] // 256).mean() > 0.98
    assert not np.array_equal(met, Permutation(65536, 2).walk(0, 1 << 17))


def test_absurd_counts_are_refused() -> None:
    """Nothing to walk and too much to walk are errors."""
    for count in (0, LARGEST + 1):
        with pytest.raises(ValueError, match="takes"):
            Permutation(count, 1)
