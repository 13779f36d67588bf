"""What was read of ledgers, kept aside so that it can be gone through several times without being parsed again."""

import pickle
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Final, Self

from secops.core.model import Skipped
from secops.intake.sheet_rows import Faulty, Passed, Read

_MEMORY: Final = 48 << 20
_BATCH: Final = 1_000

Item = Read | Faulty | Skipped | Passed


class Spool:
    """A list of what was read that moves to a temporary file when it grows. Pickles of our own making only."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_MEMORY)  # noqa: SIM115 - closed by `close`
        self._batch: list[Item] = []
        self.count = 0

    def add(self, item: Item) -> None:
        """One more."""
        self._batch.append(item)
        self.count += 1
        if len(self._batch) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._batch:
            pickle.dump(self._batch, self._file, protocol=pickle.HIGHEST_PROTOCOL)
            self._batch = []

    def __iter__(self) -> Iterator[Item]:
        self._flush()
        self._file.seek(0)
        at = 0
        while True:
            self._file.seek(at)
            try:
                batch: list[Item] = pickle.load(self._file)  # noqa: S301 - written above
            except EOFError:
                break
            at = self._file.tell()
            yield from batch
        self._file.seek(0, 2)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
