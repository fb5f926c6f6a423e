"""who looked at which overlay sheet, and which accepted answers a person doubts

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MOMENT = base.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "overlay_sheet",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("form_code", sa.String(length=40), nullable=False),
        sa.Column("group_key", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("looked_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_overlay_sheet_batch_id_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overlay_sheet")),
    )
    op.create_index(op.f("ix_overlay_sheet_batch_id"), "overlay_sheet", ["batch_id"])
    op.create_table(
        "overlay_tile",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("overlay_sheet_id", sa.Integer(), nullable=False),
        sa.Column("field_reading_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["overlay_sheet_id"],
            ["overlay_sheet.id"],
            name=op.f("fk_overlay_tile_overlay_sheet_id_overlay_sheet"),
        ),
        sa.ForeignKeyConstraint(
            ["field_reading_id"],
            ["field_reading.id"],
            name=op.f("fk_overlay_tile_field_reading_id_field_reading"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overlay_tile")),
        sa.UniqueConstraint(
            "overlay_sheet_id",
            "field_reading_id",
            name=op.f("uq_overlay_tile_overlay_sheet_id_field_reading_id"),
        ),
    )
    op.create_index(op.f("ix_overlay_tile_field_reading_id"), "overlay_tile", ["field_reading_id"])
    op.create_table(
        "answer_doubt",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("field_reading_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("doubted_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_item.id"], name=op.f("fk_answer_doubt_item_id_review_item")
        ),
        sa.ForeignKeyConstraint(
            ["field_reading_id"],
            ["field_reading.id"],
            name=op.f("fk_answer_doubt_field_reading_id_field_reading"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_doubt")),
    )
    op.create_index(op.f("ix_answer_doubt_item_id"), "answer_doubt", ["item_id"])


def downgrade() -> None:
    op.drop_table("answer_doubt")
    op.drop_table("overlay_tile")
    op.drop_table("overlay_sheet")
