"""Assets changed by hand, one or all that a query meets: known by any word, told first, whole, with who and why."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.events import Summary
from secops.hall.app import App
from secops.hall.flows import asset_bulk, inventory
from secops.hall.flows.asset_edit import edit
from secops.hall.flows.declare import declare
from secops.hall.flows.history import history
from secops.hall.workspace import Workspace

TEXT = """
organisations: [{id: FIN, name: 财政局}, {id: EDU, name: 教育局}]
systems: [{code: S1, name: 预算系统, organisation: FIN}, {code: S2, name: 学籍, organisation: EDU}]
websites: [{url: "https://a.example", name: 门户, organisation: FIN, tags: [门户]}]
hosts: [{key: H1, name: 一号, addresses: [192.0.2.1]}, {key: H2, name: 一号, addresses: [192.0.2.2]}]
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(1_750_000_000_000))) as held:
        (workspace.inventory / "a.yaml").write_text(TEXT, encoding="utf-8")
        list(declare(held, who="甲"))
        held.clock.advance(1)  # type: ignore[attr-defined]  # a ManualClock
        yield held


def test_an_asset_is_known_by_key_name_or_id(app: App) -> None:
    """Its key in any spelling, its name, or the beginning of its id; the change says who and why."""
    assert edit(app, "网站", "https://a.example:443", ["tags+=重要"], who="乙", reason="整改").subject.endswith(":443")
    assert edit(app, "system", "预算系统", ["负责人=李四"], who="乙").what == "changed"
    id = str(inventory.show(app, "S2").entity.id)
    assert edit(app, "systems", id, ["owner=王五"], who="乙").subject == "system:S2"
    assert inventory.show(app, "https://a.example:443").values["tags"] == ("重要", "门户")
    tags = list(history(app, "https://a.example:443", field="tags"))
    assert (tags[-1]["who"], tags[-1]["reason"]) == ("乙", "整改")
    assert edit(app, "organisation", "教育局", ["parent=财政局"], who="乙").what == "changed"


def test_what_is_meant_by_nobody_or_by_several_is_not_changed(app: App) -> None:
    """A typing error names the nearest key, an ambiguous name all; a new one must be asked for."""
    with pytest.raises(UsageError) as caught:
        edit(app, "system", "S11", ["owner=x"], who="乙")
    assert caught.value.code == "E1386"
    assert "S1" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        edit(app, "host", "一号", ["owner=x"], who="乙")
    assert caught.value.code == "E1313"
    with pytest.raises(UsageError) as caught:
        edit(app, "supplier", "x", ["name=x"], who="乙")
    assert caught.value.code == "E1388"
    assert edit(app, "host", "H3", ["owner=x"], who="乙", new=True).what == "declared"


def _bulk(app: App, query: str, *words: str, write: bool = True) -> tuple[list[dict[str, object]], Summary]:
    with asset_bulk.planned(app, query, words, who="乙", reason="归口") as found:
        rows = [dict(each.data) for each in found.preview()]
        summary = list(found.apply())[-1] if write else found.summary(applied=False)
    assert isinstance(summary, Summary)
    return rows, summary


def test_a_bulk_change_is_told_made_and_audited(app: App) -> None:
    """Every asset the query meets gets it at once; again it changes nothing; the log keeps the query."""
    rows, _ = _bulk(app, "org:财政局", "organisation=教育局", "tags+=移交", write=False)
    assert {str(each["outcome"]) for each in rows} == {"changed"}
    assert inventory.show(app, "S1").values["org.name"] == "财政局"
    _, summary = _bulk(app, "org:财政局", "organisation=教育局", "tags+=移交")
    assert summary.counts["changed"] == 2
    assert inventory.show(app, "S1").values["org.name"] == "教育局"
    assert inventory.show(app, "https://a.example:443").values["tags"] == ("移交", "门户")
    rows, summary = _bulk(app, "tags:移交", "organisation=教育局", "tags+=移交")
    assert [each["outcome"] for each in rows] == ["same", "same"]
    line = json.loads(app.workspace.audit.read_text(encoding="utf-8").splitlines()[-1])
    assert (line["event"], line["data"]["query"], line["data"]["who"]) == ("inventory.bulk", "org:财政局", "乙")
    assert list(inventory.rebuild(app))[-1].counts["same_digest"] == 1  # type: ignore[union-attr]


def test_a_kind_without_the_column_is_left_out_and_a_wrong_reference_too(app: App) -> None:
    """What cannot be changed so is told; the others are changed all the same."""
    rows, summary = _bulk(app, "", "os=Kylin", write=False)
    assert {each["outcome"] for each in rows if str(each.get("subject", "")).startswith("host")} == {"changed"}
    assert summary.left_out
    rows, _ = _bulk(app, "kind:host", "organisation=没有局", write=False)
    assert {each["outcome"] for each in rows} == {"left_out"}


def test_a_bulk_change_is_capped(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the cap it must be meant; ports are no assets; nothing to change is an error."""
    monkeypatch.setattr(asset_bulk, "CAP", 1)
    with pytest.raises(UsageError) as caught:
        asset_bulk.planned(app, "kind:host", ["owner=x"], who="乙")
    assert caught.value.code == "E1387"
    asset_bulk.planned(app, "kind:host", ["owner=x"], who="乙", capped=False).close()
    with pytest.raises(UsageError, match="端口"):
        asset_bulk.planned(app, "kind:service", ["owner=x"], who="乙")
    with pytest.raises(UsageError):
        asset_bulk.planned(app, "kind:host", [], who="乙")
