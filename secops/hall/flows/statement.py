"""What people state becomes decisions: those of a duty wait for a second person, all others count at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secops.core.clock import Instant
from secops.core.ids import canonical
from secops.core.model import Decision, DecisionType, Skipped
from secops.core.registers import registers
from secops.hall.app import App
from secops.intake.declared_sections import Stated
from secops.store import decisions
from secops.store.grading import Transaction

Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Force:
    """What is declared of the site: the newest decision on each subject, withdrawn ones apart."""

    decisions: Mapping[str, Decision]
    said: Mapping[str, Decision] = field(default_factory=dict)
    """The newest decision for the reason asked for: what the files last said, whatever was changed since."""

    @property
    def payloads(self) -> dict[str, Payload]:
        """What is in force, by subject."""
        return {name: each.payload for name, each in self.decisions.items()}


def in_force(app: App, *, reason: str = "", at: Instant | None = None) -> Force:
    """What is declared now, or was at `at`. `reason`: whose last words are wanted too."""
    with app.database.read() as connection:
        found = _site(app, decisions.latest(connection, DecisionType.DECLARE, at=at))
        said = _site(app, decisions.latest(connection, DecisionType.DECLARE, reason=reason)) if reason else []
        waits = _site(app, decisions.latest(connection, DecisionType.PROPOSE, reason=reason)) if reason else []
    return Force(
        {each.subject: each for each in found if not each.payload.get("withdrawn")},
        {each.subject: each for each in sorted([*said, *waits], key=lambda one: one.at)},
    )


def waiting(app: App) -> list[Decision]:
    """Proposals nobody answered; of several on one subject the newest stands."""
    with app.database.read() as connection:
        asked = decisions.of_type(connection, app.site, DecisionType.PROPOSE)
        told = decisions.of_type(connection, app.site, DecisionType.APPROVE)
    done = {str(each.entry.payload.get("proposal")) for each in told if isinstance(each.entry, Decision)}
    newest = {each.entry.subject: each.entry for each in asked if isinstance(each.entry, Decision)}
    return [each for each in newest.values() if each.id not in done]


def _site(app: App, found: Iterable[object]) -> list[Decision]:
    entries = [getattr(each, "entry", None) for each in found]
    return [each for each in entries if isinstance(each, Decision) and each.site == app.site]


def news(
    app: App, stated: Iterable[Stated | Skipped], force: Force, *, who: str, reason: str
) -> Iterator[tuple[Decision, str]]:
    """The decisions that make these statements hold, each with what it does: declared, changed or proposed.

    What is stated already, or was said for this reason before and changed by hand since, makes none.
    """
    at = app.clock.now()
    for each in stated:
        if isinstance(each, Skipped):
            continue
        old, said = force.decisions.get(each.subject), force.said.get(each.subject)
        if any(one is not None and canonical(one.payload) == canonical(each.payload) for one in (old, said)):
            continue
        type = _type(each.kind)
        what = "proposed" if type is DecisionType.PROPOSE else "declared" if old is None else "changed"
        yield Decision(app.site, type, each.subject, each.payload, who, at, reason), what


def withdrawals(
    app: App, subjects: Iterable[str], force: Force, *, who: str, reason: str
) -> Iterator[tuple[Decision, str]]:
    """The decisions that withdraw these subjects."""
    at = app.clock.now()
    for each in subjects:
        kind = str(force.decisions[each].payload["kind"])
        payload = {"kind": kind, "withdrawn": True}
        type = _type(kind)
        what = "proposed" if type is DecisionType.PROPOSE else "withdrawn"
        yield Decision(app.site, type, each, payload, who, at, reason), what


def record(connection: Transaction, found: Sequence[tuple[Decision, str]]) -> dict[str, int]:
    """Log the decisions; how many do what."""
    decisions.append(connection, [each for each, _ in found])
    counts = dict.fromkeys(("declared", "changed", "withdrawn", "proposed"), 0)
    for _, what in found:
        counts[what] += 1
    return counts


def _type(kind: str) -> DecisionType:
    register = registers().get(kind)
    return DecisionType.PROPOSE if register is not None and register.four_eyes else DecisionType.DECLARE
