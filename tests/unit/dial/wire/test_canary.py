"""Twin of secops/dial/wire/canary.py."""

from secops.dial.wire.canary import EVERY, MOST, Canaries


def known(number: int) -> Canaries:
    canaries = Canaries(1e6)
    for each in range(number):
        canaries.learn(each.to_bytes(4, "big"), 80, 0.0)
    canaries.sent(1_000_000)
    return canaries


def test_one_of_a_host_and_not_too_many() -> None:
    """A second port of a host is no further canary; there is a bound."""
    canaries = known(3)
    canaries.learn((1).to_bytes(4, "big"), 443, 0.0)
    assert len(canaries) == 3
    assert len(known(MOST + 10)) == MOST


def test_nobody_is_asked_too_often_or_all_at_once() -> None:
    """They take turns, a few at a time, each left alone for a while, and none twice while its answer is awaited."""
    canaries = known(6)
    assert canaries.due(EVERY / 2) == []
    first, second = canaries.due(EVERY), canaries.due(EVERY)
    assert len(first) == 4
    assert len(first + second) == len(set(first + second)) == 6
    for address, port in first + second:
        canaries.heard(address, port, EVERY + 0.001)
    assert canaries.due(EVERY * 1.5) == []


def test_they_cost_a_share_of_what_is_sent() -> None:
    """Nothing sent, nobody asked; a hundred sent, two asked."""
    canaries = Canaries(1e6)
    for each in range(50):
        canaries.learn(each.to_bytes(4, "big"), 80, 0.0)
    assert canaries.due(9.0) == []
    canaries.sent(100)
    assert len(canaries.due(9.0)) == 2


def test_loss_is_what_stays_unanswered() -> None:
    """Four asked, one silent past its time: one lost of four; an answer nobody asked for counts as nothing."""
    canaries = known(4)
    asked = canaries.due(1.0)
    for address, port in asked[:3]:
        assert canaries.heard(address, port, 1.1) == 1.0
    assert canaries.heard(asked[0][0], 80, 1.1) is None
    assert canaries.heard(asked[3][0], 81, 1.1) is None
    assert canaries.overdue(1.2, 0.25) == ([], [])
    assert canaries.overdue(1.3, 0.25) == ([1.0], [1.0, 1.0, 1.0])
    assert (canaries.asked, canaries.lost, canaries.waiting) == (4, 1, 0)


def test_a_host_that_went_away_is_no_loss() -> None:
    """Silent six times in a row while the others answer: it is dropped, and its silence was not the network's."""
    canaries = known(8)
    gone = (0).to_bytes(4, "big")
    for turn in range(1, 9):
        asked = canaries.last(float(turn), MOST)
        for address, port in asked:
            if address != gone:
                canaries.heard(address, port, turn + 0.01)
        canaries.overdue(turn + 0.5, 0.25)
    assert len(canaries) == 7
    assert canaries.lost == 0
    assert canaries.asked == 7 * 8


def test_a_dead_network_is_loss() -> None:
    """When all fall silent none is dropped and everything counts."""
    canaries = known(8)
    for turn in range(1, 9):
        canaries.last(float(turn), MOST)
        canaries.overdue(turn + 0.5, 0.25)
    assert len(canaries) == 8
    assert canaries.lost == canaries.asked == 64


def test_few_questions_prove_nothing() -> None:
    """Little measured counts as everything lost; much measured without loss, as next to nothing after three."""
    canaries = known(100)
    assert canaries.missed(3) == 1.0
    for turn in range(1, 5):
        for address, port in canaries.last(float(turn), MOST):
            canaries.heard(address, port, turn + 0.01)
    assert canaries.missed(3) < 1e-6 < canaries.missed(2)


def test_unsent_questions_do_not_count() -> None:
    """A question that could not go out is no loss."""
    canaries = known(1)
    ((address, _),) = canaries.due(1.0)
    canaries.unsent(address)
    assert (canaries.asked, canaries.waiting, canaries.overdue(9.0, 0.25)) == (0, 0, ([], []))


def test_who_answers_for_all_is_no_witness() -> None:
    """Forgotten, it is asked no more."""
    canaries = known(1)
    canaries.forget((0).to_bytes(4, "big"))
    assert canaries.due(1.0) == []
    assert len(canaries) == 0
