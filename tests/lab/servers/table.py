"""Real servers of Debian, one line of table each: what to install, how to start it in the foreground, its ports.

`$dir` is the server's own folder, `$at` its own address, `$bin` the folder of packages that cannot be installed beside
their rivals and are only unpacked; `$cert`, `$key` and `$pem` a certificate of the lab.
"""

from tests.lab.servers.back import BACK
from tests.lab.servers.front import FRONT
from tests.lab.servers.server import Server

SERVERS: tuple[Server, ...] = (*FRONT, *BACK)


def address(server: Server) -> str:
    """Its own address in the lab; well-known ports stay free for the next server."""
    return f"198.19.0.{SERVERS.index(server) + 1}"


def packages() -> tuple[str, ...]:
    """What has to be installed, in table order."""
    return tuple(dict.fromkeys(name for each in SERVERS if not each.unpacked for name in each.package.split()))


def unpacked() -> tuple[str, ...]:
    """What has to be unpacked."""
    return tuple(each.package for each in SERVERS if each.unpacked)


if __name__ == "__main__":
    print("install", *packages())
    print("unpack", *unpacked())
