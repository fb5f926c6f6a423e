"""What people are asked about, and what they said: review items are work rows, decisions are only ever added.

An item stands for one answer of one sheet that a person must look at. A re-read moves the item to the new
reading; each decision keeps the reading that its person saw. What counts is never stored: it is the last
decision of an item that was not undone and is not a second opinion (`standing_decisions`).
"""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, Select, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference
from webapp.persistence.campaign import Sheet
from webapp.persistence.readings import FieldReading

UNFINISHED = ("open", "escalated")
ANSWER_QUEUES = ("grid", "single")  # an answer waits in one of them; comments have a queue of their own
POSITIONS_PER_SIDE = 1000  # `ReviewItem.position` is side × this + place on the side
DECISION_KINDS = ("option", "blank", "invalid", "unreadable", "text", "escalate", "undo")


class ReviewItem(Base):
    """One doubtful answer or written comment (`queue` "comment") of one sheet.

    `queue` of an answer: "grid" where it is a tile among others of its group (`group_key`: the number of
    options and the predicted one, "5-2"; blank is "5-0"), in the order of `doubt`; "single" where it is
    looked at alone; `set_aside_at`: a person saw on a grid or an overlay sheet that it
    belongs elsewhere.
    `state`: open → done; escalated waits for the head; dropped when its page no longer stands for the sheet.
    `form_code` and `position` give the order of work: the same question of the same form together.
    `lease_fence` counts the claims, so that every claim can be told from the one before.
    """

    __tablename__ = "review_item"
    __table_args__ = (
        UniqueConstraint("sheet_id", "field_code", "queue"),
        Index("ix_review_item_work", "campaign_id", "state", "queue", "form_code", "position", "id"),
        Index("ix_review_item_lease_user", "lease_user"),
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id", index=False)
    sheet_id: Mapped[int] = reference("sheet.id", index=False)
    field_reading_id: Mapped[int] = reference("field_reading.id")
    field_code: Mapped[Slug]
    form_code: Mapped[Slug]
    queue: Mapped[Slug]
    position: Mapped[int]  # side × POSITIONS_PER_SIDE + place on the side
    state: Mapped[Slug] = mapped_column(default="open")
    opened_at: Mapped[dt.datetime]
    reopened_at: Mapped[dt.datetime | None]  # a re-read differs from what a person had said
    set_aside_at: Mapped[dt.datetime | None]
    group_key: Mapped[Slug | None]
    doubt: Mapped[float] = mapped_column(default=0.0)  # that the predicted value is wrong, in [0, 1]
    lease_user: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[dt.datetime | None]
    lease_fence: Mapped[int] = mapped_column(default=0)
    sheet: Mapped[Sheet] = relationship()
    field_reading: Mapped[FieldReading] = relationship()


class Decision(AppendOnly, Base):
    """What one person said about one item, once; `kind` is one of DECISION_KINDS.

    `value` is the option, or the text of a comment; `reason` a slug (of invalid and escalate).
    `second_opinion`: it came after somebody else had the item; kept, never counted,
    shown to the head if it differs. `grid_id`: it was said of a whole grid at once, and `shown_ms` is each
    tile's share of the time.
    """

    __tablename__ = "decision"
    id: Mapped[Id]
    item_id: Mapped[int] = reference("review_item.id")
    field_reading_id: Mapped[int] = reference("field_reading.id")
    actor: Mapped[str] = mapped_column(String(80), index=True)
    decided_at: Mapped[dt.datetime]
    kind: Mapped[Slug]
    value: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[Slug | None]
    input_kind: Mapped[Slug | None]  # key | button
    shown_ms: Mapped[int | None]
    second_opinion: Mapped[bool] = mapped_column(default=False)
    grid_id: Mapped[int | None] = reference("grid.id")
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), unique=True)
    item: Mapped[ReviewItem] = relationship()


def standing_decisions() -> Select[Decision]:
    """Decisions that count: no second opinions, no undos, nothing that was undone."""
    undo = aliased(Decision)
    undone = select(undo.id).where(undo.undoes_id == Decision.id).exists()
    return select(Decision).where(Decision.kind != "undo", Decision.second_opinion.is_(False), ~undone)


def last_decision(session: Session, item_id: int) -> Decision | None:
    """The decision that counts for this item now."""
    standing = standing_decisions().where(Decision.item_id == item_id)
    return session.scalar(standing.order_by(Decision.id.desc()).limit(1))


def second_opinions(session: Session, item_id: int) -> Sequence[Decision]:
    """What people said about this item after somebody else had it, oldest first."""
    late = select(Decision).where(Decision.item_id == item_id, Decision.second_opinion.is_(True))
    return session.scalars(late.order_by(Decision.id)).all()
