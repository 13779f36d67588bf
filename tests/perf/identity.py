"""Identity over a simulated year of 10,000 hosts: pairwise precision and recall over sightings, and merging's speed.

A sighting is an answer that carries something that could identify, at one address and port in one week; its truth is
the machine that gave it, its verdict the host that the inventory gives it to after that week's run. Machines that never
show anything are counted and told apart: no inventory can know them again.
"""

import resource
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import sqlalchemy as sa

from secops.core.clock import Instant, ManualClock
from secops.core.model import Coverage, Observation, RunEnd, Status, Target, Transport
from secops.hall.app import App
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import coverage, identifiers, observations, run_ends
from secops.store.evidence import evidence
from tests.perf.bench import Figure
from tests.perf.year import START, WEEK_MS, Week, Year

HOSTS = 10_000
_TCP, _UDP = (22, 80, 443, 2222, 3389), (137, 161)


@dataclass
class Outcome:
    """How the year went."""

    both: Counter[tuple[int, str]] = field(default_factory=Counter)
    truth: Counter[int] = field(default_factory=Counter)
    verdict: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    looks: int = 0
    first: int = 0
    seconds: float = 0.0
    first_seconds: float = 0.0
    mute: int = 0
    machines: int = 0
    reviews: Counter[str] = field(default_factory=Counter)
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Of the pairs of sightings held to be one machine, the share that is."""
        return _pairs(self.both) / max(1, _pairs({k: n for k, n in self.verdict.items() if k}))

    @property
    def recall(self) -> float:
        """Of the pairs of sightings of one machine, the share held to be one."""
        return _pairs(self.both) / max(1, _pairs(self.truth))


def _pairs(counts: "Counter[object] | dict[object, int]") -> int:  # type: ignore[type-arg]
    return sum(n * (n - 1) // 2 for n in counts.values())


def year(app: App, hosts: int, weeks: int = 52, seed: int = 1) -> Outcome:
    """Run the year through the log and the merge."""
    world, out = Year(hosts, seed), Outcome()
    silent: set[int] = set()
    heard: set[int] = set()
    for week in world.weeks(weeks):
        looks = _log(app, week)
        out.looks += len(looks)
        begun = perf_counter()
        for _ in merge(app):
            pass
        took = perf_counter() - begun
        out.seconds += took
        if not week.number:
            out.first, out.first_seconds = len(looks), took
        with app.database.read() as connection:
            chosen = sa.select(evidence.c.look, evidence.c.host, evidence.c.live)
            held = {look: host for look, host, live in connection.execute(chosen) if live}
        for look, machine in looks.items():
            if look in held:
                heard.add(machine)
                out.truth[machine] += 1
                out.both[machine, held[look] or look] += 1
                out.verdict[held[look] or look] += 1
        silent |= week.mute
    out.machines = len(world.machines)
    out.mute = len({each.number for each in world.machines} - heard)
    _blame(world, out)
    with app.database.read() as connection:
        out.reviews.update(each.kind for each in identifiers.listed(connection, app.site))
    return out


def _blame(world: Year, out: Outcome) -> None:
    """Lost and wrong pairs by the kind of the machines concerned."""
    by_host: dict[str, Counter[int]] = {}
    by_machine: dict[int, Counter[str]] = {}
    for (machine, host), n in out.both.items():
        by_host.setdefault(host, Counter())[machine] += n
        by_machine.setdefault(machine, Counter())[host] += n
    for machine, own in by_machine.items():
        lost = _pairs({0: sum(own.values())}) - _pairs(own)
        each = world.machines[machine]
        what = "gateway" if each.behind else each.kind
        if lost:
            out.wrong["recall", what] += lost
    for own in by_host.values():
        false = _pairs({0: sum(own.values())}) - _pairs(own)
        if false:
            out.wrong["precision", "/".join(sorted({world.machines[each].kind for each in own}))] += false


def _log(app: App, week: Week) -> dict[str, int]:
    """Log one run; gives the look of each answer and whose it was."""
    start = START + week.number * WEEK_MS
    run = f"week{week.number:02d}"
    app.clock.sleep(max(0.0, (start + 3_600_000 - int(app.clock.now())) / 1000))
    items, truth = [], {}
    for place, each in enumerate(week.seen):
        target = Target(each.address, each.port, Transport.UDP if each.udp else Transport.TCP)
        at = Instant(start + 1 + place % 3_000_000)
        seen = Observation("default", "o", run, f"{each.collector}@1", target, at, Status.SUCCESS, each.facts)
        items.append(seen)
        truth[seen.look] = each.machine
    with app.database.write() as connection:
        for first in range(0, len(items), 10_000):
            observations.append(connection, items[first : first + 10_000])
        if week.complete:
            span = (("10.0.0.0", "10.255.255.255"),)
            for number, (ports, transport) in enumerate(((_TCP, "tcp"), (_UDP, "udp"), ((0,), "tcp"))):
                block = Coverage(run, number, span, ports, Transport(transport), answered=len(items), canary=True)
                coverage.append(connection, block)
            end = RunEnd(run, "default", Instant(start + 3_500_000), complete=True, started=Instant(start))
            run_ends.append(connection, end)
    return truth


def figures() -> Iterator[Figure]:
    """The year at full size."""
    with TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        workspace.make()
        with App(workspace, clock=ManualClock(Instant(START))) as app:
            out = year(app, HOSTS)
    note = f"{out.machines} machines, {out.looks} looks, {out.mute} never showed anything; lost pairs by kind "
    lost = {f"{what} {kind}": n for (what, kind), n in out.wrong.most_common(6)}
    yield Figure.alone("precision", [out.precision], unit="of pairs", goal=0.995, note=note + str(lost))
    yield Figure.alone("recall", [out.recall], unit="of pairs", goal=0.995, note=f"doubts told: {dict(out.reviews)}")
    yield Figure.alone(
        "year", [out.looks / out.seconds], unit="looks/s", goal=0, note="merged, identity and history on"
    )
    yield Figure.alone("first-week", [out.first / out.first_seconds], unit="looks/s", goal=0, note="all of it new")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure.alone("memory", [peak], unit="MB", goal=0, note="of the whole bench, the simulation included")
