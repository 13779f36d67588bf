"""How intrusive an act is. A scope names the highest it allows."""

from enum import IntEnum

from secops.core.language import say


class Level(IntEnum):
    """0 to 3, in the order of what the target feels."""

    PASSIVE = 0
    """Nothing is sent to the target."""
    GENTLE = 1
    """What any client does: connect, read the greeting, one GET, a TLS handshake."""
    ACTIVE = 2
    """Probes a client would not send: protocol questions, many requests, service identification."""
    INTRUSIVE = 3
    """What may change or disturb the target: logins, markers written, exploits."""

    @property
    def title(self) -> str:
        """The word people read."""
        return (
            say("被动", "passive"),
            say("轻触", "gentle"),
            say("主动", "active"),
            say("侵入", "intrusive"),
        )[self]
