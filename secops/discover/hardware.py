"""Who made an adapter, by the beginning of its hardware address: the table of the installed nmap, read at run time."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from secops.discover.collectors.interface import clean

PLACES: Final = (Path("/usr/share/nmap/nmap-mac-prefixes"), Path("/usr/local/share/nmap/nmap-mac-prefixes"))
_MOST: Final = 16 << 20
_LOCAL: Final = 0b10
_ADDRESS: Final = re.compile("[0-9A-F]{12}")


def vendor(hardware: str) -> str:
    """The maker's name, empty where there is no table, no entry, or the address is locally given."""
    digits = hardware.replace(":", "").upper()
    if not _ADDRESS.fullmatch(digits) or int(digits[:2], 16) & _LOCAL:
        return ""
    makers = table(PLACES)
    return next((found for size in (9, 7, 6) if (found := makers.get(digits[:size]))), "")


@cache
def table(places: tuple[Path, ...]) -> dict[str, str]:
    """Prefix (6, 7 or 9 hexadecimal digits) -> maker, of the first of these files that can be read."""
    for each in places:
        try:
            if each.stat().st_size > _MOST:
                continue
            lines = each.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            continue
        rows = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
        return {row[0].upper(): clean(row[1], 80) for row in rows if len(row) == 2}
    return {}
