"""Twin of secops/dial/wire/row.py."""

import numpy as np

from secops.dial.wire.row import Rows


def rows(*numbers: int, hardware: bool) -> Rows:
    ports = np.array(numbers, np.uint16)
    sums = np.array(numbers, np.uint32)
    wide = np.array([[each] * 4 for each in numbers], np.uint8)
    return Rows(wide, ports, ports, sums, np.array([[each] * 6 for each in numbers], np.uint8) if hardware else None)


def test_others_stand_before_the_rows_at_their_places() -> None:
    """Two put in at the start and the end: every column in the same order, what is next to each stays whole."""
    for hardware in (True, False):
        mixed = rows(1, 2, 3, hardware=hardware).mixed(rows(8, 9, hardware=hardware), [0, 3])
        assert mixed.ports.tolist() == mixed.sums.tolist() == mixed.ours.tolist() == [8, 1, 2, 3, 9]
        assert mixed.addresses[:, 3].tolist() == [8, 1, 2, 3, 9]
        assert (mixed.hardware is not None) == hardware
        assert mixed.hardware is None or mixed.hardware[:, 5].tolist() == [8, 1, 2, 3, 9]
