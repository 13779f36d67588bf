"""Limits of this machine that would make a run slow or deaf, noticed and named before they bite."""

from collections.abc import Iterator
from pathlib import Path

from secops.core.language import say
from secops.dial.loop import descriptors

_CONNTRACK = Path("/proc/sys/net/netfilter")
_FULL = 0.9
_FEW = "E3501"
_NEARLY_FULL = "E3502"


def few_descriptors(concurrency: int) -> Iterator[str]:
    """A warning where fewer sockets may be open at once than the setting asks for."""
    room = descriptors(concurrency)
    if room < concurrency:
        zh = f"文件描述符只够 {room} 个连接，少于 discover.concurrency 的 {concurrency}"
        en = f"descriptors for {room} connections, fewer than discover.concurrency {concurrency}"
        yield f"{_FEW}: {say(zh, en)}; ulimit -n {concurrency + 128}"


def full_conntrack(folder: Path = _CONNTRACK) -> Iterator[str]:
    """A warning where this machine's connection table is nearly full: the kernel drops new ones silently."""
    try:
        used = int((folder / "nf_conntrack_count").read_text("ascii"))
        most = int((folder / "nf_conntrack_max").read_text("ascii"))
    except (OSError, ValueError):
        return
    if most > 0 and used >= most * _FULL:
        zh = f"本机连接跟踪表已用 {used}/{most}，满后内核悄悄丢包；请降低速率或调大"
        en = f"this machine's conntrack table is {used}/{most} full, beyond it packets vanish; go slower or raise"
        yield f"{_NEARLY_FULL}: {say(zh, en)} net.netfilter.nf_conntrack_max"
