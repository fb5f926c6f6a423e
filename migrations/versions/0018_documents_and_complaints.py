"""what people write into the official documents; complaints about a published index and their answers

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_MOMENT = base.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "document_wording",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("written_by", sa.String(length=80), nullable=False),
        sa.Column("written_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_document_wording_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_wording")),
        sa.UniqueConstraint(
            "campaign_id",
            "document",
            "revision",
            name=op.f("uq_document_wording_campaign_id_document_revision"),
        ),
    )
    op.create_index(op.f("ix_document_wording_campaign_id"), "document_wording", ["campaign_id"])
    op.create_table(
        "complaint",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("component_code", sa.String(length=40), nullable=True),
        sa.Column("petitioner", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=True),
        sa.Column("file_kind", sa.String(length=40), nullable=True),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_complaint_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_complaint_unit_id_unit")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["index_version.id"], name=op.f("fk_complaint_version_id_index_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_complaint_campaign_id_number")),
    )
    for column in ("campaign_id", "version_id", "unit_id", "file_sha256"):
        op.create_index(op.f(f"ix_complaint_{column}"), "complaint", [column])
    op.create_table(
        "complaint_answer",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("complaint_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("answered_by", sa.String(length=80), nullable=False),
        sa.Column("answered_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_answer_complaint_id_complaint")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["index_version.id"], name=op.f("fk_complaint_answer_version_id_index_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_answer")),
        sa.UniqueConstraint(
            "complaint_id", "position", name=op.f("uq_complaint_answer_complaint_id_position")
        ),
    )
    for column in ("complaint_id", "version_id"):
        op.create_index(op.f(f"ix_complaint_answer_{column}"), "complaint_answer", [column])


def downgrade() -> None:
    op.drop_table("complaint_answer")
    op.drop_table("complaint")
    op.drop_table("document_wording")
