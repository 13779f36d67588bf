"""Room in the pages of tables whose times move with every look: PostgreSQL then rewrites no index for it."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """SQLite writes in place and needs none."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("assets", "services", "relations", "looks"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 60)")
