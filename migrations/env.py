"""Alembic's entry: run the migrations on the database that webapp.persistence.schema names."""

from alembic import context

from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine

url = context.config.get_main_option("sqlalchemy.url")
if url is None:
    raise RuntimeError("Run migrations with `make migration` or `chamdiem upgrade`: they know the database.")

engine = make_engine(url)
with engine.connect() as connection:
    # SQLite changes a table by copying it (batch mode); the constraint names make that possible.
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        user_module_prefix="base.",
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
