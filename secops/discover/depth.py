"""How closely a run looks at an open port: everything, its front page, its certificate, or not at all."""

from enum import StrEnum

from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import Target
from secops.discover.collectors import http, tls
from secops.discover.collectors.dispatch import Identifying, by_port, identify
from secops.discover.probes.ask import Kit


class Depth(StrEnum):
    """The words of `--look`. All but FULL are sweeps of many hosts: a connection a port, level GENTLE, no UDP."""

    FULL = "full"
    PAGE = "page"
    CERTIFICATE = "certificate"
    PORT = "port"

    @classmethod
    def of(cls, word: str) -> "Depth":
        """Raises UsageError for any other word."""
        try:
            return cls(word or cls.FULL)
        except ValueError as error:
            raise UsageError(
                "E1436",
                say(f"不认识的查看方式：{word[:40]}", f"no such way to look: {word[:40]}"),
                where="--look",
                hint=", ".join(cls),
            ) from error


def look(depth: Depth, target: Target, kit: Kit | None) -> Identifying:
    """The readings of one open port at this depth. PORT never comes here."""
    match depth:
        case Depth.CERTIFICATE:
            return ((yield from tls.grab(target)),)
        case Depth.PAGE if by_port(target.port) == "tls":
            outer, stands = yield from tls.secure(target)
            return (outer, (yield from http.grab(target, tls=True))) if stands else (outer,)
        case Depth.PAGE:
            return ((yield from http.grab(target)),)
        case _:
            return (yield from identify(target, kit))
