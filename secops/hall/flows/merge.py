"""Takes in the log: entities, relations, changes and the cursor move in one transaction per batch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, takewhile

from secops.assets import declared, lifecycle
from secops.assets.draft import Cause
from secops.assets.evidence import NEWS
from secops.assets.identity import ip_id
from secops.assets.marks import Rules
from secops.assets.merge import fold
from secops.assets.reading import Reading, read
from secops.assets.record import is_record
from secops.assets.register import Register
from secops.assets.work import Merged, Work
from secops.core.events import Event, Progress, Summary
from secops.core.language import say
from secops.core.model import Decision, DecisionType, Entity, Kind, Logged, Observation, RunEnd, State
from secops.hall.app import App
from secops.hall.flows.declared_registers import registers
from secops.hall.flows.identity_rules import RULES, begin, begin_within, rules_at, rules_in, settling
from secops.hall.flows.merge_decided import decided
from secops.hall.flows.merge_hosts import keep, settle
from secops.hall.flows.merge_looks import gathered, meanwhile, uncollected, write, written
from secops.hall.flows.merge_proposed import propose
from secops.hall.flows.merge_records import registered
from secops.store import (
    coverage,
    cursor,
    derived,
    entities,
    evidence,
    folds,
    log,
    looks,
    observations,
    organisations,
    unseen,
)
from secops.store.grading import Transaction

BATCH = 4_000
"""Log entries of one transaction; of looks that tell news of what is known `looks.NEVER` times as many."""
KIND = "merge"
ROOM = looks.MOST + BATCH
"""Repetitions laid out ahead of a replay: more than it takes in at a time."""
EDITION = "derivation"
_EDITION = 5
"""Told up where what follows from the logs is another than before: the next merge replays them, in one transaction."""


def merge(app: App) -> Iterator[Event]:
    """Bring the inventory up to the end of the log. Safe to call at any time; ends with a Summary of what moved."""
    begun = app.clock.monotonic()
    state = _State(app.config.number("discover.gone_after"), app.site)
    begin(app)
    if stale(app):
        with app.database.write() as connection:
            derived.clear(connection)
            with folds.unfolding(connection, ROOM) as lay:
                yield from (each for each in replay(app, connection, lay) if isinstance(each, Progress))
            cursor.put(connection, _EDITION, EDITION)
    with app.database.steadily():
        while _batch(app, state):
            yield state.progress(app, begun)
    yield state.summary(app, begun)


def _batch(app: App, state: "_State") -> bool:
    """Take in one batch in a transaction of its own; False where there is nothing left to do."""
    with uncollected():
        with app.database.write() as connection:
            more = state.step(connection) or settling(app, connection)
        state.left.clear()
    return more


def stale(app: App) -> bool:
    """Whether the inventory was derived by an older program; marks an empty one as derived by this one."""
    with app.database.read() as connection:
        if cursor.get(connection, EDITION) == _EDITION:
            return False
        begun = cursor.get(connection) > 0
    if not begun:
        with app.database.write() as connection:
            cursor.put(connection, _EDITION, EDITION)
    return begun


def replay(app: App, connection: Transaction, lay: Callable[[int], None] = lambda _: None) -> Iterator[Event]:
    """Take in the whole log within the caller's transaction: nobody sees an inventory that is half there.

    `lay` is called with the place in the log before each step.
    """
    begun = app.clock.monotonic()
    state = _State(app.config.number("discover.gone_after"), app.site)
    lay(0)
    while state.step(connection):
        lay(state.place)
        yield state.progress(app, begun)
    yield state.summary(app, begun)


class Replay:
    """Takes in the log within one transaction of the caller's after another; what is declared is read only once.

    Not to be used on after a transaction that was rolled back.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._state = _State(app.config.number("discover.gone_after"), app.site)

    def upto_end(self, connection: Transaction) -> None:
        """Bring the inventory up to the end of the log, as this transaction sees it."""
        if cursor.get(connection) == 0:
            begin_within(self._app, connection)
            cursor.put(connection, _EDITION, EDITION)
        while self._state.step(connection):
            pass


class _State:
    """What one call carries from batch to batch."""

    def __init__(self, gone_after: int, site: str) -> None:
        self.gone_after = gone_after
        self.site = site
        self.rules = Rules({}, (), {})
        self.entries = 0
        self.counts: dict[str, int | float] = {"entries": 0, "new": 0, "changed": 0, "stale": 0, "gone": 0, "back": 0}
        self.left: list[object] = []
        """What a step worked with: very many things, freed while what it wrote goes into the file."""
        self._registers: dict[str, Register] = {}
        self._place = -1
        self._reach = looks.MOST
        """Entries to look through at once: where much is new, hardly more than are taken in."""

    @property
    def place(self) -> int:
        """The last entry taken in."""
        return self._place

    def step(self, connection: Transaction) -> bool:
        """Take in one batch and move the cursor; False at the end of the log."""
        self.left.clear()
        with uncollected():
            return self._step(connection)

    def _step(self, connection: Transaction) -> bool:
        place = cursor.get(connection)
        if self._place != place:  # at the start, or another process has merged meanwhile
            self._registers = registers(connection, place)
            self.rules = rules_at(connection, self.site, place)
        if (stretch := looks.unchanged(connection, place, looks.NEVER * BATCH, self._reach)) is not None:
            self._reach = max(BATCH, (stretch.repeated + len(stretch.new)) * 9 // 8) if stretch.cut else looks.MOST
            self._repeat(connection, stretch)
            cursor.put(connection, stretch.upto)
            return True
        entries = self.next(connection, place)
        if entries:
            self.take(connection, entries)
            cursor.put(connection, entries[-1].seq)
        return bool(entries)

    def _repeat(self, connection: Transaction, stretch: looks.Stretch) -> None:
        """Take in neighbouring observations: those that only repeat at once, the others one by one.

        Which comes first does not matter: looks at one port are together among those or among these.
        """
        move = partial(looks.move, connection)
        if readings := read(observations.at(connection, stretch.new)):
            self._observe(connection, readings, move if stretch.repeated else None)
        else:
            move()
        self._place = stretch.upto
        self.entries += stretch.repeated + len(stretch.new)
        self.counts["entries"] = self.entries

    def progress(self, app: App, begun: float) -> Progress:
        """How far it is."""
        seconds = max(app.clock.monotonic() - begun, 1e-9)
        return Progress(say("归并", "merge"), self.entries, 0, say("条", "entries"), self.entries / seconds)

    def summary(self, app: App, begun: float) -> Summary:
        """What moved."""
        duration = round((app.clock.monotonic() - begun) * 1000)
        return Summary(run="", kind=KIND, complete=True, counts=self.counts, duration_ms=duration)

    @staticmethod
    def next(connection: Transaction, place: int) -> list[Logged]:
        """The next entries; never only a part of one declaration, whose decisions count as one."""
        entries = log.after(connection, place, BATCH)
        if entries and not isinstance(entries[0].entry, Observation):
            entries = list(takewhile(lambda each: not isinstance(each.entry, Observation), entries))
        while entries and len(entries) >= BATCH and _group(entries[-1]) is not None:
            more = log.after(connection, entries[-1].seq, BATCH)
            same = list(takewhile(lambda each: _group(each) == _group(entries[-1]), more))
            entries.extend(same)
            if len(same) < BATCH:
                break
        return entries

    def take(self, connection: Transaction, entries: Sequence[Logged]) -> None:
        """Take in one batch: stretches of observations at once, a declaration at once, run ends one by one."""
        for (kind, _), part in groupby(entries, key=lambda each: (type(each.entry), _group(each))):
            stretch = list(part)
            if kind is Observation:
                self._observe(connection, read(stretch))
            elif kind is RunEnd:
                for each in stretch:
                    assert isinstance(each.entry, RunEnd)
                    self._end(connection, each.seq, each.entry)
            elif _group(stretch[0]) is not None:
                self._declare(connection, stretch)
            else:
                for each in stretch:
                    self._decide(connection, each)
        self._place = entries[-1].seq
        self.entries += len(entries)
        self.counts["entries"] = self.entries

    def _register(self, site: str) -> Register:
        return self._registers.setdefault(site, Register(site))

    def _observe(
        self, connection: Transaction, readings: Sequence[Reading], move: Callable[[], None] | None = None
    ) -> None:
        """Fold these looks into what is known; meanwhile the database may move the times of others."""
        for site, part in groupby(readings, key=lambda reading: reading.seen.site):
            mine = list(part)
            work = gathered(connection, mine, self.rules)
            with meanwhile(move):
                outcome = fold(work, mine, self._register(site))
                rows = written(connection, outcome, work.known)
            move = None
            self._write(connection, outcome, work.known, rows)
            keep(connection, outcome.evidence, work.evidence)
            self.left.append((work, outcome, rows))

    def _decide(self, connection: Transaction, logged: Logged) -> None:
        """What is not a declaration: the rules of identity, a settling, machines merged or split by hand."""
        decision = logged.entry
        assert isinstance(decision, Decision)
        cause = Cause(logged.seq, decision.at, who=decision.who, reason=decision.reason)
        if decision.subject == RULES and decision.type is DecisionType.SETTLE:
            rules = rules_in(decision)
            if rules.digest != self.rules.digest:
                self.rules = rules
                looks.cool_all(connection)
                evidence.again(connection)
            return
        if decision.type in {DecisionType.MERGE, DecisionType.SPLIT, DecisionType.SETTLE}:
            for outcome, known in decided(connection, decision, cause, self.rules, self._register(decision.site)):
                self._write(connection, outcome, known)
            self._machines(connection, decision.site, cause)

    def _machines(self, connection: Transaction, site: str, cause: Cause, started: int = 0) -> None:
        for outcome, known in settle(connection, site, cause, self.rules, self._register(site), started=started):
            self._write(connection, outcome, known)

    def _declare(self, connection: Transaction, stretch: Sequence[Logged]) -> None:
        rows: list[Logged] = []
        assets: list[Logged] = []
        for each in stretch:
            assert isinstance(each.entry, Decision)
            (rows if is_record(each.entry) else assets).append(each)
        if assets:
            self._assets(connection, assets)
        self._write(connection, *registered(connection, rows, assets))

    def _assets(self, connection: Transaction, stretch: Sequence[Logged]) -> None:
        first = stretch[0].entry
        assert isinstance(first, Decision)
        register = self._register(first.site)
        group = declared.take(register, stretch)
        known = entities.by_ids(connection, group.ids)
        single = [start for start, end in group.spans if start == end]
        known |= {each.id: each for each in entities.at_places(connection, first.site, single)}
        for kind in (Kind.IP, Kind.SERVICE, Kind.WEBSITE):
            for span in (each for each in group.spans if each[0] != each[1]):
                known |= {each.id: each for each in entities.in_span(connection, first.site, kind, span)}
        if group.hosts:
            known |= {each.id: each for each in entities.websites_of(connection, first.site, group.hosts)}
        places = {each.key for each in known.values() if each.kind is Kind.IP}
        machines = set[str]().union(*evidence.hosts_at(connection, first.site, places).values())
        known |= entities.by_ids(connection, machines - known.keys())
        if group.holders:
            known |= {each.id: each for each in entities.telling_holders(connection, first.site)}
        known = looks.timed(connection, known)
        outcome = declared.settle(known, group, register)
        organisations.put(connection, group.organisations)
        organisations.remove(connection, first.site, group.dissolved)
        self._write(connection, outcome, known)
        hosts = {new.subject.partition(":")[2] for new, *_ in group.things if new.text("kind") == Kind.HOST}
        last = stretch[-1]
        propose(connection, register, hosts, Cause(last.seq, first.at, who=first.who))

    def _end(self, connection: Transaction, seq: int, end: RunEnd) -> None:
        asked = lifecycle.Covered(coverage.of_run(connection, end.run))
        cause = Cause(seq, end.at, run=end.run, reason="coverage")
        missed: dict[str, Entity] = {}
        quiet: set[str] = set()
        if end.complete and end.started and asked:
            missed = {e.id: e for e in unseen.services(connection, end.site, end.started) if asked.asked(e)}
            silent, quiet = self._quiet(connection, asked, end)
            looks.cool(connection, evidence.silence(connection, missed.keys() | silent, NEWS))
        self._machines(connection, end.site, cause, int(end.started))
        if not missed and not quiet:
            return
        addresses = {str(each.facts["address"]) for each in missed.values()}
        sites = {
            each.id: each
            for each in entities.on_addresses(connection, end.site, addresses, Kind.WEBSITE)
            if each.last_seen < end.started and asked.asked(each) and each.state in lifecycle.LIVING
        }
        parents = {each.parent for each in missed.values()}
        above, linked = self._above(connection, end.site, parents | quiet)
        known: dict[str, Entity] = missed | sites | above
        known = looks.timed(connection, known)
        work = Work(known)
        for id in (*missed, *sites, *quiet):
            draft = work.get(id)
            assert draft is not None
            lifecycle.miss(draft, cause, self.gone_after)
        _settle(connection, work, cause, parents, linked=linked, started=end.started)
        self._write(connection, work.merged(), known)

    @staticmethod
    def _quiet(connection: Transaction, asked: lifecycle.Covered, end: RunEnd) -> tuple[set[str], set[str]]:
        """Addresses that the run asked for in vain themselves, and those of them with no living port."""
        if not asked.addresses:
            return set(), set()
        silent = {e.id for e in unseen.addresses(connection, end.site, end.started) if asked.asked(e)}
        ports = entities.services_of(connection, silent)
        return silent, {ip for ip in silent if not any(each.state in lifecycle.LIVING for each in ports[ip])}

    @staticmethod
    def _above(connection: Transaction, site: str, ids: set[str]) -> tuple[dict[str, Entity], set[str]]:
        """These addresses, their machines, and every address of these machines; and which the machines are."""
        ips = entities.by_ids(connection, ids)
        at_places = evidence.hosts_at(connection, site, {each.key for each in ips.values()})
        hosts = entities.by_ids(connection, set().union(*at_places.values()))
        others = {ip_id(site, each) for host in hosts.values() for each in lifecycle.addresses(host)}
        return ips | hosts | entities.by_ids(connection, others - ips.keys()), set(hosts)

    def _write(
        self, connection: Transaction, outcome: Merged, known: Mapping[str, Entity], rows: entities.Rows | None = None
    ) -> None:
        write(connection, outcome, rows or written(connection, outcome, known))
        changed = {each.entity for each in outcome.changes}
        new = {each.entity for each in outcome.changes if each.field == "born"}
        self.counts["new"] += len(new)
        self.counts["changed"] += len(changed - new)
        for each in outcome.changes:
            if each.field == "state" and each.new in {"stale", "gone"}:
                self.counts[str(each.new)] += 1
            elif each.field == "state" and each.old in {"stale", "gone"}:
                self.counts["back"] += 1


def _settle(
    connection: Transaction, work: Work, cause: Cause, ips: set[str], *, linked: set[str], started: int
) -> None:
    """Addresses after their ports (one that answered a ping lives all the same), machines after their addresses."""
    for ip, ports in entities.services_of(connection, ips).items():
        draft = work.get(ip)
        if draft is None:
            continue
        states = [moved.state if (moved := work.get(each.id)) else each.state for each in ports]
        seen = [State.ACTIVE] if draft.last_seen >= started else []
        lifecycle.settle(draft, cause, states + seen)
    for id in sorted(linked):
        host = work.get(id)
        if host is not None:
            places = [work.get(ip_id(host.site, each)) for each in lifecycle.addresses(host.entity())]
            lifecycle.settle(host, cause, [each.state for each in places if each is not None])


def _group(logged: Logged) -> tuple[str, int, str] | None:
    """What the decisions of one declaration share; None for every other entry."""
    entry = logged.entry
    if isinstance(entry, Decision) and entry.type is DecisionType.DECLARE:
        return entry.site, entry.at, entry.who
    return None
