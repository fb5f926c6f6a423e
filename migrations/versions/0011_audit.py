"""audits of accepted answers: commitment, seed, what is looked at, what was said

Revision: 0011, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_INDEXES = {
    "audit": ["batch_id"],
    "audit_ticket": ["sheet_id"],
    "audit_answer": ["ticket_id", "auditor"],
}


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("answer_count", sa.Integer(), nullable=False),
        sa.Column("full_count", sa.Integer(), nullable=False),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("closed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_audit_batch_id_batch")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_audit_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_audit_campaign_id_number")),
    )
    op.create_table(
        "audit_seed",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=20), nullable=False),
        sa.Column("entered_by", sa.String(length=80), nullable=False),
        sa.Column("entered_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_seed_audit_id_audit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seed")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_seed_audit_id")),
    )
    op.create_table(
        "audit_ticket",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("answer_id", sa.String(length=80), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("field_code", sa.String(length=40), nullable=False),
        sa.Column("accepted", sa.String(length=40), nullable=False),
        sa.Column("crop_sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("is_double", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_ticket_audit_id_audit")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_audit_ticket_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_ticket")),
        sa.UniqueConstraint(
            "audit_id", "answer_id", "kind", name=op.f("uq_audit_ticket_audit_id_answer_id_kind")
        ),
    )
    op.create_table(
        "audit_answer",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("auditor", sa.String(length=80), nullable=False),
        sa.Column("answered_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=True),
        sa.Column("shown_ms", sa.Integer(), nullable=True),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["audit_ticket.id"], name=op.f("fk_audit_answer_ticket_id_audit_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["audit_answer.id"], name=op.f("fk_audit_answer_undoes_id_audit_answer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_answer")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_audit_answer_undoes_id")),
    )
    for table, columns in _INDEXES.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)


def downgrade() -> None:
    for table in ("audit_answer", "audit_ticket", "audit_seed", "audit"):
        op.drop_table(table)
