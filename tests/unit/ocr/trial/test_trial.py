"""One thing wrong with printer or scanner at a time: the trial sheet names it."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.cli import main
from ocr.model import PageQuality, PageReading, PageStatus, SheetIdentity
from ocr.sheet_code import code_text, identity_from_code
from ocr.source import iter_pages
from ocr.trial.judge import Fault, Subject, TrialPage, TrialReport, Verdict, judge_trial
from ocr.trial.measure import check_trial, measure_page
from ocr.trial.sheet import TRIAL_UNIT, is_trial, trial_answers
from tests.unit.ocr.trial.scans import LIBRARY, Grey, printed_trial, saved, scanned


@pytest.fixture(scope="module")
def sound() -> list[Grey]:
    return scanned(printed_trial())


def not_good(report: TrialReport) -> dict[Subject, tuple[Verdict, Fault]]:
    return {c.subject: (c.verdict, c.fault) for c in report.checks if c.verdict is not Verdict.GOOD}


@pytest.mark.parametrize("form", LIBRARY.codes())
def test_a_sound_scan_of_any_form_passes(form: str, tmp_path: Path) -> None:
    report = check_trial(saved(scanned(printed_trial(form)), tmp_path / "scan.tiff"), LIBRARY)
    assert not_good(report) == {}
    assert report.verdict is Verdict.GOOD
    assert [check.subject for check in report.checks] == list(Subject)


def shrunk(page: Grey) -> Grey:
    matrix = np.array([[0.965, 0.0, 28.0], [0.0, 0.965, 40.0]])
    return np.asarray(cv2.warpAffine(page, matrix, page.shape[::-1], borderValue=240), np.uint8)


def turned(page: Grey) -> Grey:
    middle = (page.shape[1] / 2, page.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, 2.0, 1.0)
    return np.asarray(cv2.warpAffine(page, matrix, page.shape[::-1], borderValue=240), np.uint8)


def streaked(page: Grey) -> Grey:
    dirty = page.copy()
    dirty[:, 700:703] = np.maximum(dirty[:, 700:703], 40) - 40
    return dirty


FAULTY: dict[str, tuple[Callable[[Grey], Grey], Subject, Verdict]] = {
    "fit to page": (shrunk, Subject.SCALE, Verdict.BAD),
    "crooked feed": (turned, Subject.SKEW, Verdict.FAIR),
    "dirty glass": (streaked, Subject.STREAKS, Verdict.BAD),
    "black and white": (
        lambda page: np.where(page < 150, 0, 255).astype(np.uint8),
        Subject.GREY,
        Verdict.FAIR,
    ),
    "empty toner": (
        lambda page: (page.astype(np.float64) * 0.3 + 170).astype(np.uint8),
        Subject.CONTRAST,
        Verdict.BAD,
    ),
    "coarse": (
        lambda page: np.asarray(cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)),
        Subject.RESOLUTION,
        Verdict.BAD,
    ),
    "out of focus": (
        lambda page: np.asarray(cv2.GaussianBlur(page, (0, 0), 2.2)),
        Subject.SHARPNESS,
        Verdict.BAD,
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_each_fault_is_named(name: str, sound: list[Grey], tmp_path: Path) -> None:
    spoil, subject, verdict = FAULTY[name]
    report = check_trial(saved([spoil(page) for page in sound], tmp_path / "scan.tiff"), LIBRARY)
    assert not_good(report)[subject][0] is verdict


def test_a_streak_is_placed(sound: list[Grey], tmp_path: Path) -> None:
    report = check_trial(saved([streaked(page) for page in sound], tmp_path / "scan.tiff"), LIBRARY)
    (place,) = (check.value for check in report.checks if check.subject is Subject.STREAKS)
    assert place == pytest.approx(701 / 1654 * 210, abs=1.0)


@pytest.mark.parametrize(
    ("order", "verdict", "fault"),
    [
        ((0,), Verdict.BAD, Fault.BACK_MISSING),
        ((1,), Verdict.BAD, Fault.FRONT_MISSING),
        ((1, 0), Verdict.FAIR, Fault.BACK_FIRST),
    ],
)
def test_sides_are_counted(
    order: tuple[int, ...], verdict: Verdict, fault: Fault, sound: list[Grey], tmp_path: Path
) -> None:
    report = check_trial(saved([sound[index] for index in order], tmp_path / "scan.tiff"), LIBRARY)
    assert not_good(report) == {Subject.SIDES: (verdict, fault)}


def test_another_paper_is_no_trial(tmp_path: Path) -> None:
    paper = np.full((2339, 1654), 250, np.uint8)
    report = check_trial(saved([paper], tmp_path / "scan.tiff"), LIBRARY)
    assert not_good(report) == {Subject.SIDES: (Verdict.BAD, Fault.NOT_A_TRIAL)}
    assert len(report.checks) == 1


def test_no_page_at_all() -> None:
    assert not_good(judge_trial([], {})) == {Subject.SIDES: (Verdict.BAD, Fault.NOTHING_SCANNED)}


def test_a_mark_taken_for_another_one_is_bad(sound: list[Grey], tmp_path: Path) -> None:
    """The printed marks are known: reading them otherwise is the one thing that no advice mends."""
    path = saved(sound, tmp_path / "scan.tiff")
    pages = [measure_page(page, LIBRARY) for page in iter_pages(path)]
    answers = trial_answers(LIBRARY.layout("CX4", 1))
    question = next(f for p in pages for f in p.reading.fields if f.accepted)
    other = next(b.option for b in question.bubbles if b.option != question.value)
    report = judge_trial(pages, {"CX4": {**answers, question.code: other}})
    assert not_good(report)[Subject.MARKS] == (Verdict.BAD, Fault.WRONG_ANSWER)


def test_a_photo_has_no_print_size() -> None:
    identity = SheetIdentity("CX4", 1, "DN", TRIAL_UNIT, 0, 1)
    quality = PageQuality(3000, 4000, dpi=300.0, rotation_deg=0.0, scale=None, contrast=0.8, blur_mm=0.4)
    reading = PageReading("photo.jpg", 0, PageStatus.READ, identity, (), quality)
    report = judge_trial([TrialPage(reading, 0.1, ())], {"CX4": {}})
    assert not_good(report)[Subject.SCALE] == (Verdict.FAIR, Fault.PHOTOGRAPHED)


def test_the_trial_sheet_is_never_a_printed_sheet() -> None:
    identity = SheetIdentity("CX4", 1, "DN", TRIAL_UNIT, 0, 1)
    assert is_trial(identity_from_code(code_text(identity)))
    assert not is_trial(SheetIdentity("CX4", 1, "DN", "19186", 0, 1))
    assert not is_trial(SheetIdentity("CX4", 1, "DN", TRIAL_UNIT, 1742, 1))


def test_the_command_prints_and_checks(
    sound: list[Grey], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = tmp_path / "trial.pdf"
    assert main(["trial", "print", "--form", "CX4", "--out", str(paper)]) == 0
    assert paper.read_bytes() == printed_trial()
    assert main(["trial", "check", str(saved(sound, tmp_path / "good.tiff"))]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "ĐẠT"
    assert main(["trial", "check", str(saved(sound[:1], tmp_path / "half.tiff"))]) == 1
    assert "thiếu mặt sau" in capsys.readouterr().out
