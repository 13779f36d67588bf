"""Rows of the registers, what they tell of systems, and a way to the newest decision on a subject."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table and the index, add the columns."""
    op.create_table(
        "records",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", "type", "key"),
    )
    op.create_index("records_by_system", "records", ["site", "system"])
    op.create_index("decisions_by_subject", "decisions", ["type", "site", "subject", "seq"])
    for name, kind in (
        ("system_crypto_assessed_on", sa.BigInteger()),
        ("system_recovery_tested_on", sa.BigInteger()),
        ("system_suppliers", sa.Text()),
    ):
        op.add_column("assets", sa.Column(name, kind, nullable=True))
