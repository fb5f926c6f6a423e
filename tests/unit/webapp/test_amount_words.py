"""Amounts in words as cash papers here write them."""

import pytest

from webapp.payments.amount_words import LIMIT, amount_in_words

KNOWN = {
    0: "không",
    4: "bốn",
    5: "năm",
    10: "mười",
    11: "mười một",
    14: "mười bốn",
    15: "mười lăm",
    20: "hai mươi",
    21: "hai mươi mốt",
    24: "hai mươi tư",
    25: "hai mươi lăm",
    31: "ba mươi mốt",
    44: "bốn mươi tư",
    55: "năm mươi lăm",
    100: "một trăm",
    101: "một trăm linh một",
    104: "một trăm linh tư",
    105: "một trăm linh năm",
    110: "một trăm mười",
    111: "một trăm mười một",
    115: "một trăm mười lăm",
    121: "một trăm hai mươi mốt",
    505: "năm trăm linh năm",
    1_000: "một nghìn",
    1_001: "một nghìn không trăm linh một",
    1_015: "một nghìn không trăm mười lăm",
    1_100: "một nghìn một trăm",
    10_000: "mười nghìn",
    21_000: "hai mươi mốt nghìn",
    100_000: "một trăm nghìn",
    200_000: "hai trăm nghìn",
    280_000: "hai trăm tám mươi nghìn",
    590_000: "năm trăm chín mươi nghìn",
    1_000_000: "một triệu",
    1_000_005: "một triệu không trăm linh năm",
    1_005_000: "một triệu không trăm linh năm nghìn",
    2_600_000: "hai triệu sáu trăm nghìn",
    5_600_000: "năm triệu sáu trăm nghìn",
    20_160_000: "hai mươi triệu một trăm sáu mươi nghìn",
    28_360_000: "hai mươi tám triệu ba trăm sáu mươi nghìn",
    104_000_000: "một trăm linh tư triệu",
    1_000_000_000: "một tỷ",
    1_000_000_001: "một tỷ không trăm linh một",
    1_020_000_000: "một tỷ không trăm hai mươi triệu",
    21_500_000_000: "hai mươi mốt tỷ năm trăm triệu",
    1_000_000_000_000: "một nghìn tỷ",
}


@pytest.mark.parametrize(("dong", "words"), KNOWN.items())
def test_known_amounts(dong: int, words: str) -> None:
    assert amount_in_words(dong) == f"{words} đồng"


@pytest.mark.parametrize("beyond", [-1, LIMIT])
def test_what_has_no_words_is_refused(beyond: int) -> None:
    with pytest.raises(ValueError, match="is not in"):
        amount_in_words(beyond)
