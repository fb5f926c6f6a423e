"""How a value of a campaign is written in a cell, and read from one: text in, typed value out."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from webapp.campaign_plan.plan import PLACE_OFFICE, PLACE_UNIT
from webapp.errors import InvalidInput

OFFICE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MOST_SHEETS = 1_000_000
_MOST_TEXT = 200
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_CODE = re.compile(r"[A-Za-z0-9_]{1,40}")
_WHOLE = re.compile(r"\d{1,9}|\d{1,3}(?:\.\d{3}){1,3}", re.ASCII)
_PLACES = {PLACE_UNIT: "đơn vị", PLACE_OFFICE: "cơ quan"}

_YES_NO = {"có": True, "không": False}


def read_text(text: str) -> str:
    """Any text of one line.

    Raises:
        InvalidInput: too long, or of several lines.
    """
    if len(text) > _MOST_TEXT or "\n" in text:
        raise InvalidInput("Chữ dài nhất %(most)s ký tự, trên một dòng.", most=_MOST_TEXT)
    return text


def read_code(text: str) -> str:
    """A code: letters without marks, digits and “_”.

    Raises:
        InvalidInput: anything else.
    """
    if not _CODE.fullmatch(text):
        raise InvalidInput(
            "Mã “%(text)s” chỉ gồm chữ không dấu, chữ số và dấu _, dài nhất 40 ký tự.", text=text
        )
    return text


def read_year(text: str) -> int:
    """A year.

    Raises:
        InvalidInput: not a year of our time.
    """
    if not re.fullmatch(r"\d{4}", text, re.ASCII) or not _FIRST_YEAR <= int(text) <= _LAST_YEAR:
        raise InvalidInput("Năm “%(text)s” không đúng. Ghi bốn chữ số, ví dụ 2026.", text=text)
    return int(text)


def read_count(text: str) -> int:
    """A whole number from 0 on; dots group thousands as people here write them (3.108).

    Raises:
        InvalidInput: not such a number, or too large.
    """
    plain = text.removesuffix(".0")  # what a spreadsheet makes of a whole number
    if not _WHOLE.fullmatch(plain) or int(plain.replace(".", "")) > MOST_SHEETS:
        raise InvalidInput("“%(text)s” không phải một số phiếu hay số người. Ghi số nguyên từ 0.", text=text)
    return int(plain.replace(".", ""))


def read_day(text: str) -> dt.date:
    """A day as people write it (15/03/2021), or as a spreadsheet gives it (2021-03-15 00:00:00).

    Raises:
        InvalidInput: no such day.
    """
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"):
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=OFFICE_ZONE).date()
        except ValueError:
            continue
    raise InvalidInput("“%(text)s” không phải một ngày. Ghi dạng 15/03/2026.", text=text)


def read_moment(text: str) -> dt.datetime:
    """A day and an hour in Vietnamese time: 19/03/2021 17:00.

    Raises:
        InvalidInput: no such moment.
    """
    for form in ("%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=OFFICE_ZONE)
        except ValueError:
            continue
    raise InvalidInput("“%(text)s” không phải ngày và giờ. Ghi dạng 19/03/2026 17:00.", text=text)


def read_place(text: str) -> str:
    """Where sheets are handed out: “đơn vị”, “cơ quan”, or the code of a level.

    Raises:
        InvalidInput: no code at all.
    """
    codes = {word: code for code, word in _PLACES.items()}
    return codes.get(text.lower()) or read_code(text)


def read_yes(text: str) -> bool:
    """“có” or “không”.

    Raises:
        InvalidInput: anything else.
    """
    if text.lower() not in _YES_NO:
        raise InvalidInput("“%(text)s” không đúng. Ghi có hoặc không.", text=text)
    return _YES_NO[text.lower()]


def write(value: object) -> str:
    """A value as its reader takes it; nothing at all, and no, is an empty cell."""
    if value is None or value is False:
        return ""
    if value is True:
        return "có"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(OFFICE_ZONE):%d/%m/%Y %H:%M}"
    if isinstance(value, dt.date):
        return f"{value:%d/%m/%Y}"
    return str(value)


def write_place(value: object) -> str:
    """The word of a place, or the code of its level."""
    return _PLACES.get(str(value), str(value))
