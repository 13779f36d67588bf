"""The probe file a run uses, and the kit its conversations share; its digest stands in the plan."""

import os
from functools import lru_cache
from pathlib import Path

from secops.core.errors import InvalidFile, Refused
from secops.core.language import say
from secops.discover.depth import Depth
from secops.discover.plan import Plan
from secops.discover.probes.ask import RARITY, Kit
from secops.discover.probes.book import Book
from secops.hall.app import App
from secops.scope.level import Level

SETTING = "discover.probes"
_WORTHWHILE = 16_384
"""Targets from which compiling hyperscan's databases beside the run pays; smaller runs use what is there."""


def book(app: App) -> Book | None:
    """The installed nmap's probes, or those of the configured file; None where there are none. Raises InvalidFile."""
    from secops.discover.probes.file import find

    wanted = app.config.text(SETTING)
    if wanted == "off":
        return None
    given = "" if wanted == "auto" else wanted
    path = find(given)
    if given and not path:
        raise InvalidFile(
            "E1420", say("没有这个服务探针文件", "no such file of service probes"), where=given, why=SETTING
        )
    if not path:
        return None
    status = Path(path).stat()
    return _read(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)
def _read(path: str, _changed: int, _size: int) -> Book:
    from secops.discover.probes.file import load

    return load(path)


def digest(app: App) -> str:
    """SHA-256 of the probe file in use, empty without one."""
    found = book(app)
    return found.digest if found is not None else ""


def kit(app: App, plan: Plan, warnings: list[str]) -> Kit | None:
    """What asking takes under this plan, None in a sweep or without probes. Raises Refused for another file."""
    if plan.look != Depth.FULL:
        return None
    found = book(app)
    if (found.digest if found is not None else "") != plan.probes:
        raise Refused(
            "E3408",
            say("nmap 的服务探针文件与计划时不同", "nmap's service probes are not those of the plan"),
            where=found.path if found is not None else SETTING,
            hint=say("重新生成计划", "make the plan again"),
        )
    if found is None:
        if app.config.text(SETTING) != "off":
            warnings.append(
                say(
                    "没有安装 nmap，只用自带的少量探针识别服务：apt install nmap 可识别一千余种",
                    "nmap is not installed: services are identified by our own few probes only; "
                    "apt install nmap for a thousand more",
                )
            )
        return None
    from secops.discover.probes.matchers import InProcess, matcher, missing

    warnings += missing()
    made = matcher(found, cache())
    if isinstance(made, InProcess) and made.hyper is not None and _targets(plan) >= _WORTHWHILE:
        made.hyper.build_beside()
    return Kit(found, made, app.clock, only_first=plan.level < Level.ACTIVE)


def cache() -> Path:
    """Where compiled databases are kept: the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "secops" / "probes"


def shown(plan: Plan, app: App) -> tuple[str, ...]:
    """The probes this plan may send and their bytes, a line each."""
    from secops.discover.collectors.dispatch import own_probe
    from secops.discover.probes.file import sends

    found = book(app)
    if found is None or found.digest != plan.probes:
        return ()
    if plan.level >= Level.ACTIVE:
        chosen = [p for p in found.tcp if p.rarity <= RARITY or any(port in p.ports for port in plan.ports)]
    else:
        first = {each.name for port in plan.ports if (each := own_probe(found, port)) is not None}
        chosen = [each for each in found.tcp if each.name in first]
    return tuple(f"service@1 {each}" for each in sends(chosen))


def _targets(plan: Plan) -> int:
    return plan.addresses.count() * len(plan.ports)
