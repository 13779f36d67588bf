"""The columnar mirror in a workspace: made, kept current, given up where it cannot be had, never wrong."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.core.clock import Instant, ManualClock
from secops.core.errors import SecopsError
from secops.core.events import Progress, Summary
from secops.core.model import Kind, Observation, Status, Target
from secops.core.query import EVERYTHING
from secops.hall.app import App
from secops.hall.flows import inventory, inventory_counts, mirror
from secops.hall.flows.grade import grade, rules_of
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import mirror as stored
from secops.store import mirror_past, observations
from secops.store.mirror import Mirror, Unavailable
from secops.store.mirror_query import View, answers
from secops.store.patience import Patience

pytest.importorskip("duckdb")
pytest.importorskip("adbc_driver_sqlite")
pytestmark = pytest.mark.sqlite
T0 = 1_750_000_000_000


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A workspace in which twelve web ports were seen."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(T0))) as opened:
        look(opened, 1, range(12))
        yield opened


def look(app: App, run: int, places: range, title: str = "门户") -> None:
    seen = [
        Observation(
            app.site, "o", f"run{run}", "http@1", Target(f"198.18.0.{each}", 80), Instant(T0 + run), Status.SUCCESS,
            {"service.name": "http", "http.status_code": 200, "http.title": title, "tls.enabled": False},
        )
        for each in places
    ]  # fmt: skip
    with app.database.write() as connection:
        observations.append(connection, seen)
    list(merge(app))


def counts(app: App, field: str = "http.title") -> dict[object, object]:
    return {each["value"]: each["count"] for each in inventory_counts.facets(app, field, kind=Kind.SERVICE)}


def told(app: App) -> list[SecopsError]:
    """What the application says of answers given another way."""
    heard: list[SecopsError] = []
    app.tell = heard.append
    return heard


def test_without_a_mirror_the_store_answers(app: App) -> None:
    """No mirror was asked for: nobody is told anything, none is made."""
    heard = told(app)
    assert counts(app) == {"门户": 12}
    assert heard == []
    assert not app.mirror.path.exists()
    assert mirror.status(app)["exists"] is False


def test_counts_of_then_are_of_one_moment(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mirror counts a past day itself, but not when the store has gone on since it was read, nor with very much."""
    then = Instant(T0 + 1_000)
    look(app, 60_000, range(4), title="改版")
    look(app, 60_001, range(20, 23))
    app.mirror.refresh()

    def counted() -> tuple[int, list[object]]:
        ports = inventory_counts.facets(app, "services.ports", "kind:ip", at=then)
        return inventory_counts.count(app, "title:门户", kind=Kind.SERVICE, at=then), [each["count"] for each in ports]

    with monkeypatch.context() as alone:
        alone.setattr(inventory_counts, "past", None)
        assert counted() == (12, [12])
    for where, name, value in ((Mirror, "stands", lambda *_: False), (inventory_counts, "MANY", 1)):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, value)
            patch.setattr(mirror_past, "facets", None)
            assert counted() == (12, [12])


@pytest.mark.parametrize("at", [None, Instant(T0 + 1_000)])
def test_a_field_that_the_kind_has_not_is_counted_by_nobody(app: App, at: Instant | None) -> None:
    """Whether the mirror answers or the store: it is refused, as in a query."""
    for _ in range(2):
        with pytest.raises(SecopsError, match="services"):
            list(inventory_counts.facets(app, "services.count", kind=Kind.SERVICE, at=at))
        app.mirror.refresh()


def test_a_mirror_is_kept_current_by_its_use(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once made it answers, after changes too, and only what changed is read."""
    made = mirror.refresh(app)
    assert (made["whole"], made["rows"]) == (True, 36)
    monkeypatch.setattr("secops.store.facets.top", lambda *_a, **_k: pytest.fail("the store was asked"))
    assert counts(app) == {"门户": 12}
    look(app, 2, range(3), "旧站")
    assert counts(app) == {"门户": 9, "旧站": 3}
    assert mirror.status(app)["behind"] == 0
    look(app, 3, range(12), "旧站")
    assert [each["id"] for each in inventory.listed(app, "title:旧站", kind=Kind.SERVICE, limit=20)]
    assert inventory_counts.count(app, "title:旧站", kind=Kind.SERVICE) == 12
    assert mirror.verify(app).differing == {"services": 0, "assets": 0}


@pytest.mark.parametrize("few", [250_000, 0])
def test_only_seen_again_moves_times_alone(app: App, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """A look that repeats changes nothing but when things were seen, and the mirror follows, of many as of few."""
    monkeypatch.setattr("secops.store.mirror_load.SEEN_ONE_BY_ONE", few)
    mirror.refresh(app)
    look(app, 500, range(5))
    assert app.mirror.refresh().rows == 0
    assert mirror.verify(app).differing == {"services": 0, "assets": 0}


def test_an_address_that_comes_after_its_services_gathers_them(app: App) -> None:
    """Of services that did not change: nothing was gathered of them, there was no row to have it."""
    with app.database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM asset_rows WHERE address IS NOT NULL LIMIT 3")
        connection.exec_driver_sql("DELETE FROM asset_rows WHERE id IN (SELECT id FROM kept)")
    mirror.refresh(app)
    look(app, 2, range(9, 10), "旧站")
    with app.database.write() as connection:
        connection.exec_driver_sql("UPDATE kept SET changed_seq = 1000000")
        connection.exec_driver_sql("INSERT INTO asset_rows SELECT * FROM kept")
    assert not app.mirror.refresh().whole
    assert mirror.verify(app).differing == {"services": 0, "assets": 0}


def test_rows_that_the_store_numbers_anew_are_read_anew(app: App) -> None:
    """By their number rows are found sooner, never wrongly: one that is not where it was makes the mirror anew."""
    mirror.refresh(app)
    with app.database.write() as connection:
        connection.exec_driver_sql("UPDATE service_rows SET rowid = 13 - rowid + 100")
        connection.exec_driver_sql("UPDATE service_rows SET rowid = rowid - 100")
    look(app, 2, range(3), "旧站")
    assert app.mirror.refresh().whole
    assert mirror.verify(app).differing == {"services": 0, "assets": 0}


def test_rows_of_before_digests_are_read_by_their_words(app: App) -> None:
    """A store of an older release has rows without digests: beside others, and of the same words, they are as right."""
    with app.database.write() as connection:
        connection.exec_driver_sql("UPDATE service_rows SET alike = NULL WHERE rowid % 2")
        connection.exec_driver_sql("UPDATE asset_rows SET alike = NULL")
    mirror.refresh(app)
    assert mirror.verify(app).differing == {"services": 0, "assets": 0}
    look(app, 2, range(3), "旧站")
    look(app, 3, range(20, 22))
    assert counts(app) == {"门户": 11, "旧站": 3}
    assert mirror.verify(app).differing == {"services": 0, "assets": 0}


def test_a_wrong_digest_is_found(app: App) -> None:
    """The mirror trusts the digests of rows; who verifies it reads what the rows say."""
    with app.database.write() as connection:
        connection.exec_driver_sql("UPDATE service_rows SET http_server = 'nginx' WHERE rowid > 4")
    mirror.refresh(app)
    assert mirror.verify(app).differing == {"services": 4, "assets": 0}


def test_a_rebuilt_inventory_is_read_anew(app: App) -> None:
    """Rebuilding is another history: the mirror of before is not trusted."""
    mirror.refresh(app)
    list(inventory.rebuild(app))
    assert mirror.status(app)["usable"] is False
    assert app.mirror.refresh().whole
    assert mirror.verify(app).differing == {"services": 0, "assets": 0}


def test_who_verifies_is_told_that_what_was_there_could_not_be_read(app: App) -> None:
    """A wrecked file is made anew, and not passed as equal; one of another history is no damage."""
    mirror.refresh(app)
    assert mirror.verify(app) == mirror.Verified({"services": 0, "assets": 0}, anew=False, unusable=False)
    app.mirror.path.write_bytes(os.urandom(20_000))
    assert mirror.status(app)["usable"] is False
    assert mirror.verify(app) == mirror.Verified({"services": 0, "assets": 0}, anew=True, unusable=True)
    list(inventory.rebuild(app))
    assert mirror.verify(app) == mirror.Verified({"services": 0, "assets": 0}, anew=True, unusable=False)


def test_another_log_is_another_mirror(app: App, tmp_path: Path) -> None:
    """A store whose log says something else at that place (an older copy gone another way) is noticed."""
    mirror.refresh(app)
    with app.database.write() as connection:
        connection.exec_driver_sql("UPDATE decisions SET id = 'dec-other' WHERE seq = (SELECT max(seq) FROM decisions)")
    assert mirror.status(app)["usable"] is False
    assert app.mirror.refresh().whole


def test_other_columns_are_another_mirror(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program with more fields makes it anew."""
    mirror.refresh(app)
    app.mirror.release()
    monkeypatch.setattr(stored, "layout", lambda: "another")
    assert mirror.status(app)["usable"] is False


def test_verify_counts_what_differs(app: App) -> None:
    """A row changed behind everybody's back is found."""
    mirror.refresh(app)
    app.mirror.release()
    with app.mirror._opened() as duck:
        duck.execute(
            "UPDATE services_rows SET http_title = '改' WHERE port = 80 AND id IN (SELECT min(id) FROM services)"
        )
        duck.execute("DELETE FROM assets_rows WHERE id IN (SELECT min(id) FROM assets)")
    assert mirror.verify(app).differing == {"services": 1, "assets": 1}


def test_a_damaged_file_is_given_up_and_made_anew(app: App) -> None:
    """The store answers and says why; a refresh replaces the file."""
    mirror.refresh(app)
    app.mirror.release()
    app.mirror.path.write_bytes(b"no database" * 1000)
    heard = told(app)
    assert counts(app) == {"门户": 12}
    assert [each.code for each in heard] == ["E5133"]
    assert app.mirror.refresh().whole


def _hold(folder: str, ready: object) -> None:
    """Be another process that has the mirror open."""
    with App(Workspace(Path(folder)), clock=ManualClock(Instant(T0))) as app, app.mirror.read():
        ready.set()  # type: ignore[attr-defined]  # an event of multiprocessing
        signal.pause()


def test_while_another_process_reads_the_store_answers(app: App) -> None:
    """One that reads an old state keeps it from being brought up: the store answers, and says why."""
    mirror.refresh(app)
    app.mirror.release()
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_hold, args=(str(app.workspace.root), ready))
    other.start()
    try:
        assert ready.wait(30)
        heard = told(app)
        assert counts(app) == {"门户": 12}, "two may read"
        assert heard == []
        app.mirror.release()
        look(app, 2, range(3), "旧站")
        assert counts(app) == {"门户": 9, "旧站": 3}
        assert [each.code for each in heard] == ["E5132"]
    finally:
        assert other.pid is not None
        os.kill(other.pid, signal.SIGKILL)
        other.join(30)
    assert not app.mirror.refresh().whole
    assert counts(app) == {"门户": 9, "旧站": 3}


def test_a_mirror_in_the_making_that_was_killed_is_swept_away(app: App) -> None:
    """What a killed process left half made is deleted by the next."""
    part = app.mirror.path.with_suffix(".part")
    part.write_bytes(b"half")
    Path(f"{part}.wal").write_bytes(b"half")
    mirror.refresh(app)
    assert not part.exists()
    assert not Path(f"{part}.wal").exists()


def test_the_setting_turns_it_off(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mirror.use = off`: the store answers whatever there is."""
    mirror.refresh(app)
    monkeypatch.setitem(app.config.values, "mirror.use", "off")  # type: ignore[arg-type]  # a dict it is
    monkeypatch.setattr(Mirror, "read", lambda _: pytest.fail("the mirror was asked"))
    assert counts(app) == {"门户": 12}


def test_what_is_missing_is_named(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error says how to install it; questions go to the store."""
    monkeypatch.setattr(stored, "find_spec", lambda name: None if name == "duckdb" else object())
    with pytest.raises(Unavailable) as refused:
        mirror.refresh(app)
    assert refused.value.code == "E5130"
    assert "yuedun-secops[mirror]" in refused.value.hint
    app.mirror.path.write_bytes(b"")
    heard = told(app)
    assert counts(app) == {"门户": 12}
    assert [each.code for each in heard] == ["E5130"]


def test_nothing_is_fetched(app: App) -> None:
    """The engine neither installs nor loads extensions, and reads no other file."""
    mirror.refresh(app)
    with app.mirror.read() as view:
        duck = view._file._duck
        for name in ("autoinstall_known_extensions", "autoload_known_extensions", "enable_external_access"):
            assert duck.execute(f"SELECT current_setting('{name}')").fetchall() == [(False,)], name
        with pytest.raises(Exception, match=r"external access|disabled"):
            duck.execute("SELECT * FROM read_csv('/etc/passwd')").fetchall()


def test_the_file_is_let_go_to_be_deleted(app: App) -> None:
    """`drop` deletes it; the store goes on."""
    mirror.refresh(app)
    assert counts(app) == {"门户": 12}
    mirror.drop(app)
    assert not app.mirror.path.exists()
    assert counts(app) == {"门户": 12}


def test_a_full_grading_asks_the_mirror(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same findings as the store gives, in the end and when they lapse; the file is let go afterwards."""
    look(app, 2, range(4), "旧站")
    by_store = list(grade(app, full=True, rules=None))[-1]
    assert isinstance(by_store, Summary)
    mirror.refresh(app)
    monkeypatch.setattr("secops.store.grading.matches", lambda *_a: pytest.fail("the store was asked"))
    rules = [each.id for each in rules_of(app).rules if answers(each.detection, *each.evidence, *each.requires)]
    again = list(grade(app, full=True, rules=rules))[-1]
    assert isinstance(again, Summary)
    assert again.counts["opened"] == 0
    assert again.counts["resolved"] == 0
    assert again.counts["open"] == by_store.counts["open"] > 0
    assert app.mirror._held is None


ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) = 1"


@pytest.fixture
def soon() -> Iterator[threading.Timer]:
    """Ctrl-C a moment after it is started, heard by Python's own handler."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    yield timer
    timer.cancel()
    signal.signal(signal.SIGINT, before)


def _long(view: View) -> int:
    rows = sa.text("range(1000000) a, range(1000000) b")
    chosen = sa.select(sa.func.count()).select_from(rows).where(sa.text("hash(a.range, b.range) = 1"))
    return sum(1 for _ in view._file.rows(chosen))


def test_ctrl_c_ends_a_question(app: App, soon: threading.Timer) -> None:
    """At once, and the mirror answers the next one."""
    mirror.refresh(app)
    begun = time.monotonic()
    soon.start()
    with pytest.raises(KeyboardInterrupt), app.mirror.read() as view:
        _long(view)
    assert time.monotonic() - begun < 5
    assert counts(app) == {"门户": 12}


def test_the_time_limit_ends_a_question(app: App) -> None:
    """With the message that questions to the store have; not by asking the store instead."""
    mirror.refresh(app)
    app.database.patience = Patience(0.2)
    heard = told(app)
    begun = time.monotonic()
    with pytest.raises(SecopsError) as late:
        mirror.ask(app, EVERYTHING, _long)
    assert late.value.code == "E1512"
    assert time.monotonic() - begun < 5
    assert heard == []


@pytest.mark.parametrize("anew", [True, False])
def test_ctrl_c_ends_a_refresh(app: App, monkeypatch: pytest.MonkeyPatch, anew: bool, soon: threading.Timer) -> None:
    """Whole or by what changed: the mirror of before stays, nothing half made is left, and it can be brought up."""
    mirror.refresh(app)
    look(app, 2, range(3), "旧站")
    with monkeypatch.context() as patched:
        patched.setattr("secops.store.mirror_load._insert", lambda duck, *_a, **_k: duck.execute(ENDLESS))
        soon.start()
        with pytest.raises(KeyboardInterrupt):
            app.mirror.refresh(anew=anew)
    assert sorted(each.name for each in app.mirror.path.parent.glob("mirror.*") if each.suffix != ".wal") == [
        "mirror.duckdb", "mirror.lock",
    ]  # fmt: skip
    assert mirror.status(app)["usable"] is True
    assert counts(app) == {"门户": 9, "旧站": 3}
    assert mirror.verify(app).differing == {"services": 0, "assets": 0}


def test_the_time_limit_ends_a_refresh(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question for which the mirror must be brought up ends with its time as well."""
    mirror.refresh(app)
    look(app, 2, range(3), "旧站")
    monkeypatch.setattr("secops.store.mirror_load._insert", lambda duck, *_a, **_k: duck.execute(ENDLESS))
    app.database.patience = Patience(0.3)
    with pytest.raises(SecopsError) as late:
        counts(app)
    assert late.value.code == "E1512"


def test_making_it_tells_how_far_it_is(app: App) -> None:
    """Rows that are in, of about how many."""
    heard: list[Progress] = []
    mirror.refresh(app, live=heard.append)
    assert (heard[-1].done, heard[-1].total) == (36, 36)
    assert heard[-1].unit == "行"
