"""What a past list needs: changes by field and time, relations that ended; and repetitions folded into few bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the index and the tables."""
    op.create_index("changes_by_field", "changes", ["field", "at"])
    op.create_table(
        "ended_relations",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "site", "source", "type", "target", "reason")),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ended_seq", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "ended_seq"),
    )
    for name in ("source", "target"):
        op.create_index(f"ix_ended_relations_{name}", "ended_relations", [name])
    op.create_table(
        "folds",
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("first_seq"),
    )
    op.create_index("ix_folds_run", "folds", ["run"])
