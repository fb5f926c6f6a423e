"""How far the paper is, counted once for all pictures and payments: printed, issued, returned, read, valid.

One query gives the counts of each pack and rated unit; everything else is a sum of them. A stage counts what
has reached it or any later one: what was scanned has come back, signed in or not. Only numbers leave this
module.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    distinct,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from ocr.booklet import FIRST_QUESTION_PAGE
from webapp.payments.sums import FormCount
from webapp.persistence.campaign import Campaign, Pack, RespondentGroup, Sheet
from webapp.persistence.hand_over import HandOverKind, was_handed
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Page
from webapp.persistence.verification import (
    ANSWER_QUEUES,
    POSITIONS_PER_SIDE,
    UNFINISHED,
    Decision,
    ReviewItem,
    standing_decisions,
)
from webapp.services.packs import plan_campaign

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Reached:
    """How many sheets reached each stage; each counts within the one before."""

    printed: int = 0
    issued: int = 0
    returned: int = 0
    read: int = 0
    valid: int = 0

    def __add__(self, other: "Reached") -> "Reached":
        """Two lots of sheets together."""
        return Reached(
            self.printed + other.printed,
            self.issued + other.issued,
            self.returned + other.returned,
            self.read + other.read,
            self.valid + other.valid,
        )


@dataclass(frozen=True, slots=True)
class SheetCount:
    """The sheets of one pack about one unit: only numbers, so that they can be kept.

    `group_id`: who answers; `place_unit_id`: where they are handed out (None: the office); `person_number`:
    whose they are, where one person rates all units.
    """

    pack_id: int
    group_id: int
    place_unit_id: int | None
    person_number: int | None
    unit_id: int
    reached: Reached


def count_sheets(session: Session, campaign: Campaign) -> list[SheetCount]:
    """All sheets of the campaign that are not void, in one query."""
    rows = session.execute(_sheets_by_pack(), {"campaign_id": campaign.id})
    return [
        SheetCount(pack_id, group_id, place_id, person, unit_id, Reached(*reached))
        for pack_id, group_id, place_id, person, unit_id, *reached in rows
    ]


def sum_by(counts: Iterable[SheetCount], key: Callable[[SheetCount], Key]) -> dict[Key, Reached]:
    """The stages by unit, by place, by group, or whatever `key` gives."""
    sums: dict[Key, Reached] = defaultdict(Reached)
    for count in counts:
        sums[key(count)] += count.reached
    return dict(sums)


def planned_at_places(session: Session, campaign: Campaign) -> dict[tuple[int | None, int], tuple[int, int]]:
    """Forms and people of the plan by (place's unit id, group id); the office is None."""
    planned: dict[tuple[int | None, int], tuple[int, int]] = {}
    for pack in plan_campaign(session, campaign):
        group_id, place_id, person = pack.key
        forms, people = planned.get((place_id, group_id), (0, 0))
        more = pack.due if person is None else 1
        planned[place_id, group_id] = (forms + pack.due, people + more)
    return planned


def forms_by_place(session: Session, campaign: Campaign) -> dict[int | None, list[FormCount]]:
    """What payments start from: each place's groups in the plan's order, with their forms."""
    groups = list_groups(session, campaign)
    counts = count_sheets(session, campaign)
    planned = planned_at_places(session, campaign)
    reached = sum_by(counts, lambda count: (count.place_unit_id, count.group_id))
    persons = _persons(counts)
    by_place: dict[int | None, list[FormCount]] = defaultdict(list)
    for group in groups:
        for place_id in {
            place_id: None for place_id, group_id in (*planned, *reached) if group_id == group.id
        }:
            forms, people = planned.get((place_id, group.id), (0, 0))
            stages = reached.get((place_id, group.id), Reached())
            came, valid = persons.get((place_id, group.id), (stages.returned, stages.valid))
            by_place[place_id].append(
                FormCount(
                    group_id=group.id,
                    level=group.level,
                    planned=forms,
                    returned=stages.returned,
                    valid=stages.valid,
                    people_planned=people,
                    people_returned=came,
                    people_valid=valid,
                )
            )
    return dict(by_place)


def list_groups(session: Session, campaign: Campaign) -> list[RespondentGroup]:
    """The campaign's respondent groups in the plan's order."""
    groups = select(RespondentGroup).where(RespondentGroup.campaign_id == campaign.id)
    return list(session.scalars(groups.order_by(RespondentGroup.position)))


def came_back() -> ColumnElement[bool]:
    """Whether a sheet is in the office again: signed in, or a side of its paper was scanned."""
    scanned = exists().where(Page.sheet_id == Sheet.paper_id, Page.state != "trashed").correlate(Sheet)
    return or_(was_handed(HandOverKind.RETURNED), scanned)


def went_out() -> ColumnElement[bool]:
    """Whether a sheet was handed out: signed out, or it came back and so must have been."""
    return or_(was_handed(HandOverKind.ISSUED), came_back())


def _persons(counts: Iterable[SheetCount]) -> Mapping[tuple[int | None, int], tuple[int, int]]:
    """Where one person rates all units: how many persons have a form back, and how many a valid one."""
    by_person = sum_by(counts, lambda count: (count.place_unit_id, count.group_id, count.person_number))
    persons: dict[tuple[int | None, int], tuple[int, int]] = {}
    for (place_id, group_id, person), reached in by_person.items():
        if person is not None:
            came, valid = persons.get((place_id, group_id), (0, 0))
            persons[place_id, group_id] = (came + (reached.returned > 0), valid + (reached.valid > 0))
    return persons


@cache  # the statement never changes, and putting it together costs more than asking it
def _sheets_by_pack() -> Select[Any]:
    """Each pack and rated unit with its stages."""
    sheet = _sheets(bindparam("campaign_id", type_=Integer))
    key = (Pack.id, Pack.group_id, Pack.place_unit_id, Pack.person_number, sheet.c.unit_id)
    stages = (sheet.c.is_issued, sheet.c.is_returned, sheet.c.is_read, sheet.c.is_valid)
    counted = select(*key, func.count(), *(_count(stage) for stage in stages)).group_by(*key)
    return counted.join(sheet, sheet.c.pack_id == Pack.id)


def _sheets(campaign_id: BindParameter[int]) -> CTE:
    """Good sheets with how far each is; what reached a later stage has passed the ones before."""
    whole, doubtful, answered = _whole(campaign_id), _doubtful(campaign_id), _answered(campaign_id)
    is_read = whole.c.sheet_id.is_not(None)
    is_valid = and_(is_read, doubtful.c.sheet_id.is_(None), answered.c.sheet_id.is_not(None))
    return (
        select(
            Sheet.pack_id,
            Sheet.unit_id,
            went_out().label("is_issued"),
            came_back().label("is_returned"),
            is_read.label("is_read"),
            is_valid.label("is_valid"),
        )
        .outerjoin(whole, whole.c.sheet_id == Sheet.id)
        .outerjoin(doubtful, doubtful.c.sheet_id == Sheet.id)
        .outerjoin(answered, answered.c.sheet_id == Sheet.id)
        .where(Sheet.campaign_id == campaign_id, Sheet.voided_at.is_(None))
        .cte("counted")
    )


def _whole(campaign_id: BindParameter[int]) -> CTE:
    """Sheets of whose paper every side was read."""
    sides = func.count(distinct(Page.side)).label("sides")
    read = (
        select(Page.sheet_id, sides)
        .where(Page.sheet_id.is_not(None), Page.state == "read")
        .group_by(Page.sheet_id)
        .subquery()
    )
    return (
        select(Sheet.id.label("sheet_id"))
        .join(read, read.c.sheet_id == Sheet.paper_id)
        .where(Sheet.campaign_id == campaign_id, read.c.sides >= Sheet.sides)
        .cte("whole")
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _doubtful(campaign_id: BindParameter[int]) -> CTE:
    """Sheets with an answer that still waits for a person."""
    return (
        select(ReviewItem.sheet_id)
        .where(ReviewItem.campaign_id == campaign_id, ReviewItem.state.in_(UNFINISHED))
        .where(ReviewItem.queue.in_(ANSWER_QUEUES))
        .distinct()
        .cte("doubtful")
    )


def _answered(campaign_id: BindParameter[int]) -> CTE:
    """Sheets with at least one answer that stands, by machine or person: a form left blank does not count.

    The machine's are those of the newest reading of a page that counts for the sheet. What a booklet asks of
    the respondent, on its first page, is no answer about any unit.
    """
    newest = select(func.max(Reading.id)).join(Page).where(Page.state == "read").group_by(Reading.page_id)
    machine = (
        select(FieldReading.sheet_id)
        .join(Sheet, Sheet.id == FieldReading.sheet_id)
        .join(Reading, Reading.id == FieldReading.reading_id)
        .join(Page, and_(Page.id == Reading.page_id, Page.sheet_id == Sheet.paper_id))
        .where(or_(Sheet.booklet_id.is_(None), Page.side >= FIRST_QUESTION_PAGE))
        .where(Sheet.campaign_id == campaign_id, FieldReading.kind == "choice", Reading.id.in_(newest))
        .where(FieldReading.accepted.is_(True), FieldReading.value.is_not(None))
    )
    standing = standing_decisions().subquery()
    last = select(func.max(standing.c.id)).group_by(standing.c.item_id)
    keyed = (
        select(ReviewItem.sheet_id)
        .join(Decision, Decision.item_id == ReviewItem.id)
        .join(Sheet, Sheet.id == ReviewItem.sheet_id)
        .where(ReviewItem.campaign_id == campaign_id, Decision.kind == "option", Decision.id.in_(last))
        .where(
            or_(Sheet.booklet_id.is_(None), ReviewItem.position >= FIRST_QUESTION_PAGE * POSITIONS_PER_SIDE)
        )
    )
    return machine.union(keyed).cte("answered")
