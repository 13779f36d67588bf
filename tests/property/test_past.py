"""The list of an earlier moment is the list that was seen then, whatever came after."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.fields import by_name
from secops.core.model import Decision, DecisionType, Kind
from secops.core.query import And
from secops.core.standing import BY_PARTS
from secops.hall.app import App
from secops.hall.flows import inventory_at, inventory_counts, inventory_moved, past
from secops.hall.flows import merge as merging
from secops.hall.flows.inventory import listed, row_of, with_computed
from secops.hall.flows.inventory_at import listed_at
from secops.hall.flows.queries import read
from secops.hall.workspace import Workspace
from secops.store import compile as compiler
from secops.store import decisions, entities, facets, organisations, relations
from secops.store.database import Database
from secops.store.grading import Transaction
from secops.store.migrate import upgrade
from tests.property.test_rebuild import _play, _step

pytestmark = pytest.mark.property

_BY_SIGHT = {"last_seen", "seen.age"}
QUERIES = ("*", "state:active", "org:A", "-org:A", "kind:network", "declared:true", "ports:80", "-services:ssh",
           "services.count>0", "zone:z", "grade>=3", "system:S1", "org.contact:c", "standing:undeclared",
           "org.missing:true", "services.count=1 standing:registered", "port:22 state:active",
           "ip:198.18.0.1 -product:a")  # fmt: skip
COUNTED = {None: ("state", "org.name", "services.ports", "services.names", "services.count", "system.grade", "address",
                  "org.missing", "system.name", "host.os"),
           Kind.IP: ("services.ports", "org.contact"),
           Kind.SERVICE: ("service.name", "state", "http.title", "org.name", "ssh.host_key")}  # fmt: skip
_units = st.tuples(st.sampled_from("AB"), st.sampled_from(("A", "renamed", "")), st.sampled_from("cd"))
_systems = st.tuples(st.sampled_from(("S1", "S2")), st.sampled_from((2, 3, 0)), st.sampled_from("AB"))
_more = st.one_of(_step, st.tuples(st.just("unit"), _units), st.tuples(st.just("system"), _systems))


def _said(app: App, steps: list[tuple[str, object]]) -> None:
    """As `_play`, with units and systems that are declared, renamed and withdrawn."""
    for number, (what, given_) in enumerate(steps):
        if what not in {"unit", "system"}:
            _play(app, [*[("none", None)] * number, (what, given_)])
            continue
        code, value, other = given_  # type: ignore[misc]
        subject, payload = f"organisation:{code}", {"kind": "organisation", "name": value, "contact": other}
        if what == "system":
            subject = f"system:{code}"
            facts = {"name": code, "system.level": value}
            payload = {"kind": "system", "org": other, "addresses": ["198.18.0.1", "198.18.0.2"], "facts": facts}
        payload = payload if value else {"kind": what if what == "system" else "organisation", "withdrawn": True}
        with app.database.write() as connection:
            at = Instant(1_000_000 + number * 1000)
            decisions.append(connection, [Decision("gd", DecisionType.DECLARE, subject, payload, "me", at)])


@cache
def _empty() -> bytes:
    """A database of this version with nothing in it, so that only the first example pays for the migrations."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        store = Database.file(path)
        upgrade(store)
        store.close()
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("PRAGMA journal_mode=DELETE")
        return path.read_bytes()


def _kept(rows: Iterator[dict[str, object]]) -> list[dict[str, object]]:
    """Without when things were seen, and without the standing of what stands by its parts."""
    by_parts = {"register.standing"}
    return [
        {k: v for k, v in row.items() if k not in _BY_SIGHT and (k not in by_parts or row["kind"] not in set(BY_PARTS))}
        for row in rows
    ]


def _everything(app: App, connection: Transaction, at: Instant) -> dict[str, list[object]]:
    """What a view of the store tells in every table that has a past."""
    told: dict[str, list[object]] = {"assets": [], "services": [], "relations": [], "units": []}
    for name, kind in (("assets", None), ("services", Kind.SERVICE)):
        found = list(entities.page(connection, kind, compiler.where(And(()), kind, at)))
        told[name] = _kept(row_of(each, values) for each, values in with_computed(connection, found, at))  # type: ignore[assignment]
        drawn = relations.touching(connection, [each.id for each in found])
        told["relations"] += [(each.id, each.source, each.target, each.reason) for each in drawn]
    ports, every = by_name()["services.ports"], compiler.where(And(()), None, at)
    told["facets"] = list(facets.top(connection, None, every, ports, now=at, limit=9))
    told["units"] = list(organisations.every(connection))
    return told


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@example(
    [("declare", {"198.18.0.0/24": "A"}), ("system", ("S1", 2, "A")), ("see", [(2, 22, "a")])],
    [("system", ("S1", 0, "A"))],
    "*",
    (0, 1, False),
)  # a system that was withdrawn since is told of as it was
@example([("see", [(1, 22, "a"), (2, 22, "a"), (3, 22, "a")])], [("see", [(4, 22, "a")])], "*", (0, 1, False))
# one machine too many shows the key: what stood as one since the first look is several from then on
@example(
    [("see", [(1, 22, "a"), (2, 22, "b"), (2, 80, "a")])],
    [("end", (True, True, (22, 80)))] * 2,
    "port:22 state:active",
    (0, 500, True),
)  # what stopped answering since is found among the few on that port
@example(
    [("unit", ("A", "A", "c")), ("declare", {"198.18.0.0/24": "A"}), ("system", ("S1", 2, "B")),
     ("see", [(1, 22, "a"), (2, 22, "a"), (2, 80, "a")]), *[("end", (True, True, (22, 80)))] * 3],
    [("see", [(1, 22, "b"), (1, 80, "b"), (2, 80, "b"), (3, 22, "a")]), ("unit", ("A", "renamed", "d")),
     ("unit", ("B", "A", "c")), ("system", ("S1", 3, "B"))],
    "kind:ip",
    (0, 500, True),
)  # fmt: skip # ports that are back or new, addresses that had none in use or were not there, units and systems renamed
@example(
    [("unit", ("A", "A", "c")), ("declare", {"198.18.0.0/24": "A"}), ("see", [(1, 22, "a")])],
    [("unit", ("A", "", "c"))],
    "org:A",
    (0, 500, True),
)  # a unit withdrawn since answers for its addresses then
@given(st.lists(_more, min_size=1, max_size=7), st.lists(_more, max_size=7), st.sampled_from(QUERIES),
       st.tuples(st.sampled_from((0, 1, 20_000)), st.sampled_from((1, 2, 500)), st.booleans()))  # fmt: skip
def test_what_was_listed_then_is_listed_again(before: list[tuple[str, object]], after: list[tuple[str, object]],
                                              query: str, way: tuple[int, int, bool]) -> None:  # fmt: skip
    """Lists of assets and services with every kind of filter, and the whole view of then: relations, units, facets.

    Whether changes since are looked through at once or page by page, however small the pages, and with or without the
    mirror, which counts them in its columns.
    """
    many, page, mirrored = way
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(inventory_moved, "MANY", many)
        patch.setattr(inventory_moved, "FEW", min(many, 3))
        for each in (inventory_at, inventory_moved):
            patch.setattr(each, "PAGE", page)
        workspace = Workspace(Path(folder))
        workspace.config.write_text('site = "gd"\n', "utf-8")
        workspace.make()
        workspace.database.write_bytes(_empty())
        then = Instant(1_000_000 + len(before) * 1000 - 1)
        clock = ManualClock(then)
        with App(workspace, clock=clock) as app:
            _said(app, before)
            list(merging.merge(app))
            kinds = (None, Kind.SERVICE)
            told = [_kept(_listed(app, query, kind)) for kind in kinds]
            counted = _counted(app, query)
            with app.database.read() as connection:
                whole = _everything(app, connection, then)
            clock.advance(1_000_000)
            _said(app, [*[("none", None)] * len(before), *after])
            list(merging.merge(app))
            if mirrored and app.database.path is not None:  # PostgreSQL has none
                app.mirror.refresh()
                if "standing" not in query:  # counts of then are the mirror's own, or they would be the store's again
                    patch.setattr(inventory_counts, "past", None)
            assert [_kept(_listed(app, query, kind, then)) for kind in kinds] == told
            assert _counted(app, query, then) == counted
            with past.opened(app, then) as connection:
                assert _everything(app, connection, then) == whole


def _listed(app: App, query: str, kind: Kind | None, at: Instant | None = None) -> Iterator[dict[str, object]]:
    try:
        read(app, query, kind)
    except UsageError:
        return iter(())
    return listed(app, query, kind=kind) if at is None else listed_at(app, at, query, kind=kind)


def _counted(app: App, query: str, at: Instant | None = None) -> dict[str, object]:
    """How many there are, and the commonest values of fields of every sort."""
    told: dict[str, object] = {}
    for kind, fields in COUNTED.items():
        with suppress(UsageError):
            told[f"{kind}"] = inventory_counts.count(app, query, kind=kind, at=at)
            for each in fields:
                told[f"{kind} {each}"] = list(inventory_counts.facets(app, each, query, kind=kind, at=at))
    return told


def test_pages_go_on_and_sights_are_refused(tmp_path: Path) -> None:
    """So many rows behind an id, in order; a past list by `seen` is no question."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock()) as app:
        _play(app, [("see", [(place, 22, "a") for place in range(1, 5)]), ("merge", None)])
        _play(app, [("none", None), ("see", [(1, 22, "b")]), ("merge", None)])
        then = Instant(1_000_999)
        whole = [row["id"] for row in listed_at(app, then)]
        assert whole == sorted(whole)
        assert [row["id"] for row in listed_at(app, then, after=str(whole[0]), limit=2)] == whole[1:3]
        with pytest.raises(UsageError, match="E1318"):
            list(listed_at(app, then, "seen<7d"))
