"""limits of what is accepted unseen, as an administrator sets them

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certainty_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("filled", sa.Double(), nullable=False),
        sa.Column("accept", sa.Double(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("decided_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("pages_reread", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_certainty_decision_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certainty_decision")),
    )
    op.create_index(op.f("ix_certainty_decision_campaign_id"), "certainty_decision", ["campaign_id"])


def downgrade() -> None:
    op.drop_table("certainty_decision")
