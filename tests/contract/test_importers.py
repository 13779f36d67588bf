"""Every importer of the table: hostile bytes end in rows and reasons, reading twice gives the same ids."""

import io
import json
import tracemalloc
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.address import number
from secops.core.fields import Type, by_name
from secops.core.model import Observation, Skipped
from secops.hall.plugins import IMPORTERS
from secops.intake.interface import HEAD, Importer, Ledger

pytestmark = pytest.mark.contract

FOLDER = Path(__file__).parents[1] / "golden" / "intake"
BROKEN = sorted(each for each in FOLDER.iterdir() if each.is_file())
SAMPLES = sorted((FOLDER / "samples").iterdir())
LINES = [each for each in SAMPLES if each.suffix != ".xml"]
GOLDEN = [*BROKEN, *SAMPLES]
_SHAPES = {Type.TEXT: str, Type.VERSION: str, Type.ADDRESS: str, Type.INTEGER: int, Type.INSTANT: int,
           Type.BOOLEAN: bool, Type.TEXTS: tuple}  # fmt: skip


def _importer(name: str) -> Importer:
    return import_module(IMPORTERS[name].partition(":")[0])  # type: ignore[return-value]  # a module is the protocol


def _rows(importer: Importer, data: bytes) -> list[Observation | Skipped]:
    return list(importer.read(io.BytesIO(data), "gd", "me", "run-1", Ledger()))


def _sound(rows: list[Observation | Skipped]) -> None:
    for row in rows:
        if isinstance(row, Skipped):
            assert row.where
            assert row.reason
            continue
        number(row.target.address)
        assert 0 <= row.target.port <= 65535
        assert len(row.collector) <= 160
        for name, value in row.facts.items():
            assert isinstance(value, _SHAPES[by_name()[name].type]), name
            for text in value if isinstance(value, tuple) else [value]:
                assert not isinstance(text, str) or len(text) <= 4_096
        json.dumps(dict(row.facts), ensure_ascii=False).encode()
        assert len(json.dumps(dict(row.extra), ensure_ascii=False, allow_nan=False).encode()) <= 400_000


@pytest.mark.parametrize("name", sorted(IMPORTERS))
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_a_broken_file_gives_rows_and_reasons(name: str, path: Path) -> None:
    """Files named by their defect, and those of another format, never raise, and every row is sound."""
    importer = _importer(name)
    data = path.read_bytes()
    importer.sniff(data[:HEAD])
    _sound(_rows(importer, data))


@pytest.mark.parametrize("name", sorted(IMPORTERS))
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_reading_twice_gives_the_same_ids(name: str, path: Path) -> None:
    """An import repeated is the same import."""
    importer = _importer(name)
    data = path.read_bytes()
    one, two = ([row.id for row in _rows(importer, data) if isinstance(row, Observation)] for _ in range(2))
    assert one == two


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_recognised_by_its_own_importer_alone(path: Path) -> None:
    """The format is told from the content, and by one importer only; every record is accounted for."""
    data = path.read_bytes()
    mine = [name for name in IMPORTERS if _importer(name).sniff(data[:HEAD])]
    assert mine == ["zeek" if path.name.startswith("zeek-") else path.name.partition(".")[0]]
    ledger = Ledger()
    rows = list(_importer(mine[0]).read(io.BytesIO(data), "gd", "me", "run-1", ledger))
    assert not [row for row in rows if isinstance(row, Skipped)]
    assert ledger.read >= 1
    assert any(isinstance(row, Observation) and (row.facts or row.extra) for row in rows)


def test_every_importer_has_a_sample() -> None:
    """No importer is without a sample of its format."""
    known = {next(n for n in IMPORTERS if _importer(n).sniff(each.read_bytes()[:HEAD])) for each in SAMPLES}
    assert known == set(IMPORTERS)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_file_cut_anywhere_keeps_what_came_before(path: Path) -> None:
    """Cut at any of fifty places a file gives sound rows, never an exception."""
    data = path.read_bytes()
    importer = _importer(next(name for name in IMPORTERS if _importer(name).sniff(data[:HEAD])))
    for cut in range(0, len(data), max(1, len(data) // 50)):
        _sound(_rows(importer, data[:cut]))


@pytest.mark.parametrize("path", LINES, ids=lambda path: path.name)
def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    """Two thousand times the records take no more memory than two hundred times (XML has a test of its own)."""
    data = path.read_bytes()
    importer = _importer(next(name for name in IMPORTERS if _importer(name).sniff(data[:HEAD])))
    peaks = []
    for times in (200, 2_000):
        stream = _Repeated(data, times)
        tracemalloc.start()
        for _ in importer.read(stream, "gd", "me", "run-1", Ledger()):  # type: ignore[arg-type]  # a stream by shape
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5 + 300_000


class _Repeated:
    """A sample again and again, without holding it more than once."""

    def __init__(self, data: bytes, times: int) -> None:
        self.lines = data.splitlines(keepends=True)
        self.place, self.end = 0, times * len(self.lines)

    def readline(self, most: int) -> bytes:
        if self.place >= self.end:
            return b""
        self.place += 1
        return self.lines[(self.place - 1) % len(self.lines)][:most]


@pytest.mark.parametrize("name", sorted(IMPORTERS))
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=600))
def test_any_bytes_are_survived(name: str, data: bytes) -> None:
    """Noise is no reason to fall over."""
    importer = _importer(name)
    assert importer.sniff(data[:HEAD]) in {True, False}
    _sound(_rows(importer, data))
