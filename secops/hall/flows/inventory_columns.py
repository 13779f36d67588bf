"""The columns somebody chose for the list of assets: fields by any of their words, in the order given."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from secops.core.fields import Field
from secops.core.filter_fault import complain
from secops.core.filter_unknown import no_field
from secops.core.filter_words import ANYWHERE, NARROW, find
from secops.core.language import say
from secops.core.model import Kind

_WORD: Final = re.compile(r"[^,、\s]+")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A column: its key in the rows, its title, and the fields of which the first one known is shown."""

    key: str
    title: str
    fields: tuple[Field, ...]


def read(text: str, kind: Kind | None, *, services: bool = False) -> tuple[Chosen, ...]:
    """The columns that the words name for entities of this kind (None: the seven kinds of asset), each once.

    `services`: where no kind is named rows of services stand among them, and their fields are known too.
    A field goes by its dictionary name in the rows, a word for several of them (`grade`, `port`) by the word itself.
    Raises UsageError, with the place of the word at fault.
    """
    found: dict[str, Chosen] = {}
    for match in _WORD.finditer(text.translate(NARROW)):
        word = match[0]
        fields = find(word, kind) if word not in ANYWHERE else ()
        if services and kind is None and word not in ANYWHERE:
            fields = tuple(dict.fromkeys((*fields, *find(word, Kind.SERVICE))))
        if not fields:
            what, hint = no_field(word[:60], kind, query=False)
            raise complain(text, match.start(), "E1513", what, hint, of="--columns ")
        key = fields[0].name if len(fields) == 1 else word
        found.setdefault(key, Chosen(key, fields[0].title, fields))
    if not found:
        raise complain(
            text, 0, "E1513", say("没有写要哪些列", "no column is named"), "key,name,org.name", of="--columns "
        )
    return tuple(found.values())


def only(row: Mapping[str, object], columns: tuple[Chosen, ...]) -> dict[str, object]:
    """The row with these columns alone, None where nothing is known."""
    return {each.key: next(_known(row, each), None) for each in columns}


def _known(row: Mapping[str, object], column: Chosen) -> Iterator[object]:
    return (value for each in column.fields if (value := row.get(each.name)) is not None)
