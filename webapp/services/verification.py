"""People settle the doubtful answers, one at a time: enqueue, claim, decide, undo, release.

Many at a time: services.group_grid. Who looks after a first person: services.second_key. What a new reading
does to an item: services.review_items.

Every change of an item starts by taking its row, so two people never settle it at once, on either database.
A claim is a lease: it runs out by itself, and nothing is lost if its holder answers late.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Select, case, or_, select, update
from sqlalchemy.orm import Session

from webapp.errors import ClaimLost, NotFound
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Sheet
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Page
from webapp.persistence.verification import (
    POSITIONS_PER_SIDE,
    STAGE_OF_STATE,
    UNFINISHED,
    Decision,
    ReviewItem,
    has_spoken,
    is_settled_by_a_third,
    may_be_taken_back,
    said_this_round,
    standing_decisions,
    with_surroundings,
)
from webapp.services.answer_kinds import Answer, check_answer, is_same
from webapp.services.review_items import (
    is_settled_by_machine,
    move_item,
    new_item,
    reopen_if_news,
    set_aside,
)
from webapp.services.review_queues import COMMENTS_LAST, is_free, kind_of_work, turns_of
from webapp.services.second_key import first_choice, is_checked_in_full, settle_state

LEASE_S = 120
LEAVE_S = 5  # who leaves the page may come back as quickly as a reload does
_NOT_COUNTED = ("duplicate", "blank", "problem")  # states of pages that stand for no sheet

Outcome = Literal["settled", "escalated", "repeated", "late", "replaced", "set_aside", "void"]


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Which part of a campaign's work a person wants; None is all of it. `queue`: one of QUEUES."""

    campaign_id: int
    queue: str | None = None
    form_code: str | None = None


# -- enqueue -----------------------------------------------------------------------------------------


def enqueue_reading(session: Session, reading: Reading, now: dt.datetime) -> int:
    """Open an item for every field of a new reading that a person must look at; give their number.

    Where people check everything, the machine's sure answer is the first key, and a person gives the second.
    A re-read of a page moves its items to the new reading. A person's decision is kept; its item opens again
    where the reading shows what the person did not see (services.review_items).
    """
    page = reading.page
    if page.sheet_id is None or page.state in _NOT_COUNTED or page.duplicate_of_id is not None:
        drop_page_items(session, page.id)
        return 0
    _drop_items_of_other_places(session, page)
    known = _items_by_answer(session, page.sheet_id)
    in_full = page.sheet is not None and is_checked_in_full(session, page.sheet)
    opened = 0
    for place, field in enumerate(reading.fields):
        item = known.get((field.sheet_id, field.field_code))
        checked = in_full and field.kind == "choice"
        if item is not None:
            opened += move_item(session, item, field, now, in_full=checked)
        elif checked or not field.accepted:
            session.add(new_item(page, field, place, now))
            opened += 1
    return opened


def drop_page_items(session: Session, page_id: int) -> int:
    """Take a page's unfinished items out of the queue because the page stands for no sheet any more."""
    return _drop(session, _items_of_page(page_id))


def _drop_items_of_other_places(session: Session, page: Page) -> None:
    """The page turned out to be another sheet's or the other side: what was asked about that is void."""
    own = select(Sheet.id).where(Sheet.paper_id == page.sheet_id)
    is_other_side = ReviewItem.position // POSITIONS_PER_SIDE != (page.side or 0)
    _drop(session, _items_of_page(page.id).where(or_(ReviewItem.sheet_id.not_in(own), is_other_side)))


def _items_of_page(page_id: int) -> Select[int]:
    return (
        select(ReviewItem.id)
        .join(FieldReading, FieldReading.id == ReviewItem.field_reading_id)
        .join(Reading, Reading.id == FieldReading.reading_id)
        .where(Reading.page_id == page_id, ReviewItem.state.in_(UNFINISHED))
    )


def _drop(session: Session, item_ids: Select[int]) -> int:
    items = session.scalars(select(ReviewItem).where(ReviewItem.id.in_(item_ids))).all()
    for item in items:
        item.state, item.lease_user, item.lease_until = "dropped", None, None
    return len(items)


def _items_by_answer(session: Session, paper_id: int) -> dict[tuple[int, str], ReviewItem]:
    own = select(Sheet.id).where(Sheet.paper_id == paper_id)
    items = session.scalars(select(ReviewItem).where(ReviewItem.sheet_id.in_(own)))
    return {(item.sheet_id, item.field_code): item for item in items}


# -- claim and release -------------------------------------------------------------------------------


def claim_next_item(
    session: Session, user: User, now: dt.datetime, wanted: WorkFilter, *, lease_s: int = LEASE_S
) -> ReviewItem | None:
    """Lease the next item to this person: the one already held, else the next of the same question.

    None when nothing that is wanted is free.
    """
    mine = ReviewItem.lease_user == user.username
    candidates = _turns_of(user, wanted).where(or_(mine, is_free(now)))
    held_first = (case((mine, 0), else_=1), case((mine, ReviewItem.lease_until)).desc())
    in_order = (*COMMENTS_LAST, ReviewItem.form_code, ReviewItem.position, ReviewItem.id)
    first = candidates.order_by(*held_first, *in_order).limit(1)
    return _lease(session, user, now + dt.timedelta(seconds=lease_s), first)


def held_item(session: Session, user: User, wanted: WorkFilter) -> ReviewItem | None:
    """The item that this person works on, if any: reading only, so a reload changes nothing."""
    rows = _turns_of(user, wanted).where(ReviewItem.lease_user == user.username)
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
        ReviewItem.id == item_id, ReviewItem.state.in_(UNFINISHED), ReviewItem.lease_user == user.username
    )
    renewal = mine.values(lease_until=now + dt.timedelta(seconds=lease_s))
    if session.execute(renewal.returning(ReviewItem.id)).first() is None:
        raise ClaimLost(
            "Bạn không còn giữ ô này: hết giờ và người khác đã nhận, hoặc trang đã đổi. "
            "Bấm “Tiếp tục” để làm tiếp."
        )


def release_items(session: Session, user: User) -> int:
    """Give back what this person holds and has not answered; give the number."""
    mine = update(ReviewItem).where(ReviewItem.lease_user == user.username).returning(ReviewItem.id)
    return len(session.execute(mine.values(lease_user=None, lease_until=None)).all())


def leave_items(session: Session, user: User, now: dt.datetime) -> None:
    """The person's page is gone: what they hold is free in a moment, unless they are back by then."""
    until = now + dt.timedelta(seconds=LEAVE_S)
    session.execute(
        update(ReviewItem)
        .where(ReviewItem.lease_user == user.username, ReviewItem.lease_until > until)
        .values(lease_until=until)
    )


def _turns_of(user: User, wanted: WorkFilter) -> Select[int]:
    rows = select(ReviewItem.id).where(ReviewItem.campaign_id == wanted.campaign_id, turns_of(user))
    if wanted.queue is not None:
        rows = rows.where(kind_of_work() == wanted.queue)
    if wanted.form_code is not None:
        rows = rows.where(ReviewItem.form_code == wanted.form_code)
    return rows


def open_items(wanted: WorkFilter, queues: Collection[str]) -> Select[int]:
    """The ids of the wanted items of these queues that wait for somebody."""
    rows = select(ReviewItem.id).where(ReviewItem.campaign_id == wanted.campaign_id)
    rows = rows.where(ReviewItem.state == "open", ReviewItem.queue.in_(queues))
    if wanted.queue is not None:
        rows = rows.where(ReviewItem.queue == wanted.queue)
    if wanted.form_code is not None:
        rows = rows.where(ReviewItem.form_code == wanted.form_code)
    return rows


def _lease(session: Session, user: User, until: dt.datetime, first: Select[int]) -> ReviewItem | None:
    """One atomic claim, which skips rows that others are taking just now; then all that its screen shows."""
    free = first.with_for_update(skip_locked=True).scalar_subquery()
    lease = {"lease_user": user.username, "lease_until": until, "lease_fence": ReviewItem.lease_fence + 1}
    claim = update(ReviewItem).where(ReviewItem.id == free).values(lease).returning(ReviewItem.id)
    item_id = session.scalar(claim, execution_options={"synchronize_session": False})
    if item_id is None:
        return None
    leased = with_surroundings(select(ReviewItem).where(ReviewItem.id == item_id))
    return session.scalar(leased, execution_options={"populate_existing": True})


# -- decide and undo ---------------------------------------------------------------------------------


def record_decision(session: Session, user: User, item_id: int, answer: Answer, now: dt.datetime) -> Outcome:
    """Add what this person said about an item.

    "repeated": the same person sent the same answer again (a lost reply); nothing is added.
    "late", "replaced", "set_aside", "void": the answer is kept as a second opinion, for somebody else has the
    item or has settled it; another page stands there now; the machine has become sure of something else, so
    that somebody looks at it alone; nobody is asked any more, for the machine agrees or the page is gone.

    Raises:
        NotFound: there is no such item.
        InvalidInput: not an answer that this item can have.
    """
    item = take_item(session, item_id)
    seen = _seen_reading(session, item, answer)
    mine = _own_word(session, item, user)
    replaced = is_replaced(session, item, answer)
    stage = None if replaced else _stage_of(session, item, mine, user, now)
    check_answer(item, answer, stage)
    if mine is not None and item.state != "open" and is_same(mine, answer):
        return "repeated"
    decision = _decision(item, user, answer, now, stage=stage)
    decision.field_reading_id = seen.id
    session.add(decision)
    session.flush()  # so that what follows is derived from it, too
    if replaced:
        _offer(item, user, now)
        return "replaced"
    if item.state == "dropped":
        return _object(session, item, answer, now)
    before = item.state
    if stage is not None or before in ("second", "done"):
        settle_state(session, item)
    if stage is None and item.state == before:
        return "late"
    item.lease_user, item.lease_until = None, None
    return "late" if stage is None else "escalated" if answer.kind == "escalate" else "settled"


def _object(session: Session, item: ReviewItem, answer: Answer, now: dt.datetime) -> Outcome:
    """Hear who sees something else than the machine, which has just become sure."""
    differs = (answer.kind, answer.value) != first_choice(item.field_reading)
    if not (differs and is_settled_by_machine(session, item)):
        return "void"
    set_aside(session, item, now)
    return "set_aside"


def _offer(item: ReviewItem, user: User, now: dt.datetime) -> None:
    """Let the item be this person's next one, as long as nobody else takes it."""
    if item.state in UNFINISHED and (item.lease_until is None or item.lease_until <= now):
        item.lease_user, item.lease_until = user.username, now


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
    session.add(_decision(item, user, Answer("undo"), now, stage=None, undoes_id=last.id))
    session.flush()  # so that the decision before it is found
    settle_state(session, item)
    reopen_if_news(session, item, now)  # the word before may be one about another picture
    item.lease_user, item.lease_until = None, None
    if STAGE_OF_STATE.get(item.state) == last.stage:
        item.lease_user, item.lease_until = user.username, now + dt.timedelta(seconds=LEASE_S)
        item.lease_fence += 1
    return item


def take_item(session: Session, item_id: int) -> ReviewItem:
    """The item with its row locked until the transaction ends, as it is now, and what its screen shows."""
    wanted = with_surroundings(select(ReviewItem).where(ReviewItem.id == item_id))
    locked = wanted.with_for_update(of=ReviewItem)
    item = session.scalar(locked, execution_options={"populate_existing": True})
    if item is None:
        raise NotFound("Không có ô này.")
    return item


def _seen_reading(session: Session, item: ReviewItem, answer: Answer) -> FieldReading:
    """The reading that the person saw, if it is one of this very answer; else the item's own."""
    seen = None if answer.seen_reading_id is None else session.get(FieldReading, answer.seen_reading_id)
    if seen is None or (seen.sheet_id, seen.field_code) != (item.sheet_id, item.field_code):
        return item.field_reading
    return seen


def is_replaced(session: Session, item: ReviewItem, answer: Answer) -> bool:
    """Whether the answer was given on the picture of a page that the item does not stand for any more."""
    return _seen_reading(session, item, answer).reading.page_id != item.field_reading.reading.page_id


def _own_word(session: Session, item: ReviewItem, user: User) -> Decision | None:
    """This person's word, if it is the last one on the item in its present round."""
    said = said_this_round(session, item)
    return said[-1] if said and said[-1].actor == user.username else None


def _stage_of(
    session: Session, item: ReviewItem, mine: Decision | None, user: User, now: dt.datetime
) -> str | None:
    """Whose word this is: the one whose turn it is, or one's own corrected; None: a second opinion."""
    if item.state == "dropped":
        return None
    if mine is not None and item.state != "open":
        return None if is_settled_by_a_third(item, mine) else mine.stage
    taken = item.lease_until is not None and item.lease_until > now
    if item.state == "open":
        return "first" if item.lease_user == user.username or not taken else None
    if item.state == "done" or item.lease_user != user.username:
        return None  # a blind turn is only for whom it was shown blind
    barred = select(ReviewItem.id).where(ReviewItem.id == item.id, has_spoken(user.username))
    return STAGE_OF_STATE[item.state] if session.scalar(barred) is None else None


def _decision(
    item: ReviewItem,
    user: User,
    answer: Answer,
    now: dt.datetime,
    *,
    stage: str | None,
    undoes_id: int | None = None,
) -> Decision:
    return Decision(
        item=item,
        field_reading_id=item.field_reading_id,
        actor=user.username,
        decided_at=now,
        stage=stage,
        round=item.round,
        kind=answer.kind,
        value=answer.value,
        reason=answer.reason,
        input_kind=answer.input_kind,
        shown_ms=answer.shown_ms,
        second_opinion=stage is None and undoes_id is None,
        grid_id=answer.grid_id,
        undoes_id=undoes_id,
    )


def _own_undoable(user: User, campaign_id: int) -> Select[Decision]:
    """This person's decisions that are still the last word on an item: nobody has spoken since."""
    later = standing_decisions().subquery()
    overruled = select(later.c.id).where(later.c.item_id == Decision.item_id, later.c.id > Decision.id)
    return (
        standing_decisions()
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(Decision.actor == user.username, ReviewItem.campaign_id == campaign_id)
        .where(may_be_taken_back(), Decision.round == ReviewItem.round)
        .where(~overruled.exists())
    )
