"""Where the cycle stands: the seven steps, and what waits for whom. Only counting."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.par_index.workflow import State
from webapp.persistence.appraisal import Submission
from webapp.persistence.campaign import Campaign, RespondentGroup
from webapp.persistence.complaints import count_open_complaints
from webapp.persistence.page_resolutions import count_open_problems
from webapp.persistence.results import IndexVersion, published_index_version
from webapp.persistence.review_counts import ReviewCount
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.schemes import levels_with_scheme
from webapp.persistence.verification import ANSWER_QUEUES, UNFINISHED, ReviewItem
from webapp.services.batches import count_one_sided_sheets
from webapp.services.sheet_counts import Reached, SheetCount, count_sheets

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


@dataclass(frozen=True, slots=True)
class CycleFigures:
    """All that was counted of one campaign at one moment: plain values, which outlive the session."""

    sheets: Sequence[SheetCount]
    states: Mapping[int, State]
    work: OpenWork
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What both the work and the steps are told from. `items`: review items by their state and queue."""

    due: int
    reached: Reached
    states: Mapping[int, State]
    items: Counter[tuple[str, str]]
    published: IndexVersion | None


def count_cycle(session: Session, campaign: Campaign) -> CycleFigures:
    """Count everything once."""
    sheets = count_sheets(session, campaign)
    counted = _Counted(
        due=_sheets_due(session, campaign),
        reached=sum((count.reached for count in sheets), Reached()),
        states=submission_states(session, campaign),
        items=_count_items(session, campaign),
        published=published_index_version(session, campaign.id),
    )
    return CycleFigures(
        sheets, counted.states, _open_work(session, campaign, counted), _steps(session, campaign, counted)
    )


def submission_states(session: Session, campaign: Campaign) -> dict[int, State]:
    """The state of each unit that has entered anything, by unit id."""
    rows = session.execute(
        select(Submission.unit_id, Submission.state).where(Submission.campaign_id == campaign.id)
    )
    return {unit_id: State(state) for unit_id, state in rows}


def _steps(session: Session, campaign: Campaign, counted: _Counted) -> list[Step]:
    """The seven steps, in their order."""
    units, levels = len(campaign.units), {unit.level for unit in campaign.units}
    unsettled, settled = (_items_in(counted, *states) for states in (UNFINISHED, ("done",)))
    published = levels & counted.published.levels.keys() if counted.published else set()
    return [
        Step("prepare", len(levels & levels_with_scheme(session, campaign.id)), len(levels)),
        Step("print", min(counted.reached.printed, counted.due), counted.due),
        Step("scan", counted.reached.read, counted.reached.printed),
        Step("review", settled, settled + unsettled),
        Step("self_score", _count_states(counted, *SENT), units),
        Step("appraise", _count_states(counted, *APPRAISED), units),
        Step("publish", len(published), len(levels)),
    ]


def _open_work(session: Session, campaign: Campaign, counted: _Counted) -> OpenWork:
    """All that somebody has to do next."""
    return OpenWork(
        sheets_to_print=max(0, counted.due - counted.reached.printed),
        pages_reading=_count_pages(session, campaign, "waiting", "reading"),
        pages_problem=count_open_problems(session, campaign.id),
        sheets_one_sided=count_one_sided_sheets(session, campaign.id),
        files_refused=_count_refused_files(session, campaign),
        tiles_open=counted.items["open", "grid"],
        answers_open=counted.items["open", "single"],
        comments_open=counted.items["open", "comment"],
        answers_twice=_items_in(counted, "second"),
        answers_disputed=_items_in(counted, "arbitration"),
        units_to_appraise=_count_states(counted, State.SUBMITTED.value),
        units_returned=_count_states(counted, State.RETURNED.value),
        complaints_open=count_open_complaints(session, campaign.id),
        is_published=counted.published is not None,
        doubtful=_doubtful(counted),
    )


def _sheets_due(session: Session, campaign: Campaign) -> int:
    """Sheets that the plan asks for, over all units."""
    per_level = session.execute(
        select(RespondentGroup.level, func.sum(RespondentGroup.sheets_per_unit))
        .where(RespondentGroup.campaign_id == campaign.id)
        .group_by(RespondentGroup.level)
    )
    plan = {level: int(sheets) for level, sheets in per_level}
    return sum(plan.get(unit.level, 0) for unit in campaign.units)


def _count_states(counted: _Counted, *wanted: str) -> int:
    return sum(state.value in wanted for state in counted.states.values())


def _doubtful(counted: _Counted) -> ReviewCount:
    answers = {
        state: sum(counted.items[state, queue] for queue in ANSWER_QUEUES) for state in (*UNFINISHED, "done")
    }
    return ReviewCount(
        waiting=sum(answers[state] for state in UNFINISHED),
        settled=answers["done"],
        comments=sum(counted.items[state, "comment"] for state in UNFINISHED),
    )


def _items_in(counted: _Counted, *states: str) -> int:
    return sum(number for (state, _queue), number in counted.items.items() if state in states)


def _count_items(session: Session, campaign: Campaign) -> Counter[tuple[str, str]]:
    key = (ReviewItem.state, ReviewItem.queue)
    rows = session.execute(
        select(*key, func.count()).where(ReviewItem.campaign_id == campaign.id).group_by(*key)
    )
    return Counter({(state, queue): number for state, queue, number in rows})


def _count_pages(session: Session, campaign: Campaign, *states: str) -> int:
    in_campaign = Page.batch_id.in_(select(Batch.id).where(Batch.campaign_id == campaign.id))
    return _count(session, func.count(Page.id), in_campaign, Page.state.in_(states))


def _count_refused_files(session: Session, campaign: Campaign) -> int:
    in_campaign = BatchFile.batch_id.in_(select(Batch.id).where(Batch.campaign_id == campaign.id))
    return _count(session, func.count(BatchFile.id), in_campaign, BatchFile.state == "refused")


def _count(session: Session, counted: ColumnElement[int], *conditions: ColumnElement[bool]) -> int:
    return session.scalars(select(counted).where(*conditions)).one()
