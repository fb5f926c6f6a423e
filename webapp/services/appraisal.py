"""Appraisal: see what a unit declared, fix the points of each component, finish the unit."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, Locked, NotPermitted, StaleVersion
from webapp.par_index.errors import AppraisalError
from webapp.par_index.exact import ZERO
from webapp.par_index.scheme import ComponentCriterion, Policy
from webapp.par_index.scores import AppraisedScore, check_appraised_score, settle
from webapp.par_index.shapes import BandsRule, ChecklistRule, LevelsRule
from webapp.par_index.workflow import Move, Party, State, advance
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    SelfScoreEntry,
    Submission,
    latest_appraised_scores,
)
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.schemes import schemes_of_campaign
from webapp.services.submissions import lock_unit, state_of
from webapp.services.unit_scores import ComponentScores, UnitScores, load_unit_scores

_LONGEST_REASON = 5_000


@dataclass(frozen=True, slots=True)
class Decision:
    """What an appraiser fixes for one component; `seen_version` is the version on the screen (0: none).

    `question`: what the unit has to explain between the rounds; `awaits_meeting`: proposed, the team decides;
    `in_meeting`: the team has decided.
    """

    points: Decimal | None
    not_applicable: bool
    reason: str
    seen_version: int
    question: str = ""
    awaits_meeting: bool = False
    in_meeting: bool = False


@dataclass(frozen=True, slots=True)
class PointsOption:
    """Points to choose from, with the rule's words for them; `is_self`: what the unit gave itself."""

    points: Decimal
    label: str
    is_self: bool = False

    @property
    def code(self) -> str:
        """The points as a form sends them: "0.75"."""
        return f"{self.points:.2f}"


@dataclass(frozen=True, slots=True)
class UnitProgress:
    """A unit in the appraisers' list. Counts are of components that are scored by hand."""

    unit: Unit
    submission: Submission | None
    self_scored: int
    appraised: int
    component_count: int
    self_points: Decimal
    appraised_points: Decimal
    is_own: bool

    @property
    def state(self) -> State:
        """Filling in, sent, appraised, …."""
        return state_of(self.submission)

    @property
    def is_sent(self) -> bool:
        """Whether the unit has sent its self-score at all."""
        return self.submission is not None and self.submission.submitted_at is not None


def points_options(scores: ComponentScores) -> list[PointsOption]:
    """The points that the rule can give and those of the unit, best first; for a formula its two ends."""
    possible = _possible_points(scores.component)
    declared = None if scores.entry is None or scores.entry.not_applicable else scores.entry.points
    if declared is not None and declared <= scores.component.maximum:
        possible.setdefault(declared, "")
    return [
        PointsOption(points, possible[points], is_self=points == declared)
        for points in sorted(possible, reverse=True)
    ]


def _possible_points(component: ComponentCriterion) -> dict[Decimal, str]:
    """Points with the words that the rule has for them."""
    rule = component.rule
    match rule:
        case LevelsRule(levels):
            return {level.points: level.label for level in levels}
        case BandsRule(bands=bands):
            return {band.points: band.label for band in bands}
        case ChecklistRule(parts):
            return dict.fromkeys(_sums([part.points for part in parts]), "")
        case _:
            return {component.maximum: "", ZERO: ""}


def _sums(parts: Sequence[Decimal]) -> set[Decimal]:
    """Every total that some of the parts can have."""
    chosen = (some for size in range(len(parts) + 1) for some in combinations(parts, size))
    return {sum(some, ZERO) for some in chosen}


def appraise_component(
    session: Session, appraiser: User, unit: Unit, code: str, *, decision: Decision, now: dt.datetime
) -> AppraisedScoreEntry:
    """Fix the points of one component as a new version; what stands already is not written again.

    Raises:
        NotPermitted: the appraiser belongs to this unit.
        NotFound: no such component, or the survey measures it.
        Locked: the unit has not sent its self-score, or its appraisal is finished.
        StaleVersion: somebody saved another version since; nothing is overwritten.
        InvalidInput: points outside 0…maximum, a difference without a reason, a question in round two, or
            another decision than the team's outside its meeting.
    """
    lock_unit(session, unit)
    scores = load_unit_scores(session, unit, now)
    require_appraisable(appraiser, scores)
    component_scores = scores.own_component(code)
    newest = component_scores.appraised
    current = 0 if newest is None else newest.version
    if decision.seen_version != current:
        raise StaleVersion("Tiêu chí %(code)s vừa có người khác lưu điểm thẩm định.", code=code)
    score = _checked(component_scores, decision)
    round_number = scores.round_number
    if decision.question.strip() and round_number > 1:
        raise InvalidInput("Đơn vị chỉ trả lời một lần, nên ở vòng 2 không hỏi lại nữa. Bỏ câu hỏi rồi lưu.")
    entry = AppraisedScoreEntry(
        unit_id=unit.id,
        component_code=code,
        version=current + 1,
        seen_version=decision.seen_version,
        points=score.points,
        not_applicable=score.not_applicable,
        reason=score.reason,
        round_number=round_number,
        question=decision.question.strip()[:_LONGEST_REASON],
        awaits_meeting=decision.awaits_meeting,
        in_meeting=decision.in_meeting or _stays_the_teams(newest, score, decision),
        appraised_by=appraiser.username,
        appraised_at=now,
    )
    if newest is not None and _content(newest) == _content(entry):
        return newest
    session.add(entry)
    session.flush()
    return entry


def _content(entry: AppraisedScoreEntry) -> tuple[object, ...]:
    """What an entry says, whoever says it."""
    said = (entry.points, entry.not_applicable, entry.reason, entry.question)
    return (*said, entry.round_number, entry.awaits_meeting, entry.in_meeting)


def _stays_the_teams(newest: AppraisedScoreEntry | None, score: AppraisedScore, decision: Decision) -> bool:
    """Whether this leaves what the team has decided; another decision goes through its meeting again."""
    if newest is None or not newest.in_meeting or decision.awaits_meeting:
        return False
    decided = (newest.points, newest.not_applicable, newest.reason)
    if (score.points, score.not_applicable, score.reason) != decided:
        raise InvalidInput(
            "Cuộc họp tổ đã quyết định %(code)s. Muốn sửa điểm hay lý do thì đánh dấu “Chờ họp tổ” rồi lưu, "
            "hoặc sửa ở trang Họp tổ thẩm định.",
            code=score.component,
        )
    return True


def _checked(scores: ComponentScores, decision: Decision) -> AppraisedScore:
    """The decision as a score that may stand; points of a set-aside component follow its policy."""
    component, reason = scores.component, decision.reason.strip()[:_LONGEST_REASON]
    if decision.points is None and not decision.not_applicable:
        raise InvalidInput("Chọn điểm thẩm định của tiêu chí %(code)s.", code=component.code)
    try:
        points = decision.points or ZERO
        if decision.not_applicable:
            points = settle(component, ZERO, not_applicable=True).points
            reason = reason or _declared_reason(scores.entry)
        score = AppraisedScore(component.code, points, decision.not_applicable, reason)
        check_appraised_score(component, scores.self_score, score)
    except AppraisalError as refusal:
        raise InvalidInput(refusal.message, **refusal.values) from refusal
    return score


def _declared_reason(entry: SelfScoreEntry | None) -> str:
    """To agree that a component does not apply is to agree with the unit's reason."""
    return entry.not_applicable_reason if entry is not None and entry.not_applicable else ""


def require_appraisable(appraiser: User, scores: UnitScores) -> None:
    """Refuse an appraiser of the own unit, and a unit that is not waiting for appraisal.

    Raises:
        NotPermitted: the appraiser belongs to this unit.
        Locked: not sent yet, with the unit for its explanation, or finished.
    """
    require_other_unit(appraiser, scores.unit)
    if scores.state is State.RETURNED:
        raise Locked(
            "%(unit)s đang giải trình nên chưa chấm tiếp được. Điểm vòng 1 vẫn giữ nguyên.",
            unit=scores.unit.name,
        )
    if scores.state is not State.SUBMITTED:
        raise Locked(
            "%(unit)s chưa gửi bản tự chấm hoặc đã thẩm định xong, nên không nhập điểm được.",
            unit=scores.unit.name,
        )


def require_other_unit(appraiser: User, unit: Unit) -> None:
    """Refuse an appraiser of the own unit.

    Raises:
        NotPermitted: as said.
    """
    if is_own_unit(appraiser, unit):
        raise NotPermitted(
            "Bạn thuộc %(unit)s nên không thẩm định đơn vị này; người khác trong tổ sẽ làm.", unit=unit.name
        )


def is_own_unit(appraiser: User, unit: Unit) -> bool:
    """Nobody appraises the unit they belong to; accounts go along to its row of another year."""
    return appraiser.unit_id == unit.id


def finish_appraisal(session: Session, appraiser: User, unit: Unit, now: dt.datetime) -> Submission:
    """Close the appraisal of a unit; from then on the unit sees its appraised points.

    Raises:
        NotPermitted, Locked: as `appraise_component`.
        InvalidInput: components still wait for points, the meeting or an explanation; they are named.
    """
    lock_unit(session, unit)
    scores = load_unit_scores(session, unit, now)
    require_appraisable(appraiser, scores)
    if scores.unappraised:
        raise InvalidInput(
            "Còn %(count)s tiêu chí chưa thẩm định: %(codes)s.",
            count=len(scores.unappraised),
            codes=", ".join(waiting.component.code for waiting in scores.unappraised),
        )
    _require_settled(session, scores)
    submission = scores.sent
    submission.state = advance(scores.state, Move.APPRAISE, Party.APPRAISER)
    submission.appraised_at, submission.appraised_by = now, appraiser.username
    write_log(session, now, appraiser.username, "appraisal_finished", f"unit/{unit.code}")
    session.flush()
    return submission


def _require_settled(session: Session, scores: UnitScores) -> None:
    """Nothing waits for the meeting, and what was asked is answered and looked at again."""
    for_meeting = [
        s.component.code for s in scores.own if s.appraised is not None and s.appraised.awaits_meeting
    ]
    if for_meeting:
        raise InvalidInput(
            "Còn %(count)s tiêu chí chờ họp tổ: %(codes)s.",
            count=len(for_meeting),
            codes=", ".join(for_meeting),
        )
    asked = scores.in_order(asked_components(session, scores.unit.id))
    if asked and scores.round_number == 1:
        raise InvalidInput(
            "Đã hỏi đơn vị ở %(count)s tiêu chí: %(codes)s. Trả lại đơn vị để giải trình, hoặc bỏ câu hỏi.",
            count=len(asked),
            codes=", ".join(asked),
        )
    old = [code for code in asked if (entry := scores.components[code].appraised) and entry.round_number == 1]
    if old:
        raise InvalidInput(
            "Còn %(count)s tiêu chí đã hỏi đơn vị mà chưa chấm lại ở vòng 2: %(codes)s.",
            count=len(old),
            codes=", ".join(old),
        )


def asked_components(session: Session, unit_id: int) -> dict[str, AppraisedScoreEntry]:
    """What round one asks the unit to explain: the version with the question, by component."""
    rows = latest_appraised_scores(session, [unit_id], last_round=1)
    return {code: row for (_unit, code), row in rows.items() if row.question}


def may_set_aside(scores: ComponentScores) -> bool:
    """Whether the appraiser may agree that the component does not apply: the policy allows it."""
    return scores.component.not_applicable.policy != Policy.NOT_ALLOWED


def list_units(session: Session, appraiser: User, campaign: Campaign) -> list[UnitProgress]:
    """All units of the campaign in the office's order, with how far each has come."""
    submissions = {
        row.unit_id: row
        for row in session.scalars(select(Submission).where(Submission.campaign_id == campaign.id))
    }
    schemes = schemes_of_campaign(session, campaign.id)
    self_sums = _newest_sums(session, SelfScoreEntry)
    appraised_sums = _newest_sums(session, AppraisedScoreEntry)
    progress = []
    for unit in campaign.units:
        scheme = schemes.get(unit.level)
        self_scored, self_points = self_sums.get(unit.id, (0, ZERO))
        appraised, appraised_points = appraised_sums.get(unit.id, (0, ZERO))
        progress.append(
            UnitProgress(
                unit=unit,
                submission=submissions.get(unit.id),
                self_scored=self_scored,
                appraised=appraised,
                component_count=0 if scheme is None else len(scheme.appraised),
                self_points=self_points,
                appraised_points=appraised_points,
                is_own=is_own_unit(appraiser, unit),
            )
        )
    return progress


def _newest_sums(
    session: Session, table: type[SelfScoreEntry] | type[AppraisedScoreEntry]
) -> dict[int, tuple[int, Decimal]]:
    """Per unit: how many components have points in their newest row, and their sum."""
    newest = select(func.max(table.id)).group_by(table.unit_id, table.component_code)
    rows = session.execute(
        select(table.unit_id, func.count(table.points), func.sum(table.points))
        .where(table.id.in_(newest))
        .group_by(table.unit_id)
    )
    return {unit_id: (count, points or ZERO) for unit_id, count, points in rows}
