"""A record of which one merge makes tens of thousands."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def sealed(cls: type[T]) -> type[T]:
    """A dataclass with slots that nobody may change: who tries is told by the type checker, and by it alone.

    One that is frozen at run time takes twice as long to make, which is a twentieth of all that a merge does.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
