"""Which tiles a person was shown together, with what among them was a decoy, and what was said of each.

Rows are only ever added; of a grid only what became of it is filled in, once.
"""

import datetime as dt

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import Base, Id, Slug, reference
from webapp.persistence.readings import FieldReading
from webapp.persistence.verification import ReviewItem


class Grid(Base):
    """Tiles of one group that were dealt to one person; the newest of a person is the one on the screen.

    `group_key` as in ReviewItem. `answered_at`: the person settled it; `requeued_at`: the person had missed
    decoys, so what was settled with it was taken back and waits for somebody else.
    """

    __tablename__ = "grid"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    actor: Mapped[str] = mapped_column(String(80), index=True)
    group_key: Mapped[Slug]
    dealt_at: Mapped[dt.datetime]
    answered_at: Mapped[dt.datetime | None]
    requeued_at: Mapped[dt.datetime | None]
    tiles: Mapped[list["GridTile"]] = relationship(back_populates="grid", order_by="GridTile.id")


class GridTile(Base):
    """One picture of a grid, in the order of their ids: an answer, with the reading whose crop was shown.

    `is_decoy`: the item was settled by people with another value; what is said of it here is never an answer.
    `said`: "accepted" or "marked" (belongs elsewhere); None while unanswered, or where it was not seen.
    """

    __tablename__ = "grid_tile"
    __table_args__ = (UniqueConstraint("grid_id", "item_id"),)
    id: Mapped[Id]
    grid_id: Mapped[int] = reference("grid.id", index=False)
    item_id: Mapped[int] = reference("review_item.id")
    field_reading_id: Mapped[int] = reference("field_reading.id", index=False)
    is_decoy: Mapped[bool] = mapped_column(default=False)
    said: Mapped[Slug | None]
    grid: Mapped[Grid] = relationship(back_populates="tiles")
    item: Mapped[ReviewItem] = relationship()
    field_reading: Mapped[FieldReading] = relationship()
