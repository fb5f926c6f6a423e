"""How a value of a catalogue is written in a cell, and read from one: exact numbers, words, codes."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from webapp.errors import InvalidInput
from webapp.par_index.exact import plain_number

_LONGEST_TEXT = 2_000
_MOST_POINTS = 10_000
_CODE = re.compile(r"[\w.\-]{1,40}")
_NUMBER = re.compile(r"(\d{1,9})(?:[.,](\d{1,18}))?", re.ASCII)
_FRACTION = re.compile(r"\d{1,9}/[1-9]\d{0,8}", re.ASCII)
_DECIMAL_PRIMES = (2, 5)
_YES_NO = {"có": True, "không": False}


def read_text(text: str) -> str:
    """Words, of several lines where needed.

    Raises:
        InvalidInput: too long.
    """
    if len(text) > _LONGEST_TEXT:
        raise InvalidInput("Dài nhất %(most)s ký tự.", most=_LONGEST_TEXT)
    return text


def read_code(text: str) -> str:
    """A code: letters, digits, dots, dashes and “_”.

    Raises:
        InvalidInput: anything else.
    """
    if not _CODE.fullmatch(text):
        raise InvalidInput("Mã “%(text)s” chỉ gồm chữ, chữ số, dấu chấm, - và _.", text=text)
    return text


def read_points(text: str) -> Decimal:
    """Points from 0 on, at most two decimals, with a comma or a dot.

    Raises:
        InvalidInput: not such a number.
    """
    points = _read_decimal(text)
    if points is None or points != round(points, 2) or points > _MOST_POINTS:
        raise InvalidInput("“%(text)s” không phải điểm. Ghi số từ 0, nhiều nhất hai số lẻ: 1,25.", text=text)
    return points


def read_whole(text: str) -> int:
    """A whole number from 0 on.

    Raises:
        InvalidInput: not such a number.
    """
    number = _read_decimal(text)
    if number is None or number != int(number):
        raise InvalidInput("“%(text)s” không phải số nguyên từ 0.", text=text)
    return int(number)


def read_share(text: str) -> Fraction:
    """An exact number from 0 on: “0,6”, “1” or “1/3”.

    Raises:
        InvalidInput: not such a number.
    """
    if _FRACTION.fullmatch(text):
        return Fraction(text)
    number = _read_decimal(text)
    if number is None:
        raise InvalidInput("“%(text)s” không phải số. Ghi dạng 0,6 hoặc 1/3.", text=text)
    return Fraction(number)


def read_percent(text: str) -> Fraction:
    """A percentage (“80”, “99,5 %”) as a ratio, where 1 is 100 %.

    Raises:
        InvalidInput: not such a number.
    """
    return read_share(text.removesuffix("%").strip()) / 100


def _read_decimal(text: str) -> Decimal | None:
    found = _NUMBER.fullmatch(text)
    return None if found is None else Decimal(found[0].replace(",", "."))


def read_yes(text: str) -> bool:
    """“có” or “không”.

    Raises:
        InvalidInput: anything else.
    """
    if text.lower() not in _YES_NO:
        raise InvalidInput("“%(text)s” không đúng. Ghi có hoặc không.", text=text)
    return _YES_NO[text.lower()]


def read_codes(text: str) -> tuple[str, ...]:
    """Codes with commas between them.

    Raises:
        InvalidInput: one is no code.
    """
    return tuple(read_code(code.strip()) for code in text.split(",") if code.strip())


def read_lines(text: str) -> tuple[str, ...]:
    """One text a line.

    Raises:
        InvalidInput: too long.
    """
    return tuple(line.strip() for line in read_text(text).splitlines() if line.strip())


def read_word(words: Mapping[str, str]) -> Callable[[str], str]:
    """A reader of the words that stand for codes (code → word); the code itself is understood too."""
    codes = {word: code for code, word in words.items()}

    def read(text: str) -> str:
        code = codes.get(text.lower(), text)
        if code not in words:
            raise InvalidInput("“%(text)s” không đúng. Ghi: %(words)s.", text=text, words=", ".join(codes))
        return code

    return read


def write_word(words: Mapping[str, str]) -> Callable[[object], str]:
    """A writer of the word that stands for a code; nothing stays nothing."""
    return lambda code: words.get(str(code), "")


def write_text(value: object) -> str:
    """A text; nothing is an empty cell."""
    return "" if value is None else str(value).strip()


def write_number(value: object) -> str:
    """An exact number with a comma; what has no end in decimals stays a fraction. Nothing is empty."""
    if value is None:
        return ""
    exact = Fraction(str(value))
    rest = exact.denominator
    for prime in _DECIMAL_PRIMES:
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return str(exact)
    return plain_number(Decimal(exact.numerator) / Decimal(exact.denominator)).replace(".", ",")


def write_percent(value: object) -> str:
    """A ratio as percent, without the sign."""
    return "" if value is None else write_number(Fraction(str(value)) * 100)


def write_yes(value: object) -> str:
    """“có” or “không”."""
    return "có" if value else "không"


def write_codes(value: object) -> str:
    """Codes with commas between them."""
    return ", ".join(value) if isinstance(value, tuple) else ""


def write_lines(value: object) -> str:
    """One text a line."""
    return "\n".join(str(line).strip() for line in value) if isinstance(value, tuple) else ""
