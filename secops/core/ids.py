"""Identifiers that are derived, never drawn: the same facts give the same id on every machine and every replay."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from json import encoder
from typing import Any, Final

LENGTH: Final = 20
"""Characters of the hash kept: 100 bits, collision chance below 1e-12 at a billion ids."""


def derive(prefix: str, *parts: str | int) -> str:
    """`prefix-` and 20 lower-case base32 characters of the SHA-256 over the parts, unambiguously joined."""
    digest = hashlib.sha256(_joined(parts).encode()).digest()
    bits = int.from_bytes(digest[:_BYTES], "big") >> _SPARE
    return f"{prefix}-{''.join([_PAIRS[bits >> place & 1023] for place in _PLACES])}"


def canonical(value: object) -> str:
    """JSON with sorted keys, no spaces and no escapes beyond the necessary: equal values, equal text."""
    return _canonical(value)


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


def _texts(**said: Any) -> Callable[[object], str]:
    """What gives JSON text with these options of JSONEncoder.

    The library's own makes its encoder in C anew for every text, which costs more than most of our texts do.
    """
    of = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, **said)
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:
        return of.encode
    chunks = make(None, of.default, encoder.encode_basestring, None, ":", ",", of.sort_keys, False, True)
    return lambda value: "".join(chunks(value, 0))


_BYTES: Final = 13
"""Bytes of the hash that hold LENGTH characters of five bits."""
_SPARE: Final = _BYTES * 8 - LENGTH * 5
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = tuple(one + two for one in _LETTERS for two in _LETTERS)
"""Two characters of base32 for every ten bits."""
_PLACES: Final = range((LENGTH - 2) * 5, -1, -10)
_joined: Final = _texts()
_canonical: Final = _texts(sort_keys=True, default=_plain)
