"""Queries as users type them, with the filters this workspace saved: every flow that takes a query reads it here."""

from collections.abc import Iterator, Mapping
from functools import cache

from secops.core import filter as language
from secops.core.errors import UsageError
from secops.core.filter import Shelf
from secops.core.model import Decision, DecisionType, Kind
from secops.core.query import Query
from secops.hall.app import App
from secops.store import decisions

SUBJECT = "filter:"
"""Begins the subject of a decision about a saved filter."""


def parse(app: App, text: str, kind: Kind | None = None) -> Query:
    """The query about entities of this kind (None: the seven kinds of asset). Raises UsageError."""
    return language.parse(text, kind, shelf(app))


def read(app: App, text: str, kind: Kind | None = None) -> tuple[Kind | None, Query]:
    """The query, and the kind it asks for. Raises UsageError."""
    return language.parse_any(text, kind, shelf(app))


def by_kind(app: App, text: str, kinds: tuple[Kind, ...]) -> list[tuple[Kind, Query]]:
    """The query as each kind understands it; kinds without its fields are left out. Raises UsageError if all are."""
    known = shelf(app)
    found: list[tuple[Kind, Query]] = []
    refused: UsageError | None = None
    for kind in kinds:
        try:
            found.append((kind, language.parse(text, kind, known)))
        except UsageError as error:
            refused = refused or error
    if refused is not None and not found:
        raise refused
    return found


def shelf(app: App) -> Shelf:
    """What gives the saved filters, name -> query; the store is asked once, where a query names one."""

    @cache
    def given() -> Mapping[str, str]:
        return {name: str(each.payload["query"]) for name, each in kept(app)}

    return given


def kept(app: App) -> Iterator[tuple[str, Decision]]:
    """Every saved filter by name, with the decision that saved it as it is now."""
    with app.database.read() as connection:
        found = decisions.latest(connection, DecisionType.SAVE)
    for logged in sorted(found, key=lambda each: getattr(each.entry, "subject", "")):
        each = logged.entry
        if isinstance(each, Decision) and each.site == app.site and not each.payload.get("removed"):
            yield each.subject.removeprefix(SUBJECT), each
