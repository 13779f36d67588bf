"""Every importer of the table: hostile bytes end in rows and reasons, reading twice gives the same ids."""

import io
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.address import number
from secops.core.fields import by_name
from secops.core.model import Observation, Skipped
from secops.hall.plugins import IMPORTERS
from secops.intake.interface import HEAD, Importer

pytestmark = pytest.mark.contract

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "intake").iterdir())


def _importer(name: str) -> Importer:
    return import_module(IMPORTERS[name].partition(":")[0])  # type: ignore[return-value]  # a module is the protocol


def _rows(importer: Importer, data: bytes) -> list[Observation | Skipped]:
    return list(importer.read(io.BytesIO(data), "gd", "me", "run-1"))


def _sound(rows: list[Observation | Skipped]) -> None:
    for row in rows:
        if isinstance(row, Skipped):
            assert row.where
            assert row.reason
        else:
            number(row.target.address)
            assert 0 <= row.target.port <= 65535
            assert set(row.facts) <= set(by_name())


@pytest.mark.parametrize("name", sorted(IMPORTERS))
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_a_broken_file_gives_rows_and_reasons(name: str, path: Path) -> None:
    """Files named by their defect never raise, and every row is sound."""
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


@pytest.mark.parametrize("name", sorted(IMPORTERS))
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=600))
def test_any_bytes_are_survived(name: str, data: bytes) -> None:
    """Noise is no reason to fall over."""
    importer = _importer(name)
    assert importer.sniff(data[:HEAD]) in {True, False}
    _sound(_rows(importer, data))
