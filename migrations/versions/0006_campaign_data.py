"""the campaign as data: levels, kinds and validity of units, dates, recipient, stated totals, signatories

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What the two levels of older installations were called on the screens.
_NAMES = {"division": ("phòng", "Phòng, đơn vị thuộc huyện"), "commune": ("xã", "Xã, thị trấn")}
_campaign = sa.table("campaign", sa.column("id", sa.Integer), sa.column("year", sa.Integer),
                     sa.column("is_current", sa.Boolean))  # fmt: skip
_unit = sa.table("unit", sa.column("id", sa.Integer), sa.column("campaign_id", sa.Integer),
                 sa.column("level", sa.String), sa.column("position", sa.Integer),
                 sa.column("name", sa.String), sa.column("kind", sa.String))  # fmt: skip


def upgrade() -> None:
    # Plain ADD and DROP: rebuilding a table that others point at is refused by SQLite.
    op.add_column("campaign", sa.Column("recipient", sa.String(), nullable=False, server_default=""))
    op.add_column("campaign", sa.Column("forms_out_on", sa.Date(), nullable=True))
    op.add_column("campaign", sa.Column("forms_back_on", sa.Date(), nullable=True))
    op.add_column("campaign", sa.Column("planned_sheets", sa.Integer(), nullable=True))
    op.add_column(
        "campaign", sa.Column("is_current", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("unit", sa.Column("kind", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("unit", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("unit", sa.Column("valid_to", sa.Date(), nullable=True))
    level = _make_table(
        "level",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("plural", sa.String(), nullable=False),
        unique="code",
    )
    _make_table(
        "form_total",
        sa.Column("form_code", sa.String(length=40), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        unique="form_code",
    )
    _make_table(
        "signatory",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
    )
    _keep_what_was(op.get_bind(), level)


def _make_table(name: str, *columns: sa.Column, unique: str | None = None) -> sa.Table:  # type: ignore[type-arg]
    """A table of rows of a campaign in their order."""
    constraints = [
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f(f"fk_{name}_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    ]
    if unique is not None:
        both = f"uq_{name}_campaign_id_{unique}"
        constraints.append(sa.UniqueConstraint("campaign_id", unique, name=op.f(both)))  # type: ignore[arg-type]
    table = op.create_table(
        name,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        *columns,
        sa.Column("position", sa.Integer(), nullable=False),
        *constraints,
    )
    with op.batch_alter_table(name, schema=None) as batch_op:
        batch_op.create_index(batch_op.f(f"ix_{name}_campaign_id"), ["campaign_id"], unique=False)
    return table


def _keep_what_was(connection: sa.Connection, level: sa.Table) -> None:
    """The newest campaign goes on being the current one; its levels keep their names and their order."""
    newest = sa.select(sa.func.max(_campaign.c.year)).scalar_subquery()
    connection.execute(sa.update(_campaign).where(_campaign.c.year == newest).values(is_current=True))
    first = sa.select(_unit.c.campaign_id, _unit.c.level, sa.func.min(_unit.c.position).label("first"))
    rows = connection.execute(first.group_by(_unit.c.campaign_id, _unit.c.level).order_by("first")).all()
    for position, (campaign_id, code, _first) in enumerate(rows):
        name, plural = _NAMES.get(code, (code, code))
        connection.execute(
            sa.insert(level).values(
                campaign_id=campaign_id, code=code, name=name, plural=plural, position=position
            )
        )
    for kind in ("phòng", "xã", "thị trấn", "phường"):
        named = sa.or_(*(_unit.c.name.like(f"{word} %") for word in (kind, kind.capitalize())))
        connection.execute(sa.update(_unit).where(named).values(kind=kind))


def downgrade() -> None:
    for name in ("signatory", "form_total", "level"):
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.drop_index(batch_op.f(f"ix_{name}_campaign_id"))
        op.drop_table(name)
    for column in ("valid_to", "valid_from", "kind"):
        op.drop_column("unit", column)
    for column in ("is_current", "planned_sheets", "forms_back_on", "forms_out_on", "recipient"):
        op.drop_column("campaign", column)
