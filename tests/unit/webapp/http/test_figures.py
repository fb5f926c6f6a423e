"""Numbers, points, money, days and moments as people here write them."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from webapp.http import figures

MOMENT = dt.datetime(2021, 3, 18, 17, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "places", "vi", "en"),
    [
        (1234.5, None, "1.234,5", "1,234.5"),
        (3108, None, "3.108", "3,108"),
        (Decimal("0.125"), 2, "0,13", "0.13"),
        (Decimal("0.135"), 2, "0,14", "0.14"),
        (Fraction(1, 3), 3, "0,333", "0.333"),
        (Decimal("-0.125"), 2, "-0,13", "-0.13"),
        (Decimal("92.15"), 1, "92,2", "92.2"),
        (7, 0, "7", "7"),
        (None, 2, "–", "–"),
    ],
)
def test_numbers_are_written_the_local_way_and_rounded_half_up(
    value: figures.Number | None, places: int | None, vi: str, en: str
) -> None:
    assert figures.format_number(value, "vi", places) == vi
    assert figures.format_number(value, "en", places) == en


def test_points_always_have_two_decimals() -> None:
    assert figures.format_points(Decimal(7), "vi") == "7,00"
    assert figures.format_points(Fraction(9215, 100), "vi") == "92,15"


def test_signs_never_stand_alone_on_a_line() -> None:
    assert figures.format_percent(0.714, "vi") == "71\u00a0%"
    assert figures.format_percent(Fraction(1, 800), "vi", 1) == "0,1\u00a0%"
    assert figures.format_money(20_160_000, "vi") == "20.160.000\u00a0đ"


def test_days_and_moments_are_those_of_viet_nam() -> None:
    assert figures.format_day(MOMENT) == "19/03/2021"
    assert figures.format_day(dt.date(2021, 3, 9)) == "09/03/2021"
    assert figures.format_moment(MOMENT) == "19/03/2021 00:30"
    assert figures.format_clock(MOMENT) == "00:30"
    assert figures.format_day(None) == figures.format_moment(None) == "–"
