"""how many people a respondent group has, and the rank bands of each version of the index

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("respondent_group", schema=None) as batch_op:
        batch_op.add_column(sa.Column("population", sa.Integer(), nullable=True))
    op.create_table(
        "version_bands",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("basis", sa.JSON(), nullable=False),
        sa.Column("bands", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["index_version.id"], name=op.f("fk_version_bands_version_id_index_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_bands")),
        sa.UniqueConstraint("version_id", name=op.f("uq_version_bands_version_id")),
    )


def downgrade() -> None:
    op.drop_table("version_bands")
    with op.batch_alter_table("respondent_group", schema=None) as batch_op:
        batch_op.drop_column("population")
