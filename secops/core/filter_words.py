"""The words of the search language that stand for fields: names, aliases, titles, and those that mean several."""

from functools import cache
from typing import Final

from secops.core.fields import FIELDS, Field, by_name, by_word
from secops.core.model import ASSET_KINDS, Kind

SEARCHED: Final = frozenset(
    {"name", "tags", "host.names", "host.os", "device.vendor", "device.model", "service.product", "service.banner",
     "service.info", "service.hostname", "http.title", "http.server", "http.powered_by", "http.generator",
     "http.technologies", "http.icp", "tls.subject", "tls.names", "snmp.description", "snmp.name", "snmp.location",
     "smb.domain", "system.code", "system.filing_no", "system.suppliers"}
)  # fmt: skip
"""Facts that `text:` searches, and the key. The store keeps an index of them: another set needs a migration."""
WIDE: Final[dict[str, tuple[str, ...]]] = {
    "port": ("port", "services.ports"),
    "service": ("service.name", "services.names"),
    "grade": ("system.grade", "system.level"),
    "system": ("system.name", "system.code", "system.key"),
    "org": ("org.name", "org_id"),
    "ip": ("address", "host.addresses"),
    "net": ("address", "host.addresses", "network.cidr"),
    "text": ("key", *sorted(SEARCHED)),
}
"""Words that mean whichever of these fields the kind has."""
CODES: Final = frozenset({"org_id", "system.key"})
"""Of these only what looks like a code is meant; it is looked for as a whole."""
BARE: Final = ("name", "key", "http.title")
"""Where a bare word is searched."""
UNIT: Final = {"name": "org.name", "名称": "org.name", "id": "org_id", "编号": "org_id",
               "contact": "org.contact", "联系人": "org.contact"}  # fmt: skip
"""Words inside `org:(...)`: what is known of a unit."""
ANYWHERE: Final = frozenset({"text", "全文"})
"""Words that search every text of an entity."""
SAVED: Final = ("saved", "常用")
"""Words before the name of a saved filter."""
_WIDTH: Final = 0xFF01 - 0x21
NARROW: Final = {code + _WIDTH: code for code in range(0x21, 0x7F) if chr(code) not in '"\\'} | {
    ord(wide): plain for wide, plain in zip("“”　", '"" ', strict=True)
}
"""Full-width letters, digits and signs as the narrow ones they are read as outside of quotes."""


def words(kind: Kind | None) -> tuple[str, ...]:
    """Every word that stands for a field of this kind: aliases and names, for completion and for help."""
    names = {word for word, field in by_word().items() if has(field, kind)}
    names |= {word for word, wide in WIDE.items() if any(has(by_name()[name], kind) for name in wide)}
    return tuple(sorted(names))


def find(word: str, kind: Kind | None) -> tuple[Field, ...]:
    """The fields that the word stands for; empty where there is none of this kind."""
    plain = word.removeprefix("@")
    if word in ANYWHERE:
        word = plain = "text"
    if plain == word and plain in WIDE:
        return tuple(by_name()[name] for name in WIDE[plain] if has(by_name()[name], kind))
    field = by_word().get(plain) or titles().get(plain)
    return (field,) if field is not None and has(field, kind) else ()


def has(field: Field, kind: Kind | None) -> bool:
    """Whether entities of this kind (None: some of the seven kinds of asset) can have the field."""
    return kind in field.kinds if kind is not None else not field.kinds.isdisjoint(ASSET_KINDS)


@cache
def titles() -> dict[str, Field]:
    """Every field by its Chinese title, the first of those that share one."""
    return {each.zh: each for each in reversed(FIELDS)}
