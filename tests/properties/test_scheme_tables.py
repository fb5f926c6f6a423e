"""A catalogue as tables: what is written is read back as it was, also by way of a workbook."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.index.sample import sample_scheme
from webapp.papers.plain_workbook import read_rows, write_rows
from webapp.par_index.scheme import (
    Area,
    Classification,
    ComponentCriterion,
    Criterion,
    NotApplicable,
    Policy,
    Scheme,
)
from webapp.par_index.shapes import (
    Band,
    BandsRule,
    ChecklistRule,
    Choice,
    CountRule,
    DeductRule,
    LevelsRule,
    Measure,
    PoolWeight,
    RatioRule,
    SurveyRule,
)
from webapp.scheme_tables.cells import read_percent, read_points, read_share, write_number, write_percent
from webapp.scheme_tables.changes import differences, read_worksheets, worksheets_of
from webapp.scheme_tables.reading import read_scheme
from webapp.scheme_tables.writing import tables_of

TEXTS = st.text("ăâêôơưđĐ az09.,;:/()%-=+@'\n", min_size=1, max_size=30).map(
    lambda text: "x" + " ".join(text.split())
)
POINTS = st.integers(0, 10_000).map(lambda n: Decimal(n) / 100)
SHARES = st.fractions(0, 1, max_denominator=50)
CHOICES = st.lists(st.builds(Choice, TEXTS, POINTS), min_size=1, max_size=4).map(tuple)
BANDS = st.lists(
    st.builds(Band, SHARES, st.booleans(), st.none() | SHARES, st.booleans(), POINTS), min_size=1, max_size=4
).map(tuple)
MEASURES = st.sampled_from([*Measure])


@st.composite
def leaves(draw: st.DrawFn, code: str) -> ComponentCriterion:
    maximum = draw(POINTS)
    rule = draw(
        st.one_of(
            st.builds(LevelsRule, CHOICES),
            st.builds(RatioRule, TEXTS, TEXTS, SHARES, SHARES, st.just(maximum), MEASURES),
            st.builds(BandsRule, TEXTS, TEXTS, BANDS, MEASURES),
            st.builds(ChecklistRule, CHOICES),
            st.builds(DeductRule, st.just(maximum), POINTS, CHOICES, st.none() | TEXTS),
            st.builds(CountRule, CHOICES, st.just(maximum)),
            SHARES.map(lambda share: SurveyRule((PoolWeight("P1", share), PoolWeight("P2", 1 - share)))),
        )
    )
    policy = st.builds(NotApplicable, st.sampled_from([*Policy]), st.just("") | TEXTS)
    evidence = draw(st.lists(TEXTS, max_size=3).map(tuple))
    return ComponentCriterion(
        code, draw(TEXTS), maximum, rule, evidence, draw(policy), draw(st.just("") | TEXTS)
    )


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    """Catalogues that need not add up, of both depths."""
    areas = []
    for a in range(1, draw(st.integers(1, 3)) + 1):
        criteria = []
        for c in range(1, draw(st.integers(1, 3)) + 1):
            code = f"{a}.{c}"
            if draw(st.booleans()):
                own = draw(leaves(code))
                criteria.append(Criterion(code, own.title, own.maximum, own=own))
                continue
            parts = tuple(draw(leaves(f"{code}.{n}")) for n in range(1, draw(st.integers(1, 3)) + 1))
            criteria.append(Criterion(code, draw(TEXTS), draw(POINTS), parts))
        areas.append(Area(str(a), draw(TEXTS), draw(POINTS), tuple(criteria)))
    scheme = sample_scheme("commune")
    return replace(
        scheme, areas=tuple(areas), classes=(Classification(draw(TEXTS), draw(POINTS)),), questions=()
    )


@settings(max_examples=40)
@given(schemes())
def test_a_catalogue_is_read_back_from_its_tables(scheme: Scheme) -> None:
    assert read_scheme(tables_of(scheme)) == (scheme, [])


@settings(max_examples=10)
@given(schemes())
def test_a_catalogue_survives_a_workbook(scheme: Scheme) -> None:
    tables, missing = read_worksheets(read_rows(write_rows(worksheets_of(tables_of(scheme)))))
    assert not missing
    assert differences(tables_of(scheme), tables) == []
    assert read_scheme(tables) == (scheme, [])


@pytest.mark.parametrize("level", ["division", "commune"])
def test_the_sample_catalogues_come_back_from_excel_without_a_difference(level: str) -> None:
    scheme = sample_scheme(level)
    tables, missing = read_worksheets(read_rows(write_rows(worksheets_of(tables_of(scheme)))))
    assert not missing
    assert differences(tables_of(scheme), tables) == []
    assert read_scheme(tables) == (scheme, [])


@given(POINTS, st.fractions(0, 3, max_denominator=1000))
def test_numbers_are_read_back_exactly(points: Decimal, share: Fraction) -> None:
    assert read_points(write_number(points)) == points
    assert read_share(write_number(share)) == share
    assert read_percent(write_percent(share)) == share
