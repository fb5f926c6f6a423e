"""Scores of components: what a unit gives itself, what the appraisal fixes, and the checks on both."""

from dataclasses import dataclass
from decimal import Decimal

from webapp.par_index.errors import (
    EvidenceRequired,
    NotApplicableRefused,
    ReasonRequired,
    ScoreOutOfRange,
    SurveyNotSelfScored,
)
from webapp.par_index.exact import ZERO, vietnamese
from webapp.par_index.scheme import ComponentCriterion, Policy

DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document behind a score: its name, the SHA-256 of the file, and the cited page (from 1) if any."""

    name: str
    sha256: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the points were computed, where evidence is missing or partial."""

    text: str

    @property
    def is_given(self) -> bool:
        """Whether it says anything."""
        return bool(self.text.strip())


NO_EXPLANATION = Explanation("")


@dataclass(frozen=True, slots=True)
class SelfScore:
    """What a unit declares for one component; `points` None means not yet scored."""

    component: str
    points: Decimal | None
    not_applicable: bool = False
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    explanation: Explanation = NO_EXPLANATION


@dataclass(frozen=True, slots=True)
class AppraisedScore:
    """What the appraisal fixes for one component; `reason` says why it differs from the self-score."""

    component: str
    points: Decimal
    not_applicable: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a component brings to the index: points, and the maximum that applies (both in points)."""

    points: Decimal
    maximum: Decimal


def check_self_score(component: ComponentCriterion, score: SelfScore) -> None:
    """Refuse a self-score that cannot be sent.

    Raises:
        SurveyNotSelfScored: the survey measures the component.
        NotApplicableRefused: the component may not be set aside.
        ReasonRequired: set aside without a reason.
        ScoreOutOfRange: no points, outside 0…maximum, or a third decimal.
        EvidenceRequired: no explanation, and no evidence or fewer pieces than the component asks for.
    """
    _check_scored_by_hand(component)
    if score.not_applicable:
        _check_set_aside(component, score.reason)
        return
    check_points(component, score.points)
    if not score.explanation.is_given:
        _check_evidence(component, len(score.evidence))


def _check_evidence(component: ComponentCriterion, given: int) -> None:
    """Without an explanation, every document asked for has its file, or its page of one."""
    asked = len(component.evidence_asked)
    if given == 0:
        raise EvidenceRequired(
            "Tiêu chí %(code)s cần tài liệu kiểm chứng hoặc giải trình.", code=component.code
        )
    if given < asked:
        raise EvidenceRequired(
            "Tiêu chí %(code)s mới có %(given)s/%(asked)s tài liệu cần có: thêm tài liệu (một tệp có thể dẫn"
            " ở nhiều trang) hoặc ghi giải trình.",
            code=component.code,
            given=given,
            asked=asked,
        )


def check_appraised_score(
    component: ComponentCriterion, self_score: SelfScore | None, appraised: AppraisedScore
) -> None:
    """Refuse an appraised score that cannot stand.

    Raises:
        SurveyNotSelfScored: the survey measures the component.
        NotApplicableRefused: the component may not be set aside.
        ScoreOutOfRange: outside 0…maximum, or a third decimal.
        ReasonRequired: it differs from the self-score (up or down), or sets aside, and says no reason.
    """
    _check_scored_by_hand(component)
    if appraised.not_applicable:
        _check_set_aside(component, appraised.reason)
        return
    check_points(component, appraised.points)
    if differs_from_self(self_score, appraised) and not appraised.reason.strip():
        raise ReasonRequired("Điểm thẩm định của %(code)s khác điểm tự chấm: ghi lý do.", code=component.code)


def differs_from_self(self_score: SelfScore | None, appraised: AppraisedScore) -> bool:
    """Whether the appraisal changed what the unit declared; nothing declared is a difference too."""
    if self_score is None or self_score.not_applicable != appraised.not_applicable:
        return True
    return not appraised.not_applicable and self_score.points != appraised.points


def check_points(component: ComponentCriterion, points: Decimal | None) -> None:
    """Refuse points outside 0…maximum, or with a third decimal.

    Raises:
        ScoreOutOfRange: as said.
    """
    is_in_range = points is not None and points.is_finite() and 0 <= points <= component.maximum
    if points is None or not is_in_range or points != round(points, DECIMALS):
        raise ScoreOutOfRange(
            "Điểm của %(code)s phải từ 0 đến %(maximum)s, nhiều nhất hai số lẻ.",
            code=component.code,
            maximum=vietnamese(component.maximum),
        )


def has_room(component: ComponentCriterion, points: Decimal, *, not_applicable: bool) -> bool:
    """Whether fixed points fit the component as the catalogue has it now: it may have been revised since."""
    if not_applicable:
        return component.not_applicable.policy in (Policy.FULL, Policy.EXCLUDE)
    return 0 <= points <= component.maximum


def settle(component: ComponentCriterion, points: Decimal, *, not_applicable: bool) -> Settled:
    """What the component brings to the index, under its policy for "not applicable".

    Args:
        component: the component; its policy decides.
        points: the fixed points, 0…maximum; unused where the component does not apply.
        not_applicable: set aside by the unit and agreed by the appraiser.

    Returns:
        Full: maximum of maximum. Exclude: nothing of nothing. Else the points of the maximum.

    Raises:
        NotApplicableRefused: the policy does not allow it.

    Source: domain notes §1.4.
    """
    if not not_applicable:
        return Settled(points, component.maximum)
    if component.not_applicable.policy == Policy.FULL:
        return Settled(component.maximum, component.maximum)
    if component.not_applicable.policy == Policy.EXCLUDE:
        return Settled(ZERO, ZERO)
    raise _refused(component)


def _check_scored_by_hand(component: ComponentCriterion) -> None:
    if component.is_survey:
        raise SurveyNotSelfScored(
            "Tiêu chí %(code)s do phiếu điều tra quyết định, không chấm tay.", code=component.code
        )


def _check_set_aside(component: ComponentCriterion, reason: str) -> None:
    if not has_room(component, ZERO, not_applicable=True):
        raise _refused(component)
    if not reason.strip():
        raise ReasonRequired("Ghi lý do không áp dụng tiêu chí %(code)s.", code=component.code)


def _refused(component: ComponentCriterion) -> NotApplicableRefused:
    return NotApplicableRefused("Tiêu chí %(code)s không được ghi “không áp dụng”.", code=component.code)
