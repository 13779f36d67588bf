"""The outbox keeps every letter until its answer is on record."""

import pytest

from secops.core.clock import Instant
from secops.core.finding import Finding, Severity, Step, Transition
from secops.core.letter import LetterState, Outcome, Receipt, Route, Stream
from secops.core.model import Kind
from secops.store import outbox
from secops.store.database import Database, metadata

ROUTES = (Route("jsonl", frozenset({Stream.ALERTS})), Route("es", frozenset({Stream.ALERTS, Stream.FINDINGS})))
NOW = Instant(1_750_000_000_000)


def transition(number: int = 1, rule: str = "r1", severity: Severity = Severity.HIGH) -> Transition:
    finding = Finding(
        rule=rule,
        entity="service-abc",
        kind=Kind.SERVICE,
        site="s",
        severity=severity,
        open=True,
        opened_at=NOW,
        changed_at=NOW,
        transition=number,
        rule_digest="d",
        org_id="o1",
    )
    return Transition(finding, Step.OPENED, NOW)


@pytest.fixture
def database(tmp_path):
    base = Database.file(tmp_path / "t.db")
    with base.write() as connection:
        metadata.create_all(connection, tables=[outbox.outbox])
    yield base
    base.close()


def put(database, *transitions):
    with database.write() as connection:
        docs = [{"n": each.id} for each in transitions]
        return outbox.enqueue(connection, transitions, docs, docs, ROUTES)


def test_one_row_per_sink_and_stream(database):
    """A transition becomes one letter for each stream of each sink, in queue order."""
    assert put(database, transition()) == 3
    store = outbox.StoredOutbox(database)
    assert [each.id for each in store.claim("jsonl", 10, NOW)] == [transition().id]
    letters = store.claim("es", 10, NOW)
    assert [(each.stream, each.id) for each in letters] == [
        (Stream.ALERTS, transition().id),
        (Stream.FINDINGS, transition().finding.id),
    ]
    assert letters[0].seq < letters[1].seq
    assert letters[0].body == '{"n":"' + transition().id + '"}'


def test_enqueue_again_changes_nothing(database):
    """The same transition enqueued twice is one letter per sink and stream."""
    put(database, transition())
    assert put(database, transition()) == 0
    assert outbox.StoredOutbox(database).waiting("es") == 2


def test_rolled_back_with_its_transaction(database):
    """A letter of a transaction that failed does not exist."""
    with pytest.raises(RuntimeError), database.write() as connection:
        outbox.enqueue(connection, [transition()], [{}], [{}], ROUTES)
        raise RuntimeError
    assert outbox.StoredOutbox(database).waiting("es") == 0


def test_claimed_and_forgotten_is_doubtful(database):
    """A letter claimed by a process that died comes back as doubtful once what was on its way has arrived."""
    put(database, transition(1))
    store = outbox.StoredOutbox(database)
    assert [each.doubtful for each in store.claim("jsonl", 10, NOW)] == [False]
    put(database, transition(2))
    later = Instant(NOW + outbox.QUIET_MS)
    assert [(each.version, each.doubtful) for each in store.claim("jsonl", 10, NOW)] == [(2, False)]
    assert [(each.version, each.doubtful) for each in store.claim("jsonl", 10, later)] == [(1, True), (2, True)]


def test_receipts_are_kept(database):
    """Delivered letters lose their body, repeated ones wait until due, dead ones keep body and reason."""
    put(database, transition(1), transition(2), transition(3))
    store = outbox.StoredOutbox(database)
    one, two, three = store.claim("jsonl", 10, NOW)
    later = Instant(NOW + 5000)
    store.settle(
        [
            Receipt(one.seq, Outcome.DELIVERED),
            Receipt(two.seq, Outcome.RETRY, "429"),
            Receipt(three.seq, Outcome.DEAD, "mapping"),
        ],
        NOW,
        [NOW, later, NOW],
    )
    assert store.claim("jsonl", 10, NOW) == []
    assert store.next_due("jsonl") == later
    (again,) = store.claim("jsonl", 10, later)
    assert (again.version, again.attempts, again.doubtful) == (2, 1, False)
    with database.read() as connection:
        dead = list(outbox.entries(connection, outbox.Wanted(states=(LetterState.DEAD,))))
        assert [(each["version"], each["reason"]) for each in dead] == [(3, "mapping")]
        assert outbox.counts(connection)["jsonl"] == {"delivered": 1, "unknown": 1, "dead": 1}


def test_dead_letters_can_be_revived(database):
    """A revived dead letter is waiting again and is looked for before it is sent."""
    put(database, transition())
    store = outbox.StoredOutbox(database)
    (letter,) = store.claim("jsonl", 1, NOW)
    store.settle([Receipt(letter.seq, Outcome.DEAD, "x")], NOW, [NOW])
    with database.write() as connection:
        assert outbox.revive(connection, outbox.Wanted(rules=("other",))) == 0
        assert outbox.revive(connection, outbox.Wanted(rules=("r1",))) == 1
    assert [each.doubtful for each in store.claim("jsonl", 1, NOW)] == [True]


def test_held_back_letters_can_be_hastened(database):
    """A letter waiting for its hour is tried at once when asked for."""
    put(database, transition())
    store = outbox.StoredOutbox(database)
    (letter,) = store.claim("jsonl", 1, NOW)
    store.settle([Receipt(letter.seq, Outcome.RETRY)], NOW, [Instant(NOW + 1000)])
    with database.write() as connection:
        assert outbox.hasten(connection, outbox.Wanted(severities=("high",))) == 1
    assert len(store.claim("jsonl", 1, NOW)) == 1
