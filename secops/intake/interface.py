"""What an importer is: a module that recognises its files and reads them as a stream.

An importer reads hostile files: bounded memory whatever the file's size, no entity or include is followed, a broken
record costs that record and one `Skipped` that names the place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Protocol

from secops.core.model import Observation, Skipped

HEAD: Final = 4096
"""Bytes of the file's beginning that `sniff` is given."""
_REASONS_MOST: Final = 100


@dataclass(slots=True)
class Ledger:
    """What became of a file's records, kept while they are read."""

    read: int = 0
    """Records that were understood, whatever they said."""
    passed: dict[str, int] = field(default_factory=dict)
    """Records understood that tell of no asset: reason -> how many. They are no fault of the file."""

    def pass_by(self, reason: str) -> None:
        """Count a record that says nothing we keep; `reason` is ours, never the file's words."""
        if reason not in self.passed and len(self.passed) >= _REASONS_MOST:
            reason = "other"
        self.passed[reason] = self.passed.get(reason, 0) + 1


class Importer(Protocol):
    """The two functions every importer module has."""

    def sniff(self, head: bytes) -> bool:
        """Is a file that begins like this one of mine?"""
        ...

    def read(
        self, stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger
    ) -> Iterator[Observation | Skipped]:
        """The rows, in the file's order; reading twice gives the same ids. Never raises for the file's content.

        A `Skipped` is a record that could not be read; its reason is one of few, its place is in `where`.
        """
        ...
