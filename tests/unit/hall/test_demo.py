from pathlib import Path

from secops.core.clock import ManualClock
from secops.hall.flows.demo import clear, draft, gravest
from secops.hall.lab import declared, plan
from secops.hall.lab.serve import Ground
from secops.intake.declared_yaml import Stated, read, refer
from secops.scope import document
from secops.scope.template import render
from secops.scope.yaml_source import Source

GROUND = Ground(77, plan.PORTS)


def test_an_earlier_demo_is_cleared_away(tmp_path: Path) -> None:
    """A folder that a demo marked is emptied; an empty or missing one is fine."""
    root = tmp_path / "demo"
    clear(root)
    root.mkdir()
    clear(root)
    (root / ".secops-demo").touch()
    (root / "old").touch()
    clear(root)
    assert not root.exists()


def test_the_demo_scope_holds_the_lab_and_nothing_else() -> None:
    """The scope covers every service but the printer's port, the excluded host and the host outside."""
    text = render(draft(GROUND, ManualClock(), "someone"))
    scope = document.read(text.encode(), "demo.yaml")
    alone = {GROUND.place(each) for each in plan.never_to_be_touched()}
    for each in plan.SERVICES:
        address, port = GROUND.place(each)
        outside = address not in scope.targets or port not in scope.ports.minus(document.denied.PORTS)
        assert outside == ((address, port) in alone), each
    assert scope.loopback
    assert scope.operators == ("someone",)
    assert all(address.startswith("127.77.") for address in scope.targets.addresses())


def test_what_the_demo_declares_is_free_of_errors() -> None:
    """Every row of the declared files is accepted, references included."""
    rows = [
        row
        for name, text in declared.files(GROUND, ManualClock().now()).items()
        for row in read(Source.load(text, name))
    ]
    assert len(rows) == 15
    assert all(isinstance(each, Stated) for each in refer(rows))


def test_the_gravest_findings_come_first() -> None:
    """Rules are told by severity, then by how many findings they have, each with an example."""
    rows = [
        {"severity": "low", "title": "a", "key": "k1", "id": "1"},
        {"severity": "high", "title": "b", "key": "k2", "id": "2"},
        {"severity": "high", "title": "c", "key": "k3", "id": "3"},
        {"severity": "high", "title": "c", "key": "k4", "id": "4"},
    ]
    assert gravest(rows) == ([("high", "c", 2, "k3"), ("high", "b", 1, "k2"), ("low", "a", 1, "k1")], "3")
    assert gravest([]) == ([], "")
