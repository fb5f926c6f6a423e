"""How much one answer can move a unit's index: what is heavy is looked at with more care."""

from collections import defaultdict
from fractions import Fraction

from webapp.par_index.scheme import RespondentPool, Scheme, SurveyQuestion
from webapp.par_index.survey import PoolMean, UnitSurvey, survey_score

Place = tuple[str, str, str]  # form, respondent group, question


def answer_weights(scheme: Scheme, survey: UnitSurvey) -> dict[Place, Fraction]:
    """The most points by which one answer of each group to each question can move the unit (exact).

    That is from the worst option to the best one, with as many valid answers as there are now; answers that
    no component is fed from are not among them.
    """
    moved: defaultdict[Place, Fraction] = defaultdict(Fraction)
    pools = {pool.code: pool for pool in scheme.pools}
    questions = {question.code: question for question in scheme.questions}
    for component in scheme.surveyed:
        for mean in survey_score(scheme, component, survey).pools:
            share = Fraction(component.maximum) * mean.weight_used
            _add_pool(moved, mean, pools[mean.pool], questions, share)
    return dict(moved)


def _add_pool(
    moved: defaultdict[Place, Fraction],
    mean: PoolMean,
    pool: RespondentPool,
    questions: dict[str, SurveyQuestion],
    share: Fraction,
) -> None:
    answered = [question for question in mean.questions if question.valid]
    for asked in answered:
        step = share * _spread(questions[asked.question]) / len(answered) / asked.valid
        for group in pool.groups:
            moved[pool.form, group, asked.question] += step


def _spread(question: SurveyQuestion) -> Fraction:
    weights = [option.weight for option in question.options]
    return max(weights) - min(weights)
