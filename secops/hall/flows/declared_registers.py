"""Who answers for what: the declarations that stand at a place of the log."""

from secops.assets import declared
from secops.assets.record import is_record
from secops.assets.register import Register
from secops.core.model import Decision, DecisionType
from secops.store import decisions
from secops.store.grading import Transaction


def registers(connection: Transaction, upto: int) -> dict[str, Register]:
    """What was declared up to this place of the log, per site."""
    found: dict[str, Register] = {}
    for logged in decisions.latest(connection, DecisionType.DECLARE, upto=upto):
        assert isinstance(logged.entry, Decision)
        if is_record(logged.entry):
            continue
        site = logged.entry.site
        found.setdefault(site, Register(site)).apply(declared.thing(logged.seq, logged.entry))
    return found
