"""The assets a query meets and how they hang together, as a graph for other programs to draw and to walk."""

from collections.abc import Iterator, Mapping
from typing import Final, TextIO

from secops.core.clock import Instant, render
from secops.core.model import Kind, Relation, Value
from secops.core.query import Query
from secops.deliver.graph import Edge, Node, graphml, node_link
from secops.hall.app import App
from secops.hall.flows import belonging, past, report_source, supplied
from secops.hall.flows.queries import read
from secops.hall.flows.report_source import Source
from secops.store import entities, relations

FORMATS: Final = ("graphml", "json")
NODE: Final = ("kind", "key", "name", "state", "org", "system", "level")
EDGE: Final = ("type", "reason", "first_seen", "last_seen")
_READ: Final = ("kind", "name", "org.name", "system.name", "system.grade", "system.level")


def written(
    app: App, query: str, kind: Kind | None, format: str, out: TextIO, *, at: Instant | None = None
) -> tuple[int, int]:
    """Write it, as of `at` where given; how many nodes and edges. An edge is there when both its ends are.

    Suppliers are no assets: they come with the systems that they supply.

    All of one moment, and nothing held of it in memory but which systems there are. Raises UsageError.
    """
    counts = [0, 0]
    kind, parsed = read(app, query, kind)
    past.asked(parsed, at)
    with report_source.opened(app, at, whole=True) as (connection, view):
        source = Source(app, connection, at or app.clock.now(), at, view)
        suppliers = supplied.of(
            connection, list(entities.by_ids(connection, list(_systems(source, parsed, kind))).values())
        )

        def nodes() -> Iterator[Node]:
            for row in source.rows(parsed, kind, _READ):
                counts[0] += 1
                yield _node(row)
            for id, name in sorted(suppliers.names.items()):
                counts[0] += 1
                yield Node(id, dict.fromkeys(NODE, "") | {"kind": "supplier", "key": name, "name": name})

        def edges() -> Iterator[Edge]:
            for each in relations.between(connection, kind, source.condition(parsed, kind)):
                counts[1] += 1
                yield Edge(each.id, each.source, each.target, dict(zip(EDGE, _told(each), strict=True)))
            for each in suppliers.relations:
                counts[1] += 1
                yield Edge(each.id, each.source, each.target, dict(zip(EDGE, _told(each), strict=True)))
            systems = set(_systems(source, parsed, kind))
            for row in source.rows(parsed, kind, ("site", "system_id")) if systems else ():
                if (system := str(row["system_id"] or "")) in systems:
                    counts[1] += 1
                    yield _belonging(str(row["site"]), str(row["id"]), system)

        if format == "graphml":
            graphml(nodes(), edges(), (NODE, EDGE), out)
        else:
            node_link(nodes(), edges(), out)
    return counts[0], counts[1]


def _systems(source: Source, query: Query, kind: Kind | None) -> Iterator[str]:
    """Ids of the systems among the nodes."""
    if kind in {None, Kind.SYSTEM}:
        yield from (str(row["id"]) for row in source.rows(query, Kind.SYSTEM, ()))


def _node(row: Mapping[str, Value]) -> Node:
    values = (row["kind"], row["key"], row["name"], row["state"], row["org.name"], row["system.name"],
              row["system.grade"] or row["system.level"])  # fmt: skip
    return Node(str(row["id"]), {name: "" if v is None else str(v) for name, v in zip(NODE, values, strict=True)})


def _belonging(site: str, asset: str, system: str) -> Edge:
    """An asset points at its system; that is a relation like the others to whoever reads the graph."""
    drawn = belonging.drawn(site, asset, system)
    told = (str(drawn.type), drawn.reason, "", "")
    return Edge(drawn.id, asset, system, dict(zip(EDGE, told, strict=True)))


def _told(each: Relation) -> tuple[str, ...]:
    return str(each.type), each.reason, render(each.first_seen), render(each.last_seen)
