"""Other programs' templates: where their bubbles are, by hand-made files in their documented forms."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.anyform.command import import_template
from ocr.anyform.formscanner import import_formscanner
from ocr.anyform.omrchecker import import_omrchecker
from ocr.anyform.template import check_template
from ocr.errors import TemplateInvalid
from tests.unit.ocr.anyform.drawn_form import CORNERS, OPTIONS, RADIUS, ROWS, centre, draw_form

BLOCKS = {
    "number": {
        "fieldType": "QTYPE_INT",
        "fieldLabels": ["no1..2"],
        "origin": [100, 50],
        "bubblesGap": 30,
        "labelsGap": 40,
    },
    "choices": {
        "bubbleValues": ["Yes", "No"],
        "direction": "horizontal",
        "fieldLabels": ["a", "b", "c"],
        "origin": [300, 60],
        "bubblesGap": 50,
        "labelsGap": [30, 60],
        "bubbleDimensions": [24, 20],
    },
}


def _omrchecker(folder: Path, **changes: object) -> Path:
    raw = {
        "pageDimensions": [500, 400],
        "bubbleDimensions": [20, 20],
        "preProcessors": [{"name": "GaussianBlur", "options": {}}, {"name": "CropPage", "options": {}}],
        "customLabels": {"number": ["no1..2"]},
        "fieldBlocks": BLOCKS,
    }
    path = folder / "template.json"
    path.write_text(json.dumps(raw | changes), encoding="utf-8")
    return path


def test_omrcheckers_blocks_become_questions(tmp_path: Path) -> None:
    template = import_omrchecker(_omrchecker(tmp_path))
    check_template(template)
    questions = {q.code: q for q in template.questions}
    assert list(questions) == ["no1", "no2", "a", "b", "c"]
    second = questions["no2"].bubbles
    assert [(b.option, b.x, b.y) for b in second[:2]] == [("0", 150, 60), ("1", 150, 90)]
    assert len(second) == 10
    assert [(b.option, b.x, b.y, b.height) for b in questions["c"].bubbles] == [
        ("Yes", 312, 160, 20),
        ("No", 362, 160, 20),
    ]
    assert template.joined == {"number": ("no1", "no2")}
    assert template.landmarks.method == "page"
    assert template.landmarks.crop_page


def test_omrcheckers_reference_picture_becomes_the_blank(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "ref.png"), np.full((800, 1000), 240, np.uint8))
    steps = [{"name": "FeatureBasedAlignment", "options": {"reference": "ref.png"}}]
    template = import_omrchecker(_omrchecker(tmp_path, preProcessors=steps))
    assert template.landmarks.method == "features"
    assert template.blank is not None
    assert template.blank.shape == (400, 500)


def test_omrcheckers_blocks_without_a_direction_go_down(tmp_path: Path) -> None:
    block = {key: value for key, value in BLOCKS["choices"].items() if key != "direction"}
    template = import_omrchecker(_omrchecker(tmp_path, fieldBlocks={"x": block}, customLabels={}))
    assert [(b.x, b.y) for b in template.bubbles] == [
        (312, 70),
        (312, 120),
        (342, 70),
        (342, 120),
        (402, 70),
        (402, 120),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fieldBlocks": {"x": BLOCKS["number"] | {"fieldType": "QTYPE_NEW"}}}, "cần fieldType 'QTYPE_NEW'"),
        ({"fieldBlocks": {"x": BLOCKS["choices"] | {"direction": "round"}}}, "cần direction 'round'"),
        ({"preProcessors": [{"name": "CropOnLogo", "options": {}}]}, "cần preProcessors 'CropOnLogo'"),
        (
            {"preProcessors": [{"name": "CropOnMarkers", "options": {"relativePath": "gone.png"}}]},
            "gone.png",
        ),
        ({"fieldBlocks": {"x": {"origin": [1, 1]}}}, "không phải template.json"),
        ({"pageDimensions": 5}, "không phải template.json"),
    ],
)
def test_what_we_do_not_have_is_refused_and_not_guessed(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(TemplateInvalid, match=words):
        import_omrchecker(_omrchecker(tmp_path, **changes))


def test_a_file_that_is_not_there_is_not_called_another_programs(tmp_path: Path) -> None:
    for name in ("template.json", "form.xtmpl"):
        with pytest.raises(TemplateInvalid, match="không mở được"):
            import_template(tmp_path / name)


# --- FormScanner ----------------------------------------------------------------------------------


def _xtmpl(folder: Path, head: str = "") -> Path:
    """The drawn form as its version 2.1 writes it; values in no order."""
    names = ("TOP_LEFT", "TOP_RIGHT", "BOTTOM_RIGHT", "BOTTOM_LEFT")
    corners = "".join(
        f'<corner position="{n}"><point x="{x}" y="{y}"/></corner>'
        for n, (x, y) in zip(names, CORNERS, strict=True)
    )
    questions = ""
    for row in reversed(range(ROWS)):
        values = "".join(
            f'<value response="{o}"><point x="{centre(row, o)[0]}.0" y="{centre(row, o)[1]}.0"/></value>'
            for o in OPTIONS[::-1]
        )
        name = f'multiple="false" question="Question{row + 1}" type="QUESTIONS_BY_ROWS"'
        questions += f"<question {name}><values>{values}</values></question>"
    path = folder / "form.xtmpl"
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8" standalone="no"?>{head}<template density="40" version="2.1">'
        f'<rotation angle="0.0"/><corners type="ROUND">{corners}</corners>'
        f'<fields groups="false" shape="CIRCLE" size="15"><group name="EMPTY">{questions}</group></fields>'
        "</template>",
        encoding="utf-8",
    )
    return path


def test_formscanners_points_become_questions_in_printed_order(tmp_path: Path) -> None:
    template = import_formscanner(_xtmpl(tmp_path), draw_form())
    check_template(template)
    assert [q.code for q in template.questions] == [f"Question{n}" for n in range(1, ROWS + 1)]
    assert [b.option for b in template.questions[3].bubbles] == list(OPTIONS)
    assert (template.bubbles[0].x, template.bubbles[0].y) == centre(0, "A")
    # What its file calls size is the square that it counts in; the rings are measured on the picture.
    assert template.radius == pytest.approx(RADIUS + 1, abs=1.5)
    assert template.landmarks.method == "features"


def test_without_its_picture_formscanners_corners_say_where_the_page_is(tmp_path: Path) -> None:
    template = import_formscanner(_xtmpl(tmp_path), None)
    check_template(template)
    assert template.landmarks.method == "corners"
    assert template.landmarks.points == CORNERS
    assert (template.width, template.height) == (1240.0, 1754.0)


def test_the_oldest_xtmpl_has_its_points_on_the_values(tmp_path: Path) -> None:
    corners = "".join(
        f'<corner position="{n}" x="{x}" y="{y}"/>'
        for n, x, y in (
            ("BOTTOM_RIGHT", 900, 1200),
            ("TOP_LEFT", 80, 80),
            ("TOP_RIGHT", 900, 80),
            ("BOTTOM_LEFT", 80, 1200),
        )
    )
    values = '<value x="400" y="300">B</value><value x="300" y="300">A</value>'
    path = tmp_path / "old.xtmpl"
    path.write_text(
        f"<template><rotation angle='0'/><corners>{corners}</corners><fields>"
        "<field orientation='QUESTIONS_BY_ROWS'><name>Question 01</name>"
        f"<values>{values}</values></field></fields></template>",
        encoding="utf-8",
    )
    template = import_template(path)
    assert [(b.option, b.x) for b in template.bubbles] == [("A", 300.0), ("B", 400.0)]
    assert template.questions[0].code == "Question 01"


def test_questions_of_one_name_in_two_groups_are_both_kept(tmp_path: Path) -> None:
    path = _xtmpl(tmp_path)
    text = path.read_text(encoding="utf-8")
    half = text.index("<question", text.index('question="Question5"'))
    split = f'{text[:half]}</group><group name="B">{text[half:]}'.replace('name="EMPTY"', 'name="A"')
    path.write_text(split.replace('"Question6"', '"Question1"'), encoding="utf-8")
    template = import_formscanner(path, None)
    others = [f"Question{n}" for n in (2, 3, 4, 5, 7, 8, 9, 10)]
    assert [q.code for q in template.questions] == ["A.Question1", "B.Question1", *others]
    assert len(template.bubbles) == ROWS * len(OPTIONS)


@pytest.mark.parametrize(
    ("name", "same"),
    [('question="Question6"', 'question="Question1"'), ('response="B"', 'response="A"')],
)
def test_two_of_one_name_in_one_place_are_refused_and_none_is_lost(
    tmp_path: Path, name: str, same: str
) -> None:
    path = _xtmpl(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace(name, same), encoding="utf-8")
    with pytest.raises(TemplateInvalid, match="cùng tên"):
        import_formscanner(path, None)


@pytest.mark.parametrize("head", ["<!DOCTYPE x [<!ENTITY a 'b'>]>", "<broken>"])
def test_a_dangerous_or_broken_xtmpl_is_refused(tmp_path: Path, head: str) -> None:
    with pytest.raises(TemplateInvalid):
        import_template(_xtmpl(tmp_path, head))
