"""People settle the doubtful answers, one at a time: enqueue, claim, decide, undo, release.

Answers of one predicted value are shown many at a time (services.group_grid).

Every change of an item starts by taking its row, so two people never settle it at once, on either database.
A claim is a lease: it runs out by itself, and nothing is lost if its holder answers late.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Select, Update, or_, select, update
from sqlalchemy.orm import Session

from webapp.errors import ClaimLost, InvalidInput, NotFound
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Sheet
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Page
from webapp.persistence.verification import (
    POSITIONS_PER_SIDE,
    UNFINISHED,
    Decision,
    ReviewItem,
    last_decision,
    standing_decisions,
)
from webapp.services.review_queues import doubt_of, group_of, queue_of

LEASE_S = 120
SETTLES_ESCALATED = ("head",)  # roles whose word is the last
INVALID_REASONS = ("several_marks", "between_options", "all_crossed_out", "unreadable_mark")
ESCALATION_REASONS = ("unsure_rule", "need_paper", "written_note", "wrong_sheet")
ONE_BY_ONE = ("single", "comment")  # queues whose items come one at a time
_OF_ANSWERS = ("option", "blank", "invalid", "escalate")
ANSWER_KINDS = {
    "single": _OF_ANSWERS,
    "grid": _OF_ANSWERS,
    "comment": ("text", "blank", "unreadable", "escalate"),
}
_REASONS = {"invalid": INVALID_REASONS, "escalate": ESCALATION_REASONS}
_NOT_COUNTED = ("duplicate", "blank", "problem")  # states of pages that stand for no sheet

Outcome = Literal["settled", "escalated", "repeated", "late"]


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Which part of a campaign's work a person wants; None is all of it."""

    campaign_id: int
    queue: str | None = None
    form_code: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said: `kind` and `value` as in Decision, and how it was entered.

    `seen_reading_id` is the field reading whose crop was on the screen; a re-read may have come since.
    `grid_id` is the group grid with which many answers were given at once.
    """

    kind: str
    value: str | None = None
    reason: str | None = None
    input_kind: str | None = None
    shown_ms: int | None = None
    seen_reading_id: int | None = None
    grid_id: int | None = None


# -- enqueue -----------------------------------------------------------------------------------------


def enqueue_reading(session: Session, reading: Reading, now: dt.datetime) -> int:
    """Open an item for every field of a new reading that a person must look at; give their number.

    A re-read of a page moves its items to the new reading. A person's decision is kept: its item opens
    again only where the machine is now sure of another answer.
    """
    page = reading.page
    if page.sheet_id is None or page.state in _NOT_COUNTED or page.duplicate_of_id is not None:
        drop_page_items(session, page.id)
        return 0
    _drop_items_of_other_sheets(session, page)
    known = _items_by_answer(session, page.sheet_id)
    opened = 0
    for place, field in enumerate(reading.fields):
        item = known.get((field.sheet_id, field.field_code))
        if item is not None:
            opened += _move_item(session, item, field, now)
        elif not field.accepted:
            session.add(new_item(page, field, place, now))
            opened += 1
    return opened


def drop_page_items(session: Session, page_id: int) -> int:
    """Take a page's unfinished items out of the queue because the page stands for no sheet any more."""
    return _drop(session, _items_of_page(page_id))


def _drop_items_of_other_sheets(session: Session, page: Page) -> None:
    """The page turned out to be another sheet's: what was asked about the former one is void."""
    own = select(Sheet.id).where(Sheet.paper_id == page.sheet_id)
    _drop(session, _items_of_page(page.id).where(ReviewItem.sheet_id.not_in(own)))


def _items_of_page(page_id: int) -> Select[int]:
    return (
        select(ReviewItem.id)
        .join(FieldReading, FieldReading.id == ReviewItem.field_reading_id)
        .join(Reading, Reading.id == FieldReading.reading_id)
        .where(Reading.page_id == page_id, ReviewItem.state.in_(UNFINISHED))
    )


def _drop(session: Session, item_ids: Select[int]) -> int:
    ids = session.scalars(item_ids).all()
    for item in session.scalars(select(ReviewItem).where(ReviewItem.id.in_(ids))):
        item.state, item.lease_user, item.lease_until = "dropped", None, None
    return len(ids)


def _items_by_answer(session: Session, paper_id: int) -> dict[tuple[int, str], ReviewItem]:
    own = select(Sheet.id).where(Sheet.paper_id == paper_id)
    items = session.scalars(select(ReviewItem).where(ReviewItem.sheet_id.in_(own)))
    return {(item.sheet_id, item.field_code): item for item in items}


def new_item(page: Page, field: FieldReading, place: int, now: dt.datetime) -> ReviewItem:
    """An item that asks people about the field at this place of its reading."""
    sheet = page.sheet
    if sheet is None:
        raise ValueError("a page without a sheet has no answers")
    return ReviewItem(
        campaign_id=sheet.campaign_id,
        sheet_id=field.sheet_id,
        field_reading=field,
        field_code=field.field_code,
        form_code=sheet.form_code,
        queue=queue_of(field),
        group_key=group_of(field),
        doubt=doubt_of(field),
        position=(page.side or 0) * POSITIONS_PER_SIDE + place,
        opened_at=now,
    )


def _move_item(session: Session, item: ReviewItem, field: FieldReading, now: dt.datetime) -> bool:
    """Let the item stand for the new reading of its answer; True if a person must look (again)."""
    was_unfinished = item.state in UNFINISHED
    item.field_reading = field
    if item.set_aside_at is None and item.reopened_at is None:  # else it is looked at alone, whatever is read
        item.queue, item.group_key, item.doubt = queue_of(field), group_of(field), doubt_of(field)
    said = last_decision(session, item.id)
    if said is None:
        is_settled = (
            field.accepted and item.set_aside_at is None
        )  # a machine does not overrule a person's doubt
        item.state = "dropped" if is_settled else "open"
        if item.state == "dropped":
            item.lease_user, item.lease_until = None, None
    elif said.kind == "escalate":
        item.state = "escalated"  # a person asked the head: a machine does not take that back
    elif field.kind == "choice" and field.accepted and field.value != said.value:
        item.state, item.reopened_at = "open", now
    elif item.state == "dropped":
        item.state = "done"  # its page stands for the sheet again, and so does what the person said
    return item.state in UNFINISHED and not was_unfinished


# -- claim and release -------------------------------------------------------------------------------


def claim_next_item(
    session: Session, user: User, now: dt.datetime, wanted: WorkFilter, *, lease_s: int = LEASE_S
) -> ReviewItem | None:
    """Lease the next item to this person: the one already held, else the next of the same question.

    None when nothing that is wanted is free.
    """
    wanted_rows = open_items(wanted, ONE_BY_ONE)
    held = wanted_rows.where(ReviewItem.lease_user == user.username)
    latest_first = held.order_by(ReviewItem.lease_until.desc(), ReviewItem.id)
    in_order = wanted_rows.where(is_free(now)).order_by(
        ReviewItem.queue.desc(), ReviewItem.form_code, ReviewItem.position, ReviewItem.id
    )
    until = now + dt.timedelta(seconds=lease_s)
    return _lease(session, user, until, latest_first) or _lease(session, user, until, in_order)


def held_item(session: Session, user: User, wanted: WorkFilter) -> ReviewItem | None:
    """The item that this person works on, if any: reading only, so a reload changes nothing."""
    rows = open_items(wanted, ONE_BY_ONE).where(ReviewItem.lease_user == user.username)
    item_id = session.scalar(rows.order_by(ReviewItem.lease_until.desc(), ReviewItem.id))
    return None if item_id is None else session.get(ReviewItem, item_id)


def renew_lease(
    session: Session, user: User, item_id: int, now: dt.datetime, *, lease_s: int = LEASE_S
) -> None:
    """Keep the item while its person is active.

    Raises:
        ClaimLost: somebody else has it, or it is settled.
    """
    mine = update(ReviewItem).where(
        ReviewItem.id == item_id, ReviewItem.state == "open", ReviewItem.lease_user == user.username
    )
    renewed = session.execute(
        mine.values(lease_until=now + dt.timedelta(seconds=lease_s)).returning(ReviewItem.id)
    )
    if renewed.first() is None:
        raise ClaimLost("Ô này hết giờ giữ và người khác đang làm. Bấm “Tiếp tục” để nhận ô khác.")


def release_items(session: Session, user: User) -> int:
    """Give back what this person holds and has not answered; give the number."""
    mine = update(ReviewItem).where(ReviewItem.lease_user == user.username)
    released = session.execute(mine.values(lease_user=None, lease_until=None).returning(ReviewItem.id))
    return len(released.all())


def open_items(wanted: WorkFilter, queues: Collection[str]) -> Select[int]:
    """The ids of the wanted items of these queues that wait for somebody."""
    rows = select(ReviewItem.id).where(
        ReviewItem.campaign_id == wanted.campaign_id,
        ReviewItem.state == "open",
        ReviewItem.queue.in_(queues),
    )
    if wanted.queue is not None:
        rows = rows.where(ReviewItem.queue == wanted.queue)
    if wanted.form_code is not None:
        rows = rows.where(ReviewItem.form_code == wanted.form_code)
    return rows


def is_free(now: dt.datetime) -> ColumnElement[bool]:
    """Whether nobody's lease is on an item."""
    return or_(ReviewItem.lease_user.is_(None), ReviewItem.lease_until <= now)


def _lease(session: Session, user: User, until: dt.datetime, candidates: Select[int]) -> ReviewItem | None:
    """One atomic statement; rows that others are just taking are skipped."""
    first = candidates.limit(1).with_for_update(skip_locked=True).scalar_subquery()
    claim: Update = (
        update(ReviewItem)
        .where(ReviewItem.id == first)
        .values(lease_user=user.username, lease_until=until, lease_fence=ReviewItem.lease_fence + 1)
    )
    fresh = {"synchronize_session": False, "populate_existing": True}
    return session.scalars(claim.returning(ReviewItem), execution_options=fresh).first()


# -- decide and undo ---------------------------------------------------------------------------------


def record_decision(session: Session, user: User, item_id: int, answer: Answer, now: dt.datetime) -> Outcome:
    """Add what this person said about an item.

    "late": somebody else has or has settled the item; the answer is kept as a second opinion.
    "repeated": the same person sent the same answer again (a lost reply); nothing is added.

    Raises:
        NotFound: there is no such item.
        InvalidInput: not an answer that this item can have.
    """
    item = take_item(session, item_id)
    _check_answer(item, answer)
    said = last_decision(session, item_id)
    if said is not None and said.actor == user.username and _is_same(said, answer) and item.state != "open":
        return "repeated"
    late = not _may_settle(item, said, user, now)
    decision = _decision(item, user, answer, now, second_opinion=late)
    decision.field_reading_id = _seen_reading_id(session, item, answer)
    session.add(decision)
    if late:
        return "late"
    item.state = "escalated" if answer.kind == "escalate" else "done"
    item.lease_user, item.lease_until = None, None
    return "escalated" if answer.kind == "escalate" else "settled"


def undo_last_decision(session: Session, user: User, now: dt.datetime, campaign_id: int) -> ReviewItem | None:
    """Take back this person's last decision that still counts, and give its item to look at again.

    What was said with one grid is taken back together. Repeatable; what others settled since is
    left alone. None when there is nothing to take back.
    """
    own = _own_undoable(user, campaign_id)
    last = session.scalar(own.order_by(Decision.id.desc()).limit(1))
    if last is None:
        return None
    if last.grid_id is None:
        return _undo(session, user, last, now)
    together = own.where(Decision.grid_id == last.grid_id).order_by(Decision.item_id)
    return [_undo(session, user, decision, now) for decision in session.scalars(together).all()][-1]


def _undo(session: Session, user: User, last: Decision, now: dt.datetime) -> ReviewItem:
    item = take_item(session, last.item_id)
    undo = Answer("undo")
    session.add(_decision(item, user, undo, now, undoes_id=last.id))
    session.flush()  # so that the decision before it is found
    before = last_decision(session, item.id)
    item.state = _state_after(before, item)
    if item.state == "open":
        item.lease_user, item.lease_until = user.username, now + dt.timedelta(seconds=LEASE_S)
        item.lease_fence += 1
    return item


def take_item(session: Session, item_id: int) -> ReviewItem:
    """The item with its row locked until the transaction ends."""
    item = session.get(ReviewItem, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound("Không có ô này.")
    return item


def _check_answer(item: ReviewItem, answer: Answer) -> None:
    """Refuse what the item cannot have: an option that is not printed, a missing reason, empty words."""
    known = answer.kind in ANSWER_KINDS[item.queue]
    if known and answer.kind in _REASONS:
        known = answer.reason in _REASONS[answer.kind]
    if known and answer.kind == "option":
        known = answer.value in {bubble["option"] for bubble in item.field_reading.bubbles}
    if known and answer.kind == "text":
        known = bool(answer.value and answer.value.strip())
    if not known:
        raise InvalidInput("Câu trả lời này không hợp với ô đang hiện. Chọn một trong các nút trên màn hình.")


def _seen_reading_id(session: Session, item: ReviewItem, answer: Answer) -> int:
    """The reading that the person saw, if it is one of this very answer; else the item's own."""
    seen = None if answer.seen_reading_id is None else session.get(FieldReading, answer.seen_reading_id)
    if seen is None or (seen.sheet_id, seen.field_code) != (item.sheet_id, item.field_code):
        return item.field_reading_id
    return seen.id


def _is_same(said: Decision, answer: Answer) -> bool:
    return (said.kind, said.value, said.reason) == (answer.kind, answer.value, answer.reason)


def _may_settle(item: ReviewItem, said: Decision | None, user: User, now: dt.datetime) -> bool:
    """Whether this person's word counts now: a free item, one's own, or a finished one for the head."""
    if item.state == "open":
        taken = item.lease_until is not None and item.lease_until > now
        return item.lease_user == user.username or not taken
    own = said is not None and said.actor == user.username
    return item.state in ("done", "escalated") and (own or user.role in SETTLES_ESCALATED)


def _decision(
    item: ReviewItem,
    user: User,
    answer: Answer,
    now: dt.datetime,
    *,
    second_opinion: bool = False,
    undoes_id: int | None = None,
) -> Decision:
    return Decision(
        item=item,
        field_reading_id=item.field_reading_id,
        actor=user.username,
        decided_at=now,
        kind=answer.kind,
        value=answer.value,
        reason=answer.reason,
        input_kind=answer.input_kind,
        shown_ms=answer.shown_ms,
        second_opinion=second_opinion,
        grid_id=answer.grid_id,
        undoes_id=undoes_id,
    )


def _own_undoable(user: User, campaign_id: int) -> Select[Decision]:
    """This person's decisions that are the word on a finished item."""
    later = standing_decisions().subquery()
    overruled = select(later.c.id).where(later.c.item_id == Decision.item_id, later.c.id > Decision.id)
    return (
        standing_decisions()
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(Decision.actor == user.username, ReviewItem.campaign_id == campaign_id)
        .where(ReviewItem.state.in_(("done", "escalated")), ~overruled.exists())
    )


def _state_after(before: Decision | None, item: ReviewItem) -> str:
    """An earlier word on the same reading stands again, a question to the head always; else it is open."""
    if before is not None and before.kind == "escalate":
        return "escalated"
    return "done" if before is not None and before.field_reading_id == item.field_reading_id else "open"
