"""scans of the trial sheet

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trial_scan",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("received_by", sa.String(length=80), nullable=False),
        sa.Column("received_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("original_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lease_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failure_code", sa.String(length=40), nullable=True),
        sa.Column("verdict", sa.String(length=40), nullable=True),
        sa.Column("checks", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_trial_scan_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_scan")),
    )
    with op.batch_alter_table("trial_scan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trial_scan_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_trial_scan_state"), ["state"], unique=False)


def downgrade() -> None:
    op.drop_table("trial_scan")
