"""facts that a unit declares once for all components, with their source

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unit_fact_entry",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("fact_code", sa.String(length=40), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("typed", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("source_date", sa.String(length=20), nullable=False),
        sa.Column("entered_by", sa.String(length=80), nullable=False),
        sa.Column("entered_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_fact_entry_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_fact_entry")),
        sa.UniqueConstraint(
            "unit_id", "fact_code", "revision", name=op.f("uq_unit_fact_entry_unit_id_fact_code_revision")
        ),
    )
    op.create_index(op.f("ix_unit_fact_entry_unit_id"), "unit_fact_entry", ["unit_id"])


def downgrade() -> None:
    op.drop_table("unit_fact_entry")
