import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from secops.core.clock import ManualClock
from secops.core.model import Observation, Status, Target, Transport
from secops.dial.datagram import Answered
from secops.dial.finder import Tally
from secops.dial.talk import Outcome
from secops.dial.wire.ping import Alive
from secops.discover import connectionless
from secops.discover.collectors.datagrams import PORTS, openings, overheard, politest
from secops.discover.collectors.interface import Reading
from secops.discover.connectionless import Connectionless
from secops.discover.plan import Block
from secops.discover.probes.ask import Kit, State, Verdict
from secops.discover.probes.file import parse
from secops.discover.probes.template import Filled
from secops.discover.run import Done, Found, Look
from secops.scope.intervals import IntervalSet

ANSWERS = runpy.run_path(str(Path(__file__).with_name("datagram_answers.py")))["ANSWERS"]
UDP = Block(4, IntervalSet.parse(["198.18.0.0/30"]), (53, 123), Transport.UDP)
HOSTS = Block(5, IntervalSet.parse(["198.18.0.0/26"]), (0,))


def tally(block, ended="done"):
    return Tally(block.targets, 9, 3, 1, 0.1, ended, "E2106: expired" if ended == "refused" else "")


class Finder:
    def __init__(self, *events):
        self.events, self.asked = events, []

    def find(self, *words, seed):
        self.asked.append((*words, seed))
        yield from self.events


class Jobs:
    def __init__(self, answer):
        self.answer, self.jobs = answer, []

    def run(self, jobs):
        for job in jobs:
            self.jobs.append(job)
            yield self.answer(job.target)


def reading(target):
    return Outcome(
        target, Status.SUCCESS, "", Reading("dns@1", Status.SUCCESS, {"service.name": "domain"}), 9, "d" * 64
    )


def look(*, asker=None, pinger=None, answer=reading, drain=False):
    jobs = Jobs(answer)
    return Connectionless("r", "s", "o", asker, pinger, lambda: jobs, ManualClock(), lambda: drain), jobs


def split(events):
    return [each for each in events if isinstance(each, Observation)], events[-1]


def test_those_that_answer_are_talked_to_and_told():
    """An answer becomes a conversation that knows it already; its reading is an observation over UDP."""
    finder = Finder(Answered("198.18.0.1", 53, b"first"), tally(UDP))
    made, jobs = look(asker=finder)
    events = list(made.block(UDP, 7))
    seen, done = split(events)
    target = Target("198.18.0.1", 53, Transport.UDP)
    assert [(each.collector, each.target, each.raw_digest) for each in seen] == [("dns@1", target, "d" * 64)]
    assert jobs.jobs[0].known == dict.fromkeys(openings(target), b"first")
    assert finder.asked == [(UDP.addresses, (53, 123), 11)]
    assert events[0] == Found(1)
    assert isinstance(done, Done)
    cover = done.coverage
    assert (cover.block, cover.ports, cover.transport) == (4, (53, 123), Transport.UDP)
    assert (cover.asked, cover.answered, cover.refused) == (7, 3, 1)


def test_what_is_not_understood_is_open_all_the_same():
    """Something answers there: open, with the reason."""
    for result in (None, Reading("dns@1", Status.PROTOCOL_ERROR)):
        made, _ = look(
            asker=Finder(Answered("198.18.0.1", 53, b""), tally(UDP)),
            answer=lambda target, result=result: Outcome(target, Status.LIMIT, "time", result),
        )
        (seen,), _ = split(list(made.block(UDP, 1)))
        assert (seen.collector, seen.status) == ("port@1", Status.OPEN)
        assert seen.extra["identified"] == ("limit" if result is None else "protocol-error")


def test_a_refused_or_drained_block_has_no_coverage():
    """Only a block that came to its end says what was asked."""
    for ended, drain in (("refused", False), ("drained", False), ("done", True)):
        made, jobs = look(asker=Finder(Answered("198.18.0.1", 53, b""), tally(UDP, ended)), drain=drain)
        _, done = split(list(made.block(UDP, 1)))
        assert done.coverage is None
        assert done.ended == ("refused" if ended == "refused" else "drained")
        assert (jobs.jobs == []) == (ended == "refused" or drain)


def test_what_falls_out_of_scope_meanwhile_is_not_told():
    """A lease that no longer holds the target: nothing was seen there."""
    made, _ = look(
        asker=Finder(Answered("198.18.0.1", 53, b""), tally(UDP)),
        answer=lambda target: Outcome(target, Status.OUT_OF_SCOPE),
    )
    assert split(list(made.block(UDP, 1)))[0] == []


def test_live_addresses_are_told_with_their_hardware(monkeypatch):
    """An echo tells the address; ARP tells the adapter and, by its beginning, who made it."""
    monkeypatch.setattr(connectionless, "vendor", {"00:e0:fc:00:00:01": "Huawei"}.get)
    finder = Finder(Alive("198.18.0.1", "ping"), Alive("198.18.0.2", "arp", "00:e0:fc:00:00:01"), tally(HOSTS))
    seen, done = split(list(look(pinger=finder)[0].block(HOSTS, 1)))
    assert [(each.collector, str(each.target), dict(each.facts)) for each in seen] == [
        ("ping@1", "198.18.0.1", {}),
        ("arp@1", "198.18.0.2", {"host.mac": ("00:e0:fc:00:00:01",), "device.vendor": "Huawei"}),
    ]
    assert (done.coverage.ports, done.coverage.transport) == ((0,), Transport.TCP)


def test_a_router_that_answers_for_all_is_no_machine():
    """One adapter behind more than sixteen addresses is kept beside the facts from then on."""
    alive = [Alive(f"198.18.0.{n}", "arp", "02:00:00:00:00:01") for n in range(1, 30)]
    seen, _ = split(list(look(pinger=Finder(*alive, tally(HOSTS)))[0].block(HOSTS, 1)))
    assert sum("host.mac" in each.facts for each in seen) == 16
    assert seen[-1].extra == {"shared_hardware": "02:00:00:00:00:01"}


def test_look_hands_over_what_is_not_tcp():
    """Blocks of UDP and of addresses themselves go to the connectionless side, others do not."""
    made = look(asker=Finder(tally(UDP)), pinger=Finder(tally(HOSTS)))[0]
    whole = Look("r", "s", "o", Finder(Tally(4, 4, 0, 0, 0.1, "done")), None, ManualClock(), None, None,
                 lambda: True, beside=made)  # fmt: skip
    assert [each.ended for each in whole.block(UDP, 1)] == ["done"]
    assert [each.ended for each in whole.block(HOSTS, 1)] == ["done"]
    assert made.asker.asked
    assert made.pinger.asked


def test_nmaps_probes_follow_where_the_plan_goes_so_far():
    """With a kit and an active loop the ports that answered are asked with nmap's probes; no facts, nothing told."""
    verdict = Verdict(State.HARD, "domain", filled=Filled("domain", soft=False, product="BIND", version="9.18"))
    for result, count in ((verdict, 2), (Verdict(State.NOTHING), 1)):
        probed = Jobs(lambda target, result=result: Outcome(target, Status.SUCCESS, "", result, 9, "e" * 64))
        made, _ = look(asker=Finder(Answered("198.18.0.1", 53, b"x"), tally(UDP)))
        book = parse(b"Probe UDP Ask q|ask|\nports 53\nmatch domain m|^x|")
        made.kit, made.probing = Kit(book, None, ManualClock()), lambda probed=probed: probed
        seen, _ = split(list(made.block(UDP, 1)))
        assert len(seen) == count
    assert (probed.jobs[0].target.port, probed.jobs[0].target.transport) == (53, Transport.UDP)


def test_fragile_hosts_get_one_question_and_no_conversation():
    """The first answer is all that is asked for; what it says is told all the same."""
    agent = Target("198.18.0.1", 161, Transport.UDP)
    known = Answered("198.18.0.1", 161, ANSWERS[161](*politest(agent)))
    odd = Answered("198.18.0.2", 161, b"odd")
    block = replace(UDP, ports=(161,), polite=True)
    made, jobs = look(asker=Finder(tally(block)))
    made.polite = Finder(known, odd, tally(block))
    seen, done = split(list(made.block(block, 1)))
    assert jobs.jobs == []
    assert [each.collector for each in seen] == ["snmp@1", "port@1"]
    assert seen[0].facts["snmp.name"] == "core-sw-1"
    assert seen[0].facts["snmp.versions"] == ("v1",)
    assert "snmp.neighbours" not in seen[0].facts
    assert done.coverage is not None


def test_hosts_left_alone_are_no_part_of_the_coverage():
    """Addresses that were spared meanwhile age nothing, over UDP as over TCP."""
    made, _ = look(asker=Finder(tally(UDP)))
    whole = Look("r", "s", "o", None, None, ManualClock(), None, None, lambda: False, beside=made)
    whole.manners = SimpleNamespace(among=lambda _: None, spared=IntervalSet.parse(["198.18.0.2"]))
    (done,) = whole.block(UDP, 1)
    assert done.coverage.ranges == (("198.18.0.0", "198.18.0.1"), ("198.18.0.3", "198.18.0.3"))


@pytest.mark.parametrize("port", PORTS)
def test_one_answer_is_understood_without_another_question(port):
    """Of every protocol the answer to its politest question says what it is; noise says nothing."""
    target = Target("198.18.0.1", port, Transport.UDP)
    (question,) = politest(target)
    assert overheard(target, ANSWERS[port](question)).facts["service.name"]
    assert not overheard(target, b"noise").facts
