"""One server program of Debian: what to install, how to start it in the foreground, its ports."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Server:
    """One server program. Started as root unless `user` is named; /run is its own and empty."""

    name: str
    package: str
    ports: tuple[int, ...]
    command: str
    files: dict[str, str] = field(default_factory=dict)
    """Name in its folder -> text."""
    before: tuple[str, ...] = ()
    """Commands that run to their end first."""
    user: str = ""
    kind: str = ""
    unpacked: bool = False
    """From `.cache/servers`, not from the system."""
