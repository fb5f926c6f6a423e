"""How far the index of a unit hangs on who was asked: what each sheet moves it by, group by group.

A survey component is a weighted mean of group means, so to first order a sheet moves the index by the sum of
(weight of its answer − mean of the question) × what one answer to that question weighs. These *effects*
are all that a bootstrap needs (linearisation: Rao & Wu 1988, J. Am. Stat. Assoc. 83, 231–241).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from webapp.par_index.scheme import Scheme
from webapp.par_index.survey import UnitSurvey, survey_score

SCALE = 1_000_000_000
"""Effects are whole billionths of a point of the index (0–100): their sums do not depend on their order."""

Group = tuple[str, str]  # form, respondent group
Place = tuple[str, str, str]  # form, respondent group, question


@dataclass(frozen=True, slots=True)
class SheetAnswers:
    """One counted sheet: who answered it, and what, by question: an option's code, "blank" or "invalid"."""

    form: str
    group: str
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stratum:
    """The sheets of one respondent group about one unit.

    `population`: how many such people there are for the unit; None: not known, taken as without end.
    `effects`: of each sheet on the index, in 1/SCALE points, ascending. `reach`: the most that one sheet can
    move the index, in 1/SCALE points. `is_checked`: a person has looked at every answer of the group.
    """

    form: str
    group: str
    population: int | None
    effects: tuple[int, ...]
    reach: int
    is_checked: bool = False

    @property
    def unseen_share(self) -> float:
        """The share, in [0, 1], of the group that was not asked: 0 where all answered."""
        if self.population is None:
            return 1.0
        return max(self.population - len(self.effects), 0) / max(self.population, 1)


def stratify(
    scheme: Scheme,
    survey: UnitSurvey,
    sheets: Iterable[SheetAnswers],
    applicable: Decimal,
    *,
    populations: Mapping[Group, int],
    checked: Collection[Group] = (),
) -> tuple[Stratum, ...]:
    """The counted sheets about one unit as strata, by form and group.

    Args:
        scheme: the scheme of the unit's level.
        survey: the tallies that the index was computed from.
        sheets: the sheets that these tallies count, in any order.
        applicable: the unit's applicable maximum, in points, above 0.
        populations: how many people a group has for one unit, where that is known.
        checked: groups of which every answer was looked at.
    """
    effects = _answer_effects(scheme, survey, Fraction(100 * SCALE) / Fraction(applicable))
    found: defaultdict[Group, list[int]] = defaultdict(list)
    for sheet in sheets:
        moved = (
            effects.get((sheet.form, sheet.group, question), {}).get(said, 0)
            for question, said in sheet.answers.items()
        )
        found[sheet.form, sheet.group].append(sum(moved))
    reach = _reach(effects)
    return tuple(
        Stratum(*group, populations.get(group), tuple(sorted(found[group])), reach[group], group in checked)
        for group in sorted(found)
    )


def _reach(effects: Mapping[Place, Mapping[str, int]]) -> Mapping[Group, int]:
    reach: defaultdict[Group, int] = defaultdict(int)
    for (form, group, _question), by_option in effects.items():
        reach[form, group] += max(by_option.values()) - min(by_option.values())
    return reach


def _answer_effects(scheme: Scheme, survey: UnitSurvey, per_point: Fraction) -> dict[Place, dict[str, int]]:
    """By form, group and question what each option moves; blank and invalid answers move nothing."""
    moved: defaultdict[Place, defaultdict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    pools = {pool.code: pool for pool in scheme.pools}
    questions = {question.code: question for question in scheme.questions}
    for component in scheme.surveyed:
        for pool in survey_score(scheme, component, survey).pools:
            answered = [(asked, asked.mean) for asked in pool.questions if asked.mean is not None]
            for asked, mean in answered:
                share = (
                    per_point * Fraction(component.maximum) * pool.weight_used / len(answered) / asked.valid
                )
                for group in pools[pool.pool].groups:
                    place = moved[pools[pool.pool].form, group, asked.question]
                    for option in questions[asked.question].options:
                        place[option.code] += share * (option.weight - mean)
    return {
        place: {option: round(effect) for option, effect in by_option.items()}
        for place, by_option in moved.items()
    }
