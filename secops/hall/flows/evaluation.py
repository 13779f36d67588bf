"""Where a rule's questions are put: to the store, or for a whole inventory to the columnar mirror, with one answer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from secops.core.query import And
from secops.grade.rule import Rule
from secops.hall.app import App
from secops.store import grading
from secops.store.grading import Match, Question, Transaction

if TYPE_CHECKING:
    from secops.store.mirror_query import View


class Stored:
    """The store, in a transaction."""

    def __init__(self, connection: Transaction) -> None:
        self.connection = connection

    def matches(self, question: Question, evidence: Sequence[str]) -> Iterator[Match]:
        return grading.matches(self.connection, question, evidence)

    def lapsed(self, question: Question, rule: str) -> list[str]:
        return grading.lapsed(self.connection, question, rule)

    def undecided(self, question: Question, requires: Sequence[str]) -> tuple[int, dict[str, int]]:
        return grading.undecided(self.connection, question, requires)

    def asked(self, question: Question) -> int:
        return grading.asked(self.connection, question)


class Mirrored:
    """The mirror that stands where the transaction does; findings are the store's."""

    def __init__(self, view: "View", connection: Transaction) -> None:
        self.view = view
        self.connection = connection

    def matches(self, question: Question, evidence: Sequence[str]) -> Iterator[Match]:
        return self.view.matches(question, evidence)

    def lapsed(self, question: Question, rule: str) -> list[str]:
        known = grading.found(self.connection, rule)
        return sorted(known - self.view.standing(question)) if known else []

    def undecided(self, question: Question, requires: Sequence[str]) -> tuple[int, dict[str, int]]:
        return self.view.undecided(question, requires)

    def asked(self, question: Question) -> int:
        return self.view.asked(question)


@contextmanager
def whole(app: App, rule: Rule) -> Iterator[Mirrored | None]:
    """A transaction with the mirror beside it, for a rule over everything; None where the store must be asked.

    Raises Unavailable where the mirror fails meanwhile: nothing of the transaction is kept then.
    """
    if app.config.text("mirror.use") == "off" or app.database.path is None:
        yield None
        return
    from secops.store.mirror import Unavailable
    from secops.store.mirror_query import answers

    if not app.mirror.path.exists() or not answers(And((rule.matched, rule.undecided)), *rule.evidence, *rule.requires):
        yield None
        return
    try:
        app.mirror.current()
    except Unavailable as error:
        app.tell(error)
        yield None
        return
    with app.mirror.read() as view, app.database.write(heeding=True) as connection:
        yield Mirrored(view, connection) if app.mirror.stands(connection) else None
