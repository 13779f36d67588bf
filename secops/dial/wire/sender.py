"""A thread that hands ready batches to the kernel while the next one is being written.

The C library's call runs without the interpreter's lock, so writing and sending share two cores. Before every call of
at most 1024 packets the lease is looked at again: what it no longer covers is handed back unsent.
"""

import threading
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.core.clock import Clock
from secops.dial.wire.mmsg import Batch, Outlet
from secops.scope.lease import Lease

BATCH: Final = 4096
"""Packets a batch: a few milliseconds at full speed."""
NO_CELL: Final = 0xFFFF_FFFF
_SHEETS: Final = 3
_PAUSE: Final = 0.0005


@dataclass(slots=True)
class Parcel:
    """A batch on its way: which cells it asks, under which lease, and how many packets went."""

    batch: Batch
    cells: NDArray[np.uint32]
    lease: Lease
    aside: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    """Place -> address and port of the packets that ask no cell: canaries and doubts. Their cell is NO_CELL."""
    sent: int = 0
    error: OSError | None = None


class Sender:
    """Sends parcels in order. `free` batches come back with `returned`."""

    def __init__(self, outlet: Outlet, batches: list[Batch], clock: Clock) -> None:
        self._outlet = outlet
        self._clock = clock
        self._free = list(batches)
        self._waiting: SimpleQueue[Parcel | None] = SimpleQueue()
        self._done: SimpleQueue[Parcel] = SimpleQueue()
        self.busy = 0
        self._thread = threading.Thread(target=self._work, name="secops-wire", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Is a batch free to be written?"""
        return bool(self._free)

    def take(self) -> Batch:
        """A free batch; look at `idle` first."""
        return self._free.pop()

    def put_back(self, batch: Batch) -> None:
        """A batch that was not needed after all."""
        self._free.append(batch)

    def post(self, parcel: Parcel) -> None:
        """Send it as soon as those before it are gone."""
        self.busy += 1
        self._waiting.put(parcel)

    def returned(self, seconds: float = 0.0) -> Parcel | None:
        """A parcel that is through, waiting at most so long. Raises the OSError that ended it."""
        try:
            parcel = self._done.get(timeout=seconds) if seconds else self._done.get_nowait()
        except Empty:
            return None
        self.busy -= 1
        self._free.append(parcel.batch)
        return parcel

    def close(self) -> None:
        """End the thread; parcels still waiting are sent or run out with their leases (0.1 s)."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (parcel := self._waiting.get()) is not None:
            total = len(parcel.cells)
            try:
                while parcel.sent < total and parcel.lease.live(self._clock.monotonic()):
                    taken = self._outlet.send(parcel.batch, parcel.sent, total - parcel.sent)
                    parcel.sent += taken
                    if not taken:
                        self._clock.sleep(_PAUSE)
            except OSError as error:
                parcel.error = error
            self._done.put(parcel)
