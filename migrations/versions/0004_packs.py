"""sheets belong to packs, and packs change hands

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from ocr.sheet_code import pack_code
from webapp.persistence import base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_pack = sa.table(
    "pack",
    sa.column("id", sa.Integer),
    sa.column("campaign_id", sa.Integer),
    sa.column("code", sa.String),
    sa.column("group_id", sa.Integer),
    sa.column("place_unit_id", sa.Integer),
)
_sheet = sa.table(
    "sheet",
    sa.column("id", sa.Integer),
    sa.column("campaign_id", sa.Integer),
    sa.column("group_id", sa.Integer),
    sa.column("unit_id", sa.Integer),
    sa.column("pack_id", sa.Integer),
    sa.column("print_order_id", sa.Integer),
    sa.column("form_code", sa.String),
    sa.column("printed_at", base.UtcDateTime),
    sa.column("voided_at", base.UtcDateTime),
    sa.column("replaces_id", sa.Integer),
)
_order = sa.table(
    "print_order",
    sa.column("id", sa.Integer),
    sa.column("campaign_id", sa.Integer),
    sa.column("group_id", sa.Integer),
    sa.column("unit_id", sa.Integer),
    sa.column("form_code", sa.String),
    sa.column("pack_id", sa.Integer),
)
_group = sa.table("respondent_group", sa.column("id", sa.Integer), sa.column("form_code", sa.String))


def upgrade() -> None:
    _say_where_groups_are()
    _create_packs()
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pack_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("replaces_id", sa.Integer(), nullable=True))
    with op.batch_alter_table("print_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pack_id", sa.Integer(), nullable=True))
    _put_sheets_into_packs(op.get_bind())
    _name_replacements(op.get_bind())
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.alter_column("pack_id", existing_type=sa.Integer(), nullable=False)
        batch_op.create_index(batch_op.f("ix_sheet_pack_id"), ["pack_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_sheet_replaces_id"), ["replaces_id"])
        batch_op.create_foreign_key(batch_op.f("fk_sheet_pack_id_pack"), "pack", ["pack_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_sheet_replaces_id_sheet"), "sheet", ["replaces_id"], ["id"]
        )
    with op.batch_alter_table("print_order", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_print_order_group_id"))
        batch_op.drop_index(batch_op.f("ix_print_order_unit_id"))
        batch_op.drop_constraint(batch_op.f("fk_print_order_group_id_respondent_group"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_print_order_unit_id_unit"), type_="foreignkey")
        for name in ("form_code", "group_id", "unit_id"):
            batch_op.drop_column(name)
        batch_op.alter_column("pack_id", existing_type=sa.Integer(), nullable=False)
        batch_op.create_index(batch_op.f("ix_print_order_pack_id"), ["pack_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_print_order_pack_id_pack"), "pack", ["pack_id"], ["id"])
    _create_hand_overs()


def _say_where_groups_are() -> None:
    """So far every group's sheets went out at the rated unit."""
    with op.batch_alter_table("respondent_group", schema=None) as batch_op:
        batch_op.add_column(sa.Column("place", sa.String(40), nullable=False, server_default="unit"))
        batch_op.add_column(sa.Column("people_per_place", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("substitutes", sa.String(), nullable=True))
    with op.batch_alter_table("respondent_group", schema=None) as batch_op:
        batch_op.alter_column("place", server_default=None)


def _create_packs() -> None:
    op.create_table(
        "pack",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("place_unit_id", sa.Integer(), nullable=True),
        sa.Column("person_number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_pack_campaign_id_campaign")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["respondent_group.id"], name=op.f("fk_pack_group_id_respondent_group")
        ),
        sa.ForeignKeyConstraint(["place_unit_id"], ["unit.id"], name=op.f("fk_pack_place_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack")),
        sa.UniqueConstraint("code", name=op.f("uq_pack_code")),
    )
    for column in ("campaign_id", "group_id", "place_unit_id"):
        op.create_index(op.f(f"ix_pack_{column}"), "pack", [column], unique=False)


def _put_sheets_into_packs(connection: sa.Connection) -> None:
    """What was printed for one group and unit is one pack, handed out at that unit."""
    columns = ("campaign_id", "group_id", "unit_id")
    printed = sa.union(*(sa.select(*(table.c[name] for name in columns)) for table in (_sheet, _order)))
    found = sorted(tuple(row) for row in connection.execute(printed))
    for number, (campaign_id, group_id, unit_id) in enumerate(found, 1):
        values = {"campaign_id": campaign_id, "group_id": group_id, "place_unit_id": unit_id}
        connection.execute(sa.insert(_pack).values(code=pack_code(number), **values))
    for table in (_sheet, _order):
        own = (_pack.c.group_id == table.c.group_id, _pack.c.place_unit_id == table.c.unit_id)
        mine = sa.select(_pack.c.id).where(*own).scalar_subquery()
        connection.execute(sa.update(table).values(pack_id=mine))


def _name_replacements(connection: sa.Connection) -> None:
    """A sheet that was voided at the very moment when one like it was printed was replaced by that one."""
    old = _sheet.alias("old")
    same = (
        old.c.voided_at == _sheet.c.printed_at,
        old.c.group_id == _sheet.c.group_id,
        old.c.unit_id == _sheet.c.unit_id,
    )
    pairs = connection.execute(sa.select(old.c.id, _sheet.c.id).join(_sheet, sa.and_(*same))).all()
    for old_id, new_id in pairs:
        if [pair[0] for pair in pairs].count(old_id) == [pair[1] for pair in pairs].count(new_id) == 1:
            connection.execute(sa.update(_sheet).where(_sheet.c.id == new_id).values(replaces_id=old_id))


def _create_hand_overs() -> None:
    _create_events(
        "hand_over",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=120), nullable=False),
    )
    _create_events(
        "substitution",
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
    )
    op.create_table(
        "hand_over_sheet",
        sa.Column("hand_over_id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hand_over_id"], ["hand_over.id"], name=op.f("fk_hand_over_sheet_hand_over_id_hand_over")
        ),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_hand_over_sheet_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("hand_over_id", "sheet_id", name=op.f("pk_hand_over_sheet")),
    )
    op.create_index(op.f("ix_hand_over_sheet_sheet_id"), "hand_over_sheet", ["sheet_id"], unique=False)


def _create_events(name: str, *columns: sa.Column[object]) -> None:
    """A table of things that happened to packs, each of which another one may undo."""
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("sheet_count", sa.Integer(), nullable=False),
        *columns,
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f(f"fk_{name}_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(["pack_id"], ["pack.id"], name=op.f(f"fk_{name}_pack_id_pack")),
        sa.ForeignKeyConstraint(["undoes_id"], [f"{name}.id"], name=op.f(f"fk_{name}_undoes_id_{name}")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("undoes_id", name=op.f(f"uq_{name}_undoes_id")),
    )
    for column in ("campaign_id", "pack_id"):
        op.create_index(op.f(f"ix_{name}_{column}"), name, [column], unique=False)


def downgrade() -> None:
    for name in ("hand_over_sheet", "substitution", "hand_over"):
        op.drop_table(name)
    with op.batch_alter_table("print_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("form_code", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("group_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("unit_id", sa.Integer(), nullable=True))
    _name_groups_and_units(op.get_bind())
    with op.batch_alter_table("print_order", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_print_order_pack_id_pack"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_print_order_pack_id"))
        batch_op.drop_column("pack_id")
        batch_op.alter_column("form_code", existing_type=sa.String(length=40), nullable=False)
        for column, table in (("group_id", "respondent_group"), ("unit_id", "unit")):
            batch_op.alter_column(column, existing_type=sa.Integer(), nullable=False)
            batch_op.create_index(batch_op.f(f"ix_print_order_{column}"), [column], unique=False)
            name = batch_op.f(f"fk_print_order_{column}_{table}")
            batch_op.create_foreign_key(name, table, [column], ["id"])
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_sheet_replaces_id_sheet"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_sheet_pack_id_pack"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_sheet_replaces_id"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_sheet_pack_id"))
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("pack_id")
    op.drop_table("pack")
    with op.batch_alter_table("respondent_group", schema=None) as batch_op:
        for name in ("substitutes", "people_per_place", "place"):
            batch_op.drop_column(name)


def _name_groups_and_units(connection: sa.Connection) -> None:
    """An order was of one group and unit; one of a person's sheets gets the first of their units."""
    first = sa.select(sa.func.min(_sheet.c.unit_id)).where(_sheet.c.print_order_id == _order.c.id)
    group = sa.select(_pack.c.group_id).where(_pack.c.id == _order.c.pack_id)
    connection.execute(
        sa.update(_order).values(unit_id=first.scalar_subquery(), group_id=group.scalar_subquery())
    )
    form = sa.select(_group.c.form_code).where(_group.c.id == _order.c.group_id)
    connection.execute(sa.update(_order).values(form_code=form.scalar_subquery()))
