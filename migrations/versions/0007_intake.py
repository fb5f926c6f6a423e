"""the watched folder, what people tell the reader of a page, archives, the trash

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from webapp.persistence import base

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "folder_state",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("seen_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("growing", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder_state")),
    )
    op.create_table(
        "folder_file",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("taken_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("moved_to", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_folder_file_batch_id_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder_file")),
        sa.UniqueConstraint(
            "name",
            "size_bytes",
            "mtime_ns",
            "sha256",
            name=op.f("uq_folder_file_name_size_bytes_mtime_ns_sha256"),
        ),
    )
    with op.batch_alter_table("folder_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_folder_file_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "page_instruction",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=True),
        sa.Column("side", sa.Integer(), nullable=True),
        sa.Column("quarters", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("given_by", sa.String(length=80), nullable=False),
        sa.Column("given_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_page_instruction_page_id_page")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_page_instruction_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_instruction")),
    )
    with op.batch_alter_table("page_instruction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_page_instruction_page_id"), ["page_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_page_instruction_sheet_id"), ["sheet_id"], unique=False)

    op.create_table(
        "trash_move",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.String(length=80), nullable=False),
        sa.Column("moved_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_trash_move_batch_id_batch")),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_trash_move_page_id_page")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trash_move")),
    )
    with op.batch_alter_table("trash_move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trash_move_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_trash_move_page_id"), ["page_id"], unique=False)

    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("source", sa.String(length=40), nullable=False, server_default="upload")
        )
        batch_op.add_column(sa.Column("trashed_at", base.UtcDateTime(timezone=True), nullable=True))
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.alter_column("source", server_default=None)

    with op.batch_alter_table("batch_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("archive_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_batch_file_archive_id"), ["archive_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_batch_file_archive_id_batch_file"), "batch_file", ["archive_id"], ["id"]
        )

    with op.batch_alter_table("page_resolution", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("page_resolution", schema=None) as batch_op:
        batch_op.drop_column("reason")

    with op.batch_alter_table("batch_file", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_batch_file_archive_id_batch_file"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_batch_file_archive_id"))
        batch_op.drop_column("archive_id")

    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.drop_column("trashed_at")
        batch_op.drop_column("source")

    with op.batch_alter_table("trash_move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trash_move_page_id"))
        batch_op.drop_index(batch_op.f("ix_trash_move_batch_id"))

    op.drop_table("trash_move")
    with op.batch_alter_table("page_instruction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_page_instruction_sheet_id"))
        batch_op.drop_index(batch_op.f("ix_page_instruction_page_id"))

    op.drop_table("page_instruction")
    with op.batch_alter_table("folder_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_folder_file_batch_id"))

    op.drop_table("folder_file")
    op.drop_table("folder_state")
