"""What still keeps the index from being fixed: one line for each kind of work, with how much is left."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from webapp.par_index.exact import Words, words
from webapp.par_index.outcome import IndexResult, Origin
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.par_index.workflow import State
from webapp.persistence.appraisal import Submission
from webapp.persistence.campaign import Campaign, Sheet, Unit
from webapp.persistence.page_resolutions import count_open_problems
from webapp.persistence.responses import count_unaccounted, open_item_counts
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.services.recognition import FAULTS
from webapp.services.snapshots import unfit_scores

UNREAD_FILES = ("waiting", "splitting")
UNREAD_PAGES = ("waiting", "reading")
COMMENTS = "comment"  # comments are read for their own sake; no number depends on them


class Check(StrEnum):
    """What is checked; the page knows where each is worked on."""

    SCHEMES = "schemes"
    SELF_SCORES = "self_scores"
    APPRAISAL = "appraisal"
    SCANS = "scans"
    REVIEW = "review"
    RETURNS = "returns"
    ADJUDICATION = "adjudication"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of the list: done (`left` 0) or what is left, in words; `names` are the units concerned."""

    check: Check
    left: int
    words: Words
    names: tuple[str, ...] = ()
    is_note: bool = False  # to be known before freezing; whether it matters is for people to say

    @property
    def is_done(self) -> bool:
        """Whether this line blocks nothing."""
        return self.left == 0 or self.is_note


def check_campaign(
    session: Session, campaign: Campaign, schemes: Mapping[str, Scheme], result: IndexResult
) -> list[CheckLine]:
    """Every line of the list, in the order of the cycle.

    Args:
        session: to look for work that waits.
        campaign: the year.
        schemes: the scheme of every level that has one.
        result: the index as it would be now, with what is missing.
    """
    return [
        _check_schemes(campaign, schemes),
        _check_self_scores(session, campaign),
        _check_scans(session, campaign),
        _check_returns(session, campaign),
        *_check_review(session, campaign),
        _check_survey(result),
        _check_appraisal(session, campaign, result),
        *_check_unfit(unfit_scores(session, campaign, schemes)),
    ]


def _check_schemes(campaign: Campaign, schemes: Collection[str]) -> CheckLine:
    levels = {unit.level for unit in campaign.units}
    missing = sorted(levels - set(schemes))
    if missing or not levels:
        text = words("Chưa nạp bộ chỉ số cho %(count)s cấp", count=len(missing))
        return CheckLine(Check.SCHEMES, max(len(missing), 1), text)
    return CheckLine(Check.SCHEMES, 0, words("Bộ chỉ số đủ điểm, trọng số các nhóm bằng 1"))


def _check_self_scores(session: Session, campaign: Campaign) -> CheckLine:
    sent = _unit_ids(session, campaign, (State.SUBMITTED, State.RETURNED, State.APPRAISED, State.FINAL))
    names = tuple(unit.name for unit in campaign.units if unit.id not in sent)
    total = len(campaign.units)
    text = words("%(sent)s/%(total)s đơn vị đã gửi bản tự chấm", sent=total - len(names), total=total)
    return CheckLine(Check.SELF_SCORES, len(names), text, names)


def _unit_ids(session: Session, campaign: Campaign, states: tuple[State, ...]) -> set[int]:
    rows = select(Submission.unit_id).where(
        Submission.campaign_id == campaign.id, Submission.state.in_([str(state) for state in states])
    )
    return set(session.scalars(rows))


def _check_scans(session: Session, campaign: Campaign) -> CheckLine:
    files = _count(session, campaign, BatchFile, UNREAD_FILES)
    unread = files + _count(session, campaign, Page, UNREAD_PAGES)
    problems = count_open_problems(session, campaign.id) + _count_faulty_files(session, campaign)
    if problems and unread:
        text = words(
            "%(problems)s trang quét có vấn đề, %(unread)s tệp và trang chưa đọc",
            problems=problems, unread=unread,
        )  # fmt: skip
        return CheckLine(Check.SCANS, problems + unread, text)
    if problems:
        return CheckLine(Check.SCANS, problems, words("%(problems)s trang quét có vấn đề", problems=problems))
    if unread:
        return CheckLine(Check.SCANS, unread, words("%(unread)s tệp và trang quét chưa đọc", unread=unread))
    return CheckLine(Check.SCANS, 0, words("Mọi trang đã quét đều đã đọc"))


def _count(
    session: Session, campaign: Campaign, rows: type[BatchFile] | type[Page], states: tuple[str, ...]
) -> int:
    found = select(func.count()).select_from(rows).join(Batch, Batch.id == rows.batch_id)
    return session.scalar(found.where(Batch.campaign_id == campaign.id, rows.state.in_(states))) or 0


def _count_faulty_files(session: Session, campaign: Campaign) -> int:
    """Files that the program failed on: their pages are not even known."""
    found = select(func.count()).select_from(BatchFile).join(Batch, Batch.id == BatchFile.batch_id)
    faulty = found.where(Batch.campaign_id == campaign.id, BatchFile.failure_code.in_(FAULTS))
    return session.scalar(faulty.where(BatchFile.state == "refused")) or 0


def _check_returns(session: Session, campaign: Campaign) -> CheckLine:
    """How many sheets came back, and which units still miss a whole group: nothing else would say so."""
    sides = (
        select(Sheet.id, Sheet.unit_id, Sheet.group_id, _whole_or_half().label("sides"))
        .outerjoin(Page, (Page.sheet_id == Sheet.paper_id) & (Page.state == "read"))
        .where(Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None))
        .group_by(Sheet.id, Sheet.unit_id, Sheet.group_id, Sheet.sides)
        .subquery()
    )
    count = func.count()
    due, back, halves = session.execute(
        select(count, count.filter(sides.c.sides > 0), count.filter(sides.c.sides == 1)).select_from(sides)
    ).one()
    empty_groups = (
        select(sides.c.unit_id)
        .group_by(sides.c.unit_id, sides.c.group_id)
        .having(func.max(sides.c.sides) == 0)
    )
    without = set(session.scalars(empty_groups))
    names = tuple(unit.name for unit in campaign.units if unit.id in without)
    text = words(
        "Phiếu về %(back)s/%(due)s; %(halves)s tờ mới đọc một mặt; %(units)s đơn vị còn nhóm chưa có phiếu",
        back=back, due=due, halves=halves, units=len(names),
    )  # fmt: skip
    return CheckLine(Check.RETURNS, due - back + halves, text, names, is_note=True)


def _whole_or_half() -> ColumnElement[int]:
    """Of a sheet: 0 where no side of its paper was read, 2 where all were, else 1."""
    sides = func.count(Page.side.distinct())
    return case((sides == 0, 0), (sides >= Sheet.sides, 2), else_=1)


def _check_review(session: Session, campaign: Campaign) -> list[CheckLine]:
    """Doubtful answers with the reviewers, and those that they passed on to the head."""
    counts = [c for c in open_item_counts(session, campaign.id) if c.queue != COMMENTS]
    waiting, twice = sum(c.open for c in counts), sum(c.second for c in counts)
    arbitration = sum(c.arbitration for c in counts)
    lines = []
    if waiting:
        lines.append(CheckLine(Check.REVIEW, waiting, words("%(count)s ô chưa rà soát", count=waiting)))
    if twice:
        lines.append(CheckLine(Check.REVIEW, twice, words("%(count)s ô chờ người thứ hai nhập", count=twice)))
    if not lines:
        lines.append(CheckLine(Check.REVIEW, 0, words("Không còn ô nào chờ rà soát")))
    lost = count_unaccounted(session, campaign.id)
    if lost:
        text = words("%(count)s ô máy chưa chắc không có trong hàng rà soát: báo người quản trị", count=lost)
        lines.append(CheckLine(Check.REVIEW, lost, text))
    if arbitration:
        text = words("%(count)s ô chờ phân xử", count=arbitration)
        lines.append(CheckLine(Check.ADJUDICATION, arbitration, text))
    return lines


def _check_survey(result: IndexResult) -> CheckLine:
    """Components of the survey for which nobody gave a valid answer."""
    left, names = _missing(result, is_survey=True)
    if left:
        return CheckLine(
            Check.SURVEY,
            left,
            words("%(count)s tiêu chí điều tra của %(units)s đơn vị chưa có câu trả lời",
                  count=left, units=len(names)),
            names,
        )  # fmt: skip
    return CheckLine(Check.SURVEY, 0, words("Mọi tiêu chí điều tra đều có câu trả lời"))


def _missing(result: IndexResult, *, is_survey: bool) -> tuple[int, tuple[str, ...]]:
    """How many parts are missing, and of which units; survey parts carry their respondents' pools."""
    left, names = 0, []
    for unit in (unit for level in result.levels for unit in level.units):
        missing = [p for p in unit.parts if p.origin == Origin.MISSING and bool(p.pools) == is_survey]
        left += len(missing)
        names += [unit.name] if missing else []
    return left, tuple(names)


def _check_appraisal(session: Session, campaign: Campaign, result: IndexResult) -> CheckLine:
    """Every component scored, and every unit's appraisal closed."""
    left, names = _missing(result, is_survey=False)
    if left:
        text = words("%(count)s điểm chờ thẩm định ở %(units)s đơn vị", count=left, units=len(names))
        return CheckLine(Check.APPRAISAL, left, text, names)
    closed = _unit_ids(session, campaign, (State.APPRAISED, State.FINAL))
    open_names = tuple(unit.name for unit in campaign.units if unit.id not in closed)
    if open_names:
        text = words("%(count)s đơn vị chưa kết thúc thẩm định", count=len(open_names))
        return CheckLine(Check.APPRAISAL, len(open_names), text, open_names)
    return CheckLine(Check.APPRAISAL, 0, words("Mọi đơn vị đã thẩm định xong"))


def _check_unfit(unfit: Sequence[tuple[Unit, ComponentCriterion]]) -> Iterator[CheckLine]:
    """Points that were fixed before the catalogue was revised, and have no room in it; unit and component."""
    if unfit:
        text = words("%(count)s điểm thẩm định không còn hợp với bộ chỉ số: chấm lại", count=len(unfit))
        names = tuple(f"{unit.name}: {leaf.code}" for unit, leaf in unfit)
        yield CheckLine(Check.APPRAISAL, len(unfit), text, names)
