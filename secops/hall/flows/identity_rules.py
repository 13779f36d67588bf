"""The rules of identity in force at a place of the log, and the places where what is new is settled."""

from collections.abc import Mapping

from secops.assets.marks import Rules, of, read
from secops.core.clock import Instant
from secops.core.model import Decision, DecisionType
from secops.hall.app import App
from secops.hall.workspace import layered
from secops.scope.yaml_source import Source
from secops.store import cursor, decisions, evidence, run_ends, runs
from secops.store.grading import Transaction

RULES = "identity:rules"
SETTLED = "identity:settled"
FILE = "identity/machines.yaml"
PROGRAM = "secops"
"""Who decides what no person does."""
_BEAT_MS = 600_000


def rules_of(app: App) -> Rules | None:
    """The rules of identity as the file says, None where there is no file. Raises InvalidFile."""
    path = layered(app.workspace, "rules").get(FILE)
    return None if path is None else read(Source.read(path))


def begin(app: App) -> None:
    """Log the rules in force where they are others than the log's; without a file those of the log stay."""
    rules = rules_of(app)
    if rules is None:
        return
    with app.database.read() as connection:
        known = decisions.of_subject(connection, app.site, RULES)
    if known and isinstance(known[-1].entry, Decision) and rules_in(known[-1].entry).digest == rules.digest:
        return
    with app.database.write() as connection:
        decisions.append(connection, [_in_force(app, rules)])


def begin_within(app: App, connection: Transaction) -> None:
    """Log the rules in force where the log has none yet: what is merged before the first ones is read by those."""
    if not decisions.of_subject(connection, app.site, RULES) and (rules := rules_of(app)) is not None:
        decisions.append(connection, [_in_force(app, rules)])


def _in_force(app: App, rules: Rules) -> Decision:
    payload = {"rules": rules.source, "digest": rules.digest}
    return Decision(app.site, DecisionType.SETTLE, RULES, payload, PROGRAM, app.clock.now(), "rules in force")


def rules_in(decision: Decision) -> Rules:
    """The rules that a decision carries."""
    rules = decision.payload.get("rules")
    return of(rules if isinstance(rules, Mapping) else {})


def rules_at(connection: Transaction, site: str, place: int) -> Rules:
    """The rules in force at this place of the log; before the first ones, those."""
    found = decisions.of_subject(connection, site, RULES)
    held = [each for each in found if each.seq <= place] or found[:1]
    if not held or not isinstance(held[-1].entry, Decision):
        return Rules({}, (), {})
    return rules_in(held[-1].entry)


def settling(app: App, connection: Transaction) -> bool:
    """Log that what is new is settled here, unless a run is at work; False where there is nothing to settle."""
    sites, now = evidence.unsettled(connection), app.clock.now()
    if not sites or working(connection, int(now)):
        return False
    upto = {"upto": cursor.get(connection)}
    made = [
        Decision(site, DecisionType.SETTLE, SETTLED, upto, PROGRAM, min(now, moment(connection, site, seen)), "settled")
        for site, seen in sites.items()
    ]
    return decisions.append(connection, made) > 0


def moment(connection: Transaction, site: str, seen: int) -> Instant:
    """As of when what was seen up to this moment is settled: then, but never before what was settled last.

    Where other rules came into force since, everything is told apart anew: as of then.
    """
    last = decisions.newest_of(connection, site, SETTLED)
    rules = decisions.newest_of(connection, site, RULES)
    found = [seen, run_ends.newest(connection, site)]
    if last is not None and isinstance(last.entry, Decision):
        found.append(int(last.entry.at))
        if rules is not None and rules.seq > last.seq and isinstance(rules.entry, Decision):
            found.append(int(rules.entry.at))
    return Instant(max(found))


def working(connection: Transaction, now: int) -> bool:
    """Whether a run gave a sign of life of late: its end settles what it saw."""
    return any(each.kind == "discover" and each.heartbeat > now - _BEAT_MS for each in runs.unended(connection))
