"""The index of words: what it proposes, that it follows the entities, and that it changes no answer."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.core.clock import Instant
from secops.core.filter import parse
from secops.core.filter_words import SEARCHED
from secops.core.ids import digest
from secops.core.model import Entity, Kind
from secops.store import derive, derived, entities, search, texts
from secops.store.database import Database, metadata

NOW = Instant(1_750_000_000_000)


def entity(kind: Kind, key: str, **facts: object) -> Entity:
    named = {name.replace("_", "."): value for name, value in facts.items()}
    return Entity(kind, "gd", key, NOW, NOW, facts=named)  # type: ignore[arg-type]


SITE = entity(Kind.WEBSITE, "http://a.example:80", http_title="广东省财政厅门户网站", http_server="nginx/1.18")
HOST = entity(Kind.HOST, "h1", name="前置机", host_os="银河麒麟 V10", tags=("核心", "测试"))
ADDRESS = entity(Kind.IP, "198.18.0.7")
PORT = entity(Kind.SERVICE, "198.18.0.7:22/tcp", service_product="OpenSSH")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database.file(tmp_path / "t.db")
    with made.write() as connection:
        metadata.create_all(connection)
        entities.put(connection, {each.id: each for each in (SITE, HOST, ADDRESS, PORT)})
    yield made
    made.close()


def looked_up(database: Database, word: str) -> set[str] | None:
    with database.read() as connection:
        parts = [texts.lookup(connection, word, kind) for kind in (None, Kind.SERVICE)]
    known = [each for each in parts if each is not None]
    return {id for each in known for id in each} if known else None


def answer(database: Database, text: str, kind: Kind | None = None) -> set[str]:
    table = derive.table_of(kind)
    with database.read() as connection:
        condition = search.condition(connection, parse(text, kind), kind, NOW)
        return set(connection.execute(sa.select(table.c.key).where(condition)).scalars())


def test_words_of_two_characters_are_found(database: Database) -> None:
    """Two Chinese characters, three letters in any case, a tag, a key."""
    assert looked_up(database, "财政") == looked_up(database, "NGI") == {SITE.id}
    assert looked_up(database, "麒麟 v") == looked_up(database, "核心") == {HOST.id}
    assert looked_up(database, "exam") == {SITE.id}
    assert looked_up(database, "openssh") == {PORT.id}
    assert looked_up(database, "税务") == set()
    assert looked_up(database, "/") is None


def test_text_searches_every_text_and_only_texts(database: Database) -> None:
    """`text:` finds what stands in any text of the entity, part of a tag too; a wildcard may stand inside."""
    assert answer(database, "text:麒麟") == answer(database, "全文：核") == answer(database, "text:银河*V10") == {"h1"}
    assert answer(database, "财政 server:nginx") == {"http://a.example:80"}
    assert answer(database, "财政 server:nginx/2") == set()
    assert answer(database, "198.18") == answer(database, "18.0") == {"198.18.0.7"}
    assert answer(database, "-财政 text:e") == {"h1"} - {"h1"}
    assert answer(database, "text:ssh", Kind.SERVICE) == answer(database, "22/tcp", Kind.SERVICE) == {PORT.key}


def test_what_changed_is_found_by_its_new_words(database: Database) -> None:
    """The index follows the entity; what it no longer says is proposed, and refused by the condition."""
    facts = dict(SITE.facts) | {"http.title": "税务局"}
    with database.write() as connection:
        entities.put(connection, {SITE.id: replace(SITE, facts=facts)}, {SITE.id: SITE})
    assert looked_up(database, "税务") == {SITE.id}
    assert answer(database, "税务") == {SITE.key}
    assert answer(database, "财政") == set()


def test_what_said_nothing_before_is_taken_in(database: Database) -> None:
    """An address that gets its first name is found by it."""
    with database.write() as connection:
        named = replace(ADDRESS, facts={"host.names": ("gw.example",)})
        entities.put(connection, {ADDRESS.id: named}, {ADDRESS.id: ADDRESS})
    assert ADDRESS.id in (looked_up(database, "gw.example") or ())
    assert answer(database, "text:gw.exa") == {ADDRESS.key}


def test_built_anew_it_proposes_the_same(database: Database) -> None:
    """What a migration takes in is what writing took in; cleared, nothing is left."""
    words = ("财政", "nginx", "麒麟", "核心", "openssh", "exam", "198")
    before = [looked_up(database, word) for word in words]
    with database.write() as connection:
        texts.build(connection)
    assert [looked_up(database, word) for word in words] == before
    with database.write() as connection:
        derived.clear(connection)
    assert looked_up(database, "财政") == set()


def test_a_word_in_too_many_texts_is_left_to_the_scan(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not looked up, and the answer is the same."""
    monkeypatch.setattr(texts, "MOST", 0)
    with database.read() as connection:
        assert texts.lookup(connection, "财政", Kind.WEBSITE) is None
    assert answer(database, "财政") == {SITE.key}


def test_it_is_no_fact(database: Database) -> None:
    """The digest does not see it."""
    with database.write() as connection:
        before = digest(list(derived.rows(connection)))
        texts.clear(connection)
        assert digest(list(derived.rows(connection))) == before


def test_another_set_of_searched_fields_needs_a_migration() -> None:
    """Databases in use hold an index of these fields: who changes them adds a step that calls `texts.build`."""
    assert digest(sorted(SEARCHED))[:12] == "522e3b357426"
