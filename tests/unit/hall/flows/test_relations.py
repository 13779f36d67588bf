"""Every type of relation that people declare or that is found, and what ends it."""

import io
import json
from pathlib import Path

from secops.core.model import RelationType
from secops.hall.app import App
from secops.hall.flows.declare import declare
from secops.hall.flows.graph import written
from secops.hall.flows.inventory import listed, show
from secops.hall.workspace import Workspace
from secops.store import relations

DECLARED = """
organisations:
  - {id: DSJ, name: 数据管理局}
suppliers:
  - {name: 甲公司}
  - {name: 乙公司}
systems:
  - {code: S1, name: 系统一, organisation: DSJ, depends_on: [S2], runs_on: [H1], suppliers: [甲公司]}
  - {code: S2, name: 系统二, organisation: DSJ, connects_to: [S1]}
hosts:
  - {key: H1, name: 主机一, addresses: [198.18.0.5], serves: [S2], system: S1}
data:
  - {key: D1, name: 人员信息, organisation: DSJ, stored_in: [S1]}
"""


def _declare(app: App, text: str) -> None:
    path = app.workspace.inventory / "all.yaml"
    path.write_text(text, encoding="utf-8")
    (summary,) = [each for each in declare(app, who="张三") if hasattr(each, "left_out")]
    assert summary.left_out == {}


def _types(app: App, word: str) -> set[tuple[str, str, bool]]:
    told = show(app, word)
    return {
        (str(each.type), told.names[each.target if each.source == told.entity.id else each.source],
         each.source == told.entity.id)
        for each in told.relations
    }  # fmt: skip


def test_what_is_of_a_system_belongs_to_it(tmp_path: Path) -> None:
    """The step says it, in both directions, and so does what is shown of an asset: without a relation of its own."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace) as app:
        _declare(app, DECLARED)
        for query in (
            "belongs-to:(code:S1)",
            "属于:(code:S1)",
            "kind:host belongs-to:*",
            "kind:host related:(code:S1)",
        ):
            assert [each["key"] for each in listed(app, query)] == ["H1"], query
        assert [each["key"] for each in listed(app, "contains:(kind:host)")] == ["S1"]
        assert ("belongs-to", "system S1", True) in _types(app, "H1")
        assert show(app, "S1").members == 1
        assert show(app, "S2").members == 0


def test_declared_relations_of_every_type_stand_and_end(tmp_path: Path) -> None:
    """A system depends, connects, runs, stores and is supplied as its declaration says, until it says so no longer."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace) as app:
        _declare(app, DECLARED)
        assert _types(app, "S1") == {
            ("depends-on", "system S2", True), ("connects-to", "system S2", False), ("runs-on", "host H1", True),
            ("stores", "data D1", True), ("supplied-by", "supplier 甲公司", True),
        }  # fmt: skip
        assert ("serves", "system S2", True) in _types(app, "H1")
        _declare(app, DECLARED.replace("stored_in: [S1]", "stored_in: [S2]").replace("[甲公司]", "[乙公司]"))
        found = _types(app, "S1")
        assert ("supplied-by", "supplier 乙公司", True) in found
        assert not {("stores", "data D1", True), ("supplied-by", "supplier 甲公司", True)} & found


def test_a_contract_relates_its_systems_to_the_supplier(tmp_path: Path) -> None:
    """While a contract is in force its systems are supplied by its supplier; withdrawn, no longer."""
    workspace = Workspace(tmp_path)
    workspace.make()
    text = DECLARED.replace(", suppliers: [甲公司]", "")
    contract = "\ncontracts:\n  - {name: 运维, number: HT-1, supplier: 乙公司, systems: [S1]}\n"
    with App(workspace) as app:
        _declare(app, text + contract)
        assert ("supplied-by", "supplier 乙公司", True) in _types(app, "S1")
        _declare(app, text)
        assert not [each for each in _types(app, "S1") if each[0] == "supplied-by"]


def test_the_graph_shows_what_belongs_to_a_system(tmp_path: Path) -> None:
    """An asset of a system has an edge to it, beside the relations drawn."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace) as app:
        _declare(app, DECLARED)
        out = io.StringIO()
        written(app, "", None, "json", out)
        with app.database.read() as connection:
            drawn = relations.touching(connection, [show(app, "S1").entity.id])
    links = json.loads(out.getvalue())["links"]
    assert "belongs-to" in {each["type"] for each in links}
    assert {each["type"] for each in links} <= {str(each) for each in RelationType}
    assert drawn


def test_an_edge_whose_end_is_not_asked_for_is_left_out(tmp_path: Path) -> None:
    """Both ends must meet the query, but for suppliers, which come with their systems."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace) as app:
        _declare(app, DECLARED)
        found = {}
        for query in ("", "kind:system", "-key:S1", "key:H1"):
            out = io.StringIO()
            counts = written(app, query, None, "json", out)
            graph = json.loads(out.getvalue())
            keys = {each["id"]: each["key"] for each in graph["nodes"]}
            assert counts == (len(graph["nodes"]), len(graph["links"]))
            found[query] = {(keys[each["source"]], each["type"], keys[each["target"]]) for each in graph["links"]}
    every = {
        ("S1", "depends-on", "S2"), ("S2", "connects-to", "S1"), ("S1", "runs-on", "H1"), ("H1", "serves", "S2"),
        ("H1", "belongs-to", "S1"), ("S1", "stores", "D1"),
    }  # fmt: skip
    assert found[""] >= every
    assert found["kind:system"] == {
        ("S1", "depends-on", "S2"), ("S2", "connects-to", "S1"), ("S1", "supplied-by", "甲公司"),
    }  # fmt: skip
    assert found["-key:S1"] == {each for each in found[""] if "S1" not in each}
    assert found["key:H1"] == set()
