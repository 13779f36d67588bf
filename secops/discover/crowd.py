"""What answers for everything, collapsed: a few of its ports are looked at, one observation says what it is."""

from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from secops.dial.finder import AnswersAll, Open

ANSWERS_ALL = 40
"""A host with this many open ports and more than ANSWERS_SHARE of those asked answers for everything (a middlebox)."""
ANSWERS_SHARE = 0.6
LOOKED_AT = 8
"""Ports of such a host or network that are still identified."""


def collapse(
    opened: list[Open], told: Iterable[AnswersAll], ports: int
) -> tuple[list[Open], list[tuple[str, AnswersAll]]]:
    """The open ports worth identifying, and who answers for all, each with an address of it that answered.

    `told` comes from the engine; hosts that nobody could doubt by asking elsewhere (a scope of few ports) are judged by
    the share of the `ports` asked.
    """
    loud = {each.network: each for each in told}
    for address, number in Counter(each.address for each in opened).items():
        if number >= ANSWERS_ALL and number > ports * ANSWERS_SHARE and address not in loud:
            loud[address] = AnswersAll(
                address, tuple(sorted(e.port for e in opened if e.address == address)[:64]), True
            )
    if not loud:
        return opened, []
    wide = {name: each for name, each in loud.items() if "/" in name}
    kept: list[Open] = []
    seen: Counter[str] = Counter()
    first: dict[str, str] = {name: name for name in loud if name not in wide}
    for each in opened:
        whose = _network(each, wide) or (each.address if each.address in loud else "")
        if whose:
            seen[whose] += 1
            first.setdefault(whose, each.address)
        if seen[whose] <= LOOKED_AT or not whose:
            kept.append(each)
    return kept, [(first[name], each) for name, each in loud.items() if name in first]


def _network(each: Open, wide: dict[str, AnswersAll]) -> str:
    """The network that answered in this port's place; empty for none."""
    if not wide:
        return ""
    length = 128 if ":" in each.address else 32
    for prefix in {int(name.rpartition("/")[2]) for name in wide}:
        if prefix <= length:
            name = str(ip_network((ip_address(each.address), prefix), strict=False))
            told = wide.get(name)
            if told is not None and (told.whole or each.port in told.ports):
                return name
    return ""
