"""The answers that statistics use: derived from readings and decisions each time, never stored twice.

Of each side of a sheet the latest reading that was not refused stands; of each answer, a person's
standing decision outranks the machine. An answer that still waits for somebody, be it for a second key or for
a third person, does not count; nor does what a person doubted, however sure the machine is, until a person
settles it. Duplicate, blank and problem pages never count, nor do voided sheets.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import CTE, ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.persistence.campaign import RespondentGroup, Sheet
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Page
from webapp.persistence.verification import (
    ANSWER_QUEUES,
    UNFINISHED,
    Decision,
    ReviewItem,
    standing_decisions,
)

Validity = Literal["valid", "blank", "invalid"]
Provenance = Literal["machine", "keyed"]
VALIDITY_OF_KIND: dict[str, Validity] = {
    "option": "valid",
    "blank": "blank",
    "invalid": "invalid",
    "unreadable": "invalid",
}


@dataclass(frozen=True, slots=True)
class AcceptedAnswer:
    """One settled answer; `value` is an option code where `validity` is "valid", else None."""

    sheet_id: int
    unit_id: int
    form_code: str
    group_code: str
    field_code: str
    value: str | None
    validity: Validity
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class AcceptedComment:
    """The words that a person keyed from one comment box."""

    sheet_id: int
    unit_id: int
    form_code: str
    group_code: str
    field_code: str
    text: str


@dataclass(frozen=True, slots=True)
class SettledByPeople:
    """The decision that counts of one answer; `at_a_glance`: it was said of a whole grid at once."""

    kind: str
    value: str | None
    at_a_glance: bool


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many items of one form and queue wait: for a first key, a second one, or a third person."""

    form_code: str
    queue: str
    open: int
    second: int
    arbitration: int


def accepted_answers(session: Session, campaign_id: int, unit_id: int | None = None) -> list[AcceptedAnswer]:
    """Every settled answer, by sheet and place on it; open ones are not among them.

    Of the whole campaign, or about one of its units.
    """
    keyed = _standing_by_answer(campaign_id, ANSWER_QUEUES)
    settled = or_(keyed.c.kind.in_(VALIDITY_OF_KIND), and_(keyed.c.kind.is_(None), _is_sure_and_undoubted()))
    wanted = (
        latest_fields(campaign_id, "choice", FieldReading.value, keyed.c.kind, keyed.c.value.label("keyed"))
        .outerjoin(keyed, _same_answer(keyed))
        .where(settled, ~_waits(ANSWER_QUEUES))
        .order_by(Sheet.id, FieldReading.id)
    )
    if unit_id is not None:
        wanted = wanted.where(Sheet.unit_id == unit_id)
    return [_answer(row) for row in session.execute(wanted)]


def accepted_comments(session: Session, campaign_id: int) -> list[AcceptedComment]:
    """The comments that people keyed, by sheet; drafts of the machine are never among them."""
    keyed = _standing_by_answer(campaign_id, ("comment",))
    rows = session.execute(
        latest_fields(campaign_id, "text", keyed.c.value)
        .join(keyed, _same_answer(keyed))
        .where(keyed.c.kind == "text", ~_waits(("comment",)))
        .order_by(Sheet.id, FieldReading.id)
    )
    return [AcceptedComment(*row) for row in rows]


def open_item_counts(session: Session, campaign_id: int) -> list[OpenCount]:
    """Unfinished items per form and queue, in the forms' order; empty when every answer is settled."""
    first, second, third = (func.count().filter(ReviewItem.state == state) for state in UNFINISHED)
    rows = session.execute(
        select(ReviewItem.form_code, ReviewItem.queue, first, second, third)
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.state.in_(UNFINISHED))
        .group_by(ReviewItem.form_code, ReviewItem.queue)
        .order_by(ReviewItem.form_code, ReviewItem.queue.desc())
    )
    return [OpenCount(*row) for row in rows]


def answer_pictures(session: Session, campaign_id: int) -> dict[tuple[int, str], tuple[str, int]]:
    """Of each answer of the latest readings, by (sheet, field): its picture ("" without one) and its batch.

    The picture is the question's crop, or where none was cut, for the machine was sure, the whole page.
    """
    picture = func.coalesce(FieldReading.crop_sha256, Reading.preview_sha256)
    fields = latest_fields(campaign_id, "choice", picture, Page.batch_id)
    rows = session.execute(
        fields.join(Reading, Reading.id == FieldReading.reading_id).join(Page, Page.id == Reading.page_id)
    )
    return {
        (sheet_id, field_code): (sha256 or "", batch_id)
        for sheet_id, _unit, _form, _group, field_code, sha256, batch_id in rows
    }


def count_unaccounted(session: Session, campaign_id: int) -> int:
    """Answers that neither count nor wait in a queue: 0, or the program is at fault."""
    keyed = _standing_by_answer(campaign_id, ANSWER_QUEUES)
    unsettled = or_(
        and_(keyed.c.kind.is_not(None), keyed.c.kind.not_in(VALIDITY_OF_KIND)),
        and_(keyed.c.kind.is_(None), ~_is_sure_and_undoubted()),
    )
    fields = latest_fields(campaign_id, "choice").outerjoin(keyed, _same_answer(keyed))
    lost = fields.where(unsettled, ~_waits(ANSWER_QUEUES)).subquery()
    return session.scalar(select(func.count()).select_from(lost)) or 0


def counted_by_machine(campaign_id: int) -> Select[int]:
    """The ids of the field readings whose answers count although no person settled them."""
    keyed = _standing_by_answer(campaign_id, ANSWER_QUEUES)
    fields = latest_fields(campaign_id, "choice").with_only_columns(FieldReading.id)
    return fields.outerjoin(keyed, _same_answer(keyed)).where(
        keyed.c.kind.is_(None), _is_sure_and_undoubted(), ~_waits(ANSWER_QUEUES)
    )


def _is_sure_and_undoubted() -> ColumnElement[bool]:
    """Whether the machine accepted the answer, and nobody saw anything odd about it."""
    doubted = (
        select(ReviewItem.id)
        .where(ReviewItem.sheet_id == FieldReading.sheet_id, ReviewItem.field_code == FieldReading.field_code)
        .where(ReviewItem.queue.in_(ANSWER_QUEUES), ReviewItem.set_aside_at.is_not(None))
        .exists()
    )
    return and_(FieldReading.accepted.is_(True), ~doubted)


def _latest_readings(campaign_id: int) -> CTE:
    """The newest usable reading of each side of each sheet: sheet_id, reading_id."""
    return (
        select(Page.sheet_id, func.max(Reading.id).label("reading_id"))
        .join(Page, Page.id == Reading.page_id)
        .join(Sheet, Sheet.id == Page.sheet_id)
        .where(Sheet.campaign_id == campaign_id, Sheet.voided_at.is_(None))
        .where(Page.state == "read", Reading.status != "refused")
        .group_by(Page.sheet_id, Page.side)
        .cte("latest")
    )


def latest_fields(
    campaign_id: int, kind: str, *columns: ColumnElement[Any] | InstrumentedAttribute[Any]
) -> Select[Any]:
    """One row per field of the latest readings: the sheet's four codes, the field's, then `columns`."""
    latest = _latest_readings(campaign_id)
    return (
        select(
            Sheet.id, Sheet.unit_id, Sheet.form_code, RespondentGroup.code, FieldReading.field_code, *columns
        )
        .select_from(FieldReading)
        .join(latest, FieldReading.reading_id == latest.c.reading_id)
        .join(Sheet, and_(Sheet.id == FieldReading.sheet_id, Sheet.paper_id == latest.c.sheet_id))
        .join(RespondentGroup, RespondentGroup.id == Sheet.group_id)
        .where(FieldReading.kind == kind)
    )


def settled_by_people(
    session: Session, campaign_id: int, paper_id: int | None = None
) -> dict[tuple[int, str], SettledByPeople]:
    """What people said of answers that wait for nobody any more, by (sheet, field).

    Of the whole campaign, or of the sheets on one paper.
    """
    standing = standing_decisions().subquery()
    last = select(func.max(standing.c.id)).group_by(standing.c.item_id)
    wanted = (
        select(ReviewItem.sheet_id, ReviewItem.field_code, Decision.kind, Decision.value, Decision.grid_id)
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.state == "done")
        .where(ReviewItem.queue.in_(ANSWER_QUEUES), Decision.id.in_(last))
    )
    if paper_id is not None:
        wanted = wanted.where(ReviewItem.sheet_id.in_(select(Sheet.id).where(Sheet.paper_id == paper_id)))
    return {
        (sheet_id, field_code): SettledByPeople(kind, value, at_a_glance=grid_id is not None)
        for sheet_id, field_code, kind, value, grid_id in session.execute(wanted)
    }


def _standing_by_answer(campaign_id: int, queues: Collection[str]) -> CTE:
    """The last decision that counts of each answer that has one: sheet_id, field_code, kind, value."""
    standing = standing_decisions().subquery()
    last = select(func.max(standing.c.id)).group_by(standing.c.item_id)
    return (
        select(ReviewItem.sheet_id, ReviewItem.field_code, Decision.kind, Decision.value)
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.queue.in_(queues))
        .where(Decision.id.in_(last))
        .cte("keyed")
    )


def _waits(queues: Collection[str]) -> ColumnElement[bool]:
    """Whether somebody must still say something about a field's answer."""
    return (
        select(ReviewItem.id)
        .where(ReviewItem.sheet_id == FieldReading.sheet_id, ReviewItem.field_code == FieldReading.field_code)
        .where(ReviewItem.queue.in_(queues), ReviewItem.state.in_(UNFINISHED))
        .exists()
    )


def _same_answer(keyed: CTE) -> ColumnElement[bool]:
    return and_(keyed.c.sheet_id == FieldReading.sheet_id, keyed.c.field_code == FieldReading.field_code)


def _answer(row: Row[*tuple[Any, ...]]) -> AcceptedAnswer:
    """A person's decision where there is one, else the machine's accepted value."""
    sheet_id, unit_id, form_code, group_code, field_code, machine_value, kind, keyed_value = row
    place = (sheet_id, unit_id, form_code, group_code, field_code)
    if kind is None:
        return AcceptedAnswer(*place, machine_value, "blank" if machine_value is None else "valid", "machine")
    return AcceptedAnswer(*place, keyed_value if kind == "option" else None, VALIDITY_OF_KIND[kind], "keyed")
