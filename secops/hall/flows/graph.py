"""The assets a query meets and how they hang together, as a graph for other programs to draw and to walk."""

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from itertools import islice
from typing import Final, TextIO

from secops.core.clock import Instant, render
from secops.core.model import Kind, Relation, RelationType
from secops.deliver.graph import Edge, Node, graphml, node_link
from secops.hall.app import App
from secops.hall.flows import past
from secops.hall.flows.inventory import listed
from secops.hall.flows.inventory_at import listed_at
from secops.store import relations

FORMATS: Final = ("graphml", "json")
NODE: Final = ("kind", "key", "name", "state", "org", "system", "level")
EDGE: Final = ("type", "reason", "first_seen", "last_seen")
_PAGE: Final = 2_000


def written(
    app: App, query: str, kind: Kind | None, format: str, out: TextIO, *, at: Instant | None = None
) -> tuple[int, int]:
    """Write it, as of `at` where given; how many nodes and edges. An edge is there when both its ends are.

    Raises UsageError.
    """
    counts = [0, 0]
    ids: dict[str, str] = {}
    """Of every node the system it belongs to."""

    def nodes() -> Iterator[Node]:
        for row in listed_at(app, at, query, kind=kind) if at is not None else listed(app, query, kind=kind):
            ids[str(row["id"])] = str(row.get("system_id") or "")
            counts[0] += 1
            yield _node(row)

    def edges() -> Iterator[Edge]:
        left = iter(ids)
        while page := tuple(islice(left, _PAGE)):
            with app.database.read() if held is None else nullcontext(held) as connection:
                drawn = relations.touching(connection, page)
            mine = set(page)
            for each in drawn:
                if each.source in mine and each.target in ids:
                    counts[1] += 1
                    yield Edge(each.id, each.source, each.target, dict(zip(EDGE, _told(each), strict=True)))
            for node in page:
                if ids[node] in ids:
                    counts[1] += 1
                    yield _belonging(app.site, node, ids[node])

    with ExitStack() as then:
        held = then.enter_context(past.opened(app, at)) if at is not None else None
        if format == "graphml":
            graphml(nodes(), edges(), (NODE, EDGE), out)
        else:
            node_link(nodes(), edges(), out)
    return counts[0], counts[1]


def _node(row: dict[str, object]) -> Node:
    values = (row["kind"], row["key"], row.get("name"), row["state"], row.get("org.name"), row.get("system.name"),
              row.get("system.grade") or row.get("system.level"))  # fmt: skip
    return Node(str(row["id"]), {name: "" if v is None else str(v) for name, v in zip(NODE, values, strict=True)})


def _belonging(site: str, asset: str, system: str) -> Edge:
    """An asset points at its system; that is a relation like the others to whoever reads the graph."""
    drawn = Relation(site, asset, RelationType.BELONGS_TO, system, "register", Instant(0), Instant(0))
    told = (str(drawn.type), drawn.reason, "", "")
    return Edge(drawn.id, asset, system, dict(zip(EDGE, told, strict=True)))


def _told(each: Relation) -> tuple[str, ...]:
    return str(each.type), each.reason, render(each.first_seen), render(each.last_seen)
