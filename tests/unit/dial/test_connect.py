from secops.dial.connect import ConnectFinder, permuted
from secops.dial.finder import Open
from secops.scope.intervals import IntervalSet

HOSTS = IntervalSet.parse(["127.0.0.1-127.0.0.5"])


def test_finds_what_listens(gate, clock, serve):
    """Every open port is told once and one tally comes last."""
    ports = tuple(serve(lambda peer: None) for _ in range(3))
    events = list(ConnectFinder(gate, clock, pps_per_host=1e6).find(HOSTS, (*ports, 1), seed=5))
    assert {each.port for each in events[:-1]} == set(ports)
    assert {each.address for each in events[:-1]} == {"127.0.0.1"}
    tally = events[-1]
    assert (tally.planned, tally.answered, tally.ended) == (20, 20, "done")


def test_refusal_is_told_in_the_tally(gate, clock):
    """A Gate that gives no lease ends the search with its reason."""
    gate.open = False
    (tally,) = ConnectFinder(gate, clock, pps_per_host=1e6).find(HOSTS, (1,), seed=5)
    assert (tally.ended, tally.detail) == ("refused", "E2110: stopped")


def test_draining_ends_early(gate, clock):
    """Asked to drain before it begins, it asks nothing."""
    finder = ConnectFinder(gate, clock, pps_per_host=1e6, draining=lambda: True)
    (tally,) = finder.find(HOSTS, (1, 2), seed=5)
    assert (tally.ended, tally.sent) == ("drained", 0)


def test_out_of_lease_is_counted(make_gate, clock):
    """Targets outside the lease are counted and not asked."""
    gate = make_gate(targets=("127.0.0.1",))
    events = list(ConnectFinder(gate, clock, pps_per_host=1e6).find(HOSTS, (1,), seed=5))
    assert not [each for each in events if isinstance(each, Open)]
    assert (events[-1].refused, events[-1].sent) == (4, 1)


def test_permutation_is_complete():
    """Every pair comes exactly once, whatever the counts and the seed, and not in order."""
    for hosts in (1, 2, 7, 64):
        for ports in ((80,), (80, 443, 22), tuple(range(1, 18))):
            for seed in (0, 1, 12_345, 2**31):
                found = list(permuted(IntervalSet.parse([f"198.18.0.1-198.18.0.{hosts}"]), ports, seed))
                assert len(found) == len(set(found)) == hosts * len(ports)
    many = list(permuted(IntervalSet.parse(["198.18.0.0/24"]), (80, 443), 99))
    assert many != sorted(many)
