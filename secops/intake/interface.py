"""What an importer is: a module that recognises its files and reads them as a stream.

An importer reads hostile files: bounded memory whatever the file's size, no entity or include is followed, a broken
file gives the rows before the break and one `Skipped` that names the place.
"""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from secops.core.model import Observation, Skipped

HEAD = 4096
"""Bytes of the file's beginning that `sniff` is given."""


class Importer(Protocol):
    """The two functions every importer module has."""

    def sniff(self, head: bytes) -> bool:
        """Is a file that begins like this one of mine?"""
        ...

    def read(self, stream: BinaryIO, site: str, observer: str, run: str) -> Iterator[Observation | Skipped]:
        """The rows, in the file's order; reading twice gives the same ids. Never raises for the file's content."""
        ...
