"""Overlay sheets: answers that the machine accepted, a hundred side by side; the odd one springs to the eye.

A sheet holds answers of one batch, one form, one number of options and one accepted option, in the order of
the pages. Looking settles nothing; it is only written down who looked at which pictures, and when.
An answer that a person doubts is looked at alone and counts for nothing until then (persistence.responses).
"""

import datetime as dt
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from webapp.errors import InvalidInput
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Sheet
from webapp.persistence.overlay_sheets import AnswerDoubt, OverlaySheet, OverlayTile
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.responses import counted_by_machine
from webapp.persistence.scans import Batch, Page
from webapp.persistence.verification import ANSWER_QUEUES, ReviewItem
from webapp.services.review_items import is_accepted_for, is_settled_by_machine, new_item, set_aside
from webapp.services.review_queues import BLANK, TURNS, options_of, predicted_of

TILES = 100


@dataclass(frozen=True, slots=True)
class OverlayGroup:
    """Answers of one batch that nobody has looked at yet: of one form, one number of options, one of them."""

    batch_id: int
    batch_number: int
    form_code: str
    group_key: str
    answers: int

    @property
    def sheets(self) -> int:
        """How many sheets they fill."""
        return math.ceil(self.answers / TILES)


# -- what nobody has looked at -----------------------------------------------------------------------


def list_groups(session: Session, campaign_id: int, batch_id: int | None = None) -> list[OverlayGroup]:
    """What nobody has looked at yet, of all batches or one, in the order of batches, forms and options."""
    options = func.json_array_length(FieldReading.bubbles).label("options")
    value = func.coalesce(FieldReading.value, BLANK).label("option")
    rows = select(Batch.id, Batch.number, Sheet.form_code, options, value, func.count())
    if batch_id is not None:
        rows = rows.where(Batch.id == batch_id)
    order = (Batch.number, Batch.id, Sheet.form_code, "options", "option")
    counts = session.execute(_unseen(rows, campaign_id).group_by(*order).order_by(*order))
    return [
        OverlayGroup(batch, number, form, f"{count}-{option}", answers)
        for batch, number, form, count, option, answers in counts
    ]


def next_tiles(session: Session, campaign_id: int, group: OverlayGroup) -> Sequence[FieldReading]:
    """The next sheet of a group, pages in their order; the same until somebody has looked at it.

    On the sheet the same question stands together: what is printed beside the rings is then alike too.
    """
    rows = _unseen(select(FieldReading), campaign_id).where(Batch.id == group.batch_id, _is_of(group))
    pictures = joinedload(FieldReading.reading)
    tiles = session.scalars(rows.options(pictures).order_by(FieldReading.id).limit(TILES)).all()
    return sorted(tiles, key=lambda tile: tile.field_code)


def _unseen(columns: Select[Any], campaign_id: int) -> Select[Any]:
    seen = select(OverlayTile.id).where(OverlayTile.field_reading_id == FieldReading.id)
    return (
        columns.select_from(FieldReading)
        .join(Reading, Reading.id == FieldReading.reading_id)
        .join(Page, Page.id == Reading.page_id)
        .join(Batch, Batch.id == Page.batch_id)
        .join(Sheet, Sheet.id == FieldReading.sheet_id)
        .where(FieldReading.id.in_(counted_by_machine(campaign_id)), ~seen.exists())
    )


def _is_of(group: OverlayGroup) -> ColumnElement[bool]:
    predicted = predicted_of(group.group_key)
    is_same = FieldReading.value.is_(None) if predicted == BLANK else FieldReading.value == predicted
    has_as_many = func.json_array_length(FieldReading.bubbles) == options_of(group.group_key)
    return is_same & has_as_many & (Sheet.form_code == group.form_code)


# -- look and doubt ----------------------------------------------------------------------------------


def record_look(
    session: Session, user: User, group: OverlayGroup, shown: Collection[int], now: dt.datetime
) -> int:
    """Write down that this person looked at these field readings of a group; give their number.

    Raises:
        InvalidInput: nothing was shown, more than fits on a sheet, not this group's answers, or some that are
            keyed blind.
    """
    rows = (
        select(FieldReading.id)
        .join(Reading, Reading.id == FieldReading.reading_id)
        .join(Page, Page.id == Reading.page_id)
        .join(Sheet, Sheet.id == FieldReading.sheet_id)
        .where(Page.batch_id == group.batch_id, FieldReading.accepted.is_(True), _is_of(group))
        .where(FieldReading.kind == "choice", FieldReading.id.in_(shown), ~_is_keyed_blind())
    )
    known = session.scalars(rows.order_by(FieldReading.id)).all()
    if not known or len(known) != len(shown) or len(known) > TILES:
        raise InvalidInput("Trang gửi lên ô không thuộc bảng này. Tải lại trang rồi xem lại.")
    sheet = OverlaySheet(
        batch_id=group.batch_id,
        form_code=group.form_code,
        group_key=group.group_key,
        actor=user.username,
        looked_at=now,
        tiles=[OverlayTile(field_reading_id=field_id) for field_id in known],
    )
    session.add(sheet)
    session.flush()
    return len(known)


def _is_keyed_blind() -> ColumnElement[bool]:
    """Whether somebody keys the answer without knowing what the machine read: a sheet with it would tell."""
    is_asked_first = and_(ReviewItem.state == "open", ReviewItem.set_aside_at.is_(None))
    item = select(ReviewItem.id).where(
        ReviewItem.sheet_id == FieldReading.sheet_id, ReviewItem.field_code == FieldReading.field_code
    )
    is_blind = or_(ReviewItem.state.in_(TURNS), is_asked_first)
    return item.where(ReviewItem.queue.in_(ANSWER_QUEUES), is_blind).exists()


def doubt_answer(session: Session, user: User, field: FieldReading, now: dt.datetime) -> ReviewItem | None:
    """Let somebody look at an accepted answer alone; None where it does not count by the machine's word.

    Whatever was read of the page since, or is being read: the doubt is one of the answer.
    """
    sheet = session.get_one(Sheet, field.sheet_id)
    # Others may doubt it, or the page may be read, at this very moment.
    session.get(Sheet, sheet.paper_id, with_for_update=True)
    session.refresh(field.reading.page)
    item = _settled_item(session, sheet, field, now)
    if item is None:
        return None
    set_aside(session, item, now)
    session.flush()
    session.add(AnswerDoubt(item_id=item.id, field_reading_id=field.id, actor=user.username, doubted_at=now))
    return item


def _settled_item(session: Session, sheet: Sheet, field: FieldReading, now: dt.datetime) -> ReviewItem | None:
    """The item of an answer of this page that nobody is asked about: an earlier reading's, or a new one."""
    known = select(ReviewItem).where(
        ReviewItem.sheet_id == field.sheet_id,
        ReviewItem.field_code == field.field_code,
        ReviewItem.queue.in_(ANSWER_QUEUES),
    )
    item = session.scalar(known.with_for_update(), execution_options={"populate_existing": True})
    if item is not None:
        is_of_page = item.field_reading.reading.page_id == field.reading.page_id
        return item if is_of_page and is_settled_by_machine(session, item) else None
    newest = _newest_of_page(session, field)
    if newest is None or newest.kind != "choice" or not is_accepted_for(sheet, newest):
        return None
    item = new_item(newest.reading.page, newest, newest.reading.fields.index(newest), now)
    session.add(item)
    return item


def _newest_of_page(session: Session, field: FieldReading) -> FieldReading | None:
    """The same answer in the newest reading of its page."""
    newest = select(func.max(Reading.id)).where(Reading.page_id == field.reading.page_id)
    return session.scalar(
        select(FieldReading).where(
            FieldReading.reading_id == newest.scalar_subquery(),
            FieldReading.sheet_id == field.sheet_id,
            FieldReading.field_code == field.field_code,
        )
    )
