"""The headings people know of what is declared."""

from secops.core.model import Kind
from secops.intake.declared_sections import by_kind


def column(kind: str, name: str) -> str:
    """The title of a column of this kind of thing; its name where it has none."""
    section = by_kind().get(kind)
    slot = section.slots.get(name) if section is not None else None
    return slot.title if slot is not None else name


def kind(word: str) -> str:
    """What a kind of declared thing is called; the word itself of what is found."""
    section = by_kind().get(word)
    return word if section is None or word in list(Kind) else section.title
