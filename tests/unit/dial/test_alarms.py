from dataclasses import dataclass

from secops.dial.alarms import SLOT, Alarms


@dataclass(eq=False)
class Waiting:
    deadline: float
    slot: int = 0


def test_each_alarm_goes_off_once_after_its_deadline():
    """Nothing is woken before its deadline, everything within a slot after it, and once."""
    alarms = Alarms()
    waiting = [Waiting(100 + n * 0.013) for n in range(300)]
    for each in waiting:
        alarms.watch(each)
    woken, now = [], 99.0
    while now < 105:
        for each in alarms.due(now):
            assert each.deadline <= now <= each.deadline + 2 * SLOT
            woken.append(each)
        now += SLOT
    assert len(woken) == len({id(each) for each in woken}) == 300
    assert not alarms


def test_a_deadline_moved_later_is_met_then():
    """Moving a deadline away costs nothing and is still met; moving it nearer is met in time."""
    alarms = Alarms()
    later, sooner = Waiting(10.0), Waiting(20.0)
    alarms.watch(later)
    alarms.watch(sooner)
    later.deadline, sooner.deadline = 12.0, 11.0
    alarms.watch(later)
    alarms.watch(sooner)
    assert alarms.due(10.5) == []
    assert alarms.due(11.05) == [sooner]
    assert alarms.due(12.05) == [later]


def test_a_dropped_alarm_stays_silent():
    """What was dropped is not woken."""
    alarms = Alarms()
    each = Waiting(5.0)
    alarms.watch(each)
    alarms.drop(each)
    assert alarms.due(9.0) == []
