"""Twin of secops/dial/wire/crowd.py: who is doubted, what is asked, and what proves it."""

import random

import numpy as np
import pytest

from secops.dial.finder import AnswersAll
from secops.dial.wire.crowd import MANY, Crowd
from secops.dial.wire.segment import CLOSED, OPEN, PENDING, SILENT, Segment
from secops.scope.intervals import IntervalSet

SPARE = tuple(range(30_000, 30_064))


def crowd(targets: str, ports: tuple[int, ...], lease: str = "") -> Crowd:
    wanted = IntervalSet.parse([targets])
    packed = [int(a).to_bytes(4, "big") for first, last in wanted.v4 for a in range(first, last + 1)]
    packed += [int(a).to_bytes(16, "big") for first, last in wanted.v6 for a in range(first, last + 1)]
    rows = np.frombuffer(b"".join(packed), np.uint8).reshape(len(packed), -1).copy()
    within = IntervalSet.parse([lease or targets])

    def holds(address: bytes) -> bool:
        number = int.from_bytes(address, "big")
        return any(first <= number <= last for first, last in (within.v4 if len(address) == 4 else within.v6))

    return Crowd(Segment(rows, ports), SPARE, random.Random(1), holds)


def opened(crowd: Crowd, host: int, number: int) -> None:
    """So many ports of a host are open."""
    cells = np.arange(number) * crowd.segment.hosts + host
    crowd.segment.state[cells] = OPEN
    crowd.heard(np.full(number, host), np.empty(0, np.int64))


def answer(crowd: Crowd, *, yes: int, now: float = 1.0) -> list[tuple[bytes, int]]:
    """Ask what is to be asked; the first `yes` questions are answered openly, the rest stay silent."""
    questions = crowd.questions(1_000)
    crowd.asked(questions, now)
    for question in questions[:yes]:
        crowd.answered(question, opened=True)
    return questions


def test_a_host_with_a_few_open_ports_is_not_doubted() -> None:
    """Below the bound nothing is asked, whatever the share."""
    made = crowd("198.19.0.0/30", tuple(range(1, 101)))
    opened(made, 0, MANY - 1)
    assert made.questions(9) == []
    assert not made.waiting


def test_a_host_that_closes_most_ports_is_not_doubted() -> None:
    """Many open ports among many more closed ones are a busy server."""
    made = crowd("198.19.0.0/30", tuple(range(1, 101)))
    made.heard(np.empty(0, np.int64), np.full(60, 0))
    opened(made, 0, MANY)
    assert made.questions(9) == []


def test_a_host_proved_is_told_once_and_asked_no_more() -> None:
    """Six of eight unlikely ports answer: told with its ports, its other cells are silent, it is doubted no more."""
    made = crowd("198.19.0.0/30", tuple(range(1, 101)))
    opened(made, 2, MANY)
    questions = answer(made, yes=6)
    assert len(questions) == 8
    assert {address for address, _ in questions} == {bytes((198, 19, 0, 2))}
    assert {port for _, port in questions} <= set(SPARE)
    (told,) = made.settle(1.1, 9.0)
    assert (told.network, told.whole, len(told.ports)) == ("198.19.0.2", True, MANY)
    assert (made.segment.state[2 :: made.segment.hosts] != PENDING).all()
    assert (made.segment.state[2 :: made.segment.hosts] == SILENT).sum() == 100 - MANY
    assert made.segment.loud.tolist() == [False, False, True, False]
    opened(made, 2, MANY)
    assert made.questions(9) == []


@pytest.mark.parametrize("yes", [0, 5])
def test_a_doubt_that_is_not_proved_is_dropped_in_time(yes: int) -> None:
    """Too few answers within the patience: the host is what it is."""
    made = crowd("198.19.0.0/30", tuple(range(1, 101)))
    opened(made, 1, MANY)
    answer(made, yes=yes)
    assert made.settle(1.5, 1.0) == []
    assert made.waiting
    assert made.settle(2.1, 1.0) == []
    assert not made.waiting


def test_resets_settle_a_doubt_at_once() -> None:
    """When every question was answered by a reset nobody waits any longer."""
    made = crowd("198.19.0.0/30", tuple(range(1, 101)))
    opened(made, 1, MANY)
    for question in made.questions(99):
        made.answered(question, opened=False)
    assert made.settle(1.0, 9.0) == []
    assert not made.waiting


def test_unsent_questions_are_asked_again() -> None:
    """What could not go out comes back in its order; an answer to what nobody asked is nothing."""
    made = crowd("198.19.0.0/30", tuple(range(1, 101)))
    opened(made, 1, MANY)
    first = made.questions(3)
    made.again(first)
    assert made.questions(3) == first
    made.answered((b"\1\2\3\4", 5), opened=True)


def everywhere(made: Crowd, turn: int, state: int = OPEN) -> None:
    """The port in this place of the list is open (or closed) at every address."""
    part = made.segment
    for host in range(part.hosts):
        part.state[(turn - host) % part.rounds * part.hosts + host] = state


def test_a_network_is_whole_or_ordinary() -> None:
    """One port open at all of a /24: eight questions on four hosts decide whether all ports are."""
    for yes, expected in ((8, [AnswersAll("198.19.3.0/24", (80,), True)]), (0, [])):
        made = crowd("198.19.3.0/24", (80, 81))
        everywhere(made, 0)
        everywhere(made, 1, CLOSED)
        made.survey()
        questions = answer(made, yes=yes)
        assert len(questions) == 8
        assert len({address for address, _ in questions}) == 4
        assert made.settle(9.0, 1.0) == expected


def test_a_port_answered_everywhere_amid_silence() -> None:
    """All 256 addresses, ends included, answer on one port and nothing else stirs: that port is the gateway's."""
    made = crowd("198.19.3.0/24", (5060, 81))
    everywhere(made, 0)
    made.survey()
    answer(made, yes=0)
    assert made.settle(9.0, 1.0) == [AnswersAll("198.19.3.0/24", (5060,), False)]


def test_few_addresses_are_no_network() -> None:
    """Thirty neighbours alike are thirty neighbours."""
    made = crowd("198.19.3.1-198.19.3.30", (80,))
    everywhere(made, 0)
    made.survey()
    assert not made.waiting


def test_an_alias_answers_where_nobody_was_asked() -> None:
    """Of a /64, other addresses within the lease are asked on the same port."""
    made = crowd("fd19::100-fd19::17f", (22,), "fd19::/116")
    everywhere(made, 0)
    made.survey()
    questions = answer(made, yes=8)
    known = {each.tobytes() for each in made.segment.addresses}
    assert len(questions) == 8
    assert not known & {address for address, _ in questions}
    assert {port for _, port in questions} == {22}
    assert made.settle(1.0, 1.0) == [AnswersAll("fd19::/64", (22,), False)]


def test_where_the_lease_ends_no_stranger_is_asked() -> None:
    """Without other addresses in the lease a /64 is not judged."""
    made = crowd("fd19::100-fd19::17f", (22,))
    everywhere(made, 0)
    made.survey()
    assert made.questions(99) == []
    assert not made.waiting
