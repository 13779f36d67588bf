"""Small indices for what is declared and what contradicts it: few rows, asked for often."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the two indices, worded as the columns' conditions are."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    declared = sa.text("declared IS 1" if sqlite else "declared IS true")
    doubtful = sa.text("register_conflicts IS NOT NULL OR register_offline_on IS NOT NULL")
    op.create_index("assets_declared", "assets", ["id"], sqlite_where=declared, postgresql_where=declared)
    op.create_index("assets_doubtful", "assets", ["id"], sqlite_where=doubtful, postgresql_where=doubtful)
