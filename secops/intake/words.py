"""Values of other tools' files as ours: bounded, cleaned, canonical; what is none gives the empty value."""

import base64
import ipaddress
import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from secops.core.clock import Instant
from secops.core.model import Transport, Value

TEXT_MOST: Final = 512
_LATEST: Final = 4_102_444_800_000
"""2100-01-01: later times are no times."""
_KEYS_MOST: Final = 64
_ITEMS_MOST: Final = 32
_DEPTH_MOST: Final = 4
_KEPT_MOST: Final = 8_192
"""Characters of text that one record may leave in `extra`."""
_INTEGER_MOST: Final = 2**53


def clean(value: object, most: int = TEXT_MOST) -> str:
    """The text on one line, bounded, without control, format or unassigned characters; of what is none, nothing."""
    if not isinstance(value, str):
        return ""
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip()[:most]
    spaced = " ".join(value[: most * 4].split())
    return "".join(each for each in spaced if each == " " or unicodedata.category(each)[0] != "C")[:most]


def host_key(digest: bytes) -> str:
    """The fingerprint of an SSH host key as ssh-keygen spells it, from the SHA-256 of the key."""
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def texts(values: object, most: int = 100) -> tuple[str, ...]:
    """Distinct cleaned texts of a list, or of one text, in their order."""
    items = values if isinstance(values, (list, tuple)) else [values]
    return tuple(dict.fromkeys(text for each in items[: most * 4] if (text := clean(each, 255))))[:most]


@lru_cache(maxsize=1 << 14)
def _canonical(text: str) -> str:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id:
            return ""
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
    return str(found)


def address(value: object) -> str:
    """The canonical IP address, or nothing. An IPv4-mapped one is the IPv4 address; zones are no address."""
    return _canonical(value) if isinstance(value, str) and 2 <= len(value) <= 45 else ""


@lru_cache(maxsize=1 << 12)
def is_private(text: str) -> bool:
    """Is this canonical address one of an inside network?"""
    return ipaddress.ip_address(text).is_private


def number(value: object) -> int:
    """A whole number not below nought, 0 for what is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        return int(value)
    if isinstance(value, float) and math.isfinite(value) and 0 <= value <= _INTEGER_MOST:
        return int(value)
    return value if type(value) is int and 0 <= value <= _INTEGER_MOST else 0


def port(value: object) -> int:
    """A port, 0 for what is none."""
    found = number(value)
    return found if 0 < found < 65_536 else 0


def transport(value: object) -> Transport | None:
    """TCP or UDP, None for any other."""
    return _TRANSPORTS.get(value.lower()) if isinstance(value, str) else None


_TRANSPORTS: Final = {"tcp": Transport.TCP, "udp": Transport.UDP}


def instant(value: object) -> Instant:
    """Unix seconds or RFC 3339 as an Instant; 0 for what is no time before 2100. No offset means UTC."""
    found = 0.0
    try:
        if isinstance(value, str) and len(value) <= 40:
            found = _moment(value) if "-" in value[1:] or ":" in value else float(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found = float(value)
    except (ValueError, OverflowError):
        return Instant(0)
    return Instant(round(found * 1000)) if 0 < found * 1000 < _LATEST else Instant(0)


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def hostname(value: object) -> str:
    """A host name in lower case without its last dot, or nothing: addresses and whatever holds odd characters."""
    if not isinstance(value, str) or not 0 < len(value) <= 254:
        return ""
    text = value.strip().rstrip(".").lower()
    if not text or address(text) or len(text) > 253:
        return ""
    return text if all(each.isalnum() or each in "-_." for each in text) else ""


_PRODUCT: Final = re.compile(r"([A-Za-z][A-Za-z0-9._+-]{1,40})(?:/(\d[A-Za-z0-9.+~_-]{0,40}))?")


def product(server: str) -> dict[str, Value]:
    """Product and version of a Server header, `name/version` first."""
    found = _PRODUCT.match(server)
    if found is None:
        return {}
    facts: dict[str, Value] = {"service.product": found[1]}
    return facts | ({"service.version": found[2]} if found[2] else {})


def digest(data: bytes) -> str:
    """SHA-256 hex of the raw record."""
    return sha256(data).hexdigest()


def kept(record: Mapping[str, object], without: Collection[str] = ()) -> dict[str, object]:
    """What of a record has no field, as bounded JSON: depth, keys, members and text each have their bound."""
    budget = [_KEPT_MOST]
    return {
        clean(name, 64): found
        for name, value in list(record.items())[: _KEYS_MOST * 2]
        if name not in without and (found := _kept(value, _DEPTH_MOST, budget)) is not None
    }


def _kept(value: object, depth: int, budget: list[int]) -> object:
    if budget[0] <= 0:
        return None
    budget[0] -= 8
    if isinstance(value, str):
        text = clean(value)
        budget[0] -= len(text)
        return text or None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= _INTEGER_MOST else str(value)[:64] if abs(value) < 10**60 else "a huge number"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth <= 0:
        return None
    if isinstance(value, Mapping):
        inside = {
            clean(str(name), 64): found
            for name, each in list(value.items())[:_KEYS_MOST]
            if (found := _kept(each, depth - 1, budget)) is not None
        }
        budget[0] -= sum(map(len, inside))
        return inside or None
    if isinstance(value, (list, tuple)):
        return [found for each in value[:_ITEMS_MOST] if (found := _kept(each, depth - 1, budget)) is not None] or None
    return None
