"""The pump moves letters by the injected clock, and one sink's trouble holds back no other."""

from dataclasses import replace

from secops.core.clock import Instant, ManualClock
from secops.core.errors import SinkError
from secops.core.letter import Letter, LetterState, Outcome, Receipt, Stream
from secops.deliver.pump import Pace, pump


class Box:
    """An outbox in memory with the store's meaning."""

    def __init__(self, *letters: Letter) -> None:
        self.letters = {each.seq: each for each in letters}
        self.states = dict.fromkeys(self.letters, LetterState.QUEUED)
        self.due = dict.fromkeys(self.letters, 0)
        self.reasons = {}

    def _waiting(self, sink):
        live = {LetterState.QUEUED, LetterState.UNKNOWN}
        return [n for n, each in self.letters.items() if each.sink == sink and self.states[n] in live]

    def claim(self, sink, limit, now):
        chosen = [n for n in self._waiting(sink) if self.due[n] <= now][:limit]
        found = [replace(self.letters[n], doubtful=self.states[n] is LetterState.UNKNOWN) for n in chosen]
        for n in chosen:
            self.states[n] = LetterState.UNKNOWN
        return found

    def settle(self, receipts, now, due):
        states = {
            Outcome.DELIVERED: LetterState.DELIVERED,
            Outcome.RETRY: LetterState.QUEUED,
            Outcome.DEAD: LetterState.DEAD,
            Outcome.UNKNOWN: LetterState.UNKNOWN,
        }
        for each, when in zip(receipts, due, strict=True):
            self.states[each.seq] = states[each.outcome]
            self.due[each.seq] = when
            self.reasons[each.seq] = each.reason
            self.letters[each.seq] = replace(self.letters[each.seq], attempts=self.letters[each.seq].attempts + 1)

    def waiting(self, sink):
        return len(self._waiting(sink))

    def next_due(self, sink):
        return min((Instant(self.due[n]) for n in self._waiting(sink)), default=None)


class Scripted:
    """A sink that answers by a script of outcomes, then delivers; `arrived` holds each arrival of an id."""

    def __init__(self, name="s", script=(), opens=()):
        self.name = name
        self.script = list(script)
        self.opens = list(opens)
        self.arrived = []
        self.times = []
        self.clock = None

    def open(self):
        if self.opens and self.opens.pop(0):
            raise SinkError("E6201", "down", why="refused")
        return ()

    def send(self, letters):
        receipts = []
        if self.clock:
            self.times.append(self.clock.monotonic())
        for each in letters:
            if each.doubtful and each.id in self.arrived:
                receipts.append(Receipt(each.seq, Outcome.DELIVERED, "found"))
                continue
            outcome, lands = self.script.pop(0) if self.script else (Outcome.DELIVERED, True)
            if outcome == "raise":
                raise RuntimeError("broken")
            if outcome == "silent":
                continue
            if lands or outcome is Outcome.DELIVERED:
                self.arrived.append(each.id)
            receipts.append(Receipt(each.seq, outcome, str(outcome)))
        return receipts

    def close(self):
        pass


def letters(count, sink="s"):
    start = 0 if sink == "s" else 1000
    return [Letter(start + n, sink, Stream.ALERTS, f"f:{n}", n, "{}") for n in range(1, count + 1)]


def test_everything_is_delivered_in_batches():
    """Waiting letters are sent batch by batch until none is left."""
    box, sink = Box(*letters(25)), Scripted()
    sent = list(pump(box, [sink], ManualClock(), pace=Pace(batch=10)))
    assert [each.delivered for each in sent] == [10, 10, 5]
    assert sink.arrived == [f"f:{n}" for n in range(1, 26)]


def test_the_wait_grows_and_stays_bounded():
    """Failures in a row wait longer each time, between half and the whole of the doubled time, never above the cap."""
    clock = ManualClock()
    box, sink = Box(*letters(1)), Scripted(script=[(Outcome.RETRY, False)] * 8)
    sink.clock = clock
    list(pump(box, [sink], clock, pace=Pace(first=1.0, longest=8.0)))
    gaps = [b - a for a, b in zip(sink.times, sink.times[1:], strict=False)]
    for place, gap in enumerate(gaps):
        full = min(8.0, 2.0**place)
        assert full / 2 - 0.01 <= gap <= full + 0.21
    assert sink.arrived == ["f:1"]


def test_a_taken_letter_without_answer_is_not_sent_twice():
    """A letter that arrived though its answer was lost is found, not sent again."""
    box, sink = Box(*letters(3)), Scripted(script=[(Outcome.UNKNOWN, True), (Outcome.UNKNOWN, False)])
    list(pump(box, [sink], ManualClock()))
    assert sorted(sink.arrived) == ["f:1", "f:2", "f:3"]


def test_one_broken_sink_does_not_hold_the_other():
    """While one sink raises and another cannot be opened, the third gets all its letters."""
    box = Box(*letters(5), *letters(5, "good"))
    bad, good = Scripted(script=[("raise", False)] * 50), Scripted("good")
    clock = ManualClock()
    list(pump(box, [bad, good], clock, until=lambda: 5.0))
    assert len(good.arrived) == 5
    assert box.waiting("s") == 5
    assert box.reasons[1].startswith("RuntimeError")


def test_a_sink_that_cannot_be_opened_is_asked_again():
    """Nothing is claimed while the sink is down; it is opened again later and then gets everything."""
    box, sink = Box(*letters(2)), Scripted(opens=[True, True])
    sent = list(pump(box, [sink], ManualClock()))
    assert [each.delivered for each in sent] == [0, 0, 2]
    assert "refused" in sent[0].reason


def test_a_letter_without_receipt_is_in_doubt():
    """A sink that forgets a letter leaves it unknown, and it is looked for again."""
    box, sink = Box(*letters(2)), Scripted(script=[("silent", False)])
    list(pump(box, [sink], ManualClock()))
    assert sorted(sink.arrived) == ["f:1", "f:2"]


def test_a_dead_letter_keeps_its_reason():
    """What the sink will never take is dead with the reason, and the rest goes on."""
    box, sink = Box(*letters(3)), Scripted(script=[(Outcome.DELIVERED, True), (Outcome.DEAD, False)])
    sent = list(pump(box, [sink], ManualClock()))
    assert (sent[0].delivered, sent[0].dead) == (2, 1)
    assert box.states[2] is LetterState.DEAD
    assert box.reasons[2] == "dead"


def test_stop_ends_between_batches():
    """Asked to stop, the pump ends after the batch in hand and leaves the rest queued."""
    box, sink = Box(*letters(30)), Scripted()
    list(pump(box, [sink], ManualClock(), pace=Pace(batch=10), stop=lambda: len(sink.arrived) >= 10))
    assert box.waiting("s") == 20
