"""From answers to survey points: question means, pool means, weighted once, rounded once.

points = maximum × Σ over pools (weight × mean over questions (Σ answer weights ÷ valid answers))

Blank and invalid answers stay outside the denominators; they never count as 0. A pool without answers gives
its weight to the others in proportion, with a warning; without any pool there are no points.
Source: domain notes §1.3; questionnaires.yaml `scoring`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from webapp.par_index.errors import AnswerUnknown
from webapp.par_index.exact import Formula, Words, plain_number, round_half_up, words
from webapp.par_index.scheme import ComponentCriterion, RespondentPool, Scheme, SurveyQuestion
from webapp.par_index.shapes import PoolWeight, SurveyRule


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one sheet about one unit; `option` None where it is blank or not valid."""

    sheet: int
    form: str
    group: str
    question: str
    option: str | None
    is_blank: bool = False

    @property
    def outcome(self) -> str:
        """What it is counted as: the option's code, "blank" or "invalid"."""
        return self.option or ("blank" if self.is_blank else "invalid")


@dataclass(frozen=True, slots=True)
class SortedSheets:
    """The scored answers of each sheet about one unit, apart by whether the sheet counts."""

    counted: tuple[tuple[Answer, ...], ...]
    set_aside: tuple[tuple[Answer, ...], ...]


@dataclass(frozen=True, slots=True)
class OptionCount:
    """How many sheets chose an option."""

    option: str
    count: int


@dataclass(frozen=True, slots=True)
class QuestionTally:
    """All answers of one respondent group to one question about one unit."""

    form: str
    group: str
    question: str
    counts: tuple[OptionCount, ...]
    blank: int
    invalid: int

    @property
    def valid(self) -> int:
        """The number of answers that count."""
        return sum(c.count for c in self.counts)


@dataclass(frozen=True, slots=True)
class SheetCount:
    """Sheets of one group that count, and those set aside because too little of them was answered."""

    form: str
    group: str
    counted: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class UnitSurvey:
    """Everything that the survey says about one unit, in a fixed order."""

    tallies: tuple[QuestionTally, ...] = ()
    sheets: tuple[SheetCount, ...] = ()


NO_SURVEY = UnitSurvey()


@dataclass(frozen=True, slots=True)
class QuestionMean:
    """The mean answer weight (0–1, exact) of a question in a pool; None without valid answers."""

    question: str
    text: str
    valid: int
    blank: int
    invalid: int
    mean: Fraction | None
    counts: tuple[OptionCount, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolMean:
    """The mean (0–1, exact) of a pool's questions; `weight_used` is its weight after sharing out."""

    pool: str
    label: str
    weight: Fraction
    weight_used: Fraction
    mean: Fraction | None
    questions: tuple[QuestionMean, ...]


@dataclass(frozen=True, slots=True)
class SurveyScore:
    """The points of a survey component: `exact`, and rounded half up once; None without any answer."""

    points: Decimal | None
    exact: Fraction | None
    pools: tuple[PoolMean, ...]
    warnings: tuple[Words, ...]
    words: Words


def tally_answers(scheme: Scheme, answers: Iterable[Answer]) -> UnitSurvey:
    """Count the answers about one unit; answers to questions that are not scored are passed over.

    Raises:
        AnswerUnknown: an option that its question does not have.
    """
    return _tallied(scheme, sort_sheets(scheme, answers))


def sort_sheets(scheme: Scheme, answers: Iterable[Answer]) -> SortedSheets:
    """Put the answers together by sheet, and set aside the sheets of which too little was answered.

    Raises:
        AnswerUnknown: an option that its question does not have.
    """
    questions = {question.code: question for question in scheme.questions}
    by_sheet: defaultdict[int, list[Answer]] = defaultdict(list)
    for answer in answers:
        question = questions.get(answer.question)
        if question is not None:
            _check_option(question, answer)
            by_sheet[answer.sheet].append(answer)
    asked = Counter(question.form for question in scheme.questions)
    counted: list[tuple[Answer, ...]] = []
    set_aside: list[tuple[Answer, ...]] = []
    for sheet in map(tuple, by_sheet.values()):
        valid = sum(answer.option is not None for answer in sheet)
        too_little = Fraction(valid, asked[sheet[0].form]) < scheme.least_answered
        (set_aside if too_little else counted).append(sheet)
    return SortedSheets(tuple(counted), tuple(set_aside))


def _check_option(question: SurveyQuestion, answer: Answer) -> None:
    if answer.option is not None and question.weight_of(answer.option) is None:
        raise AnswerUnknown(
            "Câu %(question)s không có phương án %(option)s. Kiểm tra mẫu phiếu và bộ chỉ số.",
            question=question.code,
            option=answer.option,
        )


def _tallied(scheme: Scheme, sheets: SortedSheets) -> UnitSurvey:
    counted = Counter((sheet[0].form, sheet[0].group) for sheet in sheets.counted)
    set_aside = Counter((sheet[0].form, sheet[0].group) for sheet in sheets.set_aside)
    cells: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for answer in (answer for sheet in sheets.counted for answer in sheet):
        cells[answer.form, answer.group, answer.question][answer.outcome] += 1
    order = {question.code: n for n, question in enumerate(scheme.questions)}
    return UnitSurvey(
        tallies=tuple(
            _tally(*place, cells[place]) for place in sorted(cells, key=lambda p: (p[0], p[1], order[p[2]]))
        ),
        sheets=tuple(
            SheetCount(*place, counted[place], set_aside[place])
            for place in sorted(counted.keys() | set_aside.keys())
        ),
    )


def _tally(form: str, group: str, question: str, cell: Counter[str]) -> QuestionTally:
    options = sorted(key for key in cell if key not in ("blank", "invalid"))
    counts = tuple(OptionCount(option, cell[option]) for option in options)
    return QuestionTally(form, group, question, counts, cell["blank"], cell["invalid"])


def survey_score(scheme: Scheme, component: ComponentCriterion, survey: UnitSurvey) -> SurveyScore:
    """The points of a survey component.

    Args:
        scheme: the year's scheme with its pools and questions.
        component: a component whose rule is the survey's.
        survey: the unit's tallies.

    Returns:
        Points from 0 to the component's maximum, exact and rounded half up to two decimals; None where no
        pool has a valid answer.
    """
    assert isinstance(component.rule, SurveyRule)  # noqa: S101 - callers ask only for survey components
    pools = {pool.code: pool for pool in scheme.pools}
    means = [_pool_mean(scheme, component, pools[w.pool], w, survey) for w in component.rule.weights]
    answering = sum((mean.weight for mean in means if mean.mean is not None), Fraction(0))
    shared = tuple(_with_shared_weight(mean, answering) for mean in means)
    if answering == 0:
        return SurveyScore(None, None, shared, (), words("Chưa có câu trả lời hợp lệ nào"))
    inner = sum((m.weight_used * m.mean for m in shared if m.mean is not None), Fraction(0))
    exact = Fraction(component.maximum) * inner
    points = round_half_up(exact)
    return SurveyScore(
        points, exact, shared, tuple(_warnings(shared)), _score_words(component, shared, points)
    )


def _pool_mean(
    scheme: Scheme,
    component: ComponentCriterion,
    pool: RespondentPool,
    weight: PoolWeight,
    survey: UnitSurvey,
) -> PoolMean:
    feeding = [q for q in scheme.questions if q.form == pool.form and component.code in q.feeds]
    questions = tuple(question_mean(question, pool, survey) for question in feeding)
    means = [question.mean for question in questions if question.mean is not None]
    mean = sum(means, Fraction(0)) / len(means) if means else None
    return PoolMean(pool.code, pool.label, weight.weight, Fraction(0), mean, questions)


def question_mean(question: SurveyQuestion, pool: RespondentPool, survey: UnitSurvey) -> QuestionMean:
    """The mean weight of the valid answers that a pool gave to a question (exact, 0–1)."""
    tallies = [t for t in survey.tallies if t.question == question.code and t.group in pool.groups]
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts.update({c.option: c.count for c in tally.counts})
    valid = counts.total()
    total = sum((_weight(question, option) * n for option, n in counts.items()), Fraction(0))
    return QuestionMean(
        question=question.code,
        text=question.text,
        valid=valid,
        blank=sum(t.blank for t in tallies),
        invalid=sum(t.invalid for t in tallies),
        mean=total / valid if valid else None,
        counts=tuple(OptionCount(option, counts[option]) for option in sorted(counts)),
    )


def _weight(question: SurveyQuestion, option: str) -> Fraction:
    weight = question.weight_of(option)
    if weight is None:
        raise AnswerUnknown(
            "Câu %(question)s không có phương án %(option)s. Kiểm tra mẫu phiếu và bộ chỉ số.",
            question=question.code,
            option=option,
        )
    return weight


def _with_shared_weight(mean: PoolMean, answering: Fraction) -> PoolMean:
    """Pools without answers give their weight to the others in proportion."""
    used = mean.weight / answering if mean.mean is not None else Fraction(0)
    return PoolMean(mean.pool, mean.label, mean.weight, used, mean.mean, mean.questions)


def _warnings(pools: tuple[PoolMean, ...]) -> Iterable[Words]:
    for pool in pools:
        if pool.mean is None:
            yield words(
                "Nhóm %(pool)s không có câu trả lời hợp lệ: trọng số %(weight)s chia cho các nhóm còn lại",
                pool=pool.pool, weight=pool.weight,
            )  # fmt: skip
            continue
        for question in pool.questions:
            if question.mean is None:
                yield words("Câu %(question)s không có câu trả lời hợp lệ", question=question.question)


def _score_words(component: ComponentCriterion, pools: tuple[PoolMean, ...], points: Decimal) -> Words:
    summands = " + ".join(
        f"{plain_number(pool.weight_used)} × {round_half_up(pool.mean, 4)} ({pool.pool})"
        for pool in pools
        if pool.mean is not None
    )
    return words(
        "%(maximum)s × (%(sum)s) = %(points)s điểm",
        maximum=component.maximum, sum=Formula(summands), points=points,
    )  # fmt: skip
