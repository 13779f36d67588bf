"""Evidence of machines, their marks, and what waits for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_TEXT = sa.Text()


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    """Make the tables, add the columns. The next merge replays the logs: machines are told apart otherwise now."""
    op.create_table(
        "evidence",
        *(_text(name) for name in ("look", "site", "place", "slot", "base", "entity", "marks", "before", "host")),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("look"),
        sqlite_with_rowid=False,
    )
    op.create_index("evidence_by_place", "evidence", ["place", "site"])
    op.create_index("evidence_by_host", "evidence", ["host"])
    op.create_index("evidence_by_entity", "evidence", ["entity"])
    where = sa.text("pending > 0")
    op.create_index("evidence_pending", "evidence", ["site", "place"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "evidence_marks", _text("mark"), _text("look"), sa.PrimaryKeyConstraint("mark", "look"), sqlite_with_rowid=False
    )
    op.create_table(
        "identifiers",
        *(_text(name) for name in ("site", "mark", "host", "standing", "why")),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "mark"),
        sqlite_with_rowid=False,
    )
    op.create_index("identifiers_by_host", "identifiers", ["host"])
    op.create_table(
        "apart",
        *(_text(name) for name in ("site", "first", "second", "kinds")),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "first", "second"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reviews",
        *(_text(name) for name in ("id", "site", "kind", "about", "marks", "why", "state")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("first_seq", "first_at", "last_at")),
        *(_text(name) for name in ("who", "reason")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    for name, kind in (
        ("cloud_instance_id", _TEXT),
        ("host_identifiers", sa.BigInteger()),
        ("host_doubts", _TEXT),
    ):
        op.add_column("assets", sa.Column(name, kind, nullable=True))
