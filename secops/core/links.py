"""The steps a query can take from an entity to those it hangs together with, each with its words in two languages.

`runs-on:(kind:host os:麒麟)` holds for an asset that runs on such a host. Every type of relation can be walked in both
directions; beside them an address has services, a service its address, and an asset its business system.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from secops.core.language import say
from secops.core.model import ASSET_KINDS, Kind, RelationType


class Way(StrEnum):
    """Where a step finds the other end."""

    TO = "to"
    """Relations of its type that begin here."""
    FROM = "from"
    """Relations of its type that end here."""
    BOTH = "both"
    """Relations of any type, in either direction."""
    SERVICES = "services"
    """The active services of the address."""
    PARENT = "parent"
    """The address of the service."""
    SYSTEM = "system"
    """The business system that the entity belongs to."""
    MEMBERS = "members"
    """What belongs to the business system."""


@dataclass(frozen=True, slots=True)
class Link:
    """One step: its word, the way it goes, from which kinds and to which."""

    name: str
    zh: str
    en: str
    way: Way
    type: RelationType | None = None
    near: frozenset[Kind] = frozenset(Kind)
    """Kinds that can take it."""
    far: frozenset[Kind] = frozenset(ASSET_KINDS)
    """Kinds it may lead to."""
    also: tuple[Way, ...] = ()
    """Other ways to what hangs together so: that an asset is of a system is drawn as no relation."""

    @property
    def title(self) -> str:
        """What it means, in the language in force."""
        return say(self.zh, self.en)


_Ways = tuple[Way, ...]


def _pair(
    type: RelationType, zh: str, back: str, back_zh: str, back_en: str, *, also: tuple[_Ways, _Ways] = ((), ())
) -> tuple[Link, Link]:
    there = Link(str(type), zh, str(type).replace("-", " "), Way.TO, type, also=also[0])
    return there, Link(back, back_zh, back_en, Way.FROM, type, also=also[1])


_R = RelationType
_SYSTEMS = frozenset({Kind.SYSTEM})
LINKS: Final[tuple[Link, ...]] = (
    *_pair(_R.RUNS_ON, "运行于", "runs", "承载", "runs"),
    *_pair(_R.SERVES, "服务于", "served-by", "由其服务", "served by"),
    *_pair(_R.BELONGS_TO, "属于", "contains", "包含", "contains", also=((Way.SYSTEM,), (Way.MEMBERS,))),
    *_pair(_R.CONNECTS_TO, "连接到", "connected-from", "被连接", "connected from"),
    *_pair(_R.DEPENDS_ON, "依赖", "needed-by", "被依赖", "needed by"),
    *_pair(_R.STORES, "存储", "stored-by", "存储于", "stored by"),
    *_pair(_R.SUPPLIED_BY, "供应方", "supplies", "供应", "supplies"),
    *_pair(_R.RESOLVES_TO, "解析到", "resolved-from", "解析自", "resolved from"),
    Link("related", "相关", "related in any way", Way.BOTH, also=(Way.SYSTEM, Way.MEMBERS)),
    Link("services", "开放服务", "open services", Way.SERVICES,
         near=frozenset({Kind.IP}), far=frozenset({Kind.SERVICE})),
    Link("on", "所在地址", "on address", Way.PARENT, near=frozenset({Kind.SERVICE}), far=frozenset({Kind.IP})),
    Link("system", "所属系统", "its system", Way.SYSTEM, near=frozenset(Kind) - _SYSTEMS, far=_SYSTEMS),
    Link("has", "下属资产", "belonging to it", Way.MEMBERS, near=_SYSTEMS, far=frozenset(Kind) - _SYSTEMS),
)  # fmt: skip


@cache
def by_link() -> dict[str, Link]:
    """Every step by its word."""
    return {each.name: each for each in LINKS}


@cache
def by_phrase() -> dict[str, Link]:
    """Every step by its words in both languages, as the filter language reads them."""
    return {each.zh: each for each in LINKS} | by_link()


def inside(link: Link) -> Kind | None:
    """The kind a step leads to, None where it may be several."""
    return next(iter(link.far)) if len(link.far) == 1 else None


def taken_by(link: Link, kind: Kind | None) -> bool:
    """Whether entities of this kind (None: some of the seven kinds of asset) can take the step."""
    return kind in link.near if kind is not None else not link.near.isdisjoint(ASSET_KINDS)
