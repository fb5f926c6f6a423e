"""failed sign-ins of accounts are counted where those of all other names are

A lock that stands while this runs ends with it: they last a quarter of an hour.

Revision: 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM sign_in_brake WHERE subject LIKE 'name:%'")  # names as they were typed
    with op.batch_alter_table("app_user") as batch_op:
        batch_op.drop_column("locked_until")
        batch_op.drop_column("failed_sign_ins")


def downgrade() -> None:
    none = sa.Column("failed_sign_ins", sa.Integer(), nullable=False, server_default="0")
    op.add_column("app_user", none)
    op.add_column("app_user", sa.Column("locked_until", base.UtcDateTime(timezone=True), nullable=True))
