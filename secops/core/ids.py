"""Identifiers that are derived, never drawn: the same facts give the same id on every machine and every replay."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

LENGTH: Final = 20
"""Characters of the hash kept: 100 bits, collision chance below 1e-12 at a billion ids."""


def derive(prefix: str, *parts: str | int) -> str:
    """`prefix-` and 20 lower-case base32 characters of the SHA-256 over the parts, unambiguously joined."""
    digest = hashlib.sha256(_JOINED(parts).encode()).digest()
    return f"{prefix}-{base64.b32encode(digest[:_BYTES]).decode().lower()[:LENGTH]}"


def canonical(value: object) -> str:
    """JSON with sorted keys, no spaces and no escapes beyond the necessary: equal values, equal text."""
    return _CANONICAL(value)


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON, lower-case hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"no canonical form for {type(value).__name__}")


_BYTES: Final = 15
"""Bytes of the hash that hold LENGTH characters of five bits."""
_JOINED: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode
