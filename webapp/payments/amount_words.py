"""Amounts in words, as Vietnamese cash papers demand.

amount_in_words(28_360_000)     # "hai mươi tám triệu ba trăm sáu mươi nghìn đồng"
"""

from typing import Final

LIMIT: Final = 10**15  # below a million billion; beyond it nobody reads the words
_DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_SCALES: Final = ("", "nghìn", "triệu")
_BILLION: Final = 10**9
_TEN: Final = 10
_FOUR, _FIVE = 4, 5


def amount_in_words(dong: int) -> str:
    """Whole đồng in words, ending in “đồng”; the caller writes the first letter large where it must be.

    Args:
        dong: 0 ≤ dong < 10**15.

    Raises:
        ValueError: outside that range.
    """
    return f"{number_in_words(dong)} đồng"


def number_in_words(number: int) -> str:
    """A number in words, in the northern manner: linh, nghìn, mốt, tư, lăm.

    Raises:
        ValueError: negative, or not below 10**15.
    """
    if not 0 <= number < LIMIT:
        raise ValueError(f"{number} is not in 0 … {LIMIT - 1}")
    if number == 0:
        return _DIGITS[0]
    billions, rest = divmod(number, _BILLION)
    said = [*_below_billion(billions, is_led=False), "tỷ"] if billions else []
    return " ".join([*said, *_below_billion(rest, is_led=bool(billions))])


def _below_billion(number: int, *, is_led: bool) -> list[str]:
    """Groups of three digits from the left; `is_led`: something was said before, so zeros are spoken."""
    words: list[str] = []
    for power in (2, 1, 0):
        group = number // 1000**power % 1000
        if group:
            words += _three_digits(group, is_led=is_led or bool(words))
            words += [_SCALES[power]] if power else []
    return words


def _three_digits(group: int, *, is_led: bool) -> list[str]:
    """1 to 999; after a greater group the hundreds are spoken even where they are zero."""
    hundreds, rest = divmod(group, 100)
    if not hundreds and not is_led:
        return _two_digits(rest)
    said = [_DIGITS[hundreds], "trăm"]
    if not rest:
        return said
    return [*said, "linh", _linked_unit(rest)] if rest < _TEN else [*said, *_two_digits(rest)]


def _two_digits(number: int) -> list[str]:
    """1 to 99."""
    tens, unit = divmod(number, 10)
    if tens == 0:
        return [_DIGITS[unit]]
    said = ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if unit == 0:
        return said
    return [*said, _unit_after_tens(tens, unit)]


def _unit_after_tens(tens: int, unit: int) -> str:
    """mười một but hai mươi mốt; mười bốn but hai mươi tư; mười lăm and hai mươi lăm."""
    if unit == _FIVE:
        return "lăm"
    if tens > 1 and unit == 1:
        return "mốt"
    return "tư" if tens > 1 and unit == _FOUR else _DIGITS[unit]


def _linked_unit(unit: int) -> str:
    """After “linh” four is “tư”, the others keep their names: một trăm linh tư, một trăm linh năm."""
    return "tư" if unit == _FOUR else _DIGITS[unit]
