"""which sheets each version of the index counted, and what each said

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counted_sheet",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("form_code", sa.String(length=40), nullable=False),
        sa.Column("group_code", sa.String(length=40), nullable=False),
        sa.Column("set_aside", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("keyed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_counted_sheet_sheet_id_sheet")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_counted_sheet_unit_id_unit")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["index_version.id"], name=op.f("fk_counted_sheet_version_id_index_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counted_sheet")),
    )
    with op.batch_alter_table("counted_sheet", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_counted_sheet_version_id_unit_id"), ["version_id", "unit_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_counted_sheet_sheet_id"), ["sheet_id"], unique=False)


def downgrade() -> None:
    op.drop_table("counted_sheet")
