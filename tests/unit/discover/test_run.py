from secops.core.clock import ManualClock
from secops.core.model import Observation, Status, Target
from secops.dial.finder import Open, Tally
from secops.dial.talk import Outcome
from secops.discover.collectors.interface import Reading
from secops.discover.crowd import LOOKED_AT
from secops.discover.depth import Depth
from secops.discover.plan import Block
from secops.discover.run import Done, Look
from secops.scope.intervals import IntervalSet

BLOCK = Block(0, IntervalSet.parse(["198.18.0.0/30"]), (80, 8080))


class Finder:
    name = "connect"

    def __init__(self, opened, ended="done"):
        self.opened, self.ended = opened, ended

    def find(self, addresses, ports, *, seed):
        yield from (Open(*each) for each in self.opened)
        yield Tally(addresses.count() * len(ports), 9, 8, 0, 0.1, self.ended, "E2106: expired")


class Jobs:
    """Answers each job from a table by target and path."""

    def __init__(self, answers, asked):
        self.answers, self.asked = answers, asked

    def run(self, jobs):
        for job in jobs:
            self.asked.append(str(job.target))
            yield self.answers(job.target)


def web(location="", status=Status.SUCCESS, **facts):
    base = {"service.name": "http", "http.status_code": 302 if location else 200, "tls.enabled": False} | facts
    return (Reading("http@1", status, base, {}, location),)


def look(opened, answers, *, ended="done", admits=lambda a, p: a.startswith("198.18."), names=None, drain=False):
    asked = []

    class Names:
        def resolve(self, name):
            return (names or {}).get(name, (name,) if name[:1].isdigit() else ())

    made = Look(
        run="r",
        site="s",
        observer="o",
        finder=Finder(opened, ended),
        loop=lambda: Jobs(answers, asked),
        clock=ManualClock(),
        admits=admits,
        names=Names(),
        draining=lambda: drain,
    )
    events = list(made.block(BLOCK, 1))
    return [each for each in events if isinstance(each, Observation)], events[-1], asked


def outcome(result, status=Status.SUCCESS):
    return lambda target: Outcome(target, status, "", result)


def test_readings_become_observations_and_coverage():
    """Each reading is an observation; the block's coverage tells what was asked."""
    seen, done, _ = look([("198.18.0.1", 80)], outcome(web()))
    assert [each.collector for each in seen] == ["http@1"]
    assert isinstance(done, Done)
    assert (done.coverage.asked, done.coverage.answered, done.coverage.ports) == (8, 8, (80, 8080))


def test_unidentified_port_is_still_open():
    """An open port nobody understood is told as open, with the reason beside it."""
    (seen,), _, _ = look([("198.18.0.1", 80)], outcome(None, Status.LIMIT))
    assert (seen.collector, seen.status, seen.extra["identified"]) == ("port@1", Status.OPEN, "limit")


def test_redirect_out_of_scope_is_recorded_and_never_followed():
    """A redirect to an address or name outside the scope is a fact and nothing else."""
    for location in (
        "http://203.0.113.9/",
        "https://evil.example/",
        "//203.0.113.9/x",
        "ftp://198.18.0.2/",
        "http://[bad",
    ):
        seen, _, asked = look([("198.18.0.1", 80)], outcome(web(location)))
        assert asked == ["198.18.0.1:80/tcp"]
        assert location.endswith("[bad") or seen[0].facts["http.redirect_out_of_scope"] is True


def test_redirect_within_scope_is_a_target_of_its_own():
    """A redirect within the scope is asked once as its own target, its front-page facts kept aside."""

    def answer(target):
        return Outcome(target, Status.SUCCESS, "", web("http://198.18.0.2:8080/login") if target.port == 80 else web())

    seen, _, asked = look([("198.18.0.1", 80)], answer)
    assert asked == ["198.18.0.1:80/tcp", "198.18.0.2:8080/tcp"]
    assert seen[0].facts["http.redirect_out_of_scope"] is False
    assert seen[1].collector == "http@1+hop"
    assert "http.status_code" not in seen[1].facts
    assert seen[1].extra["path"] == "/login"


def test_rebound_name_is_not_followed():
    """A name that resolves outside the scope is not followed, whatever it is called."""
    names = {"a.gov.cn": ("203.0.113.9",)}
    seen, _, asked = look([("198.18.0.1", 80)], outcome(web("http://a.gov.cn/")), names=names)
    assert len(asked) == 1
    assert seen[0].facts["http.redirect_out_of_scope"] is True


def test_endless_redirects_end():
    """A server that always redirects elsewhere on itself is left after three hops."""
    count = iter(range(1_000))
    _, _, asked = look([("198.18.0.1", 80)], lambda t: Outcome(t, Status.SUCCESS, "", web(f"/{next(count)}")))
    assert len(asked) == 4


def test_host_that_answers_everything_is_spared():
    """Of a host that answers on every port only the first few are identified; one observation tells of it."""
    ports = tuple(range(1_000, 1_100))
    block = Block(0, IntervalSet.parse(["198.18.0.1"]), ports)
    asked = []
    made = Look(
        run="r", site="s", observer="o", finder=Finder([("198.18.0.1", n) for n in ports]),
        loop=lambda: Jobs(outcome(None, Status.TIMEOUT), asked), clock=ManualClock(), admits=lambda a, p: True,
        names=None, draining=lambda: False,
    )  # fmt: skip
    seen = [each for each in made.block(block, 1) if isinstance(each, Observation)]
    assert len(asked) == LOOKED_AT
    assert [each.target.port for each in seen if each.facts.get("ip.answers_all")] == [0]
    assert len(seen) == LOOKED_AT + 1


def test_refused_and_drained_blocks_have_no_coverage():
    """A block that did not come to its end covers nothing."""
    _, done, asked = look([], outcome(None), ended="refused")
    assert (done.coverage, done.ended, asked) == (None, "refused", [])
    _, done, _ = look([("198.18.0.1", 80)], outcome(web()), drain=True)
    assert (done.coverage, done.ended) == (None, "drained")


def test_named_targets_are_asked_by_name_too():
    """An address with a name of the scope is asked without and with it."""
    asked = []
    made = Look(
        run="r", site="s", observer="o", finder=Finder([("198.18.0.1", 80)]), loop=lambda: Jobs(outcome(web()), asked),
        clock=ManualClock(), admits=lambda a, p: True, names=None, draining=lambda: False,
        named={"198.18.0.1": ("a.gov.cn",)},
    )  # fmt: skip
    list(made.block(BLOCK, 1))
    assert asked == [str(Target("198.18.0.1", 80)), str(Target("198.18.0.1", 80, name="a.gov.cn"))]


def test_a_sweep_for_ports_talks_to_nobody():
    """At depth PORT each open port is told and no connection is made for it."""
    asked = []
    made = Look(
        run="r", site="s", observer="o", finder=Finder([("198.18.0.1", 80)]), loop=lambda: Jobs(outcome(web()), asked),
        clock=ManualClock(), admits=lambda a, p: True, names=None, draining=lambda: False, depth=Depth.PORT,
        named={"198.18.0.1": ("a.gov.cn",)},
    )  # fmt: skip
    (seen, done) = (each for each in made.block(BLOCK, 1) if not hasattr(each, "open"))
    assert (seen.collector, seen.status, seen.target, asked) == ("port@1", Status.OPEN, Target("198.18.0.1", 80), [])
    assert done.coverage.answered == 8


def test_a_port_that_speaks_tls_is_asked_what_it_offers():
    """Once, at its address, after all are identified; so is one that answered and was not understood, for TLCP."""
    asked: list[str] = []
    secured = (Reading("tls@1", Status.SUCCESS, {"tls.enabled": True}),)
    odd = (Reading("port@1", Status.PROTOCOL_ERROR),)
    offers = Reading("tls+offer@1", Status.SUCCESS, {"tls.ja3s": "0" * 32})

    def answer(target):
        again = asked.count(str(target)) > 1
        return Outcome(target, Status.SUCCESS, "", offers if again else secured if target.port == 80 else odd)

    made = Look(
        run="r", site="s", observer="o", finder=Finder([("198.18.0.1", 80), ("198.18.0.1", 8080)]),
        loop=lambda: Jobs(answer, asked), clock=ManualClock(), admits=lambda a, p: True, names=None,
        draining=lambda: False, named={"198.18.0.1": ("a.gov.cn",)},
    )  # fmt: skip
    seen = [each for each in made.block(BLOCK, 1) if isinstance(each, Observation)]
    assert asked == [
        "198.18.0.1:80/tcp", "a.gov.cn@198.18.0.1:80/tcp", "198.18.0.1:8080/tcp", "a.gov.cn@198.18.0.1:8080/tcp",
        "198.18.0.1:80/tcp", "198.18.0.1:8080/tcp",
    ]  # fmt: skip
    assert [each.collector for each in seen if each.facts.get("tls.ja3s")] == ["tls+offer@1"] * 2
