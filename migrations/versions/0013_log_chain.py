"""the log as a chain, and the checks of it

Revision: 0013, after 0012.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SLUG, _PERSON, _SUBJECT, _SHA256 = sa.String(40), sa.String(80), sa.String(120), sa.String(64)


def _columns() -> list[sa.Column]:
    return [
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", _PERSON, nullable=False),
        sa.Column("act", _SLUG, nullable=False),
        sa.Column("subject", _SUBJECT, nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
    ]


def _chained() -> list[sa.Column]:
    return [
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        *_columns(),
        sa.Column("role", _SLUG, nullable=False),
        sa.Column("prev_hash", _SHA256, nullable=False),
        sa.Column("hash", _SHA256, nullable=False),
    ]


def upgrade() -> None:
    connection = op.get_bind()
    old = sa.Table("log_entry", sa.MetaData(), sa.Column("id", sa.Integer()), *_columns())
    rows = connection.execute(sa.select(old).order_by(old.c.id)).all()
    op.drop_table("log_entry")
    new = op.create_table("log_entry", *_chained(), sa.PrimaryKeyConstraint("seq", name=op.f("pk_log_entry")))
    for column in ("act", "actor", "at"):
        op.create_index(op.f(f"ix_log_entry_{column}"), "log_entry", [column], unique=False)
    _chain(connection, new, rows)
    op.create_table(
        "log_check",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("checked_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("occasion", _SLUG, nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", _SHA256, nullable=False),
        sa.Column("broken_seq", sa.Integer(), nullable=True),
        sa.Column("fault", _SLUG, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_check")),
    )


def _chain(connection: sa.Connection, new: sa.Table, rows: Sequence[Any]) -> None:
    """Number the entries in the order in which they came; roles never change, so today's is that of then."""
    people = sa.Table("app_user", sa.MetaData(), sa.Column("username", _PERSON), sa.Column("role", _SLUG))
    roles = dict(connection.execute(sa.select(people.c.username, people.c.role)).all())
    last = "0" * 64
    for seq, row in enumerate(rows, 1):
        told = {
            "seq": seq,
            "at": row.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "actor": row.actor,
            "role": roles.get(row.actor, ""),
            "act": row.act,
            "subject": row.subject,
            "detail": row.detail,
        }
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        digest = hashlib.sha256((last + text).encode()).hexdigest()
        connection.execute(new.insert().values({**told, "at": row.at, "prev_hash": last, "hash": digest}))
        last = digest


def downgrade() -> None:
    op.drop_table("log_check")
    connection = op.get_bind()
    chained = sa.Table("log_entry", sa.MetaData(), *_chained())
    rows = connection.execute(sa.select(chained).order_by(chained.c.seq)).all()
    op.drop_table("log_entry")
    plain = op.create_table(
        "log_entry",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_entry")),
    )
    for column in ("act", "at"):
        op.create_index(op.f(f"ix_log_entry_{column}"), "log_entry", [column], unique=False)
    names = ("at", "actor", "act", "subject", "detail")
    for row in rows:
        connection.execute(plain.insert().values({name: getattr(row, name) for name in names}))
