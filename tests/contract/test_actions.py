"""What every playbook action keeps: true traits, reading that sends nothing, no unforeseen failure."""

import re

import pytest

from secops.core.errors import SecopsError
from secops.core.model import Status
from secops.drill.actions.interface import Call, Kind, Outcome, Prediction, Reach, Receipt
from secops.drill.actions.tools import Found, Tools
from secops.drill.cacao.vocabulary import VARIABLE_TYPES
from secops.hall.plugins import ACTIONS, load
from secops.scope.level import Level

pytestmark = pytest.mark.contract

SAMPLE = {
    Kind.TEXT: "GET", Kind.URL: "http://127.0.0.9:8080", Kind.PATH: "/x", Kind.PORTS: "80", Kind.NETWORKS: "127.0.0.9",
}  # fmt: skip


class Outside:
    """Counts what leaves."""

    def __init__(self):
        self.sent = 0

    def talk(self, host, port, converse):
        self.sent += 1
        return Status.REFUSED, None, "refused"

    def refusal(self, host, port, level):
        return ""

    def predict(self, request):
        return Prediction("scan")

    def scan(self, request, *, halted):
        self.sent += 1
        return Found("d", 0, 0, complete=not halted())


@pytest.fixture(params=sorted(ACTIONS))
def case(request):
    """The action, its arguments and the outside it can reach."""
    outside = Outside()
    action = load(ACTIONS[request.param])(Tools(outside, outside))
    assert action.traits.name == request.param
    return action, {each.name: SAMPLE[each.kind] for each in action.traits.arguments}, outside


def call(arguments, *, halted=False):
    return Call("r", "s", 1, "sx-token", arguments, 5.0, lambda: halted)


def test_traits(case):
    """Names, titles, outputs and limits are usable by linter and engine; nothing is intrusive."""
    traits = case[0].traits
    assert traits.zh
    assert traits.en
    assert traits.timeout > 0
    assert traits.level < Level.INTRUSIVE
    assert all(re.fullmatch(r"[a-z][a-z_]{1,30}", each.name) for each in (*traits.arguments, *traits.outputs))
    assert all(each.type in VARIABLE_TYPES for each in traits.outputs)
    assert traits.success


def test_reading_sends_nothing(case):
    """Plan and export describe the action without reaching anything."""
    action, arguments, outside = case
    assert isinstance(action.predict(arguments), Prediction)
    assert action.command(arguments)["type"] in {"manual", "http-api", "bash"}
    assert action.command(arguments)["command"]
    assert outside.sent == 0


def test_doing(case):
    """What acts gives a receipt of its declared outputs; what asks people is never made to act."""
    action, arguments, outside = case
    if action.traits.reach is Reach.PEOPLE:
        with pytest.raises(SecopsError):
            action.do(call(arguments))
        assert outside.sent == 0
        return
    receipt = action.do(call(arguments))
    assert isinstance(receipt, Receipt)
    assert set(receipt.outputs) <= {each.name for each in action.traits.outputs}
    assert outside.sent == 1


def test_probe(case):
    """A probe that cannot know says so."""
    action, arguments, _ = case
    receipt = action.probe(call({name: each for name, each in arguments.items() if name != "seen"}))
    assert receipt is None or receipt.outcome in set(Outcome)


def test_undo(case):
    """What is not reversible refuses to be undone."""
    action, arguments, outside = case
    if not action.traits.reversible:
        with pytest.raises(SecopsError) as error:
            action.undo(call(arguments))
        assert error.value.code == "E7208"
        assert outside.sent == 0
