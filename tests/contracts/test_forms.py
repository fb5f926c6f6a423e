"""Every form in the library keeps the promises that reading, verification and the office rely on."""

import itertools
import math
from pathlib import Path

import pytest
import yaml

from ocr.layout import CodeArea, Field, Layout, layout_as_json, layout_from_json
from ocr.sheet_code import PREFIX
from ocr.template import FormLibrary, FormTemplate
from ocr.typeset import SAMPLE_IMPRINT, set_form

ROOT = Path(__file__).parents[2]
LIBRARY = FormLibrary(ROOT / "forms_templates")
FORMS = [(code, version) for code in LIBRARY.codes() for version in LIBRARY.versions(code)]
SAMPLE = ROOT / "webapp" / "sample" / "bo_trach_2020"
QUESTIONNAIRES = yaml.safe_load((SAMPLE / "questionnaires.yaml").read_text(encoding="utf-8"))
CAMPAIGN = yaml.safe_load((SAMPLE / "campaign.yaml").read_text(encoding="utf-8"))


@pytest.fixture(params=FORMS, ids=lambda key: f"{key[0]}v{key[1]}")
def key(request: pytest.FixtureRequest) -> tuple[str, int]:
    """Each form version in turn."""
    found: tuple[str, int] = request.param
    return found


@pytest.fixture
def form(key: tuple[str, int]) -> FormTemplate:
    """Its definition."""
    return LIBRARY.form(*key)


@pytest.fixture
def layout(key: tuple[str, int]) -> Layout:
    """Its committed layout."""
    return LIBRARY.layout(*key)


def clear_of(area: CodeArea, field: Field) -> float:
    """The gap in mm between a code and a field's rectangle; negative where they overlap."""
    half = area.size_mm / 2
    across = max(field.x_mm - (area.x_mm + half), (area.x_mm - half) - (field.x_mm + field.width_mm))
    down = max(field.y_mm - (area.y_mm + half), (area.y_mm - half) - (field.y_mm + field.height_mm))
    return max(across, down)


def test_the_print_still_gives_the_committed_layout(key: tuple[str, int], layout: Layout) -> None:
    """A form version is immutable once printed."""
    typeset = set_form(LIBRARY, *key, unit_name="xã Đại Trạch", imprint=SAMPLE_IMPRINT)
    committed = (LIBRARY.folder(*key) / "layout.json").read_text(encoding="utf-8")
    assert layout_as_json(typeset.layout) == committed
    assert layout_from_json(committed) == layout


def test_two_sides_of_a4(layout: Layout) -> None:
    assert [page.page for page in layout.pages] == [1, 2]
    assert {(page.width_mm, page.height_mm) for page in layout.pages} == {(210.0, 297.0)}


def test_every_question_stands_once_on_one_side(form: FormTemplate, layout: Layout) -> None:
    fields = [field for page in layout.pages for field in page.fields]
    assert [field.code for field in fields] == [*form.choice_codes(), form.comment.id]
    assert [field.kind for field in fields] == ["choice"] * len(form.choice_codes()) + ["text"]
    for field in fields[:-1]:
        expected = [str(option) for option in range(1, form.option_count(field.code) + 1)]
        assert [bubble.option for bubble in field.bubbles] == expected
    assert fields[-1].bubbles == ()


def test_bubbles_are_large_and_far_enough_apart(layout: Layout) -> None:
    for page in layout.pages:
        bubbles = [bubble for field in page.fields for bubble in field.bubbles]
        assert all(2 * bubble.r_mm >= 4.6 for bubble in bubbles)
        for one, other in itertools.combinations(bubbles, 2):
            assert math.hypot(one.x_mm - other.x_mm, one.y_mm - other.y_mm) > 8.99


def test_bubbles_lie_within_their_field_and_the_paper(layout: Layout) -> None:
    for page in layout.pages:
        for field in page.fields:
            assert field.x_mm > 10
            assert field.x_mm + field.width_mm < page.width_mm - 10
            for bubble in field.bubbles:
                room = bubble.r_mm + 1  # for a mark that leaves the ring a little
                assert field.x_mm + 30 < bubble.x_mm  # words come first in every row
                assert bubble.x_mm + room <= field.x_mm + field.width_mm
                assert field.y_mm + room <= bubble.y_mm <= field.y_mm + field.height_mm - room


def test_fields_do_not_overlap(layout: Layout) -> None:
    for page in layout.pages:
        rows = sorted((field.y_mm, field.y_mm + field.height_mm) for field in page.fields)
        assert all(end <= start + 0.01 for (_, end), (start, _) in itertools.pairwise(rows))


def test_fiducials_are_off_the_edges_and_tell_the_side(layout: Layout) -> None:
    for page in layout.pages:
        assert [fiducial.id for fiducial in page.fiducials] == [4 * (page.page - 1) + n for n in range(4)]
        top_left, top_right, bottom_right, bottom_left = page.fiducials
        assert top_left.x_mm == bottom_left.x_mm < page.width_mm / 2 < top_right.x_mm == bottom_right.x_mm
        assert top_left.y_mm == top_right.y_mm < page.height_mm / 2 < bottom_left.y_mm == bottom_right.y_mm
        for fiducial in page.fiducials:
            assert fiducial.size_mm == 8
            assert 20 <= fiducial.x_mm <= page.width_mm - 20
            assert 20 <= fiducial.y_mm <= page.height_mm - 20


def test_codes_stand_twice_far_apart_and_off_the_fields(layout: Layout) -> None:
    for page in layout.pages:
        first, second = page.codes
        assert abs(first.x_mm - second.x_mm) > 50  # one streak of a scanner cannot hit both
        assert abs(first.y_mm - second.y_mm) > 150
        for area in page.codes:
            assert 14 <= area.size_mm <= 18
            assert min(clear_of(area, field) for field in page.fields) >= 3
            assert area.x_mm + area.size_mm / 2 <= page.width_mm - 13
            assert area.y_mm + area.size_mm / 2 <= page.height_mm - 13


def test_both_sides_have_room_for_the_serial(layout: Layout) -> None:
    for page in layout.pages:
        assert page.serial_width_mm >= 20
        assert page.serial_height_mm >= 4
        assert max(field.y_mm + field.height_mm for field in page.fields) < page.serial_y_mm


def test_the_words_are_those_of_the_questionnaire(form: FormTemplate) -> None:
    (source,) = [entry for entry in QUESTIONNAIRES["forms"] if entry["code"] == form.code]
    scales = QUESTIONNAIRES["scales"]
    asked = {question["id"]: question for question in source["questions"]}
    assert list(form.choice_codes()) == [head["id"] for head in source["head"]] + list(asked)
    for question in form.questions:
        assert form.text(question.id) == asked[question.id]["text"]
        assert question.scale.id == asked[question.id]["scale"]
        assert list(form.option_labels(question.id)) == scales[question.scale.id]["options"]
    for head in source["head"]:
        assert form.text(head["id"]) == head["text"]
        assert list(form.option_labels(head["id"])) == head["options"]
    assert form.level == source["unit_evaluated"]
    assert form.title().lower() == source["title"].split(" – ")[1].lower()


def test_english_is_complete_and_not_a_copy(form: FormTemplate) -> None:
    for code in (*form.choice_codes(), form.comment.id):
        assert form.text(code, "en") != form.text(code, "vi")
    for code in form.choice_codes():
        numbers = [label for label in form.option_labels(code, "en") if label[0].isdigit()]
        for label in set(form.option_labels(code, "en")) - set(numbers):
            assert label.isascii()


def test_every_group_of_the_campaign_has_its_form() -> None:
    campaign = {(group["form_code"], group["code"], group["level"]) for group in CAMPAIGN["groups"]}
    forms = {
        (form.code, group, form.level)
        for form in (LIBRARY.latest(code) for code in LIBRARY.codes())
        for group in form.groups
    }
    assert forms == campaign
    assert PREFIX not in LIBRARY.codes()
