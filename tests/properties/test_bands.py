"""Rank bands hold the rank, full counts leave no doubt, spread only widens, order never matters."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds.answered_sheets import answers_of_one_group, band_inputs
from webapp.par_index.bands import BandInputs, RankBand, UnitSample, rank_bands, separated_runs
from webapp.par_index.sampling import Stratum

T = TypeVar("T")

OPTIONS = st.lists(st.sampled_from("1234"), min_size=1, max_size=12)
REPLICATES = 40


@st.composite
def levels(draw: st.DrawFn) -> BandInputs:
    """One to seven units of one level; groups asked in full, in part, of unknown size, or not at all."""
    units = []
    for n in range(draw(st.integers(1, 7))):
        strata = tuple(
            replace(stratum, group=f"G{place}", population=draw(st.sampled_from([None, 12, 40])))
            for place in range(draw(st.integers(0, 2)))
            for stratum in answers_of_one_group(draw(OPTIONS))
        )
        percent = Decimal(draw(st.integers(6000, 9000))) / 100
        units.append(UnitSample(f"u{n}", f"Đơn vị {n}", "district", percent, strata))
    rate = draw(st.sampled_from([None, Decimal("0.001"), Decimal("0.05")]))
    return replace(band_inputs(units, replicates=REPLICATES), wrong_rate=rate)


def by_code(bands: tuple[RankBand, ...]) -> dict[str, RankBand]:
    return {band.code: band for band in bands}


@given(levels())
def test_a_band_holds_its_rank_and_stays_within_the_level(inputs: BandInputs) -> None:
    bands = rank_bands(inputs)
    percents = [unit.index_percent for unit in inputs.units]
    for band in bands:
        assert band.rank == 1 + sum(percent > band.index_percent for percent in percents)
        assert 1 <= band.best <= band.rank <= band.worst <= len(inputs.units)
        assert band.lowest_percent <= band.index_percent <= band.highest_percent


@given(levels())
@settings(max_examples=60)
def test_doubt_goes_both_ways(inputs: BandInputs) -> None:
    """Whoever may be above another one is a reason why that one may be below."""
    bands = rank_bands(inputs)
    doubtful = [band for band in bands if not band.is_certain]
    assert len(doubtful) != 1, "nobody can change places alone"
    runs = separated_runs(bands)
    assert all(any(first <= band.best and band.worst <= last for first, last in runs) for band in bands)


@given(levels())
@settings(max_examples=60)
def test_where_everybody_was_asked_nothing_is_in_doubt(inputs: BandInputs) -> None:
    asked = tuple(
        replace(unit, strata=tuple(replace(s, population=len(s.effects)) for s in unit.strata))
        for unit in inputs.units
    )
    for band in rank_bands(replace(inputs, units=asked, wrong_rate=None)):
        assert (band.best, band.worst, band.margin_percent) == (band.rank, band.rank, Decimal(0))


@given(levels(), st.integers(1, 9))
@settings(max_examples=60)
def test_more_spread_never_narrows_a_band(inputs: BandInputs, times: int) -> None:
    widened = replace(inputs, units=(_stretched(inputs.units[0], times), *inputs.units[1:]))
    before, after = by_code(rank_bands(inputs)), by_code(rank_bands(widened))
    code = inputs.units[0].code
    assert after[code].margin_percent >= before[code].margin_percent
    assert after[code].best <= before[code].best
    assert after[code].worst >= before[code].worst


def _stretched(unit: UnitSample, times: int) -> UnitSample:
    strata = tuple(
        replace(s, effects=tuple(times * effect for effect in s.effects), reach=times * s.reach)
        for s in unit.strata
    )
    return replace(unit, strata=strata)


@given(levels(), st.integers(0, 30))
@settings(max_examples=60)
def test_asking_more_of_a_group_never_widens(inputs: BandInputs, more: int) -> None:
    """The fewer are left unasked, the narrower: population n + more against one without end."""
    unit = inputs.units[0]
    known = tuple(replace(s, population=len(s.effects) + more) for s in unit.strata)
    endless = tuple(replace(s, population=None) for s in unit.strata)
    alone = replace(inputs, wrong_rate=None)
    narrow, wide = (
        rank_bands(replace(alone, units=(replace(unit, strata=strata),)))[0] for strata in (known, endless)
    )
    assert narrow.margin_percent <= wide.margin_percent


@given(levels(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_order_never_matters(inputs: BandInputs, order: Random) -> None:
    def shuffled(values: Sequence[T]) -> tuple[T, ...]:
        return tuple(order.sample(values, len(values)))

    def mixed(stratum: Stratum) -> Stratum:
        return replace(stratum, effects=shuffled(stratum.effects))

    units = tuple(replace(unit, strata=shuffled(tuple(map(mixed, unit.strata)))) for unit in inputs.units)
    assert rank_bands(replace(inputs, units=shuffled(units))) == rank_bands(inputs)


@given(levels())
@settings(max_examples=30)
def test_one_seed_one_result(inputs: BandInputs) -> None:
    assert rank_bands(inputs) == rank_bands(inputs)
