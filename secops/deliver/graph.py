"""A graph of assets as GraphML (http://graphml.graphdrawing.org) or JSON (nodes and links, as D3 and networkx read it).

Written as it comes: nodes first, then edges. Whatever a name holds, the file stays well-formed: what XML 1.0 has no
place for is left out.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Node:
    """One asset. `attributes`: text by name; the same names on every node."""

    id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another."""

    id: str
    source: str
    target: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def graphml(
    nodes: Iterable[Node], edges: Iterable[Edge], names: tuple[tuple[str, ...], tuple[str, ...]], out: TextIO
) -> None:
    """`names`: the attributes of nodes and of edges."""
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    for what, mine in zip(("node", "edge"), names, strict=True):
        for name in mine:
            out.write(f'<key id="{what[0]}.{name}" for="{what}" attr.name="{name}" attr.type="string"/>\n')
    out.write('<graph edgedefault="directed">\n')
    for node in nodes:
        out.write(f"<node id={_quoted(node.id)}>{_data('n', node.attributes)}</node>\n")
    for edge in edges:
        ends = f"source={_quoted(edge.source)} target={_quoted(edge.target)}"
        out.write(f"<edge id={_quoted(edge.id)} {ends}>{_data('e', edge.attributes)}</edge>\n")
    out.write("</graph>\n</graphml>\n")


def node_link(nodes: Iterable[Node], edges: Iterable[Edge], out: TextIO) -> None:
    """One JSON object with `nodes` and `links`."""
    out.write('{"directed": true, "nodes": [\n')
    _rows(({"id": each.id, **each.attributes} for each in nodes), out)
    out.write('], "links": [\n')
    _rows(({"id": each.id, "source": each.source, "target": each.target, **each.attributes} for each in edges), out)
    out.write("]}\n")


def _rows(rows: Iterable[Mapping[str, str]], out: TextIO) -> None:
    mark = ""
    for each in rows:
        out.write(mark + json.dumps(each, ensure_ascii=False))
        mark = ",\n"
    out.write("\n" if mark else "")


def _data(letter: str, attributes: Mapping[str, str]) -> str:
    return "".join(f'<data key="{letter}.{name}">{escape(_clean(value))}</data>' for name, value in attributes.items())


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("", text)
