"""Sheets that look as if nobody had read the questions are named; what two may well agree on is not."""

from webapp.par_index.patterns import LEAST_ANSWERS, PackSheet, find_patterns

MIXED = {f"CX4.{n}": option for n, option in enumerate("1121311", 1)}


def sheet(serial: int, answers: dict[str, str], pack: str = "B001-1") -> PackSheet:
    return PackSheet(serial, pack, answers)


def straight(count: int = LEAST_ANSWERS, option: str = "2") -> dict[str, str]:
    return {f"CX4.{n}": option for n in range(1, count + 1)}


def test_one_answer_all_the_way_down_is_named() -> None:
    [found] = find_patterns([sheet(7, straight()), sheet(8, MIXED)])
    assert (found.pack, found.sheets, found.straight, found.copies) == ("B001-1", 2, [7], [])


def test_blanks_are_no_answers_and_do_not_hide_a_straight_line() -> None:
    with_blank = {**straight(), "CX4.9": "blank", "CX4.10": "invalid"}
    assert sheet(1, with_blank).is_straight
    too_few = {**straight(LEAST_ANSWERS - 1), "CX4.9": "blank"}
    assert not sheet(1, too_few).is_straight


def test_three_alike_in_one_pack_are_copies_two_are_not() -> None:
    assert find_patterns([sheet(1, MIXED), sheet(2, MIXED)]) == []
    [found] = find_patterns([sheet(n, MIXED) for n in (3, 1, 2)])
    assert found.copies == [[1, 2, 3]]
    assert found.copied_count == 3
    assert find_patterns([sheet(n, MIXED, f"B00{n}-1") for n in (1, 2, 3)]) == [], "each of another pack"


def test_straight_sheets_are_not_told_as_copies_too() -> None:
    [found] = find_patterns([sheet(n, straight()) for n in (1, 2, 3)])
    assert (found.straight, found.copies) == ([1, 2, 3], [])


def test_another_blank_makes_another_sheet() -> None:
    other = {**MIXED, "CX4.7": "blank"}
    assert find_patterns([sheet(1, MIXED), sheet(2, MIXED), sheet(3, other)]) == []
