"""The fields that hold one of few words, and what people call these words: what tables print may be searched for."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from secops.core.language import say

if TYPE_CHECKING:  # words are told before any field is
    from secops.core.fields import Field

VOCABULARY: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "kind": {
        "ip": ("IP 地址", "IP 资产", "地址"),
        "network": ("网段", "网络"),
        "system": ("业务系统", "系统"),
        "website": ("网站",),
        "data": ("数据", "数据资产"),
        "host": ("主机",),
        "device": ("设备",),
        "service": ("开放端口", "服务端口", "端口", "服务"),
    },
    "state": {
        "active": ("在用",),
        "stale": ("未见", "疑似下线"),
        "gone": ("消失", "已消失"),
        "declared": ("已登记", "已登记未发现"),
    },
    "register.standing": {
        "registered": ("登记相符", "已登记"),
        "undeclared": ("未登记",),
        "vanished": ("登记未发现",),
        "contradicting": ("与登记不符",),
    },
    "register.status": {"in_use": ("在用",), "planned": ("在建",), "offline": ("停用",)},
}
"""Field -> value -> what people call it, the commonest first."""


def closed(field: "Field") -> bool:
    """Whether the field holds one of few words."""
    return field.name in VOCABULARY


def value(field: "Field", word: str) -> str | None:
    """The value that is written or called so; None where there is none."""
    known = VOCABULARY[field.name]
    folded = word.strip().casefold()
    return next((each for each, names in known.items() if folded in {each, *(name.casefold() for name in names)}), None)


def unknown(field: "Field", word: str) -> str:
    """That there is no such value, and which there are."""
    known = VOCABULARY[field.name]
    called = {name: each for each, names in known.items() for name in (each, *names)}
    near = get_close_matches(word.strip().casefold(), called, n=1, cutoff=0.6)
    zh = "、".join(f"{each}（{names[0]}）" for each, names in known.items())
    guess = say(f"；是不是 {near[0]}？", f"; did you mean {near[0]}?") if near else ""
    return say(f"字段 {field.name}（{field.zh}）只有 {zh}", f"field {field.name} is one of {', '.join(known)}") + guess
