"""lists of people, apart from all answers; rates and facts of payment

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_basis",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=40), nullable=False),
        sa.Column("chosen_by", sa.String(length=80), nullable=False),
        sa.Column("chosen_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_payment_basis_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_basis")),
    )
    with op.batch_alter_table("payment_basis", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_basis_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "enumerator",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("place_unit_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("post", sa.String(length=120), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("erased_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_enumerator_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["place_unit_id"], ["unit.id"], name=op.f("fk_enumerator_place_unit_id_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enumerator")),
    )
    with op.batch_alter_table("enumerator", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enumerator_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_enumerator_place_unit_id"), ["place_unit_id"], unique=False)

    op.create_table(
        "payment_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("place_unit_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("forms", sa.Integer(), nullable=False),
        sa.Column("dong", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_payment_event_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["place_unit_id"], ["unit.id"], name=op.f("fk_payment_event_place_unit_id_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_event")),
    )
    with op.batch_alter_table("payment_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_event_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_event_place_unit_id"), ["place_unit_id"], unique=False)

    op.create_table(
        "payment_rate",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("payee", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("dong", sa.Integer(), nullable=False),
        sa.Column("is_paid", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(level IS NULL) <> (group_id IS NULL)", name=op.f("ck_payment_rate_names_level_or_group")
        ),
        sa.CheckConstraint("dong >= 0", name=op.f("ck_payment_rate_dong_not_negative")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_payment_rate_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["respondent_group.id"], name=op.f("fk_payment_rate_group_id_respondent_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_rate")),
    )
    with op.batch_alter_table("payment_rate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_rate_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_rate_group_id"), ["group_id"], unique=False)

    op.create_table(
        "respondent",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("place_unit_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("post", sa.String(length=120), nullable=True),
        sa.Column("erased_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_respondent_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["respondent_group.id"], name=op.f("fk_respondent_group_id_respondent_group")
        ),
        sa.ForeignKeyConstraint(
            ["place_unit_id"], ["unit.id"], name=op.f("fk_respondent_place_unit_id_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_respondent")),
    )
    with op.batch_alter_table("respondent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_respondent_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_respondent_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_respondent_place_unit_id"), ["place_unit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("respondent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_respondent_place_unit_id"))
        batch_op.drop_index(batch_op.f("ix_respondent_group_id"))
        batch_op.drop_index(batch_op.f("ix_respondent_campaign_id"))

    op.drop_table("respondent")
    with op.batch_alter_table("payment_rate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_rate_group_id"))
        batch_op.drop_index(batch_op.f("ix_payment_rate_campaign_id"))

    op.drop_table("payment_rate")
    with op.batch_alter_table("payment_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_event_place_unit_id"))
        batch_op.drop_index(batch_op.f("ix_payment_event_campaign_id"))

    op.drop_table("payment_event")
    with op.batch_alter_table("enumerator", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_enumerator_place_unit_id"))
        batch_op.drop_index(batch_op.f("ix_enumerator_campaign_id"))

    op.drop_table("enumerator")
    with op.batch_alter_table("payment_basis", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_basis_campaign_id"))

    op.drop_table("payment_basis")
