"""Discovery from the verified scope to the inventory: plan, run, resume. Everything acknowledged is on disk first."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

from secops.core.clock import DAY_MS, Instant, SteadyClock
from secops.core.errors import InvalidFile, UsageError
from secops.core.events import Event, Note
from secops.core.language import say
from secops.discover import plan as plans
from secops.discover.plan import Plan
from secops.hall.app import App
from secops.hall.flows.discover_open import make_plan, open_run
from secops.hall.flows.discover_progress import Live, quiet
from secops.hall.flows.discover_record import bury, write_files
from secops.hall.flows.discover_session import KIND, Session
from secops.hall.flows.unmerged import IMPORT, finishing
from secops.store import coverage, runs

LOCK = "discover"
_UNENDED = frozenset({"crashed", "interrupted", "stopped", "refused"})
_LOOK_BACK = 50
"""Runs looked through for an unfinished one of the same plan."""


def discover(
    app: App,
    plan: Plan,
    *,
    operator: str,
    stop: Callable[[], bool] = lambda: False,
    live: Live = quiet,
    wait: bool = True,
) -> Iterator[Event]:
    """Run the plan to its end. Raises Locked, Refused (before anything is sent), UsageError, StoreError.

    `live` is told how far it is at least once a second, between events too and from another thread when it is stuck.
    `wait`: when the scope's hours end, wait for the next ones instead of ending refused and resumable.
    """
    with app.workspace.lock(LOCK):
        yield from bury(app)
        plans.check(plan)
        app.clock = SteadyClock(app.clock)
        now = app.clock.now()
        left = _left(app, plan, now)
        if left is not None:
            yield Note(
                say(f"同一计划的任务 {left.id} 未完成，接着做", f"run {left.id} of this plan is unfinished: continuing")
            )
            yield from _go_on(app, left, plan, operator, stop, live, wait=wait)
            return
        run = _new_id(app, plan, now)
        opened = open_run(app, plan, operator)
        with app.database.write() as connection:
            runs.begin(
                connection,
                runs.Run(
                    run, KIND, plan.site, runs.RUNNING, plan.document(), plan.hash, now, now, None, os.getpid(), {}, {}
                ),
            )
        write_files(app, run, "plan.json", plan.document())
        session = Session(app, plan, run, now, opened, operator, stop, live, wait)
        yield from session.drive(frozenset(), resumed=False)


def _new_id(app: App, plan: Plan, now: Instant) -> str:
    """An id no run has: a clock that was set back may show the same moment twice."""
    with app.database.read() as connection:
        while runs.get(connection, run := plans.run_id(plan, now)) is not None:
            now = Instant(now + 1)
    return run


def resume(
    app: App,
    run: str,
    *,
    operator: str,
    stop: Callable[[], bool] = lambda: False,
    wanted: Plan | None = None,
    live: Live = quiet,
    wait: bool = True,
) -> Iterator[Event]:
    """Go on with an unfinished run by its stored plan. Raises UsageError when `wanted` is another plan."""
    with app.workspace.lock(LOCK):
        yield from bury(app)
        with app.database.read() as connection:
            found = runs.get(connection, run)
        if found is None:
            raise UsageError("E1404", say(f"没有这个任务：{run}", f"no such run: {run}"), hint="secops discover status")
        if found.kind == IMPORT:
            raise UsageError(
                "E1443",
                say("导入不续跑，再导入同一文件：读过的不会重复", "import the file again: nothing is taken in twice"),
                where=run,
                hint=finishing(found),
            )
        plan = plans.decode(found.plan, f"run {run}")
        if plan.hash != found.plan_hash:
            raise InvalidFile(
                "E1405", say("存下的计划与其摘要不符", "the stored plan does not match its hash"), where=run
            )
        if wanted is not None and wanted.hash != plan.hash:
            raise UsageError(
                "E1406",
                say("续跑不能改变选项", "a resumed run takes no changed option"),
                where=run,
                why="; ".join(plans.differences(plan, wanted)),
                hint=say("按原样续跑，或新开一次 discover run", "resume it as it is, or begin anew with discover run"),
            )
        if found.state == "done":
            yield Note(say(f"任务 {run} 已经完成", f"run {run} is complete already"))
            return
        yield from _go_on(app, found, plan, operator, stop, live, wait=wait)


def _left(app: App, plan: Plan, now: Instant) -> runs.Run | None:
    """The last run of this very plan if it did not end and was alive within a day: a second start continues it."""
    with app.database.read() as connection:
        same = next((each for each in runs.latest(connection, _LOOK_BACK) if each.plan_hash == plan.hash), None)
    fresh = same is not None and same.state in _UNENDED and now - same.heartbeat < DAY_MS
    return same if fresh else None


def _go_on(  # noqa: PLR0917 - handed through, one caller each
    app: App, found: runs.Run, plan: Plan, operator: str, stop: Callable[[], bool], live: Live, *, wait: bool
) -> Iterator[Event]:
    """Finish the blocks of a run that are not done. The caller holds the lock."""
    app.clock = SteadyClock(app.clock, least=found.heartbeat)
    with app.database.read() as connection:
        done = coverage.blocks_done(connection, found.id)
    opened = open_run(app, plan, operator)
    with app.database.write() as connection:
        runs.again(connection, found.id, app.clock.now(), os.getpid())
    session = Session(app, plan, found.id, found.started_at, opened, operator, stop, live, wait)
    yield from session.drive(done, resumed=True)


def wanted_plan(
    app: App,
    run: str,
    *,
    engine: str,
    ports: str,
    deep: tuple[str, ...],
    udp: bool | None = None,
    ping: bool | None = None,
) -> Plan:
    """The plan these options would make for the scope of this run, to be compared with the stored one."""
    with app.database.read() as connection:
        found = runs.get(connection, run)
    if found is None:
        raise UsageError("E1404", say(f"没有这个任务：{run}", f"no such run: {run}"), hint="secops discover status")
    stored = plans.decode(found.plan, f"run {run}")
    made = make_plan(
        app,
        stored.scope_id,
        engine=engine or stored.engine,
        ports=ports,
        deep=deep,
        udp=bool(stored.udp) if udp is None else udp,
        look=stored.look,
        ping=stored.ping if ping is None else ping,
    )
    return replace(
        made,
        ports=made.ports if ports else stored.ports,
        udp=made.udp if ports or udp is not None else stored.udp,
        deep=made.deep if deep else stored.deep,
        level=made.level if deep else stored.level,
        fragile=stored.fragile,
        shard=stored.shard,
        first=stored.first,
        occasion=stored.occasion,
        look=stored.look,
    )
