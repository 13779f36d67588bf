"""What is registered and not in a ledger that holds most of it is told, and stays."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.hall.app import App
from secops.hall.flows import register
from secops.hall.flows.ledger_import import Options, opened
from secops.hall.workspace import Workspace


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(1_750_000_000_000))) as held:
        yield held


def _warnings(app: App, rows: Sequence[str]) -> tuple[str, ...]:
    path = app.workspace.root / "供应商.csv"
    path.write_text("\n".join(["供应商名称,风险等级", *rows]), encoding="utf-8")
    app.clock.advance(1)  # type: ignore[attr-defined]  # a ManualClock
    with opened(app, [path], Options(section="suppliers"), who="甲") as found:
        list(found.preview())
        summary = list(found.apply())[-1]
    assert isinstance(summary, Summary)
    return summary.warnings


def test_rows_no_longer_in_a_ledger_are_told_and_stay(app: App) -> None:
    """Up to three are named; a ledger of a few of many, and a row that is refused, tell of none."""
    assert _warnings(app, [f"公司{each}," for each in range(10)]) == ()
    (told,) = _warnings(app, [f"公司{each}," for each in range(6)])
    assert told == "登记的供应商有 4 项不在这次的文件里（公司6、公司7、公司8…），没有改动"
    assert len(list(register.listed(app, "supplier"))) == 10
    assert _warnings(app, ["公司0,低"]) == ()
    assert _warnings(app, [f"公司{each}," for each in range(9)] + ["公司9,未知"]) == ()
