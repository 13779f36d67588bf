"""An index of the words in the entities' texts."""

from alembic import op

from secops.store import texts

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make it and take in what is there."""
    connection = op.get_bind()
    texts.texts.create(connection)
    texts.build(connection)
