"""Machines have the places of their addresses beside them, so that networks and ranges find them."""

import sqlalchemy as sa
from alembic import op

from secops.store import shadow, views
from secops.store.rows import unpacked

revision = "0017"
down_revision = "0016"

_PART = 5_000


def upgrade() -> None:
    """Work them out of the addresses that are there."""
    bind = op.get_bind()
    op.add_column("asset_rows", sa.Column("host_addresses_key", sa.Text(), nullable=True))
    views.renew(bind)
    found = sa.text(
        "SELECT id, host_addresses FROM asset_rows WHERE kind IN ('host', 'device') AND host_addresses IS NOT NULL"
        " AND id > :after ORDER BY id LIMIT :most"
    )
    filled = sa.text("UPDATE asset_rows SET host_addresses_key = :places WHERE id = :id")
    after = ""
    while part := bind.execute(found, {"after": after, "most": _PART}).all():
        bind.execute(filled, [{"id": id, "places": shadow.places(unpacked(told))} for id, told in part])
        after = part[-1][0]
