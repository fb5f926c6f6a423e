"""The year's tree of points: Scheme > Area > Criterion > ComponentCriterion, and the survey that feeds it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from webapp.par_index.errors import SchemeInvalid, _
from webapp.par_index.exact import Words, as_plain, from_plain, words
from webapp.par_index.shapes import BandsRule, DeductRule, RatioRule, Rule, SurveyRule


class Policy(StrEnum):
    """What happens where a component does not apply to a unit (domain notes §1.4)."""

    NOT_ALLOWED = "not_allowed"
    FULL = "full"  # not arising earns the maximum
    EXCLUDE = "exclude"  # taken out of the points and of the maximum


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The policy, and the condition under which it may be used."""

    policy: str = Policy.NOT_ALLOWED
    condition: str = ""


@dataclass(frozen=True, slots=True)
class ComponentCriterion:
    """A scored leaf. `maximum` in points; `verifier` is the code of the division that usually checks it."""

    code: str
    title: str
    maximum: Decimal
    rule: Rule
    evidence_asked: tuple[str, ...] = ()
    not_applicable: NotApplicable = NotApplicable()
    verifier: str = ""

    @property
    def is_survey(self) -> bool:
        """Whether the survey measures it: such a component is neither self-scored nor appraised."""
        return isinstance(self.rule, SurveyRule)


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion with its components, or scored itself (`own`): a leaf can sit at depth 2 or 3."""

    code: str
    title: str
    maximum: Decimal
    components: tuple[ComponentCriterion, ...] = ()
    own: ComponentCriterion | None = None

    @property
    def scored(self) -> tuple[ComponentCriterion, ...]:
        """Its leaves: the components, or itself."""
        return self.components if self.own is None else (self.own,)


@dataclass(frozen=True, slots=True)
class Area:
    """A field of the reform (lĩnh vực)."""

    code: str
    title: str
    maximum: Decimal
    criteria: tuple[Criterion, ...]

    @property
    def scored(self) -> tuple[ComponentCriterion, ...]:
        """All leaves of the area, in printed order."""
        return tuple(leaf for criterion in self.criteria for leaf in criterion.scored)


@dataclass(frozen=True, slots=True)
class Classification:
    """A class of results (Xuất sắc, Tốt, …) from `minimum` percent on."""

    label: str
    minimum: Decimal


@dataclass(frozen=True, slots=True)
class AnswerOption:
    """An answer: its code as printed ("1", "2", …), its words, and its weight from 0 (worst) to 1 (best)."""

    code: str
    label: str
    weight: Fraction


@dataclass(frozen=True, slots=True)
class SurveyQuestion:
    """A scored question of a form and the components that it feeds."""

    code: str
    form: str
    text: str
    options: tuple[AnswerOption, ...]
    feeds: tuple[str, ...]

    def weight_of(self, option: str) -> Fraction | None:
        """The weight of an option, None where the question has no such option."""
        return next((o.weight for o in self.options if o.code == option), None)


@dataclass(frozen=True, slots=True)
class RespondentPool:
    """Respondent groups of one form whose answers count together, each answer alike.

    CX1 goes to 15 deputies (DB) and 2 leaders (LD): one pool with both, unless the scheme weighs them apart.
    """

    code: str
    form: str
    groups: tuple[str, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One level's scheme of one evaluated year; `status` says how far it can be trusted.

    Maxima in points. `least_answered` is the share (0–1) of a form's questions that must be answered for the
    form to count; breakdowns with fewer than `smallest_cell` answers are not shown.
    """

    level: str
    title: str
    version: str
    year: int
    status: str
    maximum: Decimal
    maximum_appraisal: Decimal
    maximum_survey: Decimal
    areas: tuple[Area, ...]
    classes: tuple[Classification, ...]
    pools: tuple[RespondentPool, ...] = ()
    questions: tuple[SurveyQuestion, ...] = ()
    least_answered: Fraction = Fraction(1, 2)
    smallest_cell: int = 5

    @property
    def scored(self) -> tuple[ComponentCriterion, ...]:
        """All leaves, in printed order."""
        return tuple(leaf for area in self.areas for leaf in area.scored)

    @property
    def appraised(self) -> tuple[ComponentCriterion, ...]:
        """The leaves that units score and appraisers fix."""
        return tuple(leaf for leaf in self.scored if not leaf.is_survey)

    @property
    def surveyed(self) -> tuple[ComponentCriterion, ...]:
        """The leaves that the survey measures."""
        return tuple(leaf for leaf in self.scored if leaf.is_survey)

    def component(self, code: str) -> ComponentCriterion | None:
        """The leaf with this code."""
        return next((leaf for leaf in self.scored if leaf.code == code), None)

    def appraised_component(self, code: str) -> ComponentCriterion | None:
        """The leaf with this code, if it is scored by hand."""
        return next((leaf for leaf in self.appraised if leaf.code == code), None)

    def class_of(self, index_percent: Decimal) -> str:
        """The class that an index (in percent, as published) falls in."""
        reached = [c for c in self.classes if index_percent >= c.minimum]
        return max(reached, key=lambda c: c.minimum).label if reached else ""


def scheme_as_plain(scheme: Scheme) -> dict[str, Any]:
    """The scheme as JSON values; points and ratios as exact text."""
    plain: dict[str, Any] = as_plain(scheme)
    return plain


def scheme_from_plain(plain: Mapping[str, Any]) -> Scheme:
    """The scheme that `scheme_as_plain` wrote, checked.

    Raises:
        SchemeInvalid: it is malformed, or contradicts itself (`scheme_problems`).
    """
    try:
        scheme: Scheme = from_plain(Scheme, dict(plain), "bộ chỉ số")
    except ValueError as problem:
        raise SchemeInvalid((str(problem),)) from problem
    problems = scheme_problems(scheme)
    if problems:
        raise SchemeInvalid(problems)
    return scheme


def scheme_problems(scheme: Scheme) -> tuple[str, ...]:
    """Everything in which the scheme contradicts itself, as Vietnamese sentences; empty = sound."""
    return tuple(str(problem) for problem in scheme_contradictions(scheme))


def scheme_contradictions(scheme: Scheme) -> tuple[Words, ...]:
    """The same, as sentences in the reader's language."""
    checks = (_sum_problems, _code_problems, _rule_problems, _survey_problems, _class_problems)
    return tuple(problem for check in checks for problem in check(scheme))


def _sum_problems(scheme: Scheme) -> Iterator[Words]:
    """Each level adds up to what stands above it."""
    areas, shares = [a.maximum for a in scheme.areas], [scheme.maximum_appraisal, scheme.maximum_survey]
    appraisal = [leaf.maximum for leaf in scheme.appraised]
    yield from _difference(
        _("Tổng điểm %(total)s, phải là %(expected)s – thiếu %(gap)s."),
        _("Tổng điểm %(total)s, phải là %(expected)s – thừa %(gap)s."),
        scheme.maximum, areas,
    )  # fmt: skip
    yield from _difference(
        _("Điểm thẩm định và điều tra %(total)s, phải là %(expected)s – thiếu %(gap)s."),
        _("Điểm thẩm định và điều tra %(total)s, phải là %(expected)s – thừa %(gap)s."),
        scheme.maximum, shares,
    )  # fmt: skip
    yield from _difference(
        _("Điểm thẩm định %(total)s, phải là %(expected)s – thiếu %(gap)s."),
        _("Điểm thẩm định %(total)s, phải là %(expected)s – thừa %(gap)s."),
        scheme.maximum_appraisal, appraisal,
    )  # fmt: skip
    for area in scheme.areas:
        yield from _difference(
            _("Lĩnh vực %(code)s %(total)s, phải là %(expected)s – thiếu %(gap)s."),
            _("Lĩnh vực %(code)s %(total)s, phải là %(expected)s – thừa %(gap)s."),
            area.maximum, [criterion.maximum for criterion in area.criteria], area.code,
        )  # fmt: skip
        for criterion in area.criteria:
            yield from _difference(
                _("Tiêu chí %(code)s %(total)s, phải là %(expected)s – thiếu %(gap)s."),
                _("Tiêu chí %(code)s %(total)s, phải là %(expected)s – thừa %(gap)s."),
                criterion.maximum, [leaf.maximum for leaf in criterion.scored], criterion.code,
            )  # fmt: skip


def _difference(
    too_little: str, too_much: str, expected: Decimal, parts: Sequence[Decimal], code: str = ""
) -> Iterator[Words]:
    total = sum(parts, Decimal(0))
    if total != expected:
        message = too_little if total < expected else too_much
        named = {"code": code} if code else {}
        yield words(message, total=total, expected=expected, gap=abs(expected - total), **named)


def _code_problems(scheme: Scheme) -> Iterator[Words]:
    codes = [leaf.code for leaf in scheme.scored] + [area.code for area in scheme.areas]
    codes += [c.code for area in scheme.areas for c in area.criteria if c.own is None]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield words("Mã %(code)s xuất hiện hai lần.", code=code)
    for area in scheme.areas:
        for criterion in area.criteria:
            if criterion.own is not None and criterion.components:
                code = criterion.code
                yield words("Tiêu chí %(code)s vừa tự chấm vừa có tiêu chí thành phần.", code=code)


def _rule_problems(scheme: Scheme) -> Iterator[Words]:
    for leaf in scheme.scored:
        if leaf.maximum <= 0 or leaf.maximum != round(leaf.maximum, 2):
            yield words("%(code)s: điểm tối đa phải lớn hơn 0 và có nhiều nhất hai số lẻ.", code=leaf.code)
        policy = leaf.not_applicable.policy
        if policy not in set(Policy):
            yield words(
                "%(code)s: không rõ cách xử lý khi không áp dụng (%(policy)s).", code=leaf.code, policy=policy
            )
        yield from _points_problems(leaf)


def _points_problems(leaf: ComponentCriterion) -> Iterator[Words]:
    """The rule has something to give, nothing below 0, and its best is the component's maximum."""
    rule, code = leaf.rule, leaf.code
    if not rule.given:
        yield words("%(code)s: cách chấm không có mức nào.", code=code)
        return
    if any(points < 0 or points != round(points, 2) for points in rule.given):
        yield words("%(code)s: điểm trong cách chấm phải từ 0 và có nhiều nhất hai số lẻ.", code=code)
    if rule.best is not None and rule.best != leaf.maximum:
        yield words(
            "%(code)s: cách chấm cho tối đa %(best)s điểm, tiêu chí có %(maximum)s.",
            code=code, best=rule.best, maximum=leaf.maximum,
        )  # fmt: skip
    yield from _shape_problems(code, rule)


def _shape_problems(code: str, rule: Rule) -> Iterator[Words]:
    match rule:
        case RatioRule(full_at=full, zero_below=zero) if not 0 <= zero <= full:
            yield words("%(code)s: ngưỡng 0 điểm phải nằm dưới ngưỡng điểm tối đa.", code=code)
        case RatioRule(full_at=full, zero_below=zero) if zero < full and full > 1:
            yield words(
                "%(code)s: ngưỡng điểm tối đa %(full)s%%, nên tỷ lệ trên 100%% mà dưới ngưỡng ấy"
                " cho tỷ lệ × điểm vượt điểm tối đa. Chấm theo khoảng tỷ lệ,"
                " hoặc ghi ngưỡng 0 điểm bằng ngưỡng điểm tối đa.",
                code=code, full=full * 100,
            )  # fmt: skip
        case BandsRule():
            yield from _band_problems(code, rule)
        case DeductRule() if rule.floor > rule.start:
            yield words("%(code)s: điểm sàn cao hơn điểm ban đầu.", code=code)
        case _:
            return


def _band_problems(code: str, rule: BandsRule) -> Iterator[Words]:
    """Every ratio from 0 to the top end lies in exactly one band: ends meet, and one band owns each end."""
    bands = sorted(rule.bands, key=lambda band: (band.minimum, band.maximum is None, band.maximum or 0))
    if not bands[0].holds(Fraction(0)):
        yield words("%(code)s: tỷ lệ 0%% không thuộc khoảng nào.", code=code)
    ends = {band.minimum for band in bands} | {b.maximum for b in bands if b.maximum is not None}
    probes = sorted(ends)
    between = [(low + high) / 2 for low, high in pairwise(probes)]
    for ratio in sorted([*probes, *between]):
        owners = sum(band.holds(ratio) for band in bands)
        if owners != 1:
            yield words(
                "%(code)s: tỷ lệ %(ratio)s%% thuộc %(owners)s khoảng, phải đúng một.",
                code=code, ratio=ratio * 100, owners=owners,
            )  # fmt: skip


def _survey_problems(scheme: Scheme) -> Iterator[Words]:
    if not 0 <= scheme.least_answered <= 1:
        yield words(
            "Phần câu phải trả lời để phiếu được tính là %(share)s, phải từ 0 đến 1 (0,5 là một nửa).",
            share=scheme.least_answered,
        )
    pools = {pool.code: pool for pool in scheme.pools}
    weighed: dict[str, set[str]] = {}
    for leaf in scheme.surveyed:
        if isinstance(leaf.rule, SurveyRule):
            yield from _weight_problems(scheme, leaf.code, leaf.rule, pools)
            named = (pools.get(weight.pool) for weight in leaf.rule.weights)
            weighed[leaf.code] = {pool.form for pool in named if pool is not None}
    for question in scheme.questions:
        yield from _feed_problems(question, weighed)
        if any(not 0 <= option.weight <= 1 for option in question.options):
            yield words("Câu %(question)s: trọng số phương án phải từ 0 đến 1.", question=question.code)


def _feed_problems(question: SurveyQuestion, weighed: Mapping[str, set[str]]) -> Iterator[Words]:
    """What it feeds is a survey component that weighs its form; `weighed`: the forms, by component."""
    for code in question.feeds:
        if code not in weighed:
            yield words(
                "Câu %(question)s tính vào %(code)s, không phải tiêu chí điều tra.",
                question=question.code, code=code,
            )  # fmt: skip
        elif question.form not in weighed[code]:
            yield words(
                "Câu %(question)s của phiếu %(form)s tính vào %(code)s, mà %(code)s không cho phiếu ấy"
                " trọng số: câu trả lời sẽ không được tính.",
                question=question.code, form=question.form, code=code,
            )  # fmt: skip


def _weight_problems(
    scheme: Scheme, code: str, rule: SurveyRule, pools: Mapping[str, RespondentPool]
) -> Iterator[Words]:
    total = sum((weight.weight for weight in rule.weights), Fraction(0))
    if total != 1 or any(weight.weight <= 0 for weight in rule.weights):
        yield words(
            "%(code)s: trọng số các nhóm trả lời cộng lại là %(total)s, phải là 1.", code=code, total=total
        )
    for weight in rule.weights:
        pool = pools.get(weight.pool)
        if pool is None:
            yield words("%(code)s: không có nhóm trả lời %(pool)s.", code=code, pool=weight.pool)
        elif not any(q.form == pool.form and code in q.feeds for q in scheme.questions):
            yield words(
                "%(code)s: không có câu hỏi nào của phiếu %(form)s tính vào.", code=code, form=pool.form
            )


def _class_problems(scheme: Scheme) -> Iterator[Words]:
    if not any(c.minimum == 0 for c in scheme.classes):
        yield words("Thiếu mức xếp loại bắt đầu từ %(least)s%%.", least=0)
    minima = [c.minimum for c in scheme.classes]
    if len(set(minima)) != len(minima):
        yield words("Hai mức xếp loại có cùng ngưỡng.")
