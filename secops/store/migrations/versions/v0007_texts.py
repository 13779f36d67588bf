"""An index of the words in the entities' texts, filled by a later step."""

from alembic import op

from secops.store import texts

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make it."""
    texts.texts.create(op.get_bind())
