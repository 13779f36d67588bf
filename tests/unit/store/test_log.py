"""The logs: one sequence, each entry once."""

from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Decision, DecisionType, Observation, Relation, RelationType, RunEnd, Status, Target
from secops.store import cursor, decisions, log, observations, relations, run_ends


def _look(run: str, port: int = 80) -> Observation:
    facts = {"http.title": "标题\ud800\x00", "http.headers": ("a", "b")}
    return Observation(
        "gd", "o", run, "http@1", Target("198.18.0.1", port), Instant(5), Status.SUCCESS, facts, {"n": [1]}
    )


def test_a_block_done_again_logs_nothing_new(connection: Connection) -> None:
    """The same look is one entry, whatever happens in between."""
    assert observations.append(connection, [_look("r"), _look("r", 81)]) == 2
    assert observations.append(connection, [_look("r"), _look("r", 82)]) == 1
    assert [each.entry.target.port for each in observations.after(connection, 0, 9)] == [80, 81, 82]
    assert observations.count(connection, "r") == 3


def test_entries_of_all_kinds_come_in_one_order(connection: Connection) -> None:
    """Observations, decisions and run ends are read as they were written, in pieces without a gap."""
    observations.append(connection, [_look("r")])
    decisions.append(
        connection, [Decision("gd", DecisionType.DECLARE, "system:S", {"kind": "system"}, "me", Instant(6))]
    )
    run_ends.append(connection, RunEnd("r", "gd", Instant(7), complete=True, started=Instant(4)))
    observations.append(connection, [_look("s")])
    kinds = [type(each.entry) for each in log.after(connection, 0, 99)]
    assert kinds == [Observation, Decision, RunEnd, Observation]
    place, seen = 0, []
    while piece := log.after(connection, place, 1):
        place = piece[-1].seq
        seen += piece
    assert seen == log.after(connection, 0, 99)


def test_hostile_text_is_kept_readable(connection: Connection) -> None:
    """A lone surrogate becomes a question mark; everything else comes back."""
    observations.append(connection, [_look("r")])
    (logged,) = observations.after(connection, 0, 9)
    assert isinstance(logged.entry, Observation)
    assert logged.entry.facts == {"http.title": "标题?\x00", "http.headers": ("a", "b")}
    assert logged.entry.extra == {"n": [1]}
    assert observations.by_seqs(connection, [logged.seq, 99]) == {logged.seq: logged.entry}


def test_a_run_ends_once(connection: Connection) -> None:
    """The first end stands."""
    assert run_ends.append(connection, RunEnd("r", "gd", Instant(1), complete=True))
    assert not run_ends.append(connection, RunEnd("r", "gd", Instant(2), complete=False))
    found = run_ends.of_run(connection, "r")
    assert found is not None
    assert found.complete


def test_the_latest_decision_of_each_subject_counts(connection: Connection) -> None:
    """Up to a place of the log, the newest of each subject and site."""
    for at, org in enumerate("ABC"):
        decisions.append(connection, [Decision("gd", DecisionType.DECLARE, "n", {"org": org}, "me", Instant(at))])
    (latest,) = decisions.latest(connection, DecisionType.DECLARE)
    (before,) = decisions.latest(connection, DecisionType.DECLARE, upto=latest.seq - 1)
    assert isinstance(latest.entry, Decision)
    assert isinstance(before.entry, Decision)
    assert (latest.entry.payload, before.entry.payload) == ({"org": "C"}, {"org": "B"})


def test_a_reader_keeps_its_place(connection: Connection) -> None:
    """Zero before the first, then what was put."""
    assert cursor.get(connection) == 0
    cursor.put(connection, 7)
    cursor.put(connection, 9)
    assert cursor.get(connection) == 9


def test_a_relation_drawn_again_is_seen_longer(connection: Connection) -> None:
    """Reason and origin stay those of the first drawing."""
    first = Relation("gd", "a", RelationType.RUNS_ON, "b", "ssh", Instant(5), Instant(5), 1)
    relations.put(connection, [first])
    relations.put(connection, [Relation("gd", "a", RelationType.RUNS_ON, "b", "mac", Instant(3), Instant(9), 2)])
    (found,) = relations.touching(connection, ["b"])
    assert (found.first_seen, found.last_seen, found.reason, found.seq) == (3, 9, "ssh", 1)
