"""The SQL that a query becomes, on a real SQLite, against the plain-Python oracle; the search language read back."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.core import address
from secops.core import query as q
from secops.core.clock import DAY_MS, Instant
from secops.core.errors import UsageError
from secops.core.fields import FIELDS, Derivation, Field, Type, by_name, facts_of, of_kind
from secops.core.filter import parse
from secops.core.filter_text import write
from secops.core.filter_words import SEARCHED
from secops.core.links import LINKS, Link, Way, by_link, taken_by
from secops.core.model import ASSET_KINDS, Entity, Kind, Organisation, Relation, RelationType, State, Value
from secops.core.standing import standing
from secops.grade.rule import certain, possible
from secops.store import compile as sql
from secops.store import derive, entities, organisations, relations, search, texts
from secops.store.database import Database, metadata
from secops.store.entities import assets, services

pytestmark = pytest.mark.property

NOW = Instant(1_750_000_000_000)
TEXTS = [
    "",
    "nginx",
    "NGINX",
    "nginx/1.18.0",
    "財政",
    "财政厅",
    "a%b_c",
    "a*b?",
    "\\",
    "é",
    "É",
    "x'y\"z",
    "\u202e",
    "🙂b",
    " ",
]
VERSIONS = ["1.18.0", "1.18", "1.2", "1.10", "9.6p1", "9.6", "2.4.6rc1", "v3", "unknown", "版本1", "0", ""]
ADDRESSES = ["198.18.0.1", "198.18.1.255", "198.19.0.0", "2001:db8::1", "::1", "255.255.255.255"]
CIDRS = ["198.18.0.0/16", "198.18.0.0/15", "0.0.0.0/0", "::/0", "2001:db8::/32", "198.18.0.1", "198.18.1.7/24"]
NUMBERS = [0, 1, 22, 80, 443, 65535, -1, 2**63 - 1]
WIDE = [2**31 - 1, 2**31, -(2**31) - 1, q.LARGEST, -q.LARGEST]
"""Beside and beyond what a column of 32 bits holds."""
OPEN = [(1, q.LARGEST), (-q.LARGEST, 1), (2**31, 2**32), (-q.LARGEST, q.LARGEST)]
PIECES = [
    *'ab:=<>!*?()"\\-, |端口：port7d./',
    "runs-on:(",
    "on:(",
    "services:(",
    "org:(",
    "运行于：（",
    "has:(",
    "saved:",
]
DAYS = [0, 1, 6, 7, 30, -1, -30, 365, 10**15]


def fact(dice: random.Random, field: Field) -> Value:
    match field.type:
        case Type.TEXT:
            return dice.choice(TEXTS)
        case Type.VERSION:
            return dice.choice(VERSIONS)
        case Type.TEXTS:
            return tuple(dice.sample(TEXTS, dice.randint(0, 3)))
        case Type.INTEGERS:
            return tuple(dice.sample(NUMBERS, dice.randint(0, 3)))
        case Type.INTEGER:
            return dice.choice(NUMBERS)
        case Type.BOOLEAN:
            return dice.random() < 0.5
        case Type.INSTANT:
            return int(NOW) + dice.choice([0, 1, -1, DAY_MS, -DAY_MS, 7 * DAY_MS, -7 * DAY_MS - 1, -30 * DAY_MS])
        case Type.ADDRESS:
            return dice.choice(ADDRESSES)
        case Type.ADDRESSES:
            return tuple(dice.sample([*ADDRESSES, "none"], dice.randint(0, 3)))


def entity(dice: random.Random, kind: Kind, key: str, parents: list[str], systems: list[str]) -> Entity:
    facts = {name: fact(dice, by_name()[name]) for name in facts_of(kind) if dice.random() < 0.6}
    return Entity(
        kind=kind,
        site=dice.choice(["s1", "s2"]),
        key=key,
        first_seen=Instant(NOW - dice.randint(0, 9 * DAY_MS)),
        last_seen=Instant(NOW - dice.randint(-DAY_MS, 9 * DAY_MS)),
        state=dice.choice(list(State)),
        declared=dice.random() < 0.5,
        parent=dice.choice([*parents, ""]) if kind is Kind.SERVICE and parents else "",
        org_id=dice.choice(["", "o1", "o2", "o3"]),
        system_id=dice.choice(["", *systems]),
        facts=facts,
        changed_seq=dice.randint(1, 50),
    )


class World:
    """A database with some of everything, and the same in Python."""

    def __init__(self, database: Database, seed: int = 7) -> None:
        dice = random.Random(seed)
        self.entities: dict[str, Entity] = {}
        systems: list[str] = []
        ips: list[str] = []
        for kind in (Kind.SYSTEM, Kind.IP, *(k for k in ASSET_KINDS if k not in {Kind.SYSTEM, Kind.IP}), Kind.SERVICE):
            for i in range({Kind.IP: 10, Kind.SERVICE: 40}.get(kind, 6)):
                made = entity(dice, kind, f"{dice.choice(['K', 'k', '财'])}{i}", ips, systems)
                self.entities[made.id] = made
                (systems if kind is Kind.SYSTEM else ips if kind is Kind.IP else []).append(made.id)
        self.orgs = [
            Organisation(id=id, site=site, name=dice.choice(TEXTS), contact=dice.choice(TEXTS))
            for id in ("o1", "o2")
            for site in ("s1", "s2")
        ]
        ends = [id for id, each in self.entities.items() if each.kind is not Kind.SERVICE]
        pairs = {(dice.choice(ends), dice.choice(list(RelationType)), dice.choice(ends)) for _ in range(150)}
        self.relations = [
            Relation("s1", source, type, target, "test", Instant(1), Instant(2))
            for source, type, target in sorted(pairs)
        ]
        self.database = database
        with database.write() as connection:
            metadata.create_all(connection)
            entities.put(connection, self.entities)
            organisations.put(connection, self.orgs)
            relations.put(connection, self.relations)

    def reader(self, entity: Entity) -> q.Reader:
        return lambda name: self.value(entity, name)

    def around(self, entity: Entity) -> q.Around:
        def given(name: str, kind: Kind | None) -> Iterator[q.Reader]:
            for each in self.beyond(entity, name):
                if each.kind is kind if kind is not None else each.kind is not Kind.SERVICE:
                    yield self.reader(each)

        return given

    def beyond(self, entity: Entity, name: str) -> list[Entity]:
        """What the step leads to, of whatever kind."""
        link = by_link()[name]
        return [each for way in (link.way, *link.also) for each in self.led(entity, link, way)]

    def led(self, entity: Entity, link: Link, way: Way) -> list[Entity]:
        """The same by one of its ways."""
        every = self.entities
        if way in {Way.TO, Way.FROM, Way.BOTH}:
            drawn = [each for each in self.relations if link.type in {None, each.type}]
            there = [every[each.target] for each in drawn if each.source == entity.id and way is not Way.FROM]
            return there + [every[each.source] for each in drawn if each.target == entity.id and way is not Way.TO]
        if way is Way.SERVICES:
            return [each for each in every.values() if each.parent == entity.id and each.state is State.ACTIVE]
        if way is Way.PARENT:
            return [each for id, each in every.items() if id == entity.parent]
        pairs = [(entity, each) if way is Way.SYSTEM else (each, entity) for each in every.values()]
        return [
            system if way is Way.SYSTEM else member
            for member, system in pairs
            if member.system_id == system.id and member.site == system.site
        ]

    def value(self, each: Entity, name: str) -> Value:
        field = by_name()[name]
        if each.kind not in field.kinds:
            return None
        if field.derived is None:
            return stored(each, name)
        how, of, via = field.derived.how, field.derived.of, field.derived.via
        if how is Derivation.AGE:
            base = self.value(each, of)
            return None if base is None else (NOW - int(str(base))) // DAY_MS
        mine = [s for s in self.entities.values() if s.parent == each.id and s.state is State.ACTIVE]
        if how is Derivation.COUNT:
            return len(mine)
        if how is Derivation.STANDING:
            return self.standing(each)
        if how is Derivation.MISSING:
            return not [o for o in self.orgs if o.site == each.site and o.id == each.org_id]
        if how is Derivation.MEMBERS:
            return tuple(sorted({s.facts[of] for s in mine if s.facts.get(of) is not None}))
        if via == "org_id":
            found = [o for o in self.orgs if o.site == each.site and o.id == each.org_id]
            return (getattr(found[0], of) or None) if found else None
        pointed = self.entities.get(each.system_id)
        return stored(pointed, of) if pointed and pointed.site == each.site else None

    def standing(self, each: Entity) -> str:
        """By the plain oracle: members of a system, addresses a machine is drawn to."""
        if each.kind is Kind.SYSTEM:
            parts = [e for e in self.entities.values() if e.system_id == each.id and e.kind is not Kind.SERVICE]
        else:
            drawn = [r for r in self.relations if r.source == each.id and r.type is RelationType.CONNECTS_TO]
            ends = [self.entities[r.target] for r in drawn if r.target in self.entities]
            parts = [e for e in ends if e.kind is Kind.IP]
        return standing(
            each.kind,
            (each.state, int(each.last_seen)),
            declared=each.declared,
            system=bool(each.system_id),
            conflicts=each.facts.get("register.conflicts"),
            status=each.facts.get("register.status"),
            offline_on=each.facts.get("register.offline_on"),
            parts=[(e.state, int(e.last_seen)) for e in parts],
        ).value


def stored(entity: Entity, name: str) -> Value:
    if by_name()[name].core:
        value = str(entity.kind) if name == "kind" else getattr(entity, name)
        return None if value == "" else str(value) if isinstance(value, State) else value
    return entity.facts.get(name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    database = Database.file(Path(tmp_path_factory.mktemp("sql")) / "t.db")
    yield World(database)
    database.close()


def wanted(field: Field, op: q.Op) -> st.SearchStrategy[Value]:
    if op is q.Op.EXISTS or field.type is Type.BOOLEAN:
        return st.booleans()
    if op is q.Op.RANGE and field.type in q.PLACED:
        return st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(ADDRESSES))
    if op is q.Op.RANGE:
        return st.tuples(st.sampled_from(NUMBERS + DAYS), st.sampled_from(NUMBERS + DAYS))
    if field.type is Type.INSTANT:
        return st.integers(NOW - 9 * DAY_MS, NOW + DAY_MS)
    if field.type in q.WHOLE:
        age = field.derived is not None and field.derived.how is Derivation.AGE
        return st.sampled_from(DAYS if age else NUMBERS) | st.integers(-(2**63) + 1, 2**63 - 1)
    if op is q.Op.CIDR:
        return st.sampled_from(CIDRS)
    if field.type in q.PLACED:
        return st.sampled_from(ADDRESSES)
    if op in q.VERSIONS or field.type is Type.VERSION:
        return st.sampled_from(VERSIONS)
    plain = st.sampled_from(
        [*TEXTS, "active", "o1", "k1", "service", "vanished", "registered", "contradicting"]
    ) | st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=3)
    if op is q.Op.LIKE:
        return st.lists(st.sampled_from(["*", "?", "n", "N", "财", "%", "_", "\\*", "\\", "x"]), max_size=5).map(
            "".join
        )
    return plain


def compares(kind: Kind | None) -> st.SearchStrategy[q.Query]:
    names = [f for f in FIELDS if (kind in f.kinds if kind else not f.kinds.isdisjoint(ASSET_KINDS))]
    return st.sampled_from(names).flatmap(
        lambda field: st.sampled_from(sorted(q.OPS[field.type])).flatmap(
            lambda op: wanted(field, op).map(lambda value: q.Compare(field.name, op, value))
        )
    )


def linked(kind: Kind | None) -> st.SearchStrategy[q.Query]:
    """A step that the kind can take, with a query about what it leads to."""
    usable = [each for each in LINKS if taken_by(each, kind)]
    return st.sampled_from(usable).flatmap(
        lambda link: st.sampled_from(sorted(link.far) if len(link.far) == 1 else [None, *sorted(link.far)]).flatmap(
            lambda far: plain(far).map(lambda item: q.Linked(link.name, far, item))
        )
    )


def queries(kind: Kind | None) -> st.SearchStrategy[q.Query]:
    return tree(st.one_of(compares(kind), compares(kind), linked(kind)))


def plain(kind: Kind | None) -> st.SearchStrategy[q.Query]:
    return tree(compares(kind))


def tree(leaves: st.SearchStrategy[q.Query]) -> st.SearchStrategy[q.Query]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda items: q.And(tuple(items))),
            st.lists(inner, max_size=3).map(lambda items: q.Or(tuple(items))),
            inner.map(q.Not),
        ),
        max_leaves=6,
    )


def kinds() -> st.SearchStrategy[Kind | None]:
    return st.sampled_from([None, *Kind])


def answer(world: World, query: q.Query, kind: Kind | None) -> set[str]:
    table = derive.table_of(kind)
    with world.database.read() as connection:
        found = set(connection.execute(sa.select(table.c.id).where(sql.where(query, kind, NOW))).scalars())
        sought = sa.select(table.c.id).where(search.condition(connection, query, kind, NOW))
        assert set(connection.execute(sought).scalars()) == found, "words looked up change no answer"
        return found


def oracle(world: World, query: q.Query, kind: Kind | None) -> set[str]:
    chosen = (e for e in world.entities.values() if (e.kind is not Kind.SERVICE if kind is None else e.kind is kind))
    return {each.id for each in chosen if q.holds(query, world.reader(each), world.around(each))}


slow = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@slow
@given(data=st.data())
def test_sql_answers_exactly_as_the_oracle(world: World, data: st.DataObject) -> None:
    """Any query over any kind picks the same entities in SQL and in Python."""
    kind = data.draw(kinds())
    query = data.draw(queries(kind))
    assert answer(world, query, kind) == oracle(world, query, kind)


@pytest.mark.parametrize("field", [f.name for f in FIELDS])
def test_every_comparison_of_every_field_agrees(world: World, field: str) -> None:
    """No operator of no field is left to chance: each is compared, and negated, with every value we know of."""
    samples = {
        Type.INTEGER: [*NUMBERS, *DAYS[:4], *WIDE],
        Type.INTEGERS: [*NUMBERS, *WIDE],
        Type.INSTANT: [int(NOW), int(NOW) - DAY_MS, *WIDE],
        Type.ADDRESS: ADDRESSES[:4],
        Type.ADDRESSES: ADDRESSES[:4],
        Type.VERSION: VERSIONS[:6],
        Type.BOOLEAN: [True, False],
    }
    found = by_name()[field]
    kind = min(found.kinds)
    for op in q.OPS[found.type]:
        values: list[Value] = list(samples.get(found.type, TEXTS[1:8]))
        if op is q.Op.EXISTS:
            values = [True, False]
        elif op is q.Op.CIDR:
            values = list(CIDRS)
        elif op is q.Op.RANGE:
            values = (
                [(1, 443), (-30, 7), *OPEN]
                if found.type not in q.PLACED
                else [tuple(ADDRESSES[:2]), tuple(ADDRESSES[2:4])]
            )
        for value in values:
            compare = q.Compare(field, op, value)
            for query in (compare, q.Not(compare)):
                assert answer(world, query, kind) == oracle(world, query, kind), query


@slow
@given(data=st.data())
def test_undecided_is_between_certain_and_possible(world: World, data: st.DataObject) -> None:
    """What holds for sure holds possibly, and with nothing unknown the two are the plain query."""
    kind = data.draw(st.sampled_from(list(Kind)))
    query = data.draw(queries(kind))
    needed = frozenset(q.fields_of(query))
    surely, maybe = certain(query, needed), possible(query, needed)
    for each in list(world.entities.values())[:20]:
        read, near = world.reader(each), world.around(each)
        if q.holds(surely, read, near):
            assert q.holds(maybe, read, near)
        if all(read(name) is not None for name in needed):
            assert q.holds(surely, read, near) == q.holds(maybe, read, near) == q.holds(query, read, near)


def forward(query: q.Query) -> bool:
    """Whether no range begins beyond its end: as text such a range is refused."""
    match query:
        case q.And(items) | q.Or(items):
            return all(map(forward, items))
        case q.Not(item) | q.Linked(_, _, item):
            return forward(item)
        case q.Compare(name, q.Op.RANGE, (first, last)):
            if by_name()[name].type in q.PLACED:
                return address.number(str(first)) <= address.number(str(last))
            return int(first) <= int(last)
        case _:
            return True


@slow
@given(data=st.data())
def test_written_queries_read_back_with_the_same_meaning(world: World, data: st.DataObject) -> None:
    """What `write` writes, `parse` reads: the same answer for every entity, and the same text again."""
    kind = data.draw(kinds())
    query = data.draw(queries(kind).filter(forward))
    text = write(query, kind)
    if len(text) > 1900:
        return
    again = parse(text, kind)
    assert oracle(world, again, kind) == oracle(world, query, kind), text
    assert write(parse(write(again, kind), kind), kind) == write(again, kind)


@slow
@given(text=st.lists(st.sampled_from(PIECES), max_size=30).map("".join), kind=kinds())
def test_any_text_parses_or_is_refused_with_a_place(world: World, text: str, kind: Kind | None) -> None:
    """No text makes the parser fail in another way, and what it accepts is a query the store takes."""
    refusal: UsageError | None = None
    try:
        query = parse(text, kind)
    except UsageError as error:
        refusal = error
    if refusal is not None:
        assert refusal.code.startswith("E15")
        assert "^" in refusal.why
        return
    assert answer(world, query, kind) == oracle(world, query, kind)


@slow
@given(data=st.data())
def test_whatever_a_text_contains_is_proposed_by_its_words(world: World, data: st.DataObject) -> None:
    """A piece of any text of any entity, in any case, leads back to the entity through the index of words."""
    each = data.draw(st.sampled_from(sorted(world.entities.values(), key=lambda e: e.id)))
    names = [n for n in sorted(SEARCHED & facts_of(each.kind)) if each.facts.get(n)]
    names += [] if each.kind in {Kind.IP, Kind.SERVICE} else ["key"]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    value = each.key if name == "key" else each.facts[name]
    text = data.draw(st.sampled_from(value)) if isinstance(value, tuple) else str(value)
    first = data.draw(st.integers(0, max(0, len(text) - 1)))
    word = text[first : data.draw(st.integers(first, len(text)))]
    word = word.upper() if data.draw(st.booleans()) and word.isascii() else word
    with world.database.read() as connection:
        ids = texts.lookup(connection, word, each.kind)
    assert ids is None or each.id in ids
    if world.database.embedded and re.search("[0-9A-Za-z]{3}|[\u4e00-\u9fff]{2}", word):
        assert ids is not None


def test_values_read_what_the_oracle_reads(world: World) -> None:
    """The values selected for evidence and explanations, derived ones too, are those the oracle judges by."""
    for kind in Kind:
        names = [f.name for f in of_kind(kind)]
        ids = [id for id, each in world.entities.items() if each.kind is kind]
        with world.database.read() as connection:
            read = dict(sql.values(connection, kind, ids, names, NOW))
        assert set(read) == set(ids)
        for id in ids:
            for name in names:
                assert read[id][name] == world.value(world.entities[id], name), (id, name)


def test_the_world_is_as_mixed_as_the_test_needs(world: World) -> None:
    """The fixture holds known and unknown values of every type, so that agreement is not agreement on nothing."""
    for type_ in set(Type) - {Type.INTEGERS}:
        names = [f for f in FIELDS if f.type is type_ and f.derived is None and not f.core]
        seen = [
            each.facts.get(f.name) is None for f in names for each in world.entities.values() if each.kind in f.kinds
        ]
        assert any(seen), type_
        assert not all(seen), type_
    assert assets is derive.table_of(None)
    assert services is derive.table_of(Kind.SERVICE)
