"""Is a site reached by name over IPv6 too? Told from what was asked anyway: nothing more is sent."""

from collections.abc import Collection
from dataclasses import replace

from secops.core.model import Observation

FACT = "http.ipv6"


def over_ipv6(seen: Observation, lacking: Collection[str]) -> Observation:
    """The observation with `http.ipv6`: True of a named site seen at an IPv6 address, False of one whose name has none.

    `lacking` holds the names that are known to have no IPv6 address. A name with one that was not asked (out of scope,
    or silent) says nothing: that a site is unreachable from here is no fact about the site.
    """
    name = seen.target.name
    if not name or "http.status_code" not in seen.facts:
        return seen
    if ":" in seen.target.address:
        return replace(seen, facts={**seen.facts, FACT: True})
    return replace(seen, facts={**seen.facts, FACT: False}) if name in lacking else seen
