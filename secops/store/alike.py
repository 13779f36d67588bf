"""What many things say in the same words: product, version, headers, state. By its digest the mirror knows it again.

Most columns of a wide row are such words, and a province says the same few thousand of them four million times. The
digest stands in the row, so that who reads every row reads 16 bytes in their place.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

COLUMN: Final = "alike"
"""The column of the digest: NULL of rows written before there was one. It is no field, and the views do not show it."""
SIZE: Final = 16
"""Its bytes: nobody can make two things that say something else look alike."""
OWN: Final = frozenset(
    {"id", "site", "key", "first_seen", "last_seen", "parent", "org_id", "system_id", "changed_seq", "address", "port"}
    | {"name", "host_names", "host_addresses", "host_addresses_key", "host_mac", "service_banner", "ssh_host_key"}
    | {"http_title", "http_body_sha256", "http_favicon_hash", "http_icp"}
    | {"tls_subject", "tls_names", "tls_not_before", "tls_not_after", "tls_fingerprint"}
)
"""Columns whose values are mostly each row's own, in rows that know them. A wrong guess costs time and nothing else.

Who takes a column out of here lets a migration set `alike` to NULL, or what it says would go unnoticed.
"""
APART: Final = OWN | {"misses", "generation", "unknown", "origin", "sources", "extra", COLUMN}
"""Columns that the digest does not cover."""


def digest(row: Mapping[str, object]) -> bytes:
    """Of a whole row as `entity_row.encode` spells it: the same of rows that differ in nothing but `APART`.

    What is unknown is not in it, so that a new column changes the digest of nothing that does not know it.
    """
    said = sorted((name, value) for name, value in row.items() if value is not None and name not in APART)
    return blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()
