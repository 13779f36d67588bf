"""A process to be killed: opens, changes and resolves findings with their letters until its target is met.

    python alert_writer.py WORKSPACE TRANSITIONS

Each transaction moves ten findings by one transition with their letters, as grading does, and is decided by what the
store holds, so that a killed writer goes on where it was.
"""

import sys
from pathlib import Path

from secops.core.finding import Finding, Severity, Step, Transition
from secops.core.model import Entity, Kind
from secops.deliver.ecs import RuleText, documents
from secops.hall.app import App
from secops.hall.sinks import routes
from secops.hall.workspace import Workspace
from secops.store import findings, outbox

STEPS = (Step.OPENED, Step.CHANGED, Step.RESOLVED, Step.REOPENED)


def write(app: App, place: int) -> None:
    """Transition number `place // 200 + 1` of ten findings out of 200."""
    now = app.clock.now()
    number = place // 200 + 1
    step = STEPS[min(number - 1, 3)]
    steps, pairs = [], []
    for each in range(place % 200, place % 200 + 10):
        entity = Entity(Kind.SERVICE, "s", f"198.18.0.{each}:80/tcp", now, now, facts={"port": 80})
        finding = Finding(
            "rule", entity.id, Kind.SERVICE, "s", Severity.HIGH, step is not Step.RESOLVED, now, now, number, "d"
        )
        steps.append(Transition(finding, step, now))
        pairs.append(documents(steps[-1], entity, RuleText("rule", "规则")))
    with app.database.write() as connection:
        findings.record(connection, steps)
        outbox.enqueue(connection, steps, [a for a, _ in pairs], [b for _, b in pairs], routes(app.config))


def main() -> None:
    app = App(Workspace(Path(sys.argv[1])))
    with app.database.read() as connection:
        done = sum(1 for _ in findings.all_transitions(connection))
    for place in range(done, int(sys.argv[2]), 10):
        write(app, place)
        app.clock.sleep(0.15)


if __name__ == "__main__":
    main()
