"""Rows kept in a nameless file beside the report, so that the store is read once and a format may read many times.

What does not fit memory is sorted in parts that are merged. The file has no name: it goes when the process does.
"""

import heapq
import marshal
import struct
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Self

from secops.deliver.reports.model import Cells, Rows

FRAME = 500
"""Rows written at once."""
RUN = 5_000
"""Rows sorted in memory at once."""
_SLICE = 50
"""Rows written at once of what is to be merged: of every part one is in memory."""
_VERSION = 2
"""Of marshal: the last without references, so that equal rows are equal bytes."""


class Spool:
    """One file of rows. Close it when the report is written."""

    def __init__(self, folder: Path) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed below

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def kept(self, rows: Iterator[Cells]) -> Rows:
        """Write the rows; gives what tells them again, in the same order."""
        frames = self._write(rows)
        return lambda: self._read(frames)

    def ordered(self, rows: Iterator[Cells], key: Callable[[Cells], Any]) -> Iterator[Cells]:
        """The rows in order of the key; equal ones as they came."""
        runs: list[list[int]] = []
        while part := list(islice(rows, RUN)):
            part.sort(key=key)
            if not runs and len(part) < RUN:
                yield from part
                return
            runs.append(self._write(iter(part), _SLICE))
        yield from heapq.merge(*(self._read(each) for each in runs), key=key)

    def _write(self, rows: Iterator[Cells], size: int = FRAME) -> list[int]:
        """Where each frame begins. Others may write between two frames."""
        frames = []
        while part := list(islice(rows, size)):
            data = marshal.dumps(part, _VERSION)
            frames.append(self._file.seek(0, 2))
            self._file.write(struct.pack("<I", len(data)) + data)
        return frames

    def _read(self, frames: list[int]) -> Iterator[Cells]:
        for at in frames:
            self._file.seek(at)
            (size,) = struct.unpack("<I", self._file.read(4))
            yield from marshal.loads(self._file.read(size))  # noqa: S302 - our own rows in a file nobody else can name
