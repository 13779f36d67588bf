"""Every rule that ships: readable without a doubt, its examples true by oracle and SQL, nothing asked of the net."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.core.clock import DAY_MS, Instant
from secops.core.fields import Derivation, by_name
from secops.core.model import Entity, Kind, State, Value, entity_id
from secops.core.query import Query
from secops.grade.lint import Weight, lint
from secops.grade.pack import load, read
from secops.grade.rule import Example, Outcome, Rule, judge
from secops.store import derive, entities
from secops.store.compile import where
from secops.store.database import Database, metadata

pytestmark = pytest.mark.property
NOW = Instant(1_750_000_000_000)
FILES = sorted((Path(__file__).parents[2] / "rules" / "extranet").glob("*.yaml"))
RULES = [read(path) for path in FILES]
CASES = [pytest.param(rule, each, id=f"{rule.id}-{i}") for rule in RULES for i, each in enumerate(rule.examples)]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database.file(tmp_path_factory.mktemp("rules") / "t.db")
    with made.write() as connection:
        metadata.create_all(connection)
    yield made
    made.close()


def placed(rule: Rule, example: Example) -> list[Entity]:
    """The entity an example imagines, and the system it belongs to where the example grades that."""
    facts: dict[str, Value] = {}
    system: dict[str, Value] = {}
    core: dict[str, Value] = {}
    for name, value in example.facts.items():
        field = by_name()[name]
        if field.core:
            core[name] = value
        elif field.derived is None:
            facts[name] = value
        elif field.derived.how is Derivation.AGE:
            facts[field.derived.of] = int(NOW) - int(str(value)) * DAY_MS
        elif field.derived.how is Derivation.STANDING:
            core |= {"declared": value in {"registered", "vanished"}}
            if value == "vanished" or "register.offline_on" in example.facts:
                core["state"] = "declared"
            if value == "contradicting":
                facts["register.conflicts"] = ("tls.subject",)
        else:
            assert field.derived.how is Derivation.LOOKUP
            assert field.derived.via == "system_id"
            system[field.derived.of] = value
    subject = Entity(
        kind=rule.kind,
        site="s",
        key=str(core.get("key", "k")),
        first_seen=NOW,
        last_seen=NOW,
        state=State(str(core.get("state", "active"))),
        declared=core.get("declared") is True,
        org_id=str(core.get("org_id", "")),
        system_id=entity_id("s", Kind.SYSTEM, "sys") if system else "",
        facts=facts,
    )
    owner = Entity(Kind.SYSTEM, "s", "sys", NOW, NOW, facts=system)
    return [subject, owner] if system else [subject]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_examples_hold_in_python_and_in_sql(database: Database, rule: Rule, example: Example) -> None:
    """The oracle and SQLite both say of the imagined entity what the example says."""
    assert judge(rule, example.facts.get) is example.outcome
    made = placed(rule, example)
    with database.write() as connection:
        entities.put(connection, {each.id: each for each in made})

        def holds(query: Query) -> bool:
            table = derive.table_of(rule.kind)
            chosen = sa.select(table.c.id).where(table.c.id == made[0].id, where(query, rule.kind, NOW))
            return connection.execute(chosen).first() is not None

        assert holds(rule.matched) is (example.outcome is Outcome.MATCHED)
        assert holds(rule.undecided) is (example.outcome is Outcome.UNDECIDED)
        connection.rollback()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_shipped_rules_are_beyond_doubt(rule: Rule) -> None:
    """No lint issue at all; the file bears the rule's name; every basis not held beside its text says so."""
    assert [each for each in lint(rule) if each.weight is not Weight.NOTE] == []
    assert Path(rule.path).stem == rule.id
    assert rule.title_en
    assert all(each.verified or "未核实" in str(each) or "not verified" in str(each) for each in rule.basis)
    assert {each.outcome for each in rule.examples} >= {Outcome.MATCHED, Outcome.NOT_MATCHED}


def test_a_team_finds_what_it_wants_on_day_one() -> None:
    """About twenty rules, no two of one id."""
    assert len(RULES) >= 20
    assert len(load(FILES).rules) == len(RULES)
    assert load(FILES).problems == ()


def test_reading_rules_asks_nothing_of_the_network() -> None:
    """In a fresh process, no connection, name look-up or URL is opened, and no MITRE data is loaded."""
    program = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event in {'socket.connect', 'socket.getaddrinfo', 'urllib.Request', 'socket.sendto'}:\n"
        "        raise SystemExit('asked the network: ' + event)\n"
        "sys.addaudithook(watch)\n"
        "from pathlib import Path\n"
        "from secops.grade.pack import load\n"
        f"pack = load([Path(each) for each in {[str(each) for each in FILES]!r}])\n"
        f"assert len(pack.rules) == {len(FILES)}, pack.problems\n"
        "loaded = sys.modules.get('sigma.data.mitre_attack')\n"
        "assert loaded is None or loaded._cache is None, 'MITRE data was loaded'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
