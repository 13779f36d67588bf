"""Indices for steps: relations by either end and type, what belongs to a system."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the indices, drop those they replace."""
    op.create_index("relations_from", "relations", ["source", "type"])
    op.create_index("relations_to", "relations", ["target", "type"])
    op.drop_index("ix_relations_source", "relations")
    op.drop_index("ix_relations_target", "relations")
    known = sa.text("system_id IS NOT NULL")
    for table in ("assets", "services"):
        op.create_index(f"{table}_by_system", table, ["system_id"], sqlite_where=known, postgresql_where=known)
