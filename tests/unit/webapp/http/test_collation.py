"""Sorting as CLDR's `vi` does."""

import random
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from webapp.http.collation import searchable, vietnamese_key


def ordered(words: str) -> bool:
    """Whether the words stand in their order, found again from any other."""
    wanted = words.split()
    shuffled = random.Random(7).sample(wanted, len(wanted))
    return sorted(shuffled, key=vietnamese_key) == wanted


def test_letters_come_in_the_alphabet_s_order() -> None:
    assert ordered("a ă â b c d đ e ê g h i k l m n o ô ơ p q r s t u ư v x y")


def test_tones_come_after_letters_in_their_order() -> None:
    assert ordered("ma mà mả mã má mạ")
    assert ordered("ma mà mả mã má mạ mă mằ mẳ mẵ mắ mặ mâ mầ mẩ mẫ mấ mậ")


def test_a_later_letter_weighs_more_than_an_earlier_tone() -> None:
    assert ordered("lá lan làn lạn làng")
    assert ordered("dan đan đàn đán đe")


def test_small_before_capital_where_all_else_is_the_same() -> None:
    assert ordered("đại Đại đạo")


def test_spaces_before_figures_before_letters() -> None:
    names = ["Phòng Y tế", "Phòng 2", "Phòng", "Phòng Nội vụ", "Phòng-2"]
    assert sorted(names, key=vietnamese_key) == ["Phòng", "Phòng 2", "Phòng Nội vụ", "Phòng Y tế", "Phòng-2"]


def test_real_units() -> None:
    assert ordered("Cự Dân Đại Đồng Đức Hạ Hải Hòa Hưng Lâm Lý Mỹ Nhân")


@given(st.text(alphabet="aăâeêoôơuưdđ àảãáạẶợỮ", max_size=8))
def test_composed_and_decomposed_are_the_same(text: str) -> None:
    assert vietnamese_key(text) == vietnamese_key(unicodedata.normalize("NFD", text))


def test_searching_forgets_case_and_marks() -> None:
    assert searchable("Đại Trạch") == searchable("DAI TRACH") == "dai trach"
    assert searchable("Ủy ban") == searchable("uỷ ban") == "uy ban"
