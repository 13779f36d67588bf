"""Reports out of the columnar mirror are those out of the store, byte for byte."""

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import SecopsError
from secops.core.fields import FIELDS, Type
from secops.core.finding import Finding, Severity, Step, Transition
from secops.core.model import ASSET_KINDS, Entity, Kind, Organisation, State
from secops.hall.app import App
from secops.hall.config import load
from secops.hall.flows.graph import written
from secops.hall.flows.report import Wanted, make
from secops.hall.workspace import Workspace
from secops.store import entities, findings, mirror_rows, organisations

pytest.importorskip("duckdb")
pytest.importorskip("adbc_driver_sqlite")
pytestmark = pytest.mark.sqlite
NOW = Instant(1_750_000_000_000)
DAY = 86_400_000
_WORDS = ("门户", "=1+1", "Nginx", 'a,b;c"d', "甲、乙", "长" * 40, " 前后 ", "<b>&")


def _value(dice: random.Random, type: Type, name: str) -> object:
    match type:
        case Type.INTEGER:
            return dice.randrange(1, 70_000)
        case Type.INSTANT:
            return int(NOW) + dice.randrange(-900, 900) * DAY + dice.choice((0, 12_345))
        case Type.BOOLEAN:
            return dice.random() < 0.5
        case Type.ADDRESS:
            return dice.choice(("198.18.0.7", "2001:db8::7"))
        case Type.VERSION:
            return f"{dice.randrange(20)}.{dice.randrange(20)}"
        case Type.TEXTS if name == "register.conflicts":
            return dice.choice((("name",), ("name", "owner")))
        case Type.TEXTS:
            return tuple(sorted(dice.sample(_WORDS, dice.randrange(0, 4))))
        case Type.ADDRESSES:
            return tuple(dice.sample(["198.18.0.1", "198.18.0.77", "2001:db8::1"], dice.randint(0, 2)))
        case Type.INTEGERS:
            return tuple(sorted(dice.sample(range(1, 60_000), dice.randrange(0, 4))))
        case _:
            return dice.choice(("in_use", "planned")) if name == "register.status" else dice.choice(_WORDS)


def _keys(kind: Kind) -> list[str]:
    addresses = ["198.18.0.9", "198.18.0.10", "10.255.0.1", "2001:db8::9", "2001:db8::10"]
    match kind:
        case Kind.IP:
            return addresses
        case Kind.SERVICE:
            wrapped = [f"[{each}]" if ":" in each else each for each in addresses]
            return [
                f"{each}:{port}/{way}" for each in wrapped for port, way in ((80, "tcp"), (8080, "tcp"), (80, "udp"))
            ]
        case Kind.NETWORK:
            return ["198.18.0.0/24", "9.0.0.0/8", "2001:db8::/32"]
        case Kind.WEBSITE:
            return [f"https://w{n}.example:443" for n in range(4)] + ["http://198.18.0.9:80"]
        case _:
            return [f"{kind}:{n}" for n in range(5)] + ["198.18.0.9", "系统", "z", "1.2.3.4:-5", "1.2.3.4:99999999999"]


def _province() -> list[Entity]:
    dice = random.Random(6)
    made = []
    systems = [Entity(Kind.SYSTEM, "s", key, NOW, NOW).id for key in _keys(Kind.SYSTEM)]
    for kind in (*ASSET_KINDS, Kind.SERVICE):
        fields = [each for each in FIELDS if kind in each.kinds and not each.core and each.derived is None]
        for key in _keys(kind):
            facts = {each.name: _value(dice, each.type, each.name) for each in fields if dice.random() < 0.6}
            made.append(
                Entity(
                    kind, "s", key, Instant(NOW - dice.randrange(9) * DAY), Instant(NOW - dice.randrange(5)),
                    dice.choice(list(State)), dice.random() < 0.3, org_id=dice.choice(("o1", "o2", "gone", "")),
                    system_id=dice.choice((*systems, "")), facts=facts, changed_seq=1,  # type: ignore[arg-type]
                    parent=Entity(Kind.IP, "s", "198.18.0.9", NOW, NOW).id if kind is Kind.SERVICE else "",
                )
            )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A workspace with entities of every kind, of which every field is known of some, and its mirror."""
    workspace = Workspace(tmp_path_factory.mktemp("w"))
    workspace.make()
    with App(workspace, clock=ManualClock(NOW), config=load(None, {"site": "s"})) as opened:
        made = _province()
        found = Finding("r", made[3].id, made[3].kind, "s", Severity.HIGH, True, NOW, NOW, 1, "d", {})
        with opened.database.write() as connection:
            organisations.put(connection, [Organisation("o1", "s", "省财政厅"), Organisation("o2", "s", "市局")])
            entities.put(connection, {each.id: each for each in made})
            findings.record(connection, [Transition(found, Step.OPENED, NOW)])
        opened.mirror.refresh()
        opened.mirror.release()
        yield opened


def _made(app: App, monkeypatch: pytest.MonkeyPatch, path: Path, *, mirrored: bool, **wanted: object) -> bytes:
    what, format = str(wanted.pop("what", "assets")), str(wanted.pop("format", "csv"))
    with monkeypatch.context() as patch:
        if not mirrored:
            patch.setattr("secops.store.mirror_query.answers", lambda *_: False)
        return make(app, what, format, Wanted(**wanted), path).path.read_bytes()  # type: ignore[arg-type]  # as given


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet", "xlsx"])
@pytest.mark.parametrize("sensitive", [False, True])
def test_the_ledger_is_the_same_out_of_both(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, sensitive: bool
) -> None:
    """Every cell of every kind, in order, masked or not, in every bulk format."""
    monkeypatch.setattr("secops.deliver.reports.xlsx.BULK", 100)
    one = _made(app, monkeypatch, tmp_path / "one", mirrored=False, format=format, sensitive=sensitive)
    two = _made(app, monkeypatch, tmp_path / "two", mirrored=True, format=format, sensitive=sensitive)
    assert one == two
    assert len(one) > 5_000


@pytest.mark.parametrize("what", ["undeclared", "duties", "crypto", "xinchuang", "ipv6"])
def test_other_reports_are_the_same_out_of_both(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Those that read many assets too."""
    one = _made(app, monkeypatch, tmp_path / "one", mirrored=False, what=what)
    assert one == _made(app, monkeypatch, tmp_path / "two", mirrored=True, what=what)


@pytest.mark.parametrize(("by", "query"), [("org", ""), ("system", "declared:true"), ("kind", 'org_id="o1"')])
def test_a_filtered_ledger_is_the_same_out_of_both(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str, query: str
) -> None:
    """However it is arranged and whatever it asks for."""
    one = _made(app, monkeypatch, tmp_path / "one", mirrored=False, by=by, query=query)
    assert one == _made(app, monkeypatch, tmp_path / "two", mirrored=True, by=by, query=query)


def test_the_mirror_is_what_is_read(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only whether a kind has anything at all is asked of the store."""
    asked: list[str] = []
    real = mirror_rows.columns

    def spy(*given: object, **more: object) -> object:
        asked.append(str(given[2]))
        return real(*given, **more)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(mirror_rows, "columns", spy)
    _made(app, monkeypatch, tmp_path / "one", mirrored=True)
    assert asked == [str(each) for each in (*ASSET_KINDS, Kind.SERVICE)]


@pytest.mark.parametrize("batches", [0, 2])
def test_a_mirror_that_fails_midway_is_told_and_the_store_goes_on(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    """No row twice, none missing."""
    import duckdb

    heard: list[SecopsError] = []
    monkeypatch.setattr(app, "tell", heard.append, raising=False)
    monkeypatch.setattr(mirror_rows, "SIZE", 2)
    real = mirror_rows.columns

    def failing(*given: object, **more: object) -> Iterator[object]:
        for n, each in enumerate(real(*given, **more)):  # type: ignore[arg-type]  # handed on
            if n == batches and given[2] is Kind.SERVICE:
                raise duckdb.OutOfMemoryException("no room")
            yield each

    one = _made(app, monkeypatch, tmp_path / "one", mirrored=False)
    monkeypatch.setattr(mirror_rows, "columns", failing)
    assert _made(app, monkeypatch, tmp_path / "two", mirrored=True) == one
    assert [each.code for each in heard] == ["E5133"]


@pytest.mark.parametrize(("query", "kind"), [("", None), ("state:active", None), ("", Kind.SERVICE)])
def test_the_graph_is_the_same_out_of_both(
    app: App, monkeypatch: pytest.MonkeyPatch, query: str, kind: Kind | None
) -> None:
    """Node by node, edge by edge."""
    one, two = io.StringIO(), io.StringIO()
    counts = written(app, query, kind, "graphml", one)
    with monkeypatch.context() as patch:
        patch.setattr("secops.store.mirror_query.answers", lambda *_: False)
        assert written(app, query, kind, "graphml", two) == counts
    assert one.getvalue() == two.getvalue()
    assert counts[0] > 10
