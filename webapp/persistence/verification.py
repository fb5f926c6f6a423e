"""What people are asked about, and what they said: review items are work rows, decisions are only ever added.

An item stands for one answer of one sheet that a person must look at. A re-read moves the item to the new
reading; each decision keeps the reading that its person saw. What counts is never stored: it is the last
decision of a finished item that was not undone and is not a second opinion (`standing_decisions`).
"""

import datetime as dt
from collections.abc import Sequence
from functools import cache

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    ScalarSelect,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    case,
    or_,
    select,
)
from sqlalchemy.orm import (
    InstrumentedAttribute,
    Mapped,
    Session,
    aliased,
    joinedload,
    mapped_column,
    relationship,
)

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference
from webapp.persistence.campaign import Sheet
from webapp.persistence.readings import FieldReading, Reading

STAGE_OF_STATE = {"open": "first", "second": "second", "arbitration": "arbitration"}
UNFINISHED = tuple(STAGE_OF_STATE)
ANSWER_QUEUES = ("grid", "single")  # an answer waits in one of them; comments have a queue of their own
POSITIONS_PER_SIDE = 1000  # `ReviewItem.position` is side × this + place on the side
DECISION_KINDS = ("option", "blank", "invalid", "unreadable", "text", "escalate", "undo")


class ReviewItem(Base):
    """One doubtful answer or written comment (`queue` "comment") of one sheet.

    `queue` of an answer: "grid" where it is a tile among others of its group (`group_key`: the number of
    options and the predicted one, "5-2"; blank is "5-0"), in the order of `doubt`; "single" where it is
    looked at alone; `set_aside_at`: a person saw that it is not what the machine takes it for.
    `state`: open → done; before that "second" waits for another person's blind key, "arbitration" for a
    third one; dropped when its page stands for the sheet no more, or the machine is sure. `second_because`
    says why it is keyed twice. A reading that shows what people did not see, or a person who sets aside what
    another one took at a glance, begins a new `round`: earlier words are history.
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
    round: Mapped[int] = mapped_column(default=1)
    second_because: Mapped[Slug | None]  # webapp.services.second_key.Because
    reopened_at: Mapped[dt.datetime | None]  # a reading shows what a person who spoke had not seen
    set_aside_at: Mapped[dt.datetime | None]
    group_key: Mapped[Slug | None]
    doubt: Mapped[float] = mapped_column(default=0.0)  # that the predicted value is wrong, in [0, 1]
    lease_user: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[dt.datetime | None]
    lease_fence: Mapped[int] = mapped_column(default=0)
    sheet: Mapped[Sheet] = relationship()
    field_reading: Mapped[FieldReading] = relationship()


class SecondKeyRule(Base):
    """Which answers of a campaign another person keys a second time; one row a campaign.

    `seed` makes the sample: 32 hex digits, drawn once and never shown, so that nobody can tell or choose what
    is in it. `full_up_to_sheets`: every answer, sure ones too, of forms of which a unit gets at most so many,
    for there one answer weighs much (CH1 of the sample: 3).
    """

    __tablename__ = "second_key_rule"
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), unique=True)
    seed: Mapped[str] = mapped_column(String(32))
    double_marks: Mapped[bool]
    overridden: Mapped[bool]
    sample_percent: Mapped[int]  # of each person's decisions, at least; 0–100
    full_up_to_sheets: Mapped[int]


class Decision(AppendOnly, Base):
    """What one person said about one item, once; `kind` is one of DECISION_KINDS.

    `value` is the option, or the text of a comment; `reason` a slug (of invalid, escalate, arbitration).
    `stage`: first, second or arbitration; None for undos and second opinions.
    `second_opinion`: it came after somebody else had the item, after the machine was sure, or it is about a
    page that was replaced; kept, never counted; if it differs from what counts of the same page, a third
    person decides. `grid_id`: it was said of a whole grid at once, and `shown_ms` is each tile's share of the
    time.
    """

    __tablename__ = "decision"
    id: Mapped[Id]
    item_id: Mapped[int] = reference("review_item.id")
    field_reading_id: Mapped[int] = reference("field_reading.id")
    actor: Mapped[str] = mapped_column(String(80), index=True)
    decided_at: Mapped[dt.datetime]
    stage: Mapped[Slug | None]
    round: Mapped[int] = mapped_column(default=1)
    kind: Mapped[Slug]
    value: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[Slug | None]
    input_kind: Mapped[Slug | None]  # key | button
    shown_ms: Mapped[int | None]
    second_opinion: Mapped[bool] = mapped_column(default=False)
    grid_id: Mapped[int | None] = reference("grid.id")
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), unique=True)
    item: Mapped[ReviewItem] = relationship()


def is_settled_by_a_third(item: ReviewItem, word: Decision) -> bool:
    """Whether the word stands against another one, so that its author has no more say in it.

    Who could change it would learn the other's word by trying. A question passed on says nothing yet.
    """
    return item.state == "arbitration" and word.stage != "arbitration" and word.kind != "escalate"


def may_be_taken_back() -> ColumnElement[bool]:
    """The same of the decisions of a query, turned round: whether their authors may still take them back."""
    is_own_turn = or_(Decision.stage == "arbitration", Decision.kind == "escalate")
    return or_(ReviewItem.state.in_(("second", "done")), and_(ReviewItem.state == "arbitration", is_own_turn))


def with_surroundings(items: Select[ReviewItem]) -> Select[ReviewItem]:
    """The same items, each with its reading, its sheet and the unit that this is about, in one question."""
    sheet = joinedload(ReviewItem.sheet, innerjoin=True).joinedload(Sheet.unit, innerjoin=True)
    return items.options(joinedload(ReviewItem.field_reading, innerjoin=True), sheet)


@cache  # a statement never changes, and putting this one together costs more than asking it
def standing_decisions() -> Select[Decision]:
    """Decisions that count: no second opinions, no undos, nothing that was undone."""
    undo = aliased(Decision)
    undone = select(undo.id).where(undo.undoes_id == Decision.id).exists()
    return select(Decision).where(Decision.kind != "undo", Decision.second_opinion.is_(False), ~undone)


def last_decision(session: Session, item_id: int) -> Decision | None:
    """The decision that counts for this item now, or would if the item were finished."""
    standing = standing_decisions().where(Decision.item_id == item_id)
    return session.scalar(standing.order_by(Decision.id.desc()).limit(1))


def said_this_round(session: Session, item: ReviewItem) -> Sequence[Decision]:
    """The item's standing decisions of its present round, oldest first."""
    standing = standing_decisions().where(Decision.item_id == item.id, Decision.round == item.round)
    return session.scalars(standing.order_by(Decision.id)).all()


def opinions_this_round(session: Session, item: ReviewItem) -> Sequence[Decision]:
    """What people said late about the item's present picture, in its present round, oldest first."""
    late = select(Decision).join(ReviewItem, ReviewItem.id == Decision.item_id)
    late = late.where(ReviewItem.id == item.id, Decision.round == item.round)
    late = late.where(Decision.second_opinion.is_(True), ~is_about_another_picture())
    return session.scalars(late.order_by(Decision.id)).all()


def is_about_another_picture() -> ColumnElement[bool]:
    """Whether a decision is a late word about a page that its item does not stand for now."""
    seen, present = _page_of(Decision.field_reading_id), _page_of(ReviewItem.field_reading_id)
    return and_(Decision.second_opinion.is_(True), seen != present)


def _page_of(field_reading_id: InstrumentedAttribute[int]) -> ScalarSelect[int]:
    field = aliased(FieldReading)
    page = select(Reading.page_id).join(field, field.reading_id == Reading.id)
    return page.where(field.id == field_reading_id).scalar_subquery()


def has_spoken(username: str) -> ColumnElement[bool]:
    """Whether this person may not take the item's present turn, having said something about it before.

    What one said in this very turn, and took back, does not shut one out of it; nor does a late word about
    another picture.
    """
    this_turn = and_(
        Decision.round == ReviewItem.round,
        case(STAGE_OF_STATE, value=ReviewItem.state, else_=None) == Decision.stage,
    )
    said = select(Decision.id).where(
        Decision.item_id == ReviewItem.id, Decision.actor == username, Decision.kind != "undo"
    )
    said = said.where(~is_about_another_picture())
    return said.where(or_(Decision.stage.is_(None), ~this_turn)).exists()
