"""answers read as blank wait for contact sheets

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_item = sa.table(
    "review_item",
    sa.column("id", sa.Integer),
    sa.column("field_reading_id", sa.Integer),
    sa.column("queue", sa.String),
    sa.column("state", sa.String),
    sa.column("doubt", sa.Double),
)
_field = sa.table(
    "field_reading",
    sa.column("id", sa.Integer),
    sa.column("flags", sa.JSON),
    sa.column("bubbles", sa.JSON),
    sa.column("crop_sha256", sa.String),
)
_decision = sa.table("decision", sa.column("item_id", sa.Integer))


def upgrade() -> None:
    with op.batch_alter_table("review_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("set_aside_at", base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("doubt", sa.Double(), nullable=False, server_default="0"))
    with op.batch_alter_table("review_item", schema=None) as batch_op:
        batch_op.alter_column("doubt", server_default=None)
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("contact_sheet", sa.String(length=32), nullable=True))
    _move_blanks(op.get_bind())


def _move_blanks(connection: sa.Connection) -> None:
    """What waits as a single item because nothing is marked, and nobody has spoken of, goes to the sheets."""
    said = sa.select(_decision.c.item_id).where(_decision.c.item_id == _item.c.id).exists()
    waiting = connection.execute(
        sa.select(_item.c.id, _field.c.flags, _field.c.bubbles)
        .join(_field, _field.c.id == _item.c.field_reading_id)
        .where(_item.c.queue == "single", _item.c.state == "open", _field.c.crop_sha256.is_not(None), ~said)
    ).all()
    for item_id, flags, bubbles in waiting:
        if flags == ["no_mark"] and all(bubble["state"] == "empty" for bubble in bubbles):
            doubt = max((bubble["score"] for bubble in bubbles), default=0.0)
            moved = sa.update(_item).where(_item.c.id == item_id).values(queue="blank", doubt=doubt)
            connection.execute(moved)


def downgrade() -> None:
    op.execute(sa.update(_item).where(_item.c.queue == "blank").values(queue="single"))
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_column("contact_sheet")
    with op.batch_alter_table("review_item", schema=None) as batch_op:
        batch_op.drop_column("doubt")
        batch_op.drop_column("set_aside_at")
