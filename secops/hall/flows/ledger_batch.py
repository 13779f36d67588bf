"""Many changes at once: told row by row, then recorded whole, with a line in the audit log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from secops.core.errors import UsageError
from secops.core.events import Event, Note, Progress, Row, Summary
from secops.core.language import say
from secops.hall.app import App
from secops.hall.flows.ledger_change import (
    CHANGED,
    LEFT,
    NEW,
    ODD,
    PASSED,
    PROPOSED,
    REPEATED,
    SAME,
    UNDONE,
    WHOLE,
    WITHDRAWN,
    StaleError,
    Work,
    apply,
    told,
)

_WRITES: Final = (NEW, CHANGED, PROPOSED, WITHDRAWN)


@dataclass(slots=True)
class Batch:
    """Rows read and settled. `preview` tells what they change, `apply` does it; close it when done."""

    app: App
    work: Work
    kind: str
    event: str
    """What the audit log calls it."""
    about: Mapping[str, object]
    """What the audit log keeps of it: the files and their digests, or the query and the words."""
    seen: int
    """The newest decision when the rows were settled."""
    notes: list[Note] = field(default_factory=list)
    unread: int = 0
    """Sheets that were not read."""
    whole: int = WHOLE
    """Up to so many changes are one transaction."""
    begun: float = 0.0

    def preview(self) -> Iterator[Row]:
        """What each row would do. Nothing is written."""
        for chunk in told(self.app, self.work):
            yield from chunk.rows

    @property
    def changes(self) -> int:
        """How many decisions would be made, as last told."""
        return sum(self.work.counts.get(each, 0) for each in _WRITES)

    def apply(self) -> Iterator[Event]:
        """Record what was told, and merge. Raises UsageError where something was declared since."""
        total = sum(self.work.counts.values())
        if self.changes:
            self.app.audit.append(self.event, {"who": self.work.who, "changes": self.changes} | dict(self.about))
            try:
                for done in apply(self.app, self.work, seen=self.seen, changes=self.changes, whole=self.whole):
                    yield Progress(say("登记", "declare"), done, total, say("行", "rows"))
            except StaleError as error:
                raise UsageError(
                    "E1379",
                    say(
                        "预览之后有人改过台账，什么也没有写入",
                        "something was declared since the preview: nothing is written",
                    ),
                    hint=say("再预览一次", "preview again"),
                ) from error
        yield self.summary()

    def summary(self, *, applied: bool = True) -> Summary:
        """What became, or would become, of the rows."""
        counts = self.work.counts
        left = counts.get(LEFT, 0)
        told = {say("行未采纳", "rows left out"): left} if left else {}
        if self.unread:
            told[say("工作表未读", "sheets not read")] = self.unread
        whole = not left and not self.unread
        return Summary(
            run="",
            kind=self.kind,
            complete=whole,
            counts={name: counts.get(name, 0) for name in (*_WRITES, SAME, REPEATED, PASSED)},
            left_out=told,
            warnings=(*(each.text for each in self.notes if each.warning), *self._warned(), *self.work.missing),
            duration_ms=round((self.app.clock.monotonic() - self.begun) * 1000),
            state="planned" if not applied else "done" if whole else "incomplete",
        )

    def _warned(self) -> Iterator[str]:
        """What the preview warned of, counted."""
        if number := self.work.warned.get(UNDONE, 0):
            yield say(
                f"{number} 行会把此后改过的值改回，见预览",
                f"{number} rows put back what was changed since: see the preview",
            )
        if number := self.work.warned.get(ODD, 0):
            yield say(f"{number} 行有疑点，照样采纳，见预览", f"{number} rows are doubtful, and taken: see the preview")

    def close(self) -> None:
        """Let go of what was read."""
        self.work.spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
