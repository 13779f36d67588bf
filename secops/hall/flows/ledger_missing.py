"""What is registered and no longer stands in a ledger that holds most of it: told, never changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from secops.core.language import say
from secops.core.model import Decision, DecisionType
from secops.hall.app import App
from secops.hall.flows.ledger_settle import Settled
from secops.hall.flows.ledger_spool import Item
from secops.intake.declared_sections import Stated, by_kind, identity, sections, value_of
from secops.intake.sheet_rows import Faulty, Read
from secops.scope.yaml_source import visible
from secops.store import decisions

_NAMED: Final = 3


@dataclass(slots=True)
class Seen:
    """Which things the rows of an import are about."""

    subjects: dict[str, set[int]] = field(default_factory=dict)
    """Kind -> numbers of subjects."""
    unsure: set[str] = field(default_factory=set)
    """Kinds with a row of which nobody can tell what it is about."""

    def note(self, settled: Settled, item: Item, thing: object) -> None:
        """One row, taken or not."""
        if isinstance(thing, Stated):
            self.subjects.setdefault(thing.kind, set()).add(hash(thing.subject))
        elif isinstance(item, (Read, Faulty)):
            read = item.read if isinstance(item, Faulty) else item
            section = sections()[read.section]
            try:
                key = settled.key(read) or ("" if section.register else identity(section, read.flat))
            except ValueError:
                key = ""
            if key:
                self.subjects.setdefault(section.kind, set()).add(hash(f"{section.kind}:{key}"))
            else:
                self.unsure.add(section.kind)


def missing(app: App, seen: Seen) -> Iterator[str]:
    """A line for each list of which at least half stands in the rows and something does not."""
    with app.database.read() as connection:
        for kind, subjects in seen.subjects.items():
            if kind in seen.unsure:
                continue
            there, names, count = 0, list[str](), 0
            for logged in decisions.of_kinds(connection, DecisionType.DECLARE, app.site, [kind]):
                entry = logged.entry
                if not isinstance(entry, Decision) or entry.payload.get("withdrawn"):
                    continue
                if hash(entry.subject) in subjects:
                    there += 1
                    continue
                count += 1
                if count > len(subjects):
                    break
                if len(names) < _NAMED:
                    names.append(_called(kind, entry))
            if 0 < count <= there:
                title, shown = by_kind()[kind].title, "、".join(names) + ("…" if count > len(names) else "")
                yield say(
                    f"登记的{title}有 {count} 项不在这次的文件里（{shown}），没有改动",
                    f"{count} registered {title} are not in these files ({shown}): they stay as they are",
                )


def _called(kind: str, entry: Decision) -> str:
    section, key = by_kind()[kind], entry.subject.partition(":")[2]
    name = value_of(section, entry.payload, "name") if "name" in section.slots else None
    return visible(f"{name}（{key}）" if name and name != key else key, 60)
