"""People's marks on our sheets give no silent error. README.md says what counts, and what was found."""

from collections import Counter
from itertools import chain

import pytest

from tests.human_marks.composite import MARKS
from tests.human_marks.measure import MARK, NO_MARK, PERHAPS, Outcome, double_outcomes, single_outcomes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (MARKS / "labels.csv").exists(),
        reason="no ../shared/marks beside the checkout",
    ),
]
AT_THE_BORDER = "stray"


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Every picture in a question of its own, and pairs of marks in one question."""
    return list(chain(single_outcomes(), double_outcomes()))


def test_every_picture_of_known_scale_is_read(outcomes: list[Outcome]) -> None:
    singles = [each for each in outcomes if len(each.names) == 1]
    assert len({each.names for each in singles}) == len(singles) == 766
    assert {each.group for each in singles} == MARK | PERHAPS | NO_MARK


def test_no_mark_of_any_class_gives_a_silent_error(outcomes: list[Outcome]) -> None:
    silent = [each for each in outcomes if each.outcome == "silent" and each.group != AT_THE_BORDER]
    assert silent == []


def test_two_marks_in_a_question_always_go_to_a_person(outcomes: list[Outcome]) -> None:
    assert Counter(each.outcome for each in outcomes if each.group == "two marks") == {"shown": 200}


def test_an_empty_box_is_never_an_answer(outcomes: list[Outcome]) -> None:
    assert {each.read for each in outcomes if each.group == "empty"} == {None}


def test_a_mark_at_the_border_of_its_box_is_never_taken_for_another_options(outcomes: list[Outcome]) -> None:
    assert {each.read for each in outcomes if each.group == AT_THE_BORDER} <= {None, "2"}


def test_most_fills_and_ticks_need_nobody(outcomes: list[Outcome]) -> None:
    for group in ("filled", "tick", "partial"):
        own = Counter(each.outcome for each in outcomes if each.group == group)
        assert own["right"] >= 0.6 * own.total(), group
