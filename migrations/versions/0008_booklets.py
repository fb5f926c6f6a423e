"""one booklet for one person's sheets about all units

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("respondent_group", schema=None) as batch_op:
        batch_op.add_column(sa.Column("in_booklets", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sides", sa.Integer(), nullable=False, server_default="2"))
        batch_op.add_column(sa.Column("booklet_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_sheet_booklet_id_sheet"), "sheet", ["booklet_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_sheet_booklet_id"), ["booklet_id"], unique=False)
    with op.batch_alter_table("respondent_group", schema=None) as batch_op:
        batch_op.alter_column("in_booklets", server_default=None)
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.alter_column("sides", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sheet_booklet_id"))
        batch_op.drop_constraint(batch_op.f("fk_sheet_booklet_id_sheet"), type_="foreignkey")
        batch_op.drop_column("booklet_id")
        batch_op.drop_column("sides")
    with op.batch_alter_table("respondent_group", schema=None) as batch_op:
        batch_op.drop_column("in_booklets")
