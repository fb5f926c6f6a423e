"""Review items: made of a doubtful field, moved to a new reading of their answer, set aside by a person.

What people said of one picture counts for no other one: where another page takes a side, people are asked
anew, unless the machine is sure of the very same. The same page read again is the same picture.
"""

import datetime as dt

from sqlalchemy.orm import Session

from webapp.persistence.campaign import Sheet
from webapp.persistence.readings import FieldReading
from webapp.persistence.scans import Page
from webapp.persistence.verification import (
    ANSWER_QUEUES,
    POSITIONS_PER_SIDE,
    UNFINISHED,
    Decision,
    ReviewItem,
    said_this_round,
)
from webapp.services.review_queues import doubt_of, group_of, queue_of
from webapp.services.second_key import Because, first_choice, late_values, settle_state, value_of

_COUNTED = ("read", "waiting", "reading")  # states of pages that stand for a sheet, or soon do again


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
        state="second" if field.accepted else "open",
        second_because=Because.FULL_CHECK if field.accepted else None,
    )


def move_item(
    session: Session, item: ReviewItem, field: FieldReading, now: dt.datetime, *, in_full: bool
) -> bool:
    """Let the item stand for the new reading of its answer; True if a person must look (again)."""
    was_unfinished = item.state in UNFINISHED
    is_other_page = field.reading.page_id != item.field_reading.reading.page_id
    if is_other_page:
        item.lease_user, item.lease_until = None, None  # whoever looks at it looks at another picture
    item.field_reading = field
    if item.set_aside_at is None and item.reopened_at is None:  # else it is looked at alone, whatever is read
        item.queue, item.group_key, item.doubt = queue_of(field), group_of(field), doubt_of(field)
    said = said_this_round(session, item)
    if not said:
        item.state = _state_unsaid(session, item, in_full=in_full)
        item.second_because = Because.FULL_CHECK if item.state == "second" else None
        if item.state == "dropped":
            item.lease_user, item.lease_until = None, None
    elif not reopen_if_news(session, item, now):
        returns = item.state == "dropped" or (is_other_page and item.state == "done")
        if returns or said[-1].kind == "escalate":
            settle_state(session, item)  # what people said or asked, or said late, stands with the page
    return item.state in UNFINISHED and not was_unfinished


def reopen_if_news(session: Session, item: ReviewItem, now: dt.datetime) -> bool:
    """Ask anew where the item's reading shows what the last person who spoke did not see; True if it does."""
    said = said_this_round(session, item)
    if not said or not _is_news(session, item.field_reading, said[-1]):
        return False
    _open_alone(item)
    item.reopened_at, item.round = now, item.round + 1
    return True


def set_aside(session: Session, item: ReviewItem, now: dt.datetime) -> None:
    """Let somebody look at the item alone: a person saw that it is not what it was taken for."""
    if said_this_round(session, item):
        item.round += 1  # what was seen at a glance is history, whatever becomes of the page
    _open_alone(item)
    item.set_aside_at = now
    item.lease_user, item.lease_until = None, None


def is_settled_by_machine(session: Session, item: ReviewItem) -> bool:
    """Whether nobody is asked about the item because the machine's answer was accepted."""
    field = item.field_reading
    is_its_side = field.reading.page.side == item.position // POSITIONS_PER_SIDE
    is_unasked = item.state == "dropped" and not said_this_round(session, item)
    return is_unasked and is_its_side and is_accepted_for(item.sheet, field)


def is_accepted_for(sheet: Sheet, field: FieldReading) -> bool:
    """Whether the machine's answer was accepted, of a page that stands for this sheet."""
    page = field.reading.page
    stands = page.sheet_id == sheet.paper_id and page.state in _COUNTED and sheet.voided_at is None
    return field.accepted and stands


def _open_alone(item: ReviewItem) -> None:
    item.state, item.second_because = "open", None  # a first person comes first
    if item.queue in ANSWER_QUEUES:
        item.queue, item.group_key = "single", None


def _state_unsaid(session: Session, item: ReviewItem, *, in_full: bool) -> str:
    """The state of an item about which nobody has had a say in its present round.

    A machine overrules neither a doubt nor a late word that differs.
    """
    field = item.field_reading
    is_doubted = item.set_aside_at is not None or item.reopened_at is not None
    if not field.accepted or is_doubted or late_values(session, item) - {first_choice(field)}:
        return "open"
    return "second" if in_full else "dropped"


def _is_news(session: Session, field: FieldReading, said: Decision) -> bool:
    """Whether the reading shows what the person who spoke did not see.

    On the same page that is another value of which the machine is sure; other limits alone are no news.
    A question that was passed on stays one: a third person looks at the picture that there is.
    """
    if said.kind == "escalate" or (field.accepted and first_choice(field) == value_of(said)):
        return False
    seen = session.get_one(FieldReading, said.field_reading_id)
    if seen.reading.page_id != field.reading.page_id:
        return True
    return field.kind == "choice" and field.accepted and seen.value != field.value
