"""The inventory at a million assets and three million services: pages, facets, past days, mirror, rules; and intake.

All in this process, by the flows that the commands use, on a copy of `inventory_data`'s province. `SECOPS_BENCH_ASSETS`
makes it smaller. Peers: the store itself without the mirror, and raw upserts of the same rows.
"""

import os
import resource
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from secops.core.clock import DAY_MS, Instant, SystemClock  # noqa: E402 - after the path
from secops.core.model import Kind, Observation, Status, Target  # noqa: E402
from tests.perf.inventory_data import NOW, made  # noqa: E402
from tests.perf.inventory_filters import FACETS, OTHER, USUAL, Asked  # noqa: E402

ASSETS = int(os.environ.get("SECOPS_BENCH_ASSETS", "1000000"))
RUNS = 5
LOOKS = 100_000
CHANGED = 10_000


class Then(SystemClock):
    """The day of the data."""

    def now(self) -> Instant:
        return NOW


def opened(folder: Path):
    """The application over a copy of the province."""
    from secops.hall.app import App
    from secops.hall.flows import merge
    from secops.hall.workspace import Workspace
    from secops.store import cursor

    workspace = Workspace(folder)
    workspace.make()
    shutil.copyfile(made(ASSETS), workspace.database)
    os.sync()  # or the disk is still writing the copy while the first figures are taken
    app = App(workspace, clock=Then())
    with app.database.write() as connection:  # its rows follow from no log: merging would replay that
        cursor.put(connection, merge._EDITION, merge.EDITION)
    return app


def timed(act: Callable[[], object]) -> float:
    """Seconds it takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def page(app, asked: Asked, at: Instant | None = None) -> int:
    """The first fifty rows, as `inventory list --limit 50` has them."""
    from secops.hall.flows.inventory import listed
    from secops.hall.flows.inventory_at import listed_at

    kind = Kind.SERVICE if asked.services else None
    told = (
        listed(app, asked.query, kind=kind, limit=50)
        if at is None
        else listed_at(app, at, asked.query, kind=kind, limit=50)
    )
    return sum(1 for _ in told)


def facet(app, field: str, services: bool, at: Instant | None = None) -> int:
    """The twenty commonest values, as `inventory facets` has them."""
    from secops.hall.flows.inventory_counts import facets

    return sum(1 for _ in facets(app, field, kind=Kind.SERVICE if services else None, at=at))


def p95(values: list[float]) -> float:
    """The 95th of a hundred."""
    return sorted(values)[max(0, round(len(values) * 0.95) - 1)]


def memory() -> float:
    """The most this process ever had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def figures() -> Iterator[object]:
    """Everything, the largest first."""
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder, opened(Path(folder)) as app:
        yield from _mirror(app)
        yield from _pages(app)
        yield from _facets(app)
        yield from _past(app)
        yield from _rules(app)
        yield from _current(app)
    yield from _intake()


def _mirror(app) -> Iterator[object]:
    from tests.perf.bench import Figure

    size = app.workspace.database.stat().st_size / 1e6
    note = f"{ASSETS:,} assets, {ASSETS * 3:,} services, their history and looks; the log of looks is not in it"
    yield Figure.alone(
        "store_mb", [size], unit="MB", goal=0, note=f"{note}; {size * 1e6 / ASSETS / 4:,.0f} bytes an entity"
    )
    runs = [timed(lambda: app.mirror.refresh(anew=True)) for _ in range(2)]
    yield Figure.alone(
        "mirror_cold", runs, unit="s", goal=20, least=False, note=f"peak of this process {memory():,.0f} MiB"
    )
    size = app.mirror.path.stat().st_size / 1e6
    yield Figure.alone("mirror_mb", [size], unit="MB", goal=0, note="beside the store's file")


def _pages(app) -> Iterator[object]:
    from tests.perf.bench import Figure

    for asked in USUAL:
        page(app, asked)
    took = {asked.query: [timed(lambda a=asked: page(app, a)) * 1000 for _ in range(RUNS)] for asked in USUAL}
    every = [each for runs in took.values() for each in runs]
    slow = sorted(took, key=lambda query: -statistics.median(took[query]))[:3]
    told = ", ".join(f"{query or '(all)'} {statistics.median(took[query]):.0f}" for query in slow)
    yield Figure.alone(
        "page_p95", [p95(every)], unit="ms", goal=50, least=False, note=f"{len(USUAL)} filters; slowest: {told}"
    )
    others = {asked.query: timed(lambda a=asked: page(app, a)) * 1000 for asked in OTHER}
    worst = max(others, key=lambda query: others[query])
    yield Figure.alone("page_other", list(others.values()), unit="ms", goal=0, note=f"{len(OTHER)} filters, median")
    yield Figure.alone("page_worst", [others[worst]], unit="ms", goal=2000, least=False, note=worst)


def _facets(app) -> Iterator[object]:
    from tests.perf.bench import Figure

    took = {}
    for field, services in FACETS:
        facet(app, field, services)
        took[field] = statistics.median(timed(lambda f=field, s=services: facet(app, f, s)) * 1000 for _ in range(RUNS))
    worst = max(took, key=lambda field: took[field])
    rest = f"{len(FACETS)} fields, median {statistics.median(took.values()):.0f}; slowest {worst}"
    yield Figure.alone("facets_worst", [took[worst]], unit="ms", goal=300, least=False, note=rest)
    field, services = "http.server", True
    mine = [timed(lambda: facet(app, field, services)) * 1000 for _ in range(RUNS)]
    app.config.values["mirror.use"] = "off"
    peer = [timed(lambda: facet(app, field, services)) * 1000]
    app.config.values["mirror.use"] = "auto"
    yield Figure.of("facet_server", mine, peer, unit="ms", goal=0, against="the store itself", note="less is better")


def _past(app) -> Iterator[object]:
    """Pages as of a month ago beside the same pages of today."""
    from tests.perf.bench import Figure

    at = Instant(NOW - 30 * DAY_MS)
    some = [each for each in USUAL if "seen" not in each.query]
    now, then = [], []
    slow = {}
    for asked in some:
        now.append(min(timed(lambda a=asked: page(app, a)) * 1000 for _ in range(2)))
        then.append(min(timed(lambda a=asked: page(app, a, at)) * 1000 for _ in range(2)))
        slow[asked.query] = then[-1]
    worst = max(slow, key=lambda query: slow[query])
    yield Figure(
        "page_past", statistics.median(then), statistics.median(now), "ms", 2.0, (min(then), max(then)),
        (min(now), max(now)), "today", f"as of 30 days ago; slowest {worst or '(all)'} {slow[worst]:.0f}", least=False,
    )  # fmt: skip
    took = {
        each: min(timed(lambda e=each, s=services: facet(app, e, s, at)) * 1000 for _ in range(2))
        for each, services in FACETS
        if each != "seen.age"
    }
    worst = max(took, key=lambda name: took[name])
    told = f"{len(took)} fields as of 30 days ago; the goal is twice that of today's; slowest {worst}"
    yield Figure.alone("facet_past", [statistics.median(took.values())], unit="ms", goal=600, least=False, note=told)
    yield Figure.alone("facet_past_worst", [took[worst]], unit="ms", goal=600, least=False, note=worst)


def _rules(app) -> Iterator[object]:
    """Every question of a full grading, without writing findings: the mirror beside the store."""
    from secops.hall.flows.evaluation import Stored
    from secops.hall.flows.grade import ask, rules_of
    from secops.store.mirror_query import answers
    from tests.perf.bench import Figure

    rules = [each for each in rules_of(app).rules if answers(each.detection, *each.evidence, *each.requires)]

    def put(inventory) -> int:
        count = 0
        for rule in rules:
            question = ask(rule, NOW)
            count += sum(1 for _ in inventory.matches(question, rule.evidence))
            inventory.asked(question)
            inventory.undecided(question, rule.requires)
        return count

    with app.mirror.read() as view:
        mine = [timed(lambda: put(view))]
    with app.database.read() as connection:
        peer = [timed(lambda: put(Stored(connection)))]
    yield Figure.of("rules_full", mine, peer, unit="s", goal=0, against="the store itself",
                    note=f"{len(rules)} rules over everything, matches read; less is better")  # fmt: skip


def _current(app) -> Iterator[object]:
    """The mirror after ten thousand changes: logged, merged, then brought up."""
    from secops.hall.flows.merge import merge
    from secops.store import observations
    from tests.perf.bench import Figure

    runs = []
    for number in range(3):
        app.mirror.current()
        with app.database.write() as connection:
            observations.append(connection, list(_looks(CHANGED, number, title=f"改版{number}", net=9)))
        list(merge(app))
        runs.append(timed(app.mirror.refresh))
    yield Figure.alone(
        "mirror_changes", runs[1:], unit="s", goal=1, least=False, note=f"{CHANGED:,} looks that changed"
    )
    with app.database.write() as connection:
        observations.append(connection, list(_looks(CHANGED, 9, title="改版2", net=9)))
    list(merge(app))
    yield Figure.alone("mirror_seen", [timed(app.mirror.refresh)], unit="s", goal=1, least=False,
                       note=f"{CHANGED:,} looks that only repeat")  # fmt: skip


def _looks(count: int, run: int, *, title: str = "门户", net: int = 1, edition: int = 0) -> Iterator[Observation]:
    for n in range(count):
        name = f"{title}{edition}" if n % 10 == 0 else title
        target = Target(f"10.{net}.{n >> 8 & 255}.{n & 255}", 8000 + (n >> 16))
        yield Observation(
            "default", "bench", f"bench-{run}", "http@1", target,
            Instant(NOW + run * 60_000), Status.SUCCESS,
            {
                "service.name": "http", "service.product": "nginx", "service.version": "1.22.1",
                "http.status_code": 200, "http.server": "nginx/1.22.1", "http.title": f"{name} {n}",
                "http.headers": ("connection", "content-type", "date", "server"), "http.body_sha256": f"{n:064x}",
                "http.login_form": False, "http.charset": "utf-8", "http.technologies": ("nginx",),
                "tls.enabled": False,
            },
        )  # fmt: skip


def _intake() -> Iterator[object]:
    """A hundred thousand looks: all new, all repeated, a tenth changed; beside raw upserts of the same rows."""
    from secops.hall.app import App
    from secops.hall.flows.merge import merge
    from secops.hall.workspace import Workspace
    from secops.store import observations
    from tests.perf.bench import Figure

    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        workspace = Workspace(Path(folder))
        workspace.make()
        with App(workspace, clock=Then()) as app:
            rates: dict[str, list[float]] = {"log": [], "first": [], "same": [], "tenth": []}
            plan = [("first", 0), *[("same", 0)] * 3, *(("tenth", edition) for edition in (1, 2, 3))]
            for run, (what, edition) in enumerate(plan):
                rates["log"].append(LOOKS / timed(lambda r=run, e=edition: _log(app, observations, r, e)))
                rates[what].append(LOOKS / timed(lambda: list(merge(app))))
            raw = [LOOKS / each for each in _upserts(app, Path(folder))]
    told = f"{LOOKS:,} web looks; identity, history and words on"
    yield Figure.alone("log_rate", rates["log"], unit="looks/s", goal=0, note="observations logged, synced")
    yield Figure.alone("merge_first", rates["first"], unit="looks/s", goal=0, note="two entities and a relation each")
    for name, key, goal in (("merge_same", "same", 60_000), ("merge_tenth", "tenth", 25_000)):
        yield Figure.alone(name, rates[key], unit="looks/s", goal=goal, note=told)
        yield Figure.of(f"{name}_raw", rates[key], raw, unit="looks/s", goal=0, against="raw upserts of the rows")


def _log(app, observations, run: int, edition: int) -> None:
    part: list[Observation] = []
    for each in _looks(LOOKS, run, edition=edition):
        part.append(each)
        if len(part) == 4_000:
            with app.database.write() as connection:
                observations.append(connection, part)
            part = []
    with app.database.write() as connection:
        observations.append(connection, part)


def _upserts(app, folder: Path) -> list[float]:
    """The service rows as they stand, written again by sqlite3 alone into a table of the same columns and key."""
    from secops.store.entities import services

    names = [column.name for column in services.columns]
    path = folder / "raw.db"
    with app.database.read() as connection:
        rows = [tuple(row) for row in connection.execute(services.select().limit(LOOKS))]
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute(f"CREATE TABLE services (id TEXT PRIMARY KEY, {', '.join(names[1:])})")
    sets = ", ".join(f"{name}=excluded.{name}" for name in names[1:])
    text = f"INSERT INTO services VALUES ({','.join('?' * len(names))}) ON CONFLICT (id) DO UPDATE SET {sets}"

    def write() -> None:
        for start in range(0, len(rows), 4_000):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(text, rows[start : start + 4_000])
            raw.execute("COMMIT")

    write()
    took = [timed(write) for _ in range(3)]
    raw.close()
    return took


if __name__ == "__main__":
    for each in figures():
        print(each.line(), flush=True)
