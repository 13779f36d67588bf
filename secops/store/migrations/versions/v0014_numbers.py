"""Entities and relations have numbers: sightings and what looks touched are kept by these."""

import sqlalchemy as sa
from alembic import op

from secops.store import views

revision = "0014"
down_revision = "0013"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LAST = "(SELECT coalesce(max(number), 0) FROM numbers)"
_SQLITE = """UPDATE looks SET touched = (SELECT json_group_array(number) FROM (SELECT n.number
FROM json_each(looks.touched) t JOIN numbers n ON n.id = t.value ORDER BY n.number))"""
_POSTGRESQL = """UPDATE looks SET touched = coalesce((SELECT '[' || string_agg(CAST(n.number AS TEXT), ','
ORDER BY n.number) || ']' FROM json_array_elements_text(CAST(looks.touched AS JSON)) t(value)
JOIN numbers n ON n.id = t.value), '[]')"""


def upgrade() -> None:
    """Number what there is in the order in which it was found, and what was withdrawn since behind it."""
    bind = op.get_bind()
    postgresql = bind.dialect.name == "postgresql"
    views.drop(bind)
    op.create_table(
        "numbers",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    in_place = "" if postgresql else " NOT INDEXED"  # in the order of rows, not of ids
    withdrawn = "sightings s WHERE NOT EXISTS (SELECT 1 FROM numbers n WHERE n.id = s.id)"
    for rows in (*(f"{each}{in_place}" for each in views.ROWS.values()), withdrawn):
        found = f"SELECT {_LAST} + row_number() OVER (), id FROM {rows}"  # noqa: S608 - our own names
        bind.exec_driver_sql(f"INSERT INTO numbers (number, id) {found}")
    bind.exec_driver_sql(
        "CREATE TEMP TABLE times AS SELECT n.number, s.last_seen FROM numbers n JOIN sightings s ON s.id = n.id"
    )
    op.drop_table("sightings")
    op.create_table(
        "sightings",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    bind.exec_driver_sql("INSERT INTO sightings SELECT number, last_seen FROM times ORDER BY number")
    bind.exec_driver_sql("DROP TABLE times")
    if postgresql:
        bind.exec_driver_sql("ALTER TABLE sightings SET (fillfactor = 60)")
    bind.exec_driver_sql(_POSTGRESQL if postgresql else _SQLITE)
    views.renew(bind)
