"""Made-up sheets about one unit, whole ones, so that the survey can be drawn again from them."""

import random
from collections.abc import Sequence
from decimal import Decimal

from tests.unit.index.sample import two_part_scheme
from webapp.par_index.bands import BandInputs, UnitSample
from webapp.par_index.sampling import SheetAnswers, Stratum, stratify
from webapp.par_index.scheme import Scheme
from webapp.par_index.survey import Answer, UnitSurvey, tally_answers

SURVEYED = two_part_scheme("60", "40")
"""One question P.1 of one group A decides 40 points of 100."""


def random_sheets(dice: random.Random, scheme: Scheme, sheets_per_group: int) -> list[SheetAnswers]:
    """Sheets of every group of the scheme; a person likes or dislikes in all answers, some stay blank."""
    sheets = []
    for pool in scheme.pools:
        asked = [question for question in scheme.questions if question.form == pool.form]
        for group in pool.groups:
            for _ in range(sheets_per_group):
                mood = dice.random()
                sheets.append(SheetAnswers(pool.form, group, {q.code: _answer(dice, mood) for q in asked}))
    return sheets


def _answer(dice: random.Random, mood: float) -> str:
    if dice.random() < 0.1:
        return "blank"
    return str(1 + min(3, int(4 * (mood + dice.random()) / 2)))


def survey_of(scheme: Scheme, sheets: Sequence[SheetAnswers]) -> UnitSurvey:
    """The tallies of the sheets."""
    return tally_answers(
        scheme,
        [
            Answer(
                number, sheet.form, sheet.group, question,
                None if said == "blank" else said, is_blank=said == "blank",
            )
            for number, sheet in enumerate(sheets)
            for question, said in sheet.answers.items()
        ],
    )  # fmt: skip


def answers_of_one_group(options: Sequence[str], population: int | None = None) -> tuple[Stratum, ...]:
    """The stratum of one group that gave these answers to the only question of SURVEYED."""
    sheets = [SheetAnswers("P", "A", {"P.1": option}) for option in options]
    populations = {} if population is None else {("P", "A"): population}
    return stratify(SURVEYED, survey_of(SURVEYED, sheets), sheets, Decimal(100), populations=populations)


def band_inputs(units: Sequence[UnitSample], seed: str = "a", replicates: int = 200) -> BandInputs:
    """Inputs with fewer replicates than in earnest."""
    return BandInputs(seed, tuple(units), replicates)
