"""SQLite's index of changes by field holds what each was before, so that the past is read in one stretch."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """In the place of the one without."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("changes_by_field", "changes")
        op.create_index("changes_by_field_told", "changes", ["field", "at", "old"])
