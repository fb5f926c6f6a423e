"""first passwords that must be changed, sign-ins as a list, the second factor, names that were erased

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MOMENT = base.UtcDateTime(timezone=True)


def upgrade() -> None:
    must_change = sa.Column("must_change_password", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("app_user", must_change)
    op.add_column("app_user", sa.Column("switched_off_at", _MOMENT, nullable=True))
    op.add_column("app_user", sa.Column("erased_on", sa.Date(), nullable=True))
    op.create_table(
        "sign_in_record",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_sign_in_record_user_id_app_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_record")),
        sa.UniqueConstraint("key", name=op.f("uq_sign_in_record_key")),
    )
    op.create_index(op.f("ix_sign_in_record_begun_at"), "sign_in_record", ["begun_at"])
    op.create_index(op.f("ix_sign_in_record_user_id"), "sign_in_record", ["user_id"])
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", _MOMENT, nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_second_factor_user_id_app_user")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_recovery_code_user_id_app_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_user_id"), "recovery_code", ["user_id"])
    # since when accounts have been off stands in the log
    op.execute(
        "UPDATE app_user SET switched_off_at = (SELECT max(at) FROM log_entry"
        " WHERE act = 'user_deactivated' AND subject = app_user.username) WHERE NOT is_active"
    )


def downgrade() -> None:
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    op.drop_table("sign_in_record")
    with op.batch_alter_table("app_user") as batch_op:
        for column in ("erased_on", "switched_off_at", "must_change_password"):
            batch_op.drop_column(column)
