"""What declared against found needs: use, contradictions, and what registers say of systems."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    for name, kind in (
        ("system_access_left_on", sa.BigInteger()),
        ("system_apps_unfiled", sa.Text()),
        ("system_records_expire_on", sa.BigInteger()),
        ("register_status", sa.Text()),
        ("register_offline_on", sa.BigInteger()),
        ("register_conflicts", sa.Text()),
    ):
        op.add_column("assets", sa.Column(name, kind, nullable=True))
