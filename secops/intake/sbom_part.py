"""One component of a bill of materials, whatever the format."""

from dataclasses import dataclass
from typing import Final

COMPONENTS_MOST: Final = 200_000
DEPTH_MOST: Final = 32
"""Of components within components."""
TEXT_MOST: Final = 500
LICENCES_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Part:
    """A component as it is told; empty where nothing is."""

    place: str
    name: str
    version: str = ""
    group: str = ""
    purl: str = ""
    cpe: str = ""
    licences: tuple[str, ...] = ()
    supplier: str = ""
    sha256: str = ""


def word(value: object) -> str:
    """A text of one line within bounds; empty for anything else."""
    return " ".join(value.split())[: TEXT_MOST + 1] if isinstance(value, str) else ""
