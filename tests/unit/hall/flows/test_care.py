"""A backup brought back, whatever became of the database meanwhile."""

from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.model import Entity, Kind
from secops.hall.app import App
from secops.hall.flows import care
from secops.hall.workspace import Workspace
from secops.store import entities

pytestmark = pytest.mark.sqlite
NOW = Instant(1_750_000_000_000)
_ROOM = 4096


def _opened(tmp_path: Path) -> App:
    workspace = Workspace(tmp_path)
    workspace.make()
    return App(workspace, clock=ManualClock(NOW))


@pytest.mark.parametrize("first", [0, 3], ids=["schema", "rows"])
def test_a_damaged_database_is_replaced_and_its_bytes_are_kept(tmp_path: Path, first: int) -> None:
    """What is to be restored over need not be sound: pages of it, or those that tell its tables, may be wrecked."""
    with _opened(tmp_path) as app:
        with app.database.write() as connection:
            made = Entity(Kind.IP, app.site, "198.18.0.1", NOW, NOW, facts={"address": "198.18.0.1"})
            entities.put(connection, {made.id: made})
        care.backup(app, tmp_path / "copy.db", lambda _: None)
        path = app.workspace.database
    content = bytearray(path.read_bytes())
    for start in range(first * _ROOM + 100, len(content), _ROOM):
        content[start : start + 16] = bytes(16)
    path.write_bytes(content)
    with _opened(tmp_path) as app:
        done = care.restore(app, tmp_path / "copy.db", lambda _: None, who="o")
        assert done.kept.read_bytes() == content
        assert done.sealed
        assert care.check(app, lambda _: None) == ()
        with app.database.read() as connection:
            assert list(entities.by_ids(connection, [made.id])) == [made.id]
