"""Take the texts into the index of words, services apart from assets."""

from alembic import op

from secops.store import texts

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Take in what is there."""
    texts.build(op.get_bind())
