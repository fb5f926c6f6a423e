import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocr.anyform.template import (
    Landmarks,
    Template,
    check_template,
    load_template,
    save_template,
    template_as_json,
)
from ocr.errors import TemplateInvalid
from tests.unit.ocr.anyform.drawn_form import draw_form, template_of


def test_a_template_comes_back_from_its_folder(tmp_path: Path) -> None:
    template = replace(template_of(Landmarks("features"), draw_form()), joined={"both": ("q1", "q2")})
    save_template(template, tmp_path / "form")
    loaded = load_template(tmp_path / "form")
    assert template_as_json(loaded) == template_as_json(template)
    assert loaded.sha256 == template.sha256
    assert np.array_equal(np.asarray(loaded.blank), np.asarray(template.blank))


def test_another_blank_is_another_template() -> None:
    plain, marked = (template_of(Landmarks("features"), draw_form(m)) for m in ([], [(0, "A")]))
    assert plain.sha256 != marked.sha256


def _with_bubble(template: Template, **changes: object) -> Template:
    first, *others = template.questions
    bubble, *rest = first.bubbles
    changed = replace(first, bubbles=(replace(bubble, **changes), *rest))  # type: ignore[arg-type]
    return replace(template, questions=(changed, *others))


PLAIN = template_of(Landmarks("page"))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (replace(PLAIN, questions=()), "không có câu hỏi"),
        (replace(PLAIN, questions=PLAIN.questions * 2), "hai lần"),
        (replace(PLAIN, joined={"both": ("q1", "q99")}), "q99"),
        (_with_bubble(PLAIN, option="B"), "cùng một phương án"),
        (_with_bubble(PLAIN, x=-3.0), "ngoài trang"),
        (_with_bubble(PLAIN, width=0.0), "kích thước"),
        (_with_bubble(PLAIN, width=200.0, height=200.0), "to nhỏ khác nhau"),
        (_with_bubble(PLAIN, x=PLAIN.bubbles[1].x), "chồng lên nhau"),
        (replace(PLAIN, landmarks=Landmarks("features")), "ảnh phiếu trắng"),
        (replace(PLAIN, landmarks=Landmarks("marks")), "dấu ở góc"),
        (replace(PLAIN, landmarks=Landmarks("corners", ((1.0, 1.0),))), "4 điểm"),
        (replace(PLAIN, unit="inch"), "inch"),  # type: ignore[arg-type]
    ],
)
def test_a_template_that_reads_nothing_is_refused(broken: Template, words: str) -> None:
    with pytest.raises(TemplateInvalid, match=words):
        check_template(broken)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "chamdiem-layout/1"}', '{"schema": "chamdiem-template/1"}']
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "template.json").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateInvalid):
        load_template(tmp_path)


def test_a_picture_that_is_gone_is_told(tmp_path: Path) -> None:
    save_template(template_of(Landmarks("features"), draw_form()), tmp_path)
    (tmp_path / "blank.png").unlink()
    with pytest.raises(TemplateInvalid, match=r"blank\.png"):
        load_template(tmp_path)


def test_a_picture_is_never_sought_outside_the_folder(tmp_path: Path) -> None:
    save_template(template_of(Landmarks("features"), draw_form()), tmp_path / "in")
    (tmp_path / "in" / "blank.png").rename(tmp_path / "blank.png")
    path = tmp_path / "in" / "template.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(raw | {"blank": "../blank.png"}), encoding="utf-8")
    with pytest.raises(TemplateInvalid):
        load_template(tmp_path / "in")
