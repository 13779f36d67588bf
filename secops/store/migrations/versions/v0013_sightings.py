"""When things were last seen in a narrow table of its own; `assets`, `services`, `relations` become views with it."""

import sqlalchemy as sa
from alembic import op

from secops.store import views

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Move the times, by rising id as the table keeps them. PostgreSQL's wide rows need less room for change now."""
    bind = op.get_bind()
    op.create_table(
        "sightings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    postgresql = bind.dialect.name == "postgresql"
    in_place = "" if postgresql else " NOT INDEXED"  # the index of ids would lead to the wide rows one by one
    for name in views.ROWS:
        rows = f"SELECT id, last_seen FROM {name}{in_place} ORDER BY id"  # noqa: S608 - our own names
        bind.exec_driver_sql(f"INSERT INTO sightings (id, last_seen) {rows}")
    for name, rows in views.ROWS.items():
        bind.exec_driver_sql(f"ALTER TABLE {name} DROP COLUMN last_seen")
        op.rename_table(name, rows)
        if postgresql:
            bind.exec_driver_sql(f"ALTER TABLE {rows} SET (fillfactor = 85)")
    if postgresql:
        bind.exec_driver_sql("ALTER TABLE sightings SET (fillfactor = 60)")
    views.renew(bind, "(SELECT s.last_seen FROM sightings s WHERE s.id = r.id)")
