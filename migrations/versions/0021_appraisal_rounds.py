"""two rounds of the appraisal: five dates, questions to units, their one reply, the meeting

Revision: 0021, after 0020.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_MOMENT = base.UtcDateTime(timezone=True)
_DATES = ("self_score_from_at", "first_round_due_at", "explanation_due_at", "second_round_due_at")


def _score_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("round_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("awaits_meeting", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("in_meeting", sa.Boolean(), server_default=sa.false(), nullable=False),
    ]


def upgrade() -> None:
    for name in _DATES:
        op.add_column("campaign", sa.Column(name, _MOMENT, nullable=True))
    for act in ("returned", "replied"):
        op.add_column("submission", sa.Column(f"{act}_at", _MOMENT, nullable=True))
        op.add_column("submission", sa.Column(f"{act}_by", sa.String(length=80), nullable=True))
    op.add_column(
        "evidence_link", sa.Column("in_reply", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    for column in _score_columns():
        op.add_column("appraised_score_entry", column)
    op.create_table(
        "explanation_reply",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("component_code", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(length=80), nullable=False),
        sa.Column("written_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_explanation_reply_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_explanation_reply")),
        sa.UniqueConstraint(
            "unit_id",
            "component_code",
            "revision",
            name=op.f("uq_explanation_reply_unit_id_component_code_revision"),
        ),
    )
    op.create_index(op.f("ix_explanation_reply_unit_id"), "explanation_reply", ["unit_id"])


def downgrade() -> None:
    op.drop_table("explanation_reply")
    for column in _score_columns():
        op.drop_column("appraised_score_entry", column.name)
    op.drop_column("evidence_link", "in_reply")
    for act in ("returned", "replied"):
        op.drop_column("submission", f"{act}_at")
        op.drop_column("submission", f"{act}_by")
    for name in _DATES:
        op.drop_column("campaign", name)
