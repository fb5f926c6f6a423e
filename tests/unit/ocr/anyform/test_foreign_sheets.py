"""Filled sheets of another program, read by their own templates, beside what that program expects.

The sheets are not part of the project: they lie beside its checkout, in `shared/foreign/omrchecker`.
"""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ocr.anyform.omrchecker import import_omrchecker
from ocr.anyform.reading import FormReader, prepare_reader, read_form_page
from ocr.anyform.template import check_template
from ocr.model import FieldReading, Flag
from ocr.source import load_page

SHEETS = Path(__file__).parents[5] / "shared" / "foreign" / "omrchecker"
pytestmark = pytest.mark.skipif(
    not (SHEETS / "expected.csv").is_file(), reason="no shared/foreign/omrchecker beside the checkout"
)

# Every answer that a person is asked about, and why; all others are accepted and agree.
BLANK = "nothing is marked: a blank is never accepted by itself"
PENCIL = "light pencil over a bold letter"
PART = "one digit of the number is doubtful"
FLAGGED = {
    ("adrian_omr.png", "q4"): PENCIL,
    ("adrian_omr.png", "q5"): PENCIL,
    ("adrian_omr_2.png", "q2"): PENCIL,
    ("adrian_omr_2.png", "q4"): PENCIL,
    ("sheet1.jpg", "Roll"): "a line joins the marks of two digits",
    ("sheet1.jpg", "q2"): BLANK,
    ("sheet1.jpg", "q5"): "its second digit is blank",
    ("sheet1.jpg", "q6"): PART,
    ("sheet1.jpg", "q8"): "its second digit is blank",
    ("camscanner-1.jpg", "Roll"): "E or H: too few such boxes to know what is printed in them",
    ("camscanner-1.jpg", "q8"): PART,
    ("camscanner-1.jpg", "q18"): "two boxes are marked: the expected AD",
    ("camscanner-1.jpg", "q22"): BLANK,
    ("camscanner-2.jpg", "Roll"): "E or H: too few such boxes to know what is printed in them",
    ("camscanner-2.jpg", "q10"): PART,
}
# The same picture lies in two folders, in one of them under the other's name.
SAME = {"answer-key/using-csv/adrian_omr.png": "adrian_omr_2.png"}


def _rows() -> Iterator[tuple[str, dict[str, str]]]:
    if not (SHEETS / "expected.csv").is_file():
        return
    with (SHEETS / "expected.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            answers = dict(pair.split("=") for pair in row["answers"].split())
            yield row["image"].removeprefix("samples/"), answers


@cache
def _reader(template: Path) -> FormReader:
    imported = import_omrchecker(template)
    check_template(imported)
    return prepare_reader(imported)


def _read(image: str) -> dict[str, FieldReading]:
    path = SHEETS / image
    template = next(f / "template.json" for f in path.parents if (f / "template.json").is_file())
    return {f.code: f for f in read_form_page(load_page(path, 0), [_reader(template)]).fields}


@pytest.mark.parametrize(("image", "expected"), list(_rows()))
def test_sheets_agree_with_their_program_or_are_flagged(image: str, expected: dict[str, str]) -> None:
    fields = _read(image)
    name = SAME.get(image, Path(image).name)
    accepted = {code: fields[code].value for code in expected if fields[code].accepted}
    assert accepted == {code: expected[code] for code in accepted}
    assert {(name, code) for code in expected if code not in accepted} <= set(FLAGGED)


def test_most_answers_are_accepted_and_proposals_agree_too() -> None:
    """Of what is marked once; flagged answers that have a value propose the right one."""
    total = right = accepted = 0
    for image, expected in _rows():
        fields = _read(image)
        plain = {
            c: v for c, v in expected.items() if v and not (image.endswith("camscanner-1.jpg") and c == "q18")
        }
        total += len(plain)
        accepted += sum(fields[c].accepted for c in plain)
        right += sum(fields[c].value in {v, None} for c, v in plain.items())
    assert right == total
    assert accepted >= 0.75 * total


def test_two_marks_where_one_is_asked_are_shown() -> None:
    image = next((i for i, _ in _rows() if i.endswith("camscanner-1.jpg")), "")
    field = _read(image)["q18"]
    assert not field.accepted
    assert {Flag.MULTIPLE_MARKS, Flag.MARGINAL_MARK} & set(field.flags)
