"""Made-up counts: targets are met or missed by their bound, and what is wrong is listed with its command."""

from pathlib import Path

import pytest

from ocr.accuracy.families import family_sections
from ocr.accuracy.reliability import Band, Reliability, band_names
from ocr.accuracy.report import write_report
from ocr.accuracy.results import ChunkResult, Run
from ocr.accuracy.summary import Summary, pages_with_error
from ocr.accuracy.tally import Tag, Tally, answer_families, page_families, tally_answer
from ocr.accuracy.words import bound_words, share_words
from ocr.deck.bounds import rate
from ocr.deck.judge import AnswerVerdict, Review, judge_deck
from ocr.deck.readings import ReadAnswer, ReadPage
from ocr.deck.score import score_deck
from ocr.deck.truth import PageKind, TruthField, TruthPage
from ocr.model import Flag, PageStatus

RUN = Run("c" * 40, "7", "5eed", "2026-01-01T00:00:00+00:00", {"office": 1_497_865}, 25, rehearsal=False)


def _summary(total: Tally, **more: object) -> Summary:
    result = ChunkResult("office", -1, total=total)
    for name, value in more.items():
        setattr(result, name, value)
    return Summary(RUN, {"office": result})


def _met(summary: Summary) -> dict[str, bool | None]:
    return {target.name: target.met for target in summary.targets()}


GOOD = Tally(
    pages=50_000,
    refused=100,
    answers=400_000,
    accepted=380_000,
    reviewed=20_000,
    avoidable=8_000,
    positions_accepted=1_497_865,
)


def test_enough_positions_without_error_meet_the_voting_standards_figure() -> None:
    met = _met(_summary(GOOD))
    assert met["wrong positions, office"]
    assert met["review, office"]
    assert met["pages refused, office"]
    assert met["review, photo"] is None


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({"positions_accepted": 1_497_864}, "wrong positions, office"),
        ({"positions_wrong": 1, "silent": 1}, "wrong positions, office"),
        ({"silent": 1}, "wrong positions, office"),
        ({"avoidable": 8_001}, "review, office"),
        ({"refused": 101}, "pages refused, office"),
        ({"misidentified": 1}, "pages read as another sheet, all"),
        ({"lost": 1}, "pages without any reading, all"),
    ],
)
def test_a_little_less_misses(change: dict[str, int], missed: str) -> None:
    met = _met(_summary(Tally(**{**GOOD.as_json(), **change})))
    assert [name for name, fine in met.items() if fine is False] == [missed]


def test_a_silent_error_is_listed_with_what_makes_its_page_again(tmp_path: Path) -> None:
    error = {
        "field": "CX4.7",
        "read": "2",
        "truth": ["2", "4"],
        "why": "value",
        "confidence": 0.998,
        "style": "dot",
        "event": "double",
        "visible": False,
        "contrast": 7.5,
        "families": ["pen: faint pencil"],
        "form": "CX4",
        "profile": "office",
        "serial": "00004-1",
        "page": 2,
        "source": "CX4-DN-19186-01.pdf",
        "page_index": 8,
        "command": "python -m ocr deck --form CX4 --seed 77",
    }
    total = Tally(
        **{**GOOD.as_json(), "silent": 1, "silent_invisible": 1, "positions_wrong": 1, "pages_wrong": 1}
    )
    write_report(_summary(total, silent=[error]), 4, tmp_path / "a.md")
    text = (tmp_path / "a.md").read_text("utf-8")
    assert "read 2, truth 2 + 4 (value; dot, double, a mark that no eye can see" in text
    assert "page 9 of CX4-DN-19186-01.pdf" in text
    assert "`python -m ocr deck --form CX4 --seed 77`" in text
    assert "| of these, marks that no eye can see | 1 |" in text
    assert "**missed**" in text


def test_pages_with_an_error_are_bounded_by_pages_that_were_read() -> None:
    found = pages_with_error(_summary(GOOD).profiles["office"])
    assert (found.count, found.total) == (0, 49_900)


def test_a_bound_is_never_rounded_to_the_pleasant_side() -> None:
    assert bound_words(rate(0, 1_497_865)) == "1 in 500,000"
    assert bound_words(rate(0, 1_497_860)) == "1 in 499,998"
    assert share_words(rate(0, 0)) == "–"


@pytest.mark.parametrize(
    ("tag", "families"),
    [
        (("fold", True), ("fault: fold",)),
        (("stain", False), ()),
        (("pen", "blue"), ("pen: blue",)),
        (("second_pen", ""), ()),
        (("skew_deg", -2.5), ("skew_deg: 2 to 4",)),
        (("skew_deg", 0.0), ("skew_deg: under 1",)),
        (("noise", 7.0), ("noise: from 6",)),
        (("turned_deg", 90), ("turned_deg: 90",)),
        (("turned_deg", 0), ()),
        (("light", 0.3), ()),
        (("profile", "odd"), ()),
    ],
)
def test_families_name_faults_words_and_bands(tag: Tag, families: tuple[str, ...]) -> None:
    page = TruthPage(PageKind.SHEET, "a.pdf", 0, serial="00001-3", form="CX4", tags=(tag,))
    assert page_families(page) == ("form: CX4", "kind: sheet", *families)


def test_families_of_an_answer_are_its_style_and_event() -> None:
    blank = AnswerVerdict(TruthField("Q", 5, None, event="blank"), None)
    ticked = AnswerVerdict(TruthField("Q", 5, "1", "tick"), "1")
    assert answer_families(blank) == ("event: blank",)
    assert answer_families(ticked) == ("style: tick", "event: plain")


def test_the_worst_family_is_named_by_its_share() -> None:
    families = {
        "pen: blue": Tally(
            answers=9000, accepted=9000, positions_accepted=45_000, positions_wrong=2, silent=1
        ),
        "pen: red": Tally(
            answers=900, accepted=500, avoidable=400, positions_accepted=4000, positions_wrong=1, silent=1
        ),
        "pen: black": Tally(answers=50, accepted=1, avoidable=49, positions_accepted=5),
    }
    text = "\n".join(family_sections("rough", ChunkResult("rough", -1, families=families)))
    assert "Worst family by silent errors: **pen: red**" in text
    assert "Worst family by review (of those with 100 answers): **pen: red**, 44.4 %" in text


def test_reliability_counts_by_band_and_survives_its_file() -> None:
    seen = Reliability()
    asked = TruthField("Q", 5, "2", "fill")
    for value, confidence, review in (
        ("2", 0.9995, None),
        ("3", 0.95, Review.LOW_CONFIDENCE),
        (None, 0.1, Review.BLANK),
    ):
        answer = ReadAnswer("Q", value, accepted=review is None, confidence=confidence)
        seen.count(AnswerVerdict(asked, value, "", review, answer))
    seen.count(
        AnswerVerdict(
            TruthField("Q", 5, None), None, "", Review.BLANK, ReadAnswer("Q", "1", False, confidence=0.5)
        )
    )
    assert seen.accepted[band_names().index("0.999 to 1")] == Band(1, 1, 0.9995)
    assert seen.together()[band_names().index("0.9 to 0.99")] == Band(1, 0, 0.95)
    assert sum(band.answers for band in seen.together()) == 2
    assert Reliability.from_json(seen.as_json()) == seen


LONE = TruthField("Q1", 5, None, event="lone_cancel", cancelled=("2",))
PAGE = TruthPage(PageKind.SHEET, "d.pdf", 0, "00001-3", "CX4", 1, "DN", "19186", 1, (LONE,))


def _read(answers: tuple[ReadAnswer, ...], **more: object) -> ReadPage:
    known = {"serial": "00001-3", "page": 1, "form": "CX4", "version": 1, "group": "DN", "unit": "19186"}
    return ReadPage("d.pdf", 0, PageStatus.FLAGGED, answers=answers, **{**known, **more})  # type: ignore[arg-type]


def test_a_mark_that_was_taken_back_is_unavoidable_review_and_never_an_answer() -> None:
    shown = ReadAnswer("Q1", None, accepted=False, flags=frozenset({Flag.CORRECTED_MARK}))
    (page,) = judge_deck([_read((shown,))], [PAGE])
    assert page.answers[0].review is Review.CORRECTION
    assert tally_answer(page.answers[0]) == Tally(answers=1, reviewed=1)
    (page,) = judge_deck([_read((ReadAnswer("Q1", "2", accepted=True),))], [PAGE])
    assert tally_answer(page.answers[0]) == Tally(
        answers=1, accepted=1, positions_accepted=5, positions_wrong=1, silent=1
    )


def test_strange_paper_of_any_kind_may_only_be_refused() -> None:
    strange = TruthPage(PageKind.BLANK, "d.pdf", 0, tags=(("foreign", True),))
    invented = _read((ReadAnswer("Q1", "2", accepted=True),))
    score = score_deck([invented], [strange])
    assert (score.blank_pages_misread, [error.why for error in score.silent_errors]) == (1, ["no_such_sheet"])


def test_a_page_of_another_form_is_scored_as_what_it_is() -> None:
    right = ReadAnswer("Q9", "1", accepted=True)
    other = TruthPage(
        PageKind.SHEET, "d.pdf", 0, "00001-3", "CH2", 1, "CC", "NV", 1, (TruthField("Q9", 5, "1", "tick"),)
    )
    as_itself = _read((right,), form="CH2", group="CC", unit="NV")
    assert score_deck([as_itself], [other]).passed
    score = score_deck([_read((right,))], [other])
    assert (score.pages_misidentified, len(score.silent_errors)) == (1, 1)


def test_the_picture_is_a_picture(tmp_path: Path) -> None:
    write_report(_summary(GOOD), 1, tmp_path / "a.md")
    text = (tmp_path / "accuracy-reliability.svg").read_text("utf-8")
    assert text.count("<circle") == 2
    assert text.count("1 in 1,000,000") == 1
