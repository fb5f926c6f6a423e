"""Made-up facts for the sample campaign and for rehearsals: plausible, and the same for a seed.

Units differ: each has a diligence between 0 and 1, from which its facts follow. Published spreads run from
about 64 to 92 points (domain notes §1.5), with most units in the upper half.
"""

from decimal import Decimal
from random import Random

from webapp.par_index.rules import Facts, FactValue
from webapp.par_index.scheme import ComponentCriterion
from webapp.par_index.shapes import (
    BandsRule,
    ChecklistRule,
    CountRule,
    DeductRule,
    LevelsRule,
    Measure,
    RatioRule,
    SurveyRule,
)

RUINED_SHARE = 0.01  # how often a made-up unit meets a zero_if


def unit_diligence(seed: int, unit_code: str) -> float:
    """How well a made-up unit works, from about 0.6 to 1."""
    return 0.6 + 0.4 * Random(f"{seed}/{unit_code}").betavariate(3, 2)  # noqa: S311 - sample data, no secret


def sample_facts(component: ComponentCriterion, seed: int, unit_code: str) -> Facts:
    """Facts that the component's rule accepts; none for a survey component."""
    dice = Random(f"{seed}/{unit_code}/{component.code}")  # noqa: S311 - sample data, no secret
    skill = unit_diligence(seed, unit_code)
    match component.rule:
        case LevelsRule(levels):
            reached = 0 if dice.random() < skill else min(1 + int(dice.random() * 1.3), len(levels) - 1)
            return {"level": str(reached + 1)}
        case RatioRule() | BandsRule() as rule:
            return _quotient(dice, skill, is_amount=rule.measure == Measure.AMOUNT)
        case ChecklistRule(parts):
            return {f"part_{n}": dice.random() < skill + 0.05 for n, _ in enumerate(parts, 1)}
        case DeductRule(events=events) as rule:
            counts: dict[str, FactValue] = {
                f"event_{n}": int(dice.random() > skill) * dice.randint(1, 2) for n, _ in enumerate(events, 1)
            }
            return counts if rule.zero_if is None else {**counts, "zero_if": dice.random() < RUINED_SHARE}
        case CountRule(pieces):
            return {f"piece_{n}": dice.randint(0, 1 + int(3 * skill)) for n, _ in enumerate(pieces, 1)}
        case SurveyRule():
            return {}


def _quotient(dice: Random, skill: float, *, is_amount: bool) -> Facts:
    """So many of so many; the better the unit, the nearer to all of them."""
    whole = dice.randint(12, 400)
    share = 1.0 if dice.random() < skill - 0.2 else min(1.0, dice.gauss(skill + 0.08, 0.07))
    part = round(whole * max(share, 0.4))
    if is_amount:
        return {"numerator": Decimal(part * 1_250_000), "denominator": Decimal(whole * 1_250_000)}
    return {"numerator": part, "denominator": whole}
