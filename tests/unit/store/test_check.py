import sqlite3
from pathlib import Path

import pytest

from secops.store.check import problems
from secops.store.cursor import put, renew
from secops.store.database import Database, next_seq


def _said(database: Database, *statements: str) -> str:
    with database.write() as connection:
        for each in statements:
            connection.exec_driver_sql(each)
    return "\n".join(problems(database))


def test_a_sound_database_has_no_problems(database: Database) -> None:
    """Nothing is said of an empty one that was rebuilt, and how far it is is told."""
    told: list[object] = []
    with database.write() as connection:
        renew(connection)
        put(connection, 4, "derivation")
    assert problems(database, told.append) == ()
    assert told


@pytest.mark.sqlite
def test_a_row_whose_foreign_key_leads_nowhere_is_named(tmp_path: Path, database: Database) -> None:
    """SQLite's own checks are part of it."""
    with sqlite3.connect(tmp_path / "secops.db") as connection:
        connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE b (a INTEGER REFERENCES a (id))")
        connection.execute("INSERT INTO b VALUES (7)")
    assert any(each.startswith("b ") for each in problems(database))


_BROKEN = {
    "读取位置超过了日志末尾: merge 99": "INSERT INTO cursors VALUES ('merge', 99)",
    "decisions 的序号超过了发出的最大序号: 99": """INSERT INTO decisions
        (seq, id, site, type, subject, payload, who, at, reason)
        VALUES (99, 'd', 's', 'declared', '', '{}', '', 1, '')""",
    "关系的一端不存在": """INSERT INTO relation_rows (id, site, source, type, target, reason, first_seen, seq)
        VALUES ('r', 's', 'ip-x', 'runs-on', 'ip-y', '', 1, 1)""",
    "relation_rows 缺少最近发现时间: r": """INSERT INTO relation_rows
        (id, site, source, type, target, reason, first_seen, seq)
        VALUES ('r', 's', 'ip-x', 'runs-on', 'ip-y', '', 1, 1)""",
    "通报单的问题数不符: c 3": """INSERT INTO cases
        (id, site, rule, org_id, system_id, severity, state, opened_at, changed_at, findings)
        VALUES ('c', 's', 'r', '', '', 'low', 'open', 1, 1, 3)""",
    "变更记录所属的问题不存在: fnd-x 1": """INSERT INTO transitions
        (finding, number, step, at, rule, rule_digest, severity, entity, evidence, org_id, system_id)
        VALUES ('fnd-x', 1, 'opened', 1, 'r', '', 'low', '', '{}', '', '')""",
}


@pytest.mark.parametrize(("words", "statement"), _BROKEN.items())
def test_what_tables_say_of_each_other_must_be_so(database: Database, words: str, statement: str) -> None:
    """A row that points at nothing, or behind the end of the log, is named."""
    with database.write() as connection:
        next_seq(connection, 5)
    assert words in _said(database, statement)


@pytest.mark.parametrize(
    ("type", "reason"), [("connects-to", "declared"), ("supplied-by", "supplier"), ("connects-to", "link")]
)
def test_what_leads_to_the_unknown_is_sound(database: Database, type: str, reason: str) -> None:
    """A supplier's row, a declared address nobody saw, a link to a website not found yet."""
    with database.write() as connection:
        next_seq(connection, 5)
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1, 'r')")
        connection.exec_driver_sql("INSERT INTO sightings VALUES (1, 1)")
    drawn = f"""INSERT INTO relation_rows (id, site, source, type, target, reason, first_seen, seq)
        VALUES ('r', 's', 'system-x', '{type}', 'supplier-y', '{reason}', 1, 1)"""
    assert _said(database, drawn) == ""


@pytest.mark.empty
def test_what_the_program_needs_and_the_database_has_not_is_named(database: Database) -> None:
    """A lost index, column or table is told by name."""
    said = _said(database, "DROP INDEX services_by_address", "DROP TABLE coverage")
    assert "services_by_address" in said
    assert "coverage" in said
