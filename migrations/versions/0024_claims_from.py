"""claims are counted from when a row last was given to the readers

What waits or was given up so far begins anew.

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TABLES = ("trial_scan", "batch_file", "page", "text_draft")


def upgrade() -> None:
    for table in _TABLES:
        # Plain ADD: rebuilding a table that others point at is refused by SQLite.
        op.add_column(table, sa.Column("claims_from", sa.Integer(), nullable=False, server_default="0"))
        op.execute(f"UPDATE {table} SET claims_from = attempt")  # noqa: S608 - a name from the list above


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "claims_from")
