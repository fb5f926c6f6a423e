"""tiles of one predicted value are dealt as grids, with decoys among them

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = base.UtcDateTime(timezone=True)
_item = sa.table(
    "review_item",
    sa.column("id", sa.Integer),
    sa.column("campaign_id", sa.Integer),
    sa.column("field_reading_id", sa.Integer),
    sa.column("queue", sa.String),
    sa.column("group_key", sa.String),
)
_field = sa.table("field_reading", sa.column("id", sa.Integer), sa.column("bubbles", sa.JSON))
_decision = sa.table(
    "decision",
    sa.column("item_id", sa.Integer),
    sa.column("field_reading_id", sa.Integer),
    sa.column("actor", sa.String),
    sa.column("decided_at", _MOMENT),
    sa.column("second_opinion", sa.Boolean),
    sa.column("contact_sheet", sa.String),
    sa.column("grid_id", sa.Integer),
)
_grid = sa.table(
    "grid",
    sa.column("id", sa.Integer),
    sa.column("campaign_id", sa.Integer),
    sa.column("actor", sa.String),
    sa.column("group_key", sa.String),
    sa.column("dealt_at", _MOMENT),
    sa.column("answered_at", _MOMENT),
)
_tile = sa.table(
    "grid_tile",
    sa.column("grid_id", sa.Integer),
    sa.column("item_id", sa.Integer),
    sa.column("field_reading_id", sa.Integer),
    sa.column("is_decoy", sa.Boolean),
    sa.column("said", sa.String),
)


def upgrade() -> None:
    _create_grids()
    with op.batch_alter_table("review_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("group_key", sa.String(length=40), nullable=True))
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("grid_id", sa.Integer(), nullable=True))
    connection = op.get_bind()
    _group_blanks(connection)
    _keep_sheets_as_grids(connection)
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_column("contact_sheet")
        batch_op.create_foreign_key(batch_op.f("fk_decision_grid_id_grid"), "grid", ["grid_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_decision_grid_id"), ["grid_id"], unique=False)


def _create_grids() -> None:
    op.create_table(
        "grid",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("group_key", sa.String(length=40), nullable=False),
        sa.Column("dealt_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT, nullable=True),
        sa.Column("requeued_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_grid_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid")),
    )
    with op.batch_alter_table("grid", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grid_actor"), ["actor"], unique=False)
        batch_op.create_index(batch_op.f("ix_grid_campaign_id"), ["campaign_id"], unique=False)
    op.create_table(
        "grid_tile",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("field_reading_id", sa.Integer(), nullable=False),
        sa.Column("is_decoy", sa.Boolean(), nullable=False),
        sa.Column("said", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["grid_id"], ["grid.id"], name=op.f("fk_grid_tile_grid_id_grid")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_item.id"], name=op.f("fk_grid_tile_item_id_review_item")
        ),
        sa.ForeignKeyConstraint(
            ["field_reading_id"],
            ["field_reading.id"],
            name=op.f("fk_grid_tile_field_reading_id_field_reading"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_tile")),
        sa.UniqueConstraint("grid_id", "item_id", name=op.f("uq_grid_tile_grid_id_item_id")),
    )
    with op.batch_alter_table("grid_tile", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grid_tile_item_id"), ["item_id"], unique=False)


def _group_blanks(connection: sa.Connection) -> None:
    """What was read as blank is a group of its own for each number of options."""
    blanks = sa.select(_item.c.id, _field.c.bubbles).join(_field, _field.c.id == _item.c.field_reading_id)
    for item_id, bubbles in connection.execute(blanks.where(_item.c.queue == "blank")).all():
        moved = sa.update(_item).where(_item.c.id == item_id)
        connection.execute(moved.values(queue="grid", group_key=f"{len(bubbles)}-0"))


def _keep_sheets_as_grids(connection: sa.Connection) -> None:
    """Each contact sheet that was settled becomes a grid with the tiles that were settled by it."""
    settled = (
        sa.select(_decision, _item.c.campaign_id)
        .join(_item, _item.c.id == _decision.c.item_id)
        .where(_decision.c.contact_sheet.is_not(None))
        .order_by(_decision.c.contact_sheet, _decision.c.item_id)
    )
    grid_ids: dict[str, int] = {}
    known: set[tuple[int, int]] = set()
    for row in connection.execute(settled).all():
        if row.contact_sheet not in grid_ids:
            grid = sa.insert(_grid).values(
                campaign_id=row.campaign_id,
                actor=row.actor,
                group_key="0-0",  # blanks of any number of options stood on one sheet
                dealt_at=row.decided_at,
                answered_at=row.decided_at,
            )
            grid_ids[row.contact_sheet] = connection.execute(grid.returning(_grid.c.id)).scalar_one()
        place = (grid_ids[row.contact_sheet], row.item_id)
        if place not in known:
            known.add(place)
            values = {"field_reading_id": row.field_reading_id, "is_decoy": False, "said": "accepted"}
            connection.execute(sa.insert(_tile).values(grid_id=place[0], item_id=place[1], **values))
    for token, grid_id in grid_ids.items():
        own = sa.update(_decision).where(_decision.c.contact_sheet == token)
        connection.execute(own.values(grid_id=grid_id))


def downgrade() -> None:
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("contact_sheet", sa.String(length=32), nullable=True))
    text_of_id = sa.cast(_decision.c.grid_id, sa.String)
    op.execute(sa.update(_decision).values(contact_sheet=text_of_id).where(_decision.c.grid_id.is_not(None)))
    op.execute(
        sa.update(_item).where(_item.c.queue == "grid", _item.c.group_key.like("%-0")).values(queue="blank")
    )
    op.execute(sa.update(_item).where(_item.c.queue == "grid").values(queue="single"))
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_grid_id"))
        batch_op.drop_constraint(batch_op.f("fk_decision_grid_id_grid"), type_="foreignkey")
        batch_op.drop_column("grid_id")
    with op.batch_alter_table("review_item", schema=None) as batch_op:
        batch_op.drop_column("group_key")
    with op.batch_alter_table("grid_tile", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grid_tile_item_id"))
    op.drop_table("grid_tile")
    with op.batch_alter_table("grid", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grid_campaign_id"))
        batch_op.drop_index(batch_op.f("ix_grid_actor"))
    op.drop_table("grid")
