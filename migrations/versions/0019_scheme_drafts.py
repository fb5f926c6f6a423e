"""drafts of a catalogue; why a version was made, and what it changed in mid-round

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scheme_draft",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("base_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_discarded", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["scheme_version.id"], name=op.f("fk_scheme_draft_base_id_scheme_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme_draft")),
        sa.UniqueConstraint("base_id", "revision", name=op.f("uq_scheme_draft_base_id_revision")),
    )
    op.create_index(op.f("ix_scheme_draft_base_id"), "scheme_draft", ["base_id"])
    op.add_column("scheme_version", sa.Column("reason", sa.Text(), nullable=False, server_default=""))
    op.add_column("scheme_version", sa.Column("report", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("scheme_version", "report")
    op.drop_column("scheme_version", "reason")
    op.drop_table("scheme_draft")
