"""What a word of the command line may become: from the dictionary and from a quick look into the workspace."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

from secops.core.errors import SecopsError
from secops.core.fields import FIELDS, Field
from secops.core.filter_complete import Offer, complete
from secops.core.filter_words import words
from secops.core.model import Kind
from secops.hall.config import load
from secops.hall.workspace import Workspace, find, layered
from secops.store.glimpse import Glimpse

_RULE: Final = re.compile(r"^id:\s*([\w.-]+)\s*$", re.MULTILINE)
_HEAD: Final = 4096


class Offers:
    """What there is to offer, in the workspace that holds a folder; outside of one, what the dictionary knows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, what: str, word: str, kind: Kind | None = None) -> Iterator[Offer]:
        """Offers of one sort (query, field, sort, columns, kind, asset, run, rule, saved) for a word that begins so."""
        if what == "query":
            made = complete(word, len(word), kind, self._values, self._saved)
            yield from (Offer(word[: made.start] + each.text, each.meaning) for each in made.offers)
            return
        found: Iterable[Offer] = ()
        if what == "sort" and word.startswith("-"):
            yield from (Offer(f"-{each.text}", each.meaning) for each in self.of(what, word[1:], kind))
            return
        if what == "columns":
            before, comma, last = word.rpartition(",")
            had = set(before.split(","))
            found = (each for each in self.of("field", last, kind) if each.text not in had)
            yield from (Offer(before + comma + each.text, each.meaning) for each in found)
            return
        if what in {"field", "sort"}:
            found = [Offer(each.name, each.title) for each in FIELDS]
            found += [Offer(each) for each in words(kind)]
        elif what == "kind":
            found = map(Offer, map(str, Kind))
        elif what == "asset":
            found = map(Offer, self._glimpse.assets(word)) if self._glimpse else ()
        elif what == "run":
            found = map(Offer, self._glimpse.runs(word)) if self._glimpse else ()
        elif what == "rule":
            found = map(Offer, sorted(self._rules()))
        elif what == "saved":
            found = map(Offer, self._saved())
        yield from {each.text: each for each in found if each.text.startswith(word)}.values()

    @cached_property
    def _workspace(self) -> Workspace | None:
        try:
            return find(self._folder)
        except SecopsError:
            return None

    @cached_property
    def _site(self) -> str:
        """The site's name; the store is looked into only where it is the embedded one."""
        if self._workspace is None:
            return ""
        try:
            config = load(self._workspace.config)
        except SecopsError:
            return ""
        return "" if config.text("store.url") else config.text("site")

    @cached_property
    def _glimpse(self) -> Glimpse | None:
        return Glimpse(self._workspace.database) if self._workspace is not None and self._site else None

    def _values(self, field: Field, start: str) -> list[str]:
        return self._glimpse.values(field, start) if self._glimpse else []

    def _saved(self) -> list[str]:
        return sorted(self._glimpse.saved(self._site)) if self._glimpse else []

    def _rules(self) -> set[str]:
        found: set[str] = set()
        for path in layered(self._workspace, "rules").values():
            try:
                with path.open(encoding="utf-8") as file:
                    found.update(_RULE.findall(file.read(_HEAD))[:1])
            except (OSError, ValueError):
                continue
        return found
