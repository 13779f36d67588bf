"""One asset for eyes: its facts under their titles, relations, ports and identity in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from secops.cli import words
from secops.core.language import say
from secops.core.links import LINKS, Way
from secops.core.reasons import spoken

if TYPE_CHECKING:
    from secops.core.model import Relation
    from secops.hall.app import App
    from secops.hall.flows.inventory import Shown


def elsewhere(app: "App", word: str) -> None:
    """Say at which other sites there is one of the same key."""
    from secops.cli.context import talk
    from secops.hall.flows.inventory import elsewhere as others

    site, found = others(app, word)
    for each in found:
        talk(say(f"站点 {each.site} 也有 {each.key}：{each.id}；以下是站点 {site} 的",
                 f"site {each.site} has {each.key} too: {each.id}; what follows is of site {site}"))  # fmt: skip


def titles() -> dict[str, str]:
    """What the lines are called."""
    from secops.core.fields import by_name

    told = {name: field.title for name, field in by_name().items()}
    return told | {
        "identifiers": say("标识及规则", "identifiers, and which rule"), "doubts": say("存疑", "doubts"),
        "merges": say("并入者", "merged into it"), "merged": say("已并入", "went up in"),
        "unknown": say("未知及原因", "unknown, why"), "relations": say("关系", "relations"),
        "services": say("端口", "services"), "misses": say("连续未应答", "misses in a row"),
        "members": say("下属资产", "assets of it"),
    }  # fmt: skip


def relations(found: "Shown") -> list[str]:
    """Each relation as the step that leads along it, and where it leads."""
    return [_relation(each, found) for each in found.relations]


def _relation(each: "Relation", found: "Shown") -> str:
    begins = each.source == found.entity.id
    way = Way.TO if begins else Way.FROM
    step = next(one for one in LINKS if one.way is way and one.type is each.type)
    kind, _, key = found.names.get(each.target if begins else each.source, "").partition(" ")
    return f"{step.title} {words.value('kind', kind)} {key}".rstrip()


def services(found: "Shown") -> list[str]:
    """Each port, what runs there and how it is."""
    return [
        " ".join(filter(None, (each.key, str(each.facts.get("service.name") or ""), words.value("state", each.state))))
        for each in found.services
    ]


def members(found: "Shown") -> list[str]:
    """How many assets belong to a system, and the query that lists them."""
    if not found.members:
        return []
    listed = f"secops inventory list 'belongs-to:(id:{found.entity.id})'"
    return [say(f"{found.members} 个，{listed}", f"{found.members}: {listed}")]


def identity(more: Mapping[str, object]) -> dict[str, object]:
    """What is told of a host's identity, as texts."""
    if not more:
        return {}
    marks, merges, doubts = (_list(more[name]) for name in ("identifiers", "merges", "doubts"))
    merged = more["merged"]
    return {
        "identifiers": [
            "  ".join((str(each["mark"]), words.value("weight", str(each["weight"])), spoken(str(each["rule"])),
                       ", ".join(map(str, _plain(each["at"])))))
            for each in marks
        ],
        "merges": [f"{each['from']}  {spoken(str(each['why']))}" for each in merges],
        "merged": f"{merged['into']}  {spoken(str(merged['why']))}" if isinstance(merged, Mapping) and merged else [],
        "doubts": [
            "  ".join((str(each["id"]), words.value("doubt", str(each["kind"])), spoken(str(each["why"]))))
            for each in doubts
        ],
    }  # fmt: skip


def _list(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _plain(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []
