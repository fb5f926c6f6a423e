"""a second key, blind, and a third person where two differ

Revision: 0010, after 0009.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_item = sa.table("review_item", sa.column("id", sa.Integer), sa.column("state", sa.String))
_decision = sa.table(
    "decision",
    sa.column("id", sa.Integer),
    sa.column("item_id", sa.Integer),
    sa.column("actor", sa.String),
    sa.column("kind", sa.String),
    sa.column("stage", sa.String),
    sa.column("second_opinion", sa.Boolean),
)
_user = sa.table("app_user", sa.column("username", sa.String), sa.column("role", sa.String))


def upgrade() -> None:
    op.create_table(
        "second_key_rule",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("double_marks", sa.Boolean(), nullable=False),
        sa.Column("overridden", sa.Boolean(), nullable=False),
        sa.Column("sample_percent", sa.Integer(), nullable=False),
        sa.Column("full_up_to_sheets", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_second_key_rule_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_key_rule")),
        sa.UniqueConstraint("campaign_id", name=op.f("uq_second_key_rule_campaign_id")),
    )
    with op.batch_alter_table("review_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("second_because", sa.String(length=40), nullable=True))
    with op.batch_alter_table("review_item", schema=None) as batch_op:
        batch_op.alter_column("round", server_default=None)
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("stage", sa.String(length=40), nullable=True))
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.alter_column("round", server_default=None)
    _name_stages()
    _draw_seeds(op.get_bind())


def _name_stages() -> None:
    """What people said counts as a first key, what the head said as an arbitration; settled stays settled."""
    heads = sa.select(_user.c.username).where(_user.c.role == "head")
    counts = sa.and_(_decision.c.kind != "undo", _decision.c.second_opinion.is_(False))
    by_head = sa.case((_decision.c.actor.in_(heads), "arbitration"), else_="first")
    op.execute(sa.update(_decision).where(counts).values(stage=by_head))
    op.execute(sa.update(_item).where(_item.c.state == "escalated").values(state="arbitration"))


def _draw_seeds(connection: sa.Connection) -> None:
    campaign = sa.table("campaign", sa.column("id", sa.Integer))
    rule = sa.table(
        "second_key_rule",
        sa.column("campaign_id", sa.Integer),
        sa.column("seed", sa.String),
        sa.column("double_marks", sa.Boolean),
        sa.column("overridden", sa.Boolean),
        sa.column("sample_percent", sa.Integer),
        sa.column("full_up_to_sheets", sa.Integer),
    )
    for campaign_id in connection.scalars(sa.select(campaign.c.id)).all():
        drawn = {"campaign_id": campaign_id, "seed": secrets.token_hex(16)}
        usual = {"double_marks": True, "overridden": True, "sample_percent": 10, "full_up_to_sheets": 3}
        connection.execute(sa.insert(rule).values(**drawn, **usual))


def downgrade() -> None:
    op.execute(sa.update(_item).where(_item.c.state == "arbitration").values(state="escalated"))
    op.execute(sa.update(_item).where(_item.c.state == "second").values(state="open"))
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_column("stage")
        batch_op.drop_column("round")
    with op.batch_alter_table("review_item", schema=None) as batch_op:
        batch_op.drop_column("second_because")
        batch_op.drop_column("round")
    op.drop_table("second_key_rule")
