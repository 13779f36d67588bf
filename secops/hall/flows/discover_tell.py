"""What a run tells in records and in words."""

from secops.core.language import say
from secops.core.model import Observation
from secops.discover.journal import Journal
from secops.discover.run import Look

_LOSSY = 0.01
"""Measured loss from which the summary warns; the counts tell it in any case."""


def measured(journal: Journal) -> list[str]:
    """What canaries and the rate tell of how much may have been missed, in words."""
    loss = journal.loss()
    told: list[str] = []
    if loss is not None and loss >= _LOSSY:
        asked, lost = journal.canaries, journal.canaries_lost
        told.append(
            say(
                f"丢失率估计 {loss:.1%}：复测 {asked} 次，{lost} 次未应答",
                f"loss {loss:.1%}: {lost} of {asked} canaries lost",
            )
        )
    if journal.slowed:
        why = ", ".join(f"{sign} x{times}" for sign, times in sorted(journal.slowed.items()))
        told.append(
            say(
                f"自动降速 {journal.slowed.total()} 次（{why}），最低 {journal.slowest:,.0f} 个/秒",
                f"slowed down {journal.slowed.total()} times ({why}), to {journal.slowest:,.0f} pps at worst",
            )
        )
    return told


def row(seen: Observation) -> dict[str, object]:
    """The observation as a record of a stream."""
    return {
        "id": seen.id,
        "run": seen.run,
        "site": seen.site,
        "observer": seen.observer,
        "collector": seen.collector,
        "address": seen.target.address,
        "port": seen.target.port,
        "transport": str(seen.target.transport),
        "name": seen.target.name,
        "seen_at": int(seen.seen_at),
        "status": str(seen.status),
        "facts": dict(seen.facts),
        "extra": dict(seen.extra),
        "raw_digest": seen.raw_digest,
    }


def spared(look: Look, journal: Journal) -> None:
    """Hosts that were left alone or looked at politely, into the journal."""
    if look.brake.hosts:
        hosts = ", ".join(list(look.brake.hosts)[:5])
        journal.left_out[say("主机不再应答，已放过", "hosts that stopped answering, left alone")] = len(
            look.brake.hosts
        )
        journal.warnings.append(say(f"不再应答而放过：{hosts}", f"left alone after they fell silent: {hosts}"))
    if look.fragile:
        reason = say("脆弱主机，只礼貌地看了一次", "fragile hosts, looked at once and politely")
        journal.left_out[reason] = len(look.fragile)
