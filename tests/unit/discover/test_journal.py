from secops.core.clock import Instant
from secops.core.model import Observation, Status, Target
from secops.discover.journal import LONGEST, MOST, Journal


def seen(status=Status.SUCCESS):
    return Observation("s", "o", "r", "c@1", Target("198.18.0.1", 80), Instant(1), status)


def test_due_by_age_and_by_number():
    """It is due once the oldest has waited long enough, or there are many."""
    journal = Journal()
    assert not journal.due(100.0)
    journal.add(seen(), 1.0)
    assert not journal.due(1.0 + LONGEST / 2)
    assert journal.due(1.0 + LONGEST)
    for _ in range(MOST):
        journal.add(seen(), 1.0)
    assert journal.due(1.0)


def test_taking_empties_it_and_counts():
    """What is taken counts as written and is taken once."""
    journal = Journal()
    journal.add(seen(Status.OPEN), 0.0)
    assert len(journal.take()) == 1
    assert journal.take() == []
    assert journal.counts()["observations"] == 1
    assert journal.statuses == {"open": 1}
