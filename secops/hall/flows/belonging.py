"""That an asset is of a business system, told as the relation it is to whoever reads: no row of relations says so."""

from secops.core.clock import Instant
from secops.core.model import Relation, RelationType


def drawn(site: str, asset: str, system: str) -> Relation:
    """From the asset to its system; since when it is so, its history tells."""
    return Relation(site, asset, RelationType.BELONGS_TO, system, "register", Instant(0), Instant(0))
