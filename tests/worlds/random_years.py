"""Made-up years small enough to compute by the thousand: schemes, points, answers, gaps and all policies."""

import datetime as dt
import random
from decimal import Decimal
from fractions import Fraction

from tests.unit.index.sample import GOOD_FAIR_MIDDLING_POOR, hand_scored, tally
from webapp.papers.publication.edition import Edition
from webapp.par_index.compute import compute_index
from webapp.par_index.exact import sha256_of
from webapp.par_index.outcome import result_sha256
from webapp.par_index.scheme import (
    Area,
    Classification,
    ComponentCriterion,
    Criterion,
    RespondentPool,
    Scheme,
    SurveyQuestion,
)
from webapp.par_index.shapes import PoolWeight, SurveyRule
from webapp.par_index.snapshot import AppraisedInput, Snapshot, UnitInputs, snapshot_as_plain
from webapp.par_index.survey import QuestionTally, UnitSurvey

POOLS = (RespondentPool("A", "A", ("G1", "G2")), RespondentPool("B", "B", ("G3",)))
CLASSES = tuple(Classification(label, Decimal(minimum)) for label, minimum in (("Tốt", 70), ("Khá", 0)))


def random_year(seed: int) -> Snapshot:
    """Two to seven units; some points and whole groups of answers are missing, some components set aside."""
    dice = random.Random(seed)
    scheme = _scheme(dice)
    units = tuple(_unit(dice, scheme, n) for n in range(dice.randint(2, 7)))
    return Snapshot(2020, "UBND huyện Thử", (scheme,), units)


def edition_of(snapshot: Snapshot, *, shows_small_cells: bool = True) -> Edition:
    """The papers' view of a computed year."""
    result = compute_index(snapshot)
    return Edition(
        office=snapshot.office,
        snapshot=snapshot,
        result=result,
        number=1,
        made_at=dt.datetime(2021, 4, 12, 9, 30, tzinfo=dt.UTC),
        sha256=sha256_of(snapshot_as_plain(snapshot)),
        result_sha256=result_sha256(result),
        level_names={level.level: f"Cấp {level.level}" for level in result.levels},
        shows_small_cells=shows_small_cells,
    )


def _points(dice: random.Random, most: Decimal) -> Decimal:
    return Decimal(dice.randint(0, int(most * 100))) / 100


def _scheme(dice: random.Random) -> Scheme:
    policies = ("not_allowed", "full", "exclude")
    hand = [
        hand_scored(f"1.1.{n}", str(Decimal(dice.randint(1, 40)) / 4), dice.choice(policies))
        for n in range(1, dice.randint(2, 4))
    ]
    surveyed = [
        ComponentCriterion(f"2.1.{n}", "Điều tra", Decimal(dice.randint(1, 20)) / 4, rule)
        for n, rule in enumerate(
            [
                SurveyRule((PoolWeight("A", Fraction(dice.randint(1, 9), 10)),)),
                SurveyRule((PoolWeight("B", Fraction(1)),)),
            ],
            1,
        )
    ]
    first = surveyed[0].rule
    assert isinstance(first, SurveyRule)
    share = first.weights[0].weight
    both = SurveyRule((*first.weights, PoolWeight("B", 1 - share)))
    surveyed[0] = ComponentCriterion("2.1.1", "Điều tra", surveyed[0].maximum, both)
    questions = tuple(
        SurveyQuestion(f"{form}.{n}", form, "?", GOOD_FAIR_MIDDLING_POOR, feeds)
        for form, feeds in (("A", ("2.1.1",)), ("B", ("2.1.1", "2.1.2")))
        for n in range(1, dice.randint(2, 3))
    )
    appraised = sum((leaf.maximum for leaf in hand), Decimal(0))
    asked = sum((leaf.maximum for leaf in surveyed), Decimal(0))
    return Scheme(
        level="district", title="Thử", version="1", year=2020, status="", maximum=appraised + asked,
        maximum_appraisal=appraised, maximum_survey=asked,
        areas=(
            Area("1", "Một", appraised, (Criterion("1.1", "Một", appraised, tuple(hand)),)),
            Area("2", "Hai", asked, (Criterion("2.1", "Hai", asked, tuple(surveyed)),)),
        ),
        classes=CLASSES, pools=POOLS, questions=questions,
    )  # fmt: skip


def _unit(dice: random.Random, scheme: Scheme, place: int) -> UnitInputs:
    scores = tuple(
        AppraisedInput(
            leaf.code,
            _points(dice, leaf.maximum),
            not_applicable=leaf.not_applicable.policy != "not_allowed" and dice.random() < 0.2,
        )
        for leaf in scheme.appraised
        if dice.random() < 0.97
    )
    return UnitInputs(f"u{place}", f"Đơn vị {place}", scheme.level, place, scores, _survey(dice, scheme))


def _survey(dice: random.Random, scheme: Scheme) -> UnitSurvey:
    silent = {group for group in ("G1", "G2", "G3") if dice.random() < 0.12}
    tallies: list[QuestionTally] = []
    for question in scheme.questions:
        groups = next(pool.groups for pool in scheme.pools if pool.form == question.form)
        for group in groups:
            counts = {} if group in silent else {str(n): dice.randint(0, 5) for n in range(1, 5)}
            kept = {option: n for option, n in counts.items() if n}
            tallies.append(tally(question.form, group, question.code, kept, dice.randint(0, 2)))
    return UnitSurvey(tuple(tallies))
