"""Where the cycle stands: the seven steps, and what waits for whom. Only counting."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.par_index.workflow import State
from webapp.persistence.appraisal import Submission
from webapp.persistence.campaign import Campaign, RespondentGroup, Sheet
from webapp.persistence.complaints import count_open_complaints
from webapp.persistence.page_resolutions import count_open_problems
from webapp.persistence.results import published_index_version
from webapp.persistence.review_counts import ReviewCount, count_campaign
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.schemes import newest_scheme_versions
from webapp.persistence.verification import UNFINISHED, ReviewItem
from webapp.services.batches import one_sided_sheets
from webapp.services.sheet_counts import whole_sheets

SENT = (State.SUBMITTED.value, State.RETURNED.value, State.APPRAISED.value, State.FINAL.value)
APPRAISED = (State.APPRAISED.value, State.FINAL.value)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the cycle: `done` of `total` of what it counts; a step of nothing has not begun."""

    code: str
    done: int
    total: int

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self.total > 0 and self.done >= self.total

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What waits, over the whole campaign."""

    sheets_to_print: int
    pages_reading: int
    pages_problem: int
    sheets_one_sided: int
    files_refused: int
    tiles_open: int
    answers_open: int
    comments_open: int
    answers_twice: int
    answers_disputed: int
    units_to_appraise: int
    units_returned: int
    complaints_open: int
    is_published: bool
    doubtful: ReviewCount


def cycle_steps(session: Session, campaign: Campaign) -> list[Step]:
    """The seven steps, in their order."""
    due = sum(sheets_due(session, campaign).values())
    printed = _count_sheets(session, campaign)
    units = len(campaign.units)
    schemes = newest_scheme_versions(session, campaign.id)
    levels = {unit.level for unit in campaign.units}
    states = submission_states(session, campaign)
    decided, items = _count_items(session, campaign)
    published = published_index_version(session, campaign.id)
    return [
        Step("prepare", len(levels & schemes.keys()), len(levels)),
        Step("print", min(printed, due), due),
        Step("scan", _count_whole(session, campaign), printed),
        Step("review", decided, items),
        Step("self_score", _count_states(states, SENT), units),
        Step("appraise", _count_states(states, APPRAISED), units),
        Step("publish", 0 if published is None else len(levels & published.levels.keys()), len(levels)),
    ]


def open_work(session: Session, campaign: Campaign) -> OpenWork:
    """All that somebody has to do next."""
    states = submission_states(session, campaign)
    waiting = ReviewItem.state == "open"
    due = sum(sheets_due(session, campaign).values())
    return OpenWork(
        sheets_to_print=max(0, due - _count_sheets(session, campaign)),
        pages_reading=_count_pages(session, campaign, "waiting", "reading"),
        pages_problem=count_open_problems(session, campaign.id),
        sheets_one_sided=len(one_sided_sheets(session, campaign.id)),
        files_refused=_count_refused_files(session, campaign),
        tiles_open=_count_open(session, campaign, waiting, ReviewItem.queue == "grid"),
        answers_open=_count_open(session, campaign, waiting, ReviewItem.queue == "single"),
        comments_open=_count_open(session, campaign, waiting, ReviewItem.queue == "comment"),
        answers_twice=_count_open(session, campaign, ReviewItem.state == "second"),
        answers_disputed=_count_open(session, campaign, ReviewItem.state == "arbitration"),
        units_to_appraise=_count_states(states, (State.SUBMITTED.value,)),
        units_returned=_count_states(states, (State.RETURNED.value,)),
        complaints_open=count_open_complaints(session, campaign.id),
        is_published=published_index_version(session, campaign.id) is not None,
        doubtful=count_campaign(session, campaign.id),
    )


def sheets_due(session: Session, campaign: Campaign) -> dict[int, int]:
    """Sheets that each unit is due, by unit id."""
    per_level = session.execute(
        select(RespondentGroup.level, func.sum(RespondentGroup.sheets_per_unit))
        .where(RespondentGroup.campaign_id == campaign.id)
        .group_by(RespondentGroup.level)
    )
    plan = {level: int(sheets) for level, sheets in per_level}
    return {unit.id: plan.get(unit.level, 0) for unit in campaign.units}


def submission_states(session: Session, campaign: Campaign) -> dict[int, State]:
    """The state of each unit that has entered anything, by unit id."""
    rows = session.execute(
        select(Submission.unit_id, Submission.state).where(Submission.campaign_id == campaign.id)
    )
    return {unit_id: State(state) for unit_id, state in rows}


def _count_states(states: Mapping[int, State], wanted: tuple[str, ...]) -> int:
    return sum(state.value in wanted for state in states.values())


def _count_sheets(session: Session, campaign: Campaign) -> int:
    """Printed and not voided."""
    return _count(session, func.count(Sheet.id), Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None))


def _count_whole(session: Session, campaign: Campaign) -> int:
    """Good sheets of which every side was read."""
    whole = whole_sheets(campaign)
    good = select(func.count()).select_from(whole).join(Sheet, Sheet.id == whole.c.sheet_id)
    return session.scalar(good.where(Sheet.voided_at.is_(None))) or 0


def _count_pages(session: Session, campaign: Campaign, *states: str) -> int:
    in_campaign = Page.batch_id.in_(select(Batch.id).where(Batch.campaign_id == campaign.id))
    return _count(session, func.count(Page.id), in_campaign, Page.state.in_(states))


def _count_refused_files(session: Session, campaign: Campaign) -> int:
    in_campaign = BatchFile.batch_id.in_(select(Batch.id).where(Batch.campaign_id == campaign.id))
    return _count(session, func.count(BatchFile.id), in_campaign, BatchFile.state == "refused")


def _count_open(session: Session, campaign: Campaign, *conditions: ColumnElement[bool]) -> int:
    return _count(session, func.count(ReviewItem.id), ReviewItem.campaign_id == campaign.id, *conditions)


def _count_items(session: Session, campaign: Campaign) -> tuple[int, int]:
    """Settled, and all that had to be settled."""
    counted = ReviewItem.state.in_((*UNFINISHED, "done"))
    total = _count_open(session, campaign, counted)
    return total - _count_open(session, campaign, ReviewItem.state.in_(UNFINISHED)), total


def _count(session: Session, counted: ColumnElement[int], *conditions: ColumnElement[bool]) -> int:
    return session.scalars(select(counted).where(*conditions)).one()
