"""Numbers, points, money, days and moments as people here write them."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
NO_BREAK_SPACE = "\u00a0"

Number = int | float | Decimal | Fraction


def _decimal(value: Number, places: int) -> Decimal:
    """Rounded half up (never half to even: people check these by hand)."""
    exact = Fraction(value) * 10**places
    whole = abs(exact) + Fraction(1, 2)
    rounded = whole.numerator // whole.denominator
    return Decimal(rounded if exact >= 0 else -rounded).scaleb(-places)


def format_number(value: Number | None, locale: str, places: int | None = None) -> str:
    """`1.234,5` in Vietnamese; `places` fixes the decimals, None is shown as a dash."""
    if value is None:
        return "–"
    if places is None:
        return _write(_plain(value), locale, "#,##0.######")
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return _write(_decimal(value, places), locale, pattern)


@lru_cache(maxsize=4096)  # a page shows hundreds of numbers, mostly the same small ones
def _write(value: float | Decimal, locale: str, pattern: str) -> str:
    return format_decimal(value, locale=locale, format=pattern)


def format_points(value: Number | None, locale: str) -> str:
    """Points, always with two decimals: `92,15`."""
    return format_number(value, locale, places=2)


def format_percent(share: Number | None, locale: str, places: int = 0) -> str:
    """A share in [0, 1] as `71 %`, the sign never alone on a line."""
    if share is None:
        return "–"
    return f"{format_number(Fraction(share) * 100, locale, places)}{NO_BREAK_SPACE}%"


def format_money(dong: int | None, locale: str) -> str:
    """Whole đồng: `20.160.000 đ`."""
    return "–" if dong is None else f"{format_number(dong, locale)}{NO_BREAK_SPACE}đ"


def format_day(value: dt.date | dt.datetime | None) -> str:
    """`19/03/2021`, the same in both languages: 3/19 and 19/3 must not be mixed up in one office."""
    if value is None:
        return "–"
    if isinstance(value, dt.datetime):
        value = value.astimezone(VIETNAM)
    return f"{value:%d/%m/%Y}"


def format_moment(value: dt.datetime | None) -> str:
    """`19/03/2021 17:00`, in Vietnamese time."""
    return "–" if value is None else f"{value.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def format_clock(value: dt.datetime | None) -> str:
    """`17:00`, in Vietnamese time."""
    return "–" if value is None else f"{value.astimezone(VIETNAM):%H:%M}"


def _plain(value: Number) -> int | float | Decimal:
    """Babel knows no Fraction."""
    return Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value
