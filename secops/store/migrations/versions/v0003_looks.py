"""When each look last was, in rows of its own; an entity's facts name their source instead of a log entry."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table, and turn what entities knew of their facts' origin."""
    op.create_table(
        "looks",
        sa.Column("look", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("look"),
        sqlite_with_rowid=False,
    )
    op.add_column("observations", sa.Column("look", sa.Text(), nullable=True))
    op.add_column("observations", sa.Column("digest", sa.LargeBinary(), nullable=True))
    connection = op.get_bind()
    for table in ("assets", "services"):
        rows = connection.execute(sa.text(f"SELECT id, origin, sources FROM {table}")).all()  # noqa: S608 - our names
        change = sa.text(f"UPDATE {table} SET origin = :origin, sources = :sources WHERE id = :id")  # noqa: S608 - ours
        for id, origin, sources in rows:
            connection.execute(change, {"id": id, **_turned(origin, sources)})


def _turned(origin: str | None, sources: str | None) -> dict[str, str]:
    """Field -> source for field -> log entry; what no source said came with the key."""
    known = {name: list(pair) for name, pair in json.loads(sources or "{}").items()}
    named = {pair[1]: name for name, pair in known.items() if pair[1]}
    told = json.loads(origin or "{}")
    turned = {field: named.get(seq, "born") for field, seq in told.items()}
    if "born" in turned.values():
        known["born"] = [0, min(seq for field, seq in told.items() if turned[field] == "born")]
    kept = {"sort_keys": True, "ensure_ascii": False, "separators": (",", ":")}
    return {"origin": json.dumps(turned, **kept), "sources": json.dumps(known, **kept)}  # type: ignore[arg-type]  # flags
