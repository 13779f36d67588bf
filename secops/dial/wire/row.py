"""What differs between the probes of a batch, column by column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rows:
    """n probes. Ports are their bytes read little-endian; `sums`: what the addresses bring to the checksums."""

    addresses: NDArray[np.uint8]
    """(n, 4) or (n, 16), network order."""
    ports: NDArray[np.uint16]
    ours: NDArray[np.uint16]
    """Source ports."""
    sums: NDArray[np.uint32]
    hardware: NDArray[np.uint8] | None
    """(n, 6): next hops of their own; None: all go to the one of the template."""

    def mixed(self, others: "Rows", places: Sequence[int]) -> "Rows":
        """These rows with the others put in, each before the row at its place."""
        hardware = None
        if self.hardware is not None and others.hardware is not None:
            hardware = np.insert(self.hardware, places, others.hardware, axis=0)
        return Rows(
            np.insert(self.addresses, places, others.addresses, axis=0),
            np.insert(self.ports, places, others.ports),
            np.insert(self.ours, places, others.ours),
            np.insert(self.sums, places, others.sums),
            hardware,
        )
