"""The sharing table by versions, with what providers answer; caps, cases bound to holders, reviews, predicates.

Lines that were there become version 1. Nobody approved them, so nothing is pulled on them before a version has been.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT = (
    "code", "requester", "item_code", "item_name", "legal_basis", "case_pattern", "fields", "from_on", "until_on",
)  # fmt: skip


def upgrade() -> None:
    op.rename_table("sharing_rule", "sharing_rule_before")
    op.create_table(
        "sharing_rule",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("item_name", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("case_pattern", sa.Text(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("sharing_class", sa.String(length=16), nullable=False),
        sa.Column("providers", sa.LargeBinary(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("many_holders", sa.Boolean(), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("reviewer", sa.String(length=18), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("confirmed_until", sa.Date(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("statement", SERIAL, nullable=True),
        sa.PrimaryKeyConstraint("code", "version"),
    )
    op.add_column("pull_decision", sa.Column("rule_version", sa.Integer(), nullable=True))
    op.add_column("service_item", sa.Column("predicates", sa.LargeBinary(), nullable=True))
    _keep_lines()
    op.drop_table("sharing_rule_before")
    op.create_table(
        "sharing_approval",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=18), nullable=False),
        sa.Column("notice", SERIAL, nullable=True),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("confirmed_until", sa.Date(), nullable=True),
        sa.Column("act_id", sa.String(length=64), nullable=True),
        sa.Column("escalation", SERIAL, nullable=True),
        sa.PrimaryKeyConstraint("code", "version", "provider"),
    )
    op.create_table(
        "pull_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counter", sa.String(length=160), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "counter"),
    )
    op.create_table(
        "case_binding",
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=128), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("decision", sa.String(length=43), nullable=False),
        sa.PrimaryKeyConstraint("rule", "case_number"),
    )
    op.create_table(
        "pull_review",
        sa.Column("decision", sa.String(length=43), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("reviewer", sa.String(length=18), nullable=False),
        sa.Column("notice", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("justified", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("act_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("decision"),
    )
    op.create_table(
        "review_candidate",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("decision", sa.String(length=43), nullable=False),
        sa.Column("lot", sa.String(length=64), nullable=False),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", "requester"),
    )


def _keep_lines() -> None:
    op.execute(
        f"INSERT INTO sharing_rule ({', '.join(_KEPT)}, version, sharing_class, providers, many_holders, state, "  # noqa: S608
        f"recorded_at, act_id) SELECT {', '.join(_KEPT)}, 1, 'conditional', {_EMPTY[op.get_bind().dialect.name]}, "
        "false, 'asked', 0, '' FROM sharing_rule_before"
    )
    op.execute(
        "UPDATE pull_decision SET rule_version = 1 WHERE basis = 'statutory' AND basis_reference IN "
        "(SELECT code FROM sharing_rule)"
    )


_EMPTY = {"sqlite": "x'7b7d'", "postgresql": "'\\x7b7d'::bytea"}
