"""Files that other programs read, whatever the names in them."""

import io
import json
from xml.etree import ElementTree as ET

from secops.deliver.graph import Edge, Node, graphml, node_link

NASTY = "<甲>&\"' \x00\x1b[2J\ud800 ]]> \U0001f600"
NODES = [Node("a", {"name": NASTY}), Node("b", {"name": ""})]
EDGES = [Edge("e", "a", "b", {"type": "runs-on"})]


def test_graphml_stays_well_formed() -> None:
    """Marks of XML are escaped, what XML cannot hold is left out, every edge names its nodes."""
    out = io.StringIO()
    graphml(NODES, EDGES, (("name",), ("type",)), out)
    space = "{http://graphml.graphdrawing.org/xmlns}"
    tree = ET.fromstring(out.getvalue())
    nodes = {each.get("id"): each.findtext(f"{space}data") for each in tree.iter(f"{space}node")}
    assert nodes["a"] == "<甲>&\"' [2J ]]> \U0001f600"
    (edge,) = tree.iter(f"{space}edge")
    assert (edge.get("source"), edge.get("target"), edge.findtext(f"{space}data")) == ("a", "b", "runs-on")
    assert {each.get("attr.name") for each in tree.iter(f"{space}key")} == {"name", "type"}


def test_json_holds_nodes_and_links() -> None:
    """Also where there are none."""
    out = io.StringIO()
    node_link(NODES, EDGES, out)
    told = json.loads(out.getvalue())
    assert [each["id"] for each in told["nodes"]] == ["a", "b"]
    assert told["links"] == [{"id": "e", "source": "a", "target": "b", "type": "runs-on"}]
    empty = io.StringIO()
    node_link([], [], empty)
    assert json.loads(empty.getvalue()) == {"directed": True, "nodes": [], "links": []}
