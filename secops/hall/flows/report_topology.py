"""Pictures of how systems hang together: websites, machines, addresses by network, data; and the list of lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from secops.core.language import say
from secops.core.model import Entity, Kind, Relation, RelationType, State
from secops.core.reasons import spoken
from secops.core.standing import BY_PARTS, ON_PAPER
from secops.deliver.reports import words
from secops.deliver.reports.model import Cells, Column, Picture, Report, Sheet
from secops.deliver.reports.topology import MOST, Node, drawn
from secops.hall.flows import belonging, report_host, supplied
from secops.hall.flows.report_context import Context, number_column, numbered, site_column
from secops.store import entities, relations

PICTURES_MOST: Final = 20
_PER_KIND: Final = 400
"""Assets of a kind looked at for one picture; the number of all is told."""
_COLUMNS: Final = (Kind.SYSTEM, Kind.WEBSITE, Kind.IP, Kind.HOST, Kind.DATA)
"""From left to right, what hangs together side by side; suppliers stand after them."""
_STORES: Final = RelationType.STORES
_RELATIONS: Final = {
    "runs-on": ("运行于", "runs on"), "serves": ("服务于", "serves"), "belongs-to": ("属于", "belongs to"),
    "connects-to": ("连接", "connects to"), "depends-on": ("依赖", "depends on"), "stores": ("存储", "stores"),
    "supplied-by": ("由其供应", "supplied by"), "resolves-to": ("解析到", "resolves to"),
}  # fmt: skip


_MARKS: Final = {
    "cert": ("证书相同", "the same certificate"), "ssh": ("SSH 主机密钥相同", "the same SSH host key"),
    "mac": ("MAC 地址相同", "the same MAC address"), "engine": ("SNMP 引擎标识相同", "the same SNMP engine"),
    "serial": ("序列号相同", "the same serial number"), "name": ("主机名相同", "the same name"),
    "cloud": ("云实例标识相同", "the same cloud instance"), "supplier": ("供应商台账", "the register of suppliers"),
}  # fmt: skip


def build(ctx: Context) -> Report:
    """Pictures and list. Raises UsageError."""
    pictures, left = drawings(ctx)
    lines = _lines(ctx, _systems(ctx))
    columns = (
        number_column(),
        Column("source", say("一端", "from")),
        Column("source_kind", say("一端类别", "kind of from")),
        Column("type", say("关系", "relation"), chart=say("按关系", "by relation")),
        Column("target", say("另一端", "to")),
        Column("target_kind", say("另一端类别", "kind of to")),
        site_column(),
        Column("reason", say("依据", "reason")),
    )
    more = ((say("未画", "not drawn"), say(f"另有 {left} 个系统", f"{left} more systems")),) if left else ()
    sheet = Sheet(say("关系清单", "Relations"), columns, lambda: numbered(iter(lines)))
    return Report(say("业务系统拓扑", "Topology"), ctx.facts("", *more), [sheet], ctx.newest, pictures=pictures)


def drawings(ctx: Context) -> tuple[list[Picture], int]:
    """A picture for each of the first systems that have anything, and how many more there are."""
    found: list[Picture] = []
    left = 0
    for system in _systems(ctx):
        if len(found) >= PICTURES_MOST:
            left += 1
            continue
        picture = _picture(ctx, system)
        if picture is not None:
            found.append(picture)
    return found, left


def _systems(ctx: Context) -> list[Entity]:
    """The systems that the query meets, by key."""
    ((_, query),) = ctx.parsed((Kind.SYSTEM,))
    where = ctx.source.condition(query, Kind.SYSTEM)
    found = entities.page(ctx.connection, Kind.SYSTEM, where, limit=2_000)
    wanted = ctx.wanted.org
    return sorted(
        (each for each in found if not wanted or wanted in {each.org_id, ctx.unit(each.org_id)}),
        key=lambda each: (each.org_id, each.key),
    )


def _members(ctx: Context, system: Entity) -> dict[Kind, list[Entity]]:
    """What is of the system, by kind, and the data that it stores."""
    found: dict[Kind, list[Entity]] = {}
    stored = [each.target for each in relations.touching(ctx.connection, [system.id]) if each.type is _STORES]
    for kind in _COLUMNS[1:]:
        ((_, query),) = ctx.parsed((kind,), f'system_id="{system.id}"')
        where = ctx.source.condition(query, kind)
        mine = {each.id: each for each in entities.page(ctx.connection, kind, where, limit=_PER_KIND)}
        mine |= {id: each for id, each in entities.by_ids(ctx.connection, stored).items() if each.kind is kind}
        if there := [each for each in mine.values() if each.state != State.GONE]:
            found[kind] = there
    return found


def _picture(ctx: Context, system: Entity) -> Picture | None:
    members = _members(ctx, system)
    suppliers = supplied.of(ctx.connection, [system])
    if not members and not suppliers.relations:
        return None
    networks = [
        each for each in entities.of_kind(ctx.connection, system.site, Kind.NETWORK) if each.state != State.GONE
    ]
    nodes = [_node(ctx, system, 0, "")]
    for kind, mine in members.items():
        nodes += [_node(ctx, each, _COLUMNS.index(kind), _frame(each, networks)) for each in mine]
    last = len(_COLUMNS)
    nodes += [
        Node(one.target, suppliers.names[one.target], say("供应商", "supplier"), "supplier", last)
        for one in suppliers.relations
    ]
    ids = {each.id for each in nodes}
    links = [
        (each.source, each.target)
        for each in relations.touching(ctx.connection, sorted(ids))
        if each.source in ids and each.target in ids
    ]
    first = next((kind for kind in _COLUMNS[1:] if kind in members), None)
    links += [(system.id, each.id) for each in members[first][:MOST]] if first else []
    links += _served(members)
    linked = {end for pair in links for end in pair}
    links += [(system.id, each.id) for each in nodes[1:] if each.id not in linked]
    name = str(system.facts.get("name") or system.key)
    level = system.facts.get("system.level")
    unit = ctx.unit(system.org_id, system.site)
    title = " ".join(each for each in (name, f"（{unit}）" if unit else "") if each)
    title += say(f"　等保{words.level(level)}", f" {words.level(level)}") if isinstance(level, int) else ""
    title += say(f"　站点 {system.site}", f" site {system.site}") if system.site != ctx.app.site else ""
    heads = [*(words.kind(each) for each in _COLUMNS), say("供应商", "Suppliers")]
    return Picture(say(f"拓扑：{name}", f"Topology: {name}"), drawn(title, heads, nodes, links))


def _served(members: dict[Kind, list[Entity]]) -> list[tuple[str, str]]:
    """Websites to the addresses they were seen at."""
    places = {each.key: each.id for each in members.get(Kind.IP, ())}
    pairs = ((each.id, places.get(str(each.facts.get("address")))) for each in members.get(Kind.WEBSITE, ()))
    return [(site, place) for site, place in pairs if place]


def _node(ctx: Context, each: Entity, column: int, frame: str) -> Node:
    facts = each.facts
    addresses = facts.get("host.addresses")
    where = report_host.place(addresses if isinstance(addresses, tuple) else ())
    title = str(facts.get("name") or (where if report_host.marked(each.key) else "") or each.key)
    note = (
        each.key
        if each.kind is Kind.SYSTEM
        else str(
            facts.get("http.title")
            or facts.get("host.os")
            or facts.get("network.zone")
            or (each.key if report_host.marked(each.key) else "")
            or ctx.state(each.id, each.state.value)
        )
    )
    warned = each.state is State.GONE or (not each.declared and not each.org_id)
    absent = each.state is State.DECLARED and each.kind not in BY_PARTS | ON_PAPER
    note = report_host.short(note if note != title else each.key)
    return Node(each.id, title, note, str(each.kind), column, frame, warned, absent)


def _frame(each: Entity, networks: Sequence[Entity]) -> str:
    """The narrowest declared network around an address."""
    if each.kind is not Kind.IP:
        return ""
    from secops.core.address import number, span

    place = number(each.key)
    around = []
    for one in networks:
        first, last = span(one.key)
        if first <= place <= last:
            around.append((last - first, f"{one.facts.get('name') or ''} {one.key}".strip()))
    return min(around)[1] if around else ""


def _lines(ctx: Context, systems: Sequence[Entity]) -> list[Cells]:
    """The relations of the systems' assets, each with its two ends."""
    if not systems:
        return []
    belongs: list[Relation] = []
    for one in systems:
        for kind in _COLUMNS[1:]:
            ((_, query),) = ctx.parsed((kind,), f'system_id="{one.id}"')
            where = ctx.source.condition(query, kind)
            mine = entities.page(ctx.connection, kind, where, limit=_PER_KIND)
            belongs += [belonging.drawn(one.site, each.id, one.id) for each in mine]
    ids = [*(each.id for each in systems), *(each.source for each in belongs)]
    drawn_ = {each.id: each for each in (*belongs, *relations.touching(ctx.connection, ids))}
    ends = {end for each in drawn_.values() for end in (each.source, each.target)}
    known = {id: _end(each) for id, each in entities.by_ids(ctx.connection, ends).items()}
    supplier = say("供应商", "supplier")
    known |= {id: (name, supplier) for id, name in supplied.of(ctx.connection, systems).names.items()}
    return sorted(_told(drawn_.values(), known), key=lambda row: tuple(str(each) for each in row))


def _end(each: Entity) -> tuple[str, str]:
    """How people know it, and its kind."""
    addresses = each.facts.get("host.addresses")
    where = say("、", ", ").join(str(one) for one in addresses) if isinstance(addresses, tuple) else ""
    name = str(each.facts.get("name") or "") if each.kind in {Kind.SYSTEM, Kind.DATA} else ""
    key = report_host.told(each.key, where)
    return say(f"{name}（{key}）", f"{name} ({key})") if name else key, words.kind(each.kind)


def _told(found: Iterable[Relation], known: Mapping[str, tuple[str, str]]) -> Iterator[Cells]:
    for each in found:
        if each.source in known and each.target in known:
            relation = say(*_RELATIONS.get(str(each.type), (str(each.type),) * 2))
            yield (*known[each.source], relation, *known[each.target], each.site, _because(each.reason))


def _because(reason: str) -> str:
    """What drew a relation: the mark that two things share, a collector that saw it, or what somebody declared."""
    if reason in _MARKS:
        return say(*_MARKS[reason])
    told = spoken(words.collector(reason.partition("@")[0]) if "@" in reason else reason)
    return told if told != reason or not reason.isascii() or " " in reason else say(f"发现（{reason}）", reason)
