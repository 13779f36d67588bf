"""The order in which people look for keys: addresses and ports in their own, whatever else by its text, after them."""

from typing import Final

from secops.core.address import number

Place = tuple[int, int, str]
_BEHIND: Final = 1 << 129
_PORTS: Final = 1 << 32


def place(key: str) -> Place:
    """Where the key stands: of two keys the lesser place comes first."""
    host, _, rest = key.partition(":") if key.count(":") == 1 else (key, "", "")
    if host.startswith("["):
        host, _, rest = host[1:].partition("]:")
    host, slash, _ = host.partition("/")
    try:
        port = int(rest.partition("/")[0] or 0) if not slash or rest else 0
        return (number(host), port, key) if 0 <= port < _PORTS else (_BEHIND, 0, key)
    except ValueError:
        return _BEHIND, 0, key


def packed(key: str) -> bytes:
    """The place as bytes that compare as places do."""
    at, port, text = place(key)
    return at.to_bytes(17, "big") + port.to_bytes(4, "big") + text.encode("utf-8", "replace")
