"""Is the interface still there? An error of sending, and a link that went down, in words."""

import errno
import fcntl
import socket
import struct
from typing import Final

from secops.core.errors import SecopsError
from secops.core.language import say
from secops.dial.wire.route import Link

_FLAGS: Final = 0x8913  # SIOCGIFFLAGS
_UP, _RUNNING = 0x1, 0x40
_GONE: Final = {errno.ENETDOWN, errno.ENODEV, errno.ENXIO}


def up(link: Link) -> bool:
    """Is the interface there, switched on and connected?"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking.fileno(), _FLAGS, struct.pack("16s16x", link.name.encode()))
        except OSError:
            return False
    flags = int(struct.unpack_from("H", answer, 16)[0])
    return bool(flags & _UP and flags & _RUNNING)


def down(link: Link, why: str = "") -> SecopsError:
    """The error of an interface that went away while it was used."""
    return SecopsError(
        "E3207",
        say("网卡断开", "the interface went down"),
        where=link.name,
        why=why,
        hint=say("恢复网络后续跑：secops discover resume", "once it is back: secops discover resume"),
    )


def refused(link: Link, error: OSError) -> SecopsError:
    """The error of a send that the kernel refused."""
    if error.errno in _GONE:
        return down(link, str(error))
    return SecopsError("E3205", say("网卡拒绝发送", "the interface refuses to send"), where=link.name, why=str(error))
