"""Who must act for one asset, step by step, or for every asset a query meets; and the units with what is theirs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secops.assets.register import Register, place_of
from secops.assets.responsible import Answer, Asked, Responsibility
from secops.core.clock import Instant, render
from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Kind, Organisation, State, entity_id
from secops.core.query import Compare, Op
from secops.core.standing import Standing
from secops.hall.app import App
from secops.hall.flows import past
from secops.hall.flows.declared_registers import registers
from secops.hall.flows.inventory import PAGE, find, found_in
from secops.hall.flows.queries import read
from secops.store import compile as compiler
from secops.store import cursor, decisions, organisations, owned, records, search
from secops.store.grading import Transaction

BATCH = PAGE * 10


def steps(app: App, word: str) -> list[dict[str, object]]:
    """The way to who must act for the asset of this id or key, or for an address nobody saw yet.

    Raises UsageError where there is none or several.
    """
    place = place_of(word)
    with app.database.read() as connection:
        try:
            entity = found_in(app, connection, word)
        except UsageError as error:
            if place is None or error.code != "E1312":
                raise
            entity = None
        world = _Worlds(app, connection).of(app.site if entity is None else entity.site, connection)
        if entity is None:
            asked = Asked(Kind.IP, word, None, places=(place,) if place is not None else ())
        else:
            condition = compiler.where(Compare("id", Op.EQ, entity.id), entity.kind, app.clock.now())
            (one,) = owned.page(connection, entity.kind, condition)
            asked = _asked(one, world)
        found = world.resolved.answer(asked)
        who = {each.seq: decisions.by_seq(connection, each.seq) for each in found.steps if each.seq}
    rows: list[dict[str, object]] = []
    for each in found.steps:
        said = who.get(each.seq)
        rows.append({
            "step": each.what, "subject": each.subject, "says": each.text, "org_id": each.org or None,
            "organisation": world.resolved.name(each.org) if each.org else None,
            "who": said.who if said is not None else None, "at": render(said.at) if said is not None else None,
            "seq": each.seq or None,
        })  # fmt: skip
    return rows


def listed(app: App, query: str = "", *, kind: Kind | None = None) -> Iterator[dict[str, object]]:
    """Who must act for each asset the query meets, in order of id. Raises UsageError for an unreadable query."""
    kind, parsed = read(app, query, kind)
    with app.database.read() as connection:
        worlds = _Worlds(app, connection)
    after = ""
    while True:
        with app.database.read() as connection:
            condition = search.condition(connection, parsed, kind, app.clock.now())
            found = list(owned.page(connection, kind, condition, after=after, limit=BATCH))
            here = {site: worlds.of(site, connection) for site in {each.site for each in found}}
        for each in found:
            world = here[each.site]
            asked = _asked(each, world)
            answer = world.resolved.answer(asked, steps=False)
            yield {"site": each.site, "id": each.id, "kind": str(each.kind), "key": each.key,
                   "system": asked.system or None, **_row(world.resolved, answer)}  # fmt: skip
        if len(found) < BATCH:
            return
        after = found[-1].id


def one_asset(app: App, word: str) -> bool:
    """Whether the word is the id or key of an asset, or an address; else it is a query."""
    if place_of(word) is not None:
        return True
    try:
        find(app, word)
    except UsageError as error:
        if error.code == "E1313":
            raise
        return False
    return True


def _row(resolved: Responsibility, found: Answer) -> dict[str, object]:
    person = found.person
    return {
        "organisation": resolved.name(found.org) if found.org else None, "org_id": found.org or None,
        "person": person.name or None, "phone": person.phone or None, "role": person.role or None,
        "letter": person.letter or None, "valid_until": person.valid_until or None, "letter_expired": person.late,
        "via": found.via or None, "missing": not found.org,
        "escalate": resolved.name(found.escalate) if found.escalate else None,
        "escalate_why": found.escalate_why or None,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _World:
    """What was declared at one site, and the codes of its systems by their ids: a site is a universe of its own."""

    resolved: Responsibility
    codes: Mapping[str, str]


class _Worlds:
    """Those of every site, each made when it is first asked for."""

    def __init__(self, app: App, connection: Transaction) -> None:
        self._registers = registers(connection, cursor.get(connection))
        self._today = render(app.clock.now())[:10]
        self._known: dict[str, _World] = {}

    def of(self, site: str, connection: Transaction) -> _World:
        """The one of this site."""
        if site not in self._known:
            register = self._registers.get(site) or Register(site)
            duties = list(records.listed(connection, site, "duty"))
            codes = {
                entity_id(site, Kind.SYSTEM, subject.partition(":")[2]): subject.partition(":")[2]
                for subject in register.things
                if subject.startswith(f"{Kind.SYSTEM}:")
            }
            self._known[site] = _World(Responsibility(register, duties, self._today), codes)
        return self._known[site]


def _asked(each: owned.Owned, world: _World) -> Asked:
    texts = (each.address,) if each.address else each.addresses
    places = tuple(place for text in texts if (place := place_of(text)) is not None)
    return Asked(each.kind, each.key, each.org_id, world.codes.get(each.system_id, ""), places, each.port,
                 each.owner, each.phone)  # fmt: skip


@dataclass(slots=True)
class _Unit:
    """A unit and how many assets it has, by what counts them."""

    found: Organisation
    below: list[str] = field(default_factory=list)
    own: dict[str, int] = field(default_factory=dict)


def tree(app: App, *, at: Instant | None = None) -> Iterator[dict[str, object]]:
    """Every unit of every site, with the assets of it and of all below it; superiors first, each site's unowned last.

    A unit whose superior is not declared stands at the top.
    """
    with past.opened(app, at) as connection:
        sites: dict[str, dict[str, _Unit]] = {}
        for each in organisations.every(connection):
            sites.setdefault(each.site, {})[each.id] = _Unit(each)
        for site, org, kind, state, how, number in owned.counts(connection):
            units = sites.setdefault(site, {})
            own = units.setdefault(org if org in units else "", _nobody(site)).own
            for word in ("assets", kind, state, how):
                own[word] = own.get(word, 0) + number
    for _, units in sorted(sites.items(), key=lambda one: (one[0] != app.site, one[0])):
        yield from _of_site(units)


def _nobody(site: str) -> _Unit:
    return _Unit(Organisation("", site, say("（无责任单位）", "(nobody)")))


def _of_site(units: dict[str, _Unit]) -> Iterator[dict[str, object]]:
    nobody = units.pop("", None)
    tops: list[str] = []
    for id, each in units.items():
        (units[each.found.parent].below if each.found.parent in units else tops).append(id)
    seen: set[str] = set()
    for top in tops:
        yield from _branch(units, top, seen)
    for id in sorted(units.keys() - seen):  # in a circle that an older version let in
        if id not in seen:
            yield from _branch(units, id, seen)
    if nobody is not None:
        yield _counted(nobody, 0, nobody.own)


def _branch(units: Mapping[str, _Unit], top: str, seen: set[str]) -> Iterator[dict[str, object]]:
    order: list[tuple[str, int]] = []
    waiting = [(top, 0)]
    while waiting:
        id, depth = waiting.pop()
        if id not in seen:
            seen.add(id)
            order.append((id, depth))
            waiting += [(each, depth + 1) for each in sorted(units[id].below, reverse=True)]
    total: dict[str, dict[str, int]] = {}
    for id, _ in reversed(order):
        sums = total.setdefault(id, {})
        for word, number in units[id].own.items():
            sums[word] = sums.get(word, 0) + number
        parent = units[id].found.parent
        if id != top and parent in units:
            above = total.setdefault(parent, {})
            for word, number in sums.items():
                above[word] = above.get(word, 0) + number
    for id, depth in order:
        yield _counted(units[id], depth, total[id])


def _counted(unit: _Unit, depth: int, sums: Mapping[str, int]) -> dict[str, object]:
    row: dict[str, object] = {
        "site": unit.found.site, "id": unit.found.id, "name": unit.found.name, "parent": unit.found.parent or None,
        "depth": depth, "own": unit.own.get("assets", 0), "assets": sums.get("assets", 0),
    }  # fmt: skip
    words = [*map(str, State), *(each.value for each in Standing if each.value != "registered"), *map(str, ASSET_KINDS)]
    return row | {word: sums.get(word, 0) for word in words}
