"""Rank bands: margins against formulas and against redrawn sheets, coverage, the file and its check."""

import json
import math
import random
import statistics
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.worlds.answered_sheets import (
    answers_of_one_group,
    band_inputs,
    random_sheets,
    survey_of,
)
from tests.worlds.random_years import random_year
from webapp.par_index.bands import (
    BandInputs,
    RankBand,
    UnitSample,
    bands_file,
    bands_from_plain,
    main,
    rank_bands,
    read_bands_file,
    separated_runs,
)
from webapp.par_index.errors import SnapshotInvalid
from webapp.par_index.exact import as_plain
from webapp.par_index.sampling import SCALE, SheetAnswers, Stratum, stratify
from webapp.par_index.survey import survey_score

HALF_GOOD = ["1"] * 5 + ["4"] * 5
WEIGHTS = (1, 0.6, 0.2, 0)  # of GOOD_FAIR_MIDDLING_POOR


def margin(strata: tuple[Stratum, ...], rate: str | None = None) -> float:
    """The margin of a unit that stands alone."""
    inputs = replace(
        band_inputs([UnitSample("u", "U", "district", Decimal(80), strata)], replicates=4000),
        wrong_rate=None if rate is None else Decimal(rate),
    )
    return float(rank_bands(inputs)[0].margin_percent)


def test_a_sheet_moves_the_index_by_its_distance_from_the_mean() -> None:
    (stratum,) = answers_of_one_group(HALF_GOOD)
    assert stratum.effects == (-2 * SCALE,) * 5 + (2 * SCALE,) * 5, "40 points × ½ ÷ 10 sheets"
    assert stratum.reach == 4 * SCALE, "from worst to best"


def test_sheets_that_agree_leave_no_doubt() -> None:
    assert margin(answers_of_one_group(["2"] * 7)) == 0


@pytest.mark.parametrize("population", [None, 48, 240])
def test_the_margin_is_that_of_the_formula(population: int | None) -> None:
    options = list("111111112222223333444411")
    spread = statistics.variance([WEIGHTS[int(option) - 1] for option in options])
    unseen = 1 if population is None else 1 - 24 / population
    formula = 40 * math.sqrt(unseen * spread / 24)
    assert margin(answers_of_one_group(options, population)) == pytest.approx(1.96 * formula, rel=0.05)


def test_of_a_single_sheet_the_largest_spread_is_taken() -> None:
    assert margin(answers_of_one_group(["1"])) == pytest.approx(20)
    assert margin(answers_of_one_group(["1"], population=1)) == 0
    assert margin(answers_of_one_group(["1"], population=4)) == pytest.approx(20 * math.sqrt(3 / 4), abs=0.01)


def test_reading_errors_widen_even_a_full_count_unless_every_answer_was_looked_at() -> None:
    (full,) = answers_of_one_group(HALF_GOOD, population=10)
    expected = 1.96 * math.sqrt(0.001 * 10) * 4
    assert margin((full,), "0.001") == pytest.approx(expected, rel=0.06)
    assert margin((replace(full, is_checked=True),), "0.001") == 0


def test_effects_stand_for_recomputing_the_survey() -> None:
    """Sheets are redrawn and the survey computed anew, blanks, pools and weights with it."""
    dice = random.Random(5)
    scheme = random_year(3).schemes[0]
    sheets = random_sheets(dice, scheme, 14)
    survey = survey_of(scheme, sheets)
    strata = stratify(scheme, survey, sheets, scheme.maximum, populations={})

    def points(redrawn: list[SheetAnswers]) -> float:
        tallies = survey_of(scheme, redrawn)
        exact = (survey_score(scheme, leaf, tallies).exact for leaf in scheme.surveyed)
        return float(
            100 * sum((score for score in exact if score is not None), Fraction(0)) / Fraction(scheme.maximum)
        )

    groups = [[sheet for sheet in sheets if sheet.group == stratum.group] for stratum in strata]
    redrawn = [points([s for group in groups for s in dice.choices(group, k=len(group))]) for _ in range(400)]
    alone = rank_bands(
        band_inputs([UnitSample("u", "U", scheme.level, Decimal(80), strata)], replicates=2000)
    )
    expected = 1.96 * statistics.pstdev(redrawn) * math.sqrt(14 / 13)
    assert float(alone[0].margin_percent) == pytest.approx(expected, rel=0.1)


def test_all_bands_of_a_level_hold_the_true_ranks_at_once_as_often_as_they_say() -> None:
    dice = random.Random(11)
    held = sum(_holds(dice, str(turn)) for turn in range(100))
    assert held >= 0.92 * 100


def _holds(dice: random.Random, seed: str) -> bool:
    """Eight units whose true means are known; twenty sheets of each are drawn."""
    chances = [dice.uniform(0.3, 0.8) for _ in range(8)]
    units = []
    for n, chance in enumerate(chances):
        options = ["1" if dice.random() < chance else "4" for _ in range(20)]
        percent = Decimal(60 + 2 * options.count("1")).quantize(Decimal("0.01"))
        units.append(UnitSample(f"u{n}", "U", "district", percent, answers_of_one_group(options)))
    true_rank = {f"u{n}": 1 + sum(other > chance for other in chances) for n, chance in enumerate(chances)}
    bands = rank_bands(band_inputs(units, seed=seed, replicates=200))
    return all(band.best <= true_rank[band.code] <= band.worst for band in bands)


def test_equal_units_that_are_certain_share_a_rank() -> None:
    units = [
        UnitSample(code, code, "district", Decimal(p))
        for code, p in (("a", 90), ("b", 80), ("c", 80), ("d", 70))
    ]
    assert [(b.rank, b.best, b.worst) for b in rank_bands(band_inputs(units))] == [
        (1, 1, 1), (2, 2, 2), (2, 2, 2), (4, 4, 4),
    ]  # fmt: skip


def _band(rank: int, best: int, worst: int) -> RankBand:
    return RankBand(str(rank), "U", "district", Decimal(80), Decimal(1), rank, best, worst)


def test_ranks_are_cut_where_all_above_are_told_apart_from_all_below() -> None:
    bands = [_band(1, 1, 1), _band(2, 2, 3), _band(3, 2, 4), _band(4, 3, 4), _band(5, 5, 5)]
    assert separated_runs(bands) == [(1, 1), (2, 4), (5, 5)]


def test_each_level_is_ranked_apart() -> None:
    strata = answers_of_one_group(HALF_GOOD)
    units = [
        UnitSample(f"{level}{n}", "U", level, Decimal(80 - n), strata) for level in "ab" for n in range(2)
    ]
    bands = rank_bands(band_inputs(units))
    assert [(band.level, band.rank, band.worst) for band in bands] == [
        ("a", 1, 2),
        ("a", 2, 2),
        ("b", 1, 2),
        ("b", 2, 2),
    ]


@pytest.fixture
def inputs() -> BandInputs:
    """Two units that cannot be told apart, and an audit."""
    strata = answers_of_one_group(HALF_GOOD, population=15)
    units = [UnitSample(f"u{n}", f"Đơn vị {n}", "district", Decimal(80 - n), strata) for n in range(2)]
    return replace(band_inputs(units), wrong_rate=Decimal("0.00126"), audit=1)


def test_a_file_recomputes_and_a_touched_one_is_refused(
    inputs: BandInputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(json.dumps(bands_file(inputs, rank_bands(inputs))))
    assert read_bands_file(content) == inputs
    assert bands_from_plain(content["bands"]) == rank_bands(inputs)
    path = tmp_path / "bands.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert main([str(path)]) == 0
    out = capsys.readouterr()
    assert "Đơn vị 1" in out.out
    assert "bands – agree" in out.err
    content["bands"][0]["worst"] = 1
    path.write_text(json.dumps(content), encoding="utf-8")
    assert main([str(path)]) == 1
    content["inputs"]["seed"] = "b"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert main([str(path)]) == 2
    with pytest.raises(SnapshotInvalid):
        read_bands_file({"schema": "other"})
    with pytest.raises(SnapshotInvalid):
        read_bands_file(bands_file(inputs, ()) | {"schema": "chamdiem-snapshot/1"})


def test_the_same_bits_on_every_machine(inputs: BandInputs) -> None:
    """Pinned: a Python or a machine that draws or adds otherwise would show here."""
    assert [as_plain(band)["margin_percent"] for band in rank_bands(inputs)] == ["9.04", "9.36"]
