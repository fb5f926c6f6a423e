"""How a unit's respondents answered, question by question, as far as that may be shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from webapp.par_index.disclosure import hidden_questions
from webapp.par_index.exact import from_plain, round_half_up
from webapp.par_index.outcome import UnitIndex
from webapp.par_index.scheme import AnswerOption, Scheme
from webapp.par_index.survey import PoolMean, QuestionMean
from webapp.persistence.results import IndexVersion
from webapp.services.result_pages import load_unit_page

_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Segment:
    """One option of a question: how many chose it, and its place on the bar in percent of all valid answers.

    Answers that speak for the unit (weight above a half) lie right of 0, those against it left; what lies in
    the middle, half and half. `tone` is 1 (worst) to 5 (best), 3 the middle.
    """

    label: str
    count: int
    percent: Decimal
    left: Decimal  # -100 … 100
    width: Decimal
    tone: int


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question; `segments` is empty where it is hidden or nobody gave a valid answer."""

    code: str
    text: str
    valid: int
    left_out: int
    mean: Fraction | None
    is_hidden: bool
    segments: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class ScaleView:
    """Questions of one pool with the same answers to choose from, the best one first."""

    labels: Sequence[str]
    questions: Sequence[QuestionView]


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool of respondents with its questions, scale by scale."""

    code: str
    label: str
    scales: Sequence[ScaleView]


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """All answers about one unit of a version, as far as they are shown."""

    version: IndexVersion
    unit: UnitIndex
    smallest_cell: int
    pools: Sequence[PoolView]

    @property
    def hidden_count(self) -> int:
        """How many questions are hidden."""
        return sum(q.is_hidden for pool in self.pools for scale in pool.scales for q in scale.questions)


def load_answer_page(session: Session, version: IndexVersion, code: str) -> AnswerPage:
    """The distributions of every question about a unit.

    Raises:
        NotFound: the version has no such unit.
    """
    unit = load_unit_page(session, version, code).unit
    scheme = _scheme_of(version.snapshot, unit.level)
    hidden = hidden_questions(unit.parts, scheme.smallest_cell)
    asked: dict[str, dict[str, QuestionMean]] = {}
    pools: dict[str, PoolMean] = {}
    for pool in (pool for part in unit.parts for pool in part.pools):
        pools.setdefault(pool.pool, pool)
        asked.setdefault(pool.pool, {}).update({question.question: question for question in pool.questions})
    options = {question.code: question.options for question in scheme.questions}
    order = list(options)
    views = [
        PoolView(
            pool,
            pools[pool].label,
            list(
                _scales(
                    sorted(means.values(), key=lambda mean: order.index(mean.question)),
                    options,
                    {question for own, question in hidden if own == pool},
                )
            ),
        )
        for pool, means in sorted(asked.items())
    ]
    return AnswerPage(version, unit, scheme.smallest_cell, views)


def _scheme_of(snapshot: Mapping[str, Any], level: str) -> Scheme:
    """Only the scheme is read: the rest of a snapshot is large."""
    plain = next(one for one in snapshot["inputs"]["schemes"] if one["level"] == level)
    scheme: Scheme = from_plain(Scheme, plain)
    return scheme


def _scales(
    means: Sequence[QuestionMean], options: Mapping[str, Sequence[AnswerOption]], hidden: set[str]
) -> Iterator[ScaleView]:
    """Questions by their answers' words, in the order in which these come up."""
    by_labels: dict[tuple[str, ...], list[QuestionView]] = {}
    for mean in means:
        best_first = sorted(options[mean.question], key=lambda option: -option.weight)
        labels = tuple(option.label for option in best_first)
        by_labels.setdefault(labels, []).append(_view(mean, best_first, is_hidden=mean.question in hidden))
    for labels, views in by_labels.items():
        yield ScaleView(labels, views)


def _view(mean: QuestionMean, best_first: Sequence[AnswerOption], *, is_hidden: bool) -> QuestionView:
    shown = not is_hidden and mean.valid > 0
    return QuestionView(
        code=mean.question,
        text=mean.text,
        valid=mean.valid,
        left_out=mean.blank + mean.invalid,
        mean=None if is_hidden else mean.mean,
        is_hidden=is_hidden,
        segments=segments_of(best_first, {c.option: c.count for c in mean.counts}) if shown else (),
    )


def segments_of(best_first: Sequence[AnswerOption], counts: Mapping[str, int]) -> list[Segment]:
    """The bar of one question: what speaks for the unit to the right of 0, the best outermost.

    Args:
        best_first: the options of the question, by weight.
        counts: option → how many chose it; at least one in all.

    Returns:
        A segment an option, best first; widths in percent add up to 100 but for rounding at two digits.
    """
    total = sum(counts.values())
    share = {option.code: Fraction(100 * counts.get(option.code, 0), total) for option in best_first}
    against = sum((share[o.code] for o in best_first if o.weight < _HALF), Fraction(0))
    middle = sum((share[o.code] for o in best_first if o.weight == _HALF), Fraction(0))
    left = -against - middle / 2
    found = []
    for option in reversed(best_first):  # from the worst, leftmost, on
        width = share[option.code]
        found.append(
            Segment(
                label=option.label,
                count=counts.get(option.code, 0),
                percent=round_half_up(width, 1),
                left=round_half_up(left),
                width=round_half_up(width),
                tone=_tone(option.weight),
            )
        )
        left += width
    return found[::-1]


def _tone(weight: Fraction) -> int:
    if weight == _HALF:
        return 3
    if weight > _HALF:
        return 5 if weight == 1 else 4
    return 1 if weight == 0 else 2
