"""The certificate that an entry's act was done to, and what the change feed told of whom, to whom a yes was said.

Entries that were there get theirs from the rows of their acts. What was lifted or repaired left no row of its own: its
entry names the act by which the certificate was issued.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Table, kind of its acts, and which of its rows. Of two rows of one act a voided version is what the act was done to.
_ACTS = (
    ("certificate", "issue", "true"),
    ("status_change", "change_status", "act <> 'void'"),
    ("status_change", "change_status", "act = 'void'"),
    ("erasure", "erase", "true"),
    ("resealing", "reseal", "key_id IS NOT NULL"),
    ("annotation", "annotate", "true"),
)


def upgrade() -> None:
    op.add_column("entry", sa.Column("serial", SERIAL, nullable=True))
    for table, kind, which in _ACTS:
        op.execute(
            f"UPDATE entry SET serial = done.serial FROM (SELECT act_id, serial FROM {table} WHERE {which}) AS done "  # noqa: S608
            f"WHERE done.act_id = entry.act_id AND entry.kind = '{kind}'"
        )
    _name_lifted()
    op.create_table(
        "change_reading",
        sa.Column("line", sa.String(length=43), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("basis_reference", sa.String(length=64), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("line"),
    )
    op.create_index("change_reading_ledger", "change_reading", ["licence_number", "recorded_at"])
    op.create_table(
        "affirmation",
        sa.Column("decision", sa.String(length=43), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("serials", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("decision"),
    )
    op.create_index("ix_affirmation_licence_number", "affirmation", ["licence_number"])
    copies = sa.text("delivery <> ''")
    op.create_index(
        "document_copy_act", "document", ["act_id"], unique=True, sqlite_where=copies, postgresql_where=copies
    )


def _name_lifted() -> None:
    entry, bind = (
        sa.table("entry", *(sa.column(name) for name in ("act_id", "kind", "act_bytes", "serial"))),
        op.get_bind(),
    )
    unnamed = sa.select(entry.c.act_id, entry.c.act_bytes).where(entry.c.kind == "annotate", entry.c.serial.is_(None))
    for act_id, act_bytes in bind.execute(unnamed).all():
        issued = sa.select(entry.c.serial).where(entry.c.act_id == json.loads(bytes(act_bytes))["previous"])
        serial = bind.execute(issued).scalar_one_or_none()
        bind.execute(sa.update(entry).where(entry.c.act_id == act_id).values(serial=serial))
