"""Hand-made readings against a hand-made truth: what must be counted as an error, and what as review."""

from dataclasses import replace

import pytest

from ocr.deck.bounds import rate
from ocr.deck.judge import NOT_READ, Review
from ocr.deck.readings import ReadAnswer, ReadPage
from ocr.deck.report import as_json, as_text, rates
from ocr.deck.score import Score, score_deck
from ocr.deck.truth import PageKind, TruthField, TruthPage
from ocr.model import Flag, PageStatus

PAGE = TruthPage(
    kind=PageKind.SHEET,
    source="CX4-01.pdf",
    page_index=0,
    serial="00001-3",
    form="CX4",
    version=1,
    group="DN",
    unit="19186",
    page=1,
    fields=(
        TruthField("Q1", 5, "2", "fill"),
        TruthField("Q2", 5, None, event="blank"),
        TruthField("Q3", 4, ("1", "3"), "tick", event="double"),
        TruthField("Q4", 5, "4", "fill", event="correction", cancelled=("3",)),
    ),
)
OTHER = replace(PAGE, page_index=1, serial="00002-1", fields=(TruthField("Q1", 5, "2", "cross"),))

RIGHT = (
    ReadAnswer("Q1", "2", accepted=True),
    ReadAnswer("Q2", None, accepted=False, flags=frozenset({Flag.NO_MARK})),
    ReadAnswer("Q3", None, accepted=False, flags=frozenset({Flag.MULTIPLE_MARKS})),
    ReadAnswer("Q4", "4", accepted=False, flags=frozenset({Flag.CORRECTED_MARK})),
)


def read(
    page: TruthPage, answers: tuple[ReadAnswer, ...] = RIGHT, source: str = "scans/CX4-01.pdf"
) -> ReadPage:
    assert page.page_index is not None
    return ReadPage(
        source=source,
        page_index=page.page_index,
        status=PageStatus.FLAGGED,
        serial=page.serial,
        page=page.page,
        form=page.form,
        version=page.version,
        group=page.group,
        unit=page.unit,
        answers=answers,
    )


def with_q1(answer: ReadAnswer) -> tuple[ReadAnswer, ...]:
    return (answer, *RIGHT[1:])


def kinds(score: Score) -> dict[Review, int]:
    return {kind: count for kind, count in score.review.items() if count}


def test_a_right_reading_passes_and_its_review_is_split_by_the_truth() -> None:
    score = score_deck([read(PAGE)], [PAGE])
    assert score.passed
    assert (score.pages, score.answers, score.answers_accepted, score.answers_reviewed) == (1, 4, 1, 3)
    assert kinds(score) == {Review.BLANK: 1, Review.DOUBLE: 1, Review.CORRECTION: 1}
    assert score.avoidable_review == 0
    assert (score.positions, score.positions_accepted, score.positions_wrong) == (19, 5, 0)


def test_an_accepted_value_that_differs_is_a_silent_error_in_two_positions() -> None:
    score = score_deck([read(PAGE, with_q1(ReadAnswer("Q1", "3", accepted=True)))], [PAGE])
    (error,) = score.silent_errors
    assert (error.field, error.read, error.truth, error.why, error.style) == ("Q1", "3", "2", "value", "fill")
    assert score.positions_wrong == 2
    assert not score.passed


def test_a_mark_accepted_as_blank_is_a_silent_error_in_one_position() -> None:
    score = score_deck([read(PAGE, with_q1(ReadAnswer("Q1", None, accepted=True)))], [PAGE])
    assert [(e.read, e.truth) for e in score.silent_errors] == [(None, "2")]
    assert score.positions_wrong == 1


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        (ReadAnswer("Q2", "1", accepted=True), None),
        (ReadAnswer("Q3", "1", accepted=True), ("1", "3")),
        (ReadAnswer("Q3", None, accepted=True), ("1", "3")),
        (ReadAnswer("Q4", "3", accepted=True), "4"),
    ],
)
def test_accepting_blanks_doubles_and_wrong_corrections_is_counted(wrong: ReadAnswer, meant: object) -> None:
    answers = tuple(wrong if answer.code == wrong.code else answer for answer in RIGHT)
    score = score_deck([read(PAGE, answers)], [PAGE])
    assert [(e.field, e.read, e.truth) for e in score.silent_errors] == [(wrong.code, wrong.value, meant)]


def test_a_blank_and_a_correction_accepted_rightly_are_no_review() -> None:
    answers = (
        RIGHT[0],
        ReadAnswer("Q2", None, accepted=True),
        RIGHT[2],
        ReadAnswer("Q4", "4", accepted=True),
    )
    score = score_deck([read(PAGE, answers)], [PAGE])
    assert score.passed
    assert kinds(score) == {Review.DOUBLE: 1}


def test_an_unaccepted_wrong_value_is_review_and_no_error() -> None:
    doubtful = ReadAnswer("Q1", "5", accepted=False, flags=frozenset({Flag.LOW_CONFIDENCE}))
    score = score_deck([read(PAGE, with_q1(doubtful))], [PAGE])
    assert score.passed
    assert score.review[Review.LOW_CONFIDENCE] == 1
    assert score.avoidable_review == 1


def test_a_flag_of_answer_or_page_makes_review_structural() -> None:
    streaked = ReadAnswer("Q1", "2", accepted=False, flags=frozenset({Flag.STREAK, Flag.LOW_CONFIDENCE}))
    doubtful = ReadAnswer("Q1", "2", accepted=False, flags=frozenset({Flag.LOW_CONFIDENCE}))
    bent = replace(read(OTHER, (doubtful,)), flags=frozenset({Flag.POOR_REGISTRATION}))
    score = score_deck([read(PAGE, with_q1(streaked)), bent], [PAGE, OTHER])
    assert score.review[Review.STRUCTURAL] == 2
    assert score.review[Review.LOW_CONFIDENCE] == 0


def test_a_page_read_as_another_sheet_is_wrong_in_all_answers_even_where_they_agree() -> None:
    as_other = replace(read(PAGE), serial="00002-1")
    score = score_deck([as_other, read(OTHER, (ReadAnswer("Q1", "2", accepted=True),))], [PAGE, OTHER])
    assert score.pages_misidentified == 1
    assert [(e.field, e.why, e.serial) for e in score.silent_errors] == [
        (code, "identity", "00002-1") for code in ("Q1", "Q2", "Q3", "Q4")
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"page": 2}, {"unit": "19111"}, {"group": "LD"}, {"form": "CX3"}, {"version": 2}, {"serial": None}],
)
def test_every_part_of_the_identity_counts(wrong: dict[str, object]) -> None:
    changed = replace(read(PAGE), **wrong)  # type: ignore[arg-type]
    assert len(score_deck([changed], [PAGE]).silent_errors) == 4


def test_an_answer_that_the_reading_leaves_out_is_an_error_because_no_one_is_shown() -> None:
    score = score_deck([read(PAGE, RIGHT[1:])], [PAGE])
    assert [(e.field, e.read, e.why) for e in score.silent_errors] == [("Q1", NOT_READ, "absent")]


def test_a_refused_page_is_review_with_its_true_blanks_apart() -> None:
    refused = replace(read(PAGE, ()), status=PageStatus.REFUSED, serial=None, page=None)
    score = score_deck([refused], [PAGE])
    assert score.passed
    assert (score.pages_refused, score.answers_reviewed, score.avoidable_review) == (1, 4, 1)
    assert score.review[Review.REFUSED] == 1


def test_a_page_without_reading_is_lost() -> None:
    score = score_deck([read(PAGE)], [PAGE, OTHER])
    assert (score.pages_lost, score.answers_lost, score.passed) == (1, 1, False)


def test_a_page_that_was_never_scanned_is_told_apart_from_a_lost_one() -> None:
    missing = replace(OTHER, kind=PageKind.MISSING, source=None, page_index=None, fields=())
    score = score_deck([read(PAGE)], [PAGE, missing])
    assert (score.pages_never_scanned, score.pages_lost, score.pages, score.passed) == (1, 0, 1, True)


def test_a_second_scan_is_scored_on_its_own() -> None:
    again = replace(PAGE, kind=PageKind.DUPLICATE, page_index=1)
    wrong = read(again, with_q1(ReadAnswer("Q1", "1", accepted=True)))
    score = score_deck([read(PAGE), wrong], [PAGE, again])
    assert (score.pages, score.answers, len(score.silent_errors)) == (2, 8, 1)


def test_white_paper_may_be_refused_but_never_read() -> None:
    white = TruthPage(PageKind.BLANK, "CX4-01.pdf", 1)
    refused = ReadPage("CX4-01.pdf", 1, PageStatus.REFUSED, None, None, flags=frozenset({Flag.BLANK_PAGE}))
    assert score_deck([read(PAGE), refused], [PAGE, white]).passed
    invented = replace(read(PAGE), page_index=1)
    score = score_deck([read(PAGE), invented], [PAGE, white])
    assert (score.blank_pages, score.blank_pages_misread) == (1, 1)
    assert [error.why for error in score.silent_errors] == ["no_such_sheet"]


def test_a_reading_of_a_page_that_the_deck_does_not_hold_is_an_invention() -> None:
    score = score_deck([read(PAGE), replace(read(PAGE), page_index=7)], [PAGE])
    assert (score.foreign_pages, [error.why for error in score.silent_errors]) == (1, ["no_such_sheet"])


def test_the_same_page_read_twice_is_not_counted_twice() -> None:
    score = score_deck([read(PAGE), read(PAGE)], [PAGE])
    assert (score.answers, score.answers_reviewed, score.foreign_pages) == (4, 3, 1)
    assert not score.passed


def test_pages_of_a_renamed_file_are_found_by_serial_and_side() -> None:
    renamed = read(PAGE, with_q1(ReadAnswer("Q1", "3", accepted=True)), source="3f9a.pdf")
    score = score_deck([renamed], [PAGE])
    assert (len(score.silent_errors), score.pages_lost) == (1, 0)


def test_an_invisible_mark_still_counts_and_is_tagged() -> None:
    faint = replace(OTHER, fields=(TruthField("Q1", 5, "2", "dot", visible=False, contrast=4.0),))
    score = score_deck([read(faint, (ReadAnswer("Q1", "3", accepted=True),))], [faint])
    assert (score.invisible_marks, score.silent_errors[0].visible) == (1, False)
    assert score.invisible_silent_errors == as_json(score)["invisible_silent_errors"] == 1


def test_comments_that_nobody_would_see_and_empty_boxes_are_counted_apart() -> None:
    written = replace(PAGE, written=("Q.gop_y",))
    missed = replace(read(written), texts=(("Q.gop_y", False),))
    invented = replace(read(OTHER, (ReadAnswer("Q1", "2", accepted=True),)), texts=(("Q.gop_y", True),))
    score = score_deck([missed, invented], [written, OTHER])
    assert (score.comments, score.comments_missed, score.comments_invented) == (1, 1, 1)
    assert rates(score)["comments_invented"].total == 1
    assert score_deck([read(written)], [written]).comments_missed == 1


@pytest.mark.parametrize(
    ("count", "total", "upper"),
    [(0, 3100, 0.00096590), (0, 300, 0.0099361), (3, 100, 0.0757136), (5, 5, 1.0)],
)
def test_the_bound_is_clopper_and_pearsons(count: int, total: int, upper: float) -> None:
    assert rate(count, total).upper_95 == pytest.approx(upper, rel=1e-4)


def test_nothing_seen_has_no_rate_and_impossible_counts_are_refused() -> None:
    assert rate(0, 0).upper_95 is None
    with pytest.raises(ValueError, match="3 of 2"):
        rate(3, 2)


def test_the_report_names_each_silent_error_and_says_not_passed() -> None:
    score = score_deck([read(PAGE, with_q1(ReadAnswer("Q1", "3", accepted=True)))], [PAGE])
    text = as_text(score)
    assert "Q1: đọc 3, đúng 2" in text
    assert text.endswith("KHÔNG ĐẠT: xem các dòng sai, nhầm hoặc mất ở trên.")
    assert as_json(score)["silent_error_list"][0]["field"] == "Q1"
    assert rates(score)["silent_errors"].total == 1


def test_the_report_of_a_right_reading_says_passed() -> None:
    assert "ĐẠT: không sai sót lọt nào" in as_text(score_deck([read(PAGE)], [PAGE]))
