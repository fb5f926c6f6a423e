"""Sorting the Vietnamese way, after CLDR's `vi`: letters first, then tones, then case.

a < ă < â, d < đ, e < ê, o < ô < ơ, u < ư; level < huyền < hỏi < ngã < sắc < nặng.
Source: Unicode CLDR, common/collation/vi.xml.
"""

import unicodedata

# What makes a letter of its own, as (base letter, combining mark): an a with a breve is not an a with a tone.
_LETTER_MARKS = {
    ("a", "\u0306"): 1,  # ă
    ("a", "\u0302"): 2,  # â
    ("e", "\u0302"): 1,  # ê
    ("o", "\u0302"): 1,  # ô
    ("o", "\u031b"): 2,  # ơ
    ("u", "\u031b"): 1,  # ư
}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_FOREIGN_MARK = 6

Key = tuple[tuple[tuple[int, str, int], ...], tuple[int, ...], tuple[bool, ...]]


def vietnamese_key(text: str) -> Key:
    """A sort key: `sorted(names, key=vietnamese_key)`."""
    letters: list[tuple[int, str, int]] = []
    tones: list[int] = []
    cases: list[bool] = []
    for character in unicodedata.normalize("NFD", text):
        if unicodedata.combining(character) and letters:
            _add_mark(character, letters, tones)
            continue
        base = character.lower()
        letters.append((_kind(base), "d", 1) if base == "đ" else (_kind(base), base, 0))
        tones.append(0)
        cases.append(character != base)
    return tuple(letters), tuple(tones), tuple(cases)


def searchable(text: str) -> str:
    """Without case and marks, as people search: “Đại Trạch”, “dai trach” and “DAI TRACH” are the same."""
    apart = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(character for character in apart if not unicodedata.combining(character))


def _add_mark(mark: str, letters: list[tuple[int, str, int]], tones: list[int]) -> None:
    """A mark turns the last letter into another one, or sets its tone."""
    kind, base, _ = letters[-1]
    rank = _LETTER_MARKS.get((base, mark))
    if rank is None:
        tones[-1] = _TONES.get(mark, _FOREIGN_MARK)
    else:
        letters[-1] = (kind, base, rank)


def _kind(character: str) -> int:
    """Spaces before punctuation before digits before letters."""
    if character.isspace():
        return 0
    if character.isdigit():
        return 2
    return 3 if character.isalpha() else 1
