"""The columnar mirror against the store and the plain-Python oracle, at first and after whatever changes."""

import importlib.util
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.core import query as q
from secops.core.clock import Instant, ManualClock
from secops.core.fields import FIELDS, by_name
from secops.core.model import Kind, Organisation
from secops.grade.pack import read
from secops.hall.app import App
from secops.hall.flows.grade import ask
from secops.hall.workspace import Workspace
from secops.store import compile as sql
from secops.store import cursor, entities, facets, grading, organisations
from secops.store.database import Database
from secops.store.entities import decode
from secops.store.mirror import Mirror
from secops.store.mirror_query import answers
from secops.store.mirror_tables import held
from secops.store.tables import metadata


def _beside(name: str) -> Any:
    found = importlib.util.spec_from_file_location(f"beside_{name}", Path(__file__).with_name(f"{name}.py"))
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


sqls = _beside("test_query_sql")
logs = _beside("test_rebuild")

pytest.importorskip("duckdb")
pytest.importorskip("adbc_driver_sqlite")
pytestmark = [pytest.mark.property, pytest.mark.sqlite]
NOW = sqls.NOW
RULES = [read(path) for path in sorted((Path(__file__).parents[2] / "rules" / "extranet").glob("*.yaml"))]
slow = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


class Mirrored:
    """A world with its mirror."""

    def __init__(self, folder: Path) -> None:
        self.database = Database.file(folder / "t.db")
        with self.database.write() as connection:
            metadata.create_all(connection)
        self.world = sqls.World(self.database)
        self.mirror = Mirror(self.database, folder, ManualClock(NOW))
        self.mirror.refresh()


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    made = Mirrored(Path(tmp_path_factory.mktemp("mirror")))
    yield made
    made.mirror.release()
    made.database.close()


@slow
@given(data=st.data())
def test_the_mirror_answers_exactly_as_the_oracle(mirrored: Mirrored, data: st.DataObject) -> None:
    """Any query that the mirror takes picks the same entities there, in the store and in Python."""
    kind = data.draw(sqls.kinds())
    query = data.draw(sqls.plain(kind))
    if not answers(query):
        return
    with mirrored.mirror.read() as view:
        found = view.ids(query, kind, NOW)
        number = view.count(query, kind, NOW)
    assert found == sorted(sqls.answer(mirrored.world, query, kind))
    assert number == len(found)


@pytest.mark.parametrize("field", [f.name for f in FIELDS if held(f)])
def test_every_comparison_of_every_field_agrees(mirrored: Mirrored, field: str) -> None:
    """No operator of no field is left to chance."""
    found = by_name()[field]
    kind = min(found.kinds)
    with mirrored.mirror.read() as view:
        for op in sorted(q.OPS[found.type]):
            for value in _samples(found.type, op):
                for query in (q.Compare(field, op, value), q.Not(q.Compare(field, op, value))):
                    assert set(view.ids(query, kind, NOW)) == sqls.answer(mirrored.world, query, kind), query


def _samples(type_: object, op: q.Op) -> list[object]:
    if op is q.Op.EXISTS:
        return [True, False]
    if op is q.Op.RANGE and type_ in q.PLACED:
        return [tuple(sqls.ADDRESSES[:2]), tuple(sqls.ADDRESSES[2:4])]
    if op is q.Op.RANGE:
        return [(1, 443), (-30, 7)]
    if op is q.Op.CIDR:
        return list(sqls.CIDRS)
    known = {"integer": [22, -1, 7], "integers": [22, 443], "instant": [int(NOW)], "address": sqls.ADDRESSES[:3]}
    known["addresses"] = known["address"]
    known |= {"version": sqls.VERSIONS[:6], "boolean": [True, False]}
    return list(known.get(str(type_), ["NGINX", "é", "É", "\u212a1", "*财*"]))


@pytest.mark.parametrize("field", [f.name for f in FIELDS if held(f)])
def test_facets_count_as_the_store_does(mirrored: Mirrored, field: str) -> None:
    """The commonest values of every field, how many know it, how many there are."""
    found = by_name()[field]
    for kind in {min(found.kinds), None if found.kinds - {Kind.SERVICE} else Kind.SERVICE}:
        with mirrored.mirror.read() as view, mirrored.database.read() as connection:
            condition = sql.where(q.EVERYTHING, kind, NOW)
            whole, known, told = view.facets(q.EVERYTHING, kind, found, NOW, limit=15)
            assert whole == entities.count(connection, kind, condition)
            assert known == facets.known(connection, kind, condition, found, NOW)
            assert told == list(facets.top(connection, kind, condition, found, now=NOW, limit=15))


def test_values_are_those_of_the_store(mirrored: Mirrored) -> None:
    """Every field the mirror holds, of every entity, typed as the store gives it."""
    for kind in Kind:
        names = [f.name for f in FIELDS if held(f) and kind in f.kinds]
        with mirrored.mirror.read() as view, mirrored.database.read() as connection:
            rows = {row[0]: row for row in view.values(q.EVERYTHING, kind, ["id", *names], NOW)}
            stored = dict(sql.values(connection, kind, sorted(map(str, rows)), names, NOW))
        for id, values in stored.items():
            assert list(rows[id][1:]) == [values[name] for name in names], id


def test_rules_find_the_same(mirrored: Mirrored) -> None:
    """Every rule that ships, asked of the mirror and of the store: matches with evidence, undecided, asked."""
    told = 0
    for rule in RULES:
        if not answers(q.And((rule.matched, rule.undecided)), *rule.evidence, *rule.requires):
            continue
        question = ask(rule, NOW)
        with mirrored.mirror.read() as view, mirrored.database.read() as connection:
            found = sorted(grading.matches(connection, question, rule.evidence), key=lambda match: match.entity)
            assert list(view.matches(question, rule.evidence)) == found, rule.id
            assert view.undecided(question, rule.requires) == grading.undecided(connection, question, rule.requires)
            assert view.asked(question) == grading.asked(connection, question)
            either = q.Or((rule.matched, rule.undecided))
            living = {str(each) for each in question.states}
            chosen = sqls.answer(mirrored.world, either, rule.kind)
            assert view.standing(question) == {id for id in chosen if mirrored.world.entities[id].state in living}
        told += 1
    assert told > len(RULES) / 2


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_whatever_changes_the_mirror_follows(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """After changed, new and re-pointed entities, renamed, new and dissolved units, mirror and store are equal."""
    folder = Path(tmp_path_factory.mktemp("follow"))
    made = Mirrored(folder)
    dice = random.Random(seed)
    try:
        for step in range(3):
            _shake(made, dice, 1000 * (step + 1))
            done = made.mirror.refresh()
            assert not done.whole
            assert made.mirror.verify() == {"services": 0, "assets": 0}
    finally:
        made.mirror.release()
        made.database.close()


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=st.lists(st.lists(logs._step, min_size=1, max_size=4), min_size=2, max_size=4))
def test_whatever_is_logged_the_mirror_follows(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    """Looks that only repeat, late ones, declarations and absences merged in between: mirror and store are equal."""
    workspace = Workspace(Path(tmp_path_factory.mktemp("logs")))
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(2_000_000))) as app:
        app.mirror.refresh()
        every: list[Any] = []
        for number, part in enumerate(steps):
            every += part
            logs._play(app, [*[("merge", None)] * number, *every, ("merge", None)])
            app.mirror.refresh()
            assert app.mirror.verify() == {"services": 0, "assets": 0}


def _shake(made: Mirrored, dice: random.Random, seq: int) -> None:
    """Change some of everything, as merging would: each changed entity names a later place of the log."""
    with made.database.write() as connection:
        known = {}
        for table in (entities.assets, entities.services):
            for row in connection.execute(entities.wanted(table)):
                known[row.id] = decode(row, table)
        ips = [id for id, each in known.items() if each.kind is Kind.IP]
        systems = [id for id, each in known.items() if each.kind is Kind.SYSTEM]
        changed = {}
        for id in dice.sample(sorted(known), 12):
            each = known[id]
            fresh = sqls.entity(dice, each.kind, each.key, ips, systems)
            changed[id] = replace(
                fresh, site=each.site, generation=each.generation, changed_seq=seq + dice.randint(1, 9)
            )
        for place in range(4):
            kind = dice.choice([Kind.SERVICE, Kind.IP, Kind.SYSTEM, Kind.WEBSITE])
            fresh = replace(sqls.entity(dice, kind, f"new{seq}-{place}", ips, systems), changed_seq=seq + 5)
            changed[fresh.id] = fresh
        entities.put(connection, changed)
        unit = Organisation(id=dice.choice(["o1", "o2", "o3"]), site="s1", name=dice.choice(sqls.TEXTS))
        organisations.put(connection, [unit])
        organisations.remove(connection, "s2", [dice.choice(["o1", "o2"])])
        cursor.put(connection, seq + 10)
