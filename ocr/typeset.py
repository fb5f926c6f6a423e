"""Set a form: one Typst source gives the print and, by query, where every mark stands on it.

    typeset = set_form(library, "CX4", 1, unit_name="xã Đại Trạch", imprint=SAMPLE_IMPRINT)
    typeset.pdf      # two pages without codes and serial; ocr.printing stamps those
    typeset.layout   # ocr.layout.Layout, the same for every unit and imprint

Only the fonts in `forms_templates/_fonts` are used, so that the result does not depend on the machine.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import typst

from ocr.errors import EngineFailed, TemplateInvalid
from ocr.layout import Bubble, CodeArea, Fiducial, Field, Layout, PageLayout
from ocr.template import FormLibrary, FormTemplate, Question

PAGES: Final = 2
PAGE_WIDTH_MM: Final = 210.0
PAGE_HEIGHT_MM: Final = 297.0

# ArUco dictionary 4x4_50, ids 0..7: rows of cells, 1 = white. A test compares them with OpenCV's.
MARKERS: Final = (
    ("1011", "0101", "0011", "0010"),
    ("0000", "1111", "1001", "1010"),
    ("0011", "0011", "0010", "1101"),
    ("1001", "1001", "0100", "0110"),
    ("0101", "0100", "1001", "1110"),
    ("0111", "1001", "1100", "1101"),
    ("1001", "1110", "0010", "1110"),
    ("1100", "0100", "1111", "0010"),
)


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who gives the form out, and for which year; printed, never part of the layout."""

    authority: str
    office: str
    year: int


SAMPLE_IMPRINT: Final = Imprint("Ủy ban nhân dân", "huyện Bố Trạch", 2020)


@dataclass(frozen=True, slots=True)
class TypesetForm:
    """A form version set for one evaluated unit: the PDF without codes and serial, and its layout."""

    pdf: bytes
    layout: Layout


def set_form(
    library: FormLibrary, code: str, version: int, unit_name: str, imprint: Imprint, *, group: str = ""
) -> TypesetForm:
    """Typeset one form version for one evaluated unit (about 60 ms); `group` is printed at the foot.

    Raises:
        TemplateInvalid: no such form, or it does not fit on two pages.
        EngineFailed: Typst refused the source.
    """
    form = library.form(code, version)
    source = library.forms_dir / "_print" / "form.typ"
    inputs = {"form": json.dumps(form_inputs(form, unit_name, imprint, group), ensure_ascii=False)}
    pdf, spots = run_typst(source, library.forms_dir / "_fonts", inputs)
    return TypesetForm(pdf, _layout(form, spots))


def draw_specimen(library: FormLibrary, code: str, version: int, ppi: float) -> list[bytes]:
    """Both sides of a form as PNG pictures, without codes, serial and unit: to look at, not to fill in.

    Raises:
        TemplateInvalid: no such form.
    """
    form = library.form(code, version)
    inputs = {"form": json.dumps(form_inputs(form, "…", SAMPLE_IMPRINT), ensure_ascii=False)}
    pictures = typst.compile(
        library.forms_dir / "_print" / "form.typ",
        font_paths=[library.forms_dir / "_fonts"],
        ignore_system_fonts=True,
        sys_inputs=inputs,
        format="png",
        ppi=ppi,
    )
    return [bytes(picture) for picture in pictures]


def set_serial_alphabet(library: FormLibrary, size_pt: float) -> bytes:
    """A one-page PDF that embeds the font of the printed serial with all the characters it needs."""
    source = library.forms_dir / "_print" / "serial.typ"
    return set_source(source, library.forms_dir / "_fonts", {"size_pt": str(size_pt)})


def set_separator(library: FormLibrary, code_rows: Sequence[Sequence[int]]) -> bytes:
    """A two-page PDF of the sheet that divides stacks, with its code as rows of 0 (white) and 1 (black)."""
    source = library.forms_dir / "_print" / "separator.typ"
    return set_source(
        source, library.forms_dir / "_fonts", {"rows": json.dumps([list(r) for r in code_rows])}
    )


def run_typst(source: Path, fonts: Path, inputs: dict[str, str]) -> tuple[bytes, list[dict[str, Any]]]:
    """The PDF that a Typst source gives, and the spots that it leaves for readers; raises as `set_source`."""
    pdf = set_source(source, fonts, inputs)
    spots = typst.query(
        source, "<spot>", field="value", font_paths=[fonts], ignore_system_fonts=True, sys_inputs=inputs
    )
    return pdf, json.loads(spots)


def set_source(source: Path, fonts: Path, inputs: dict[str, str]) -> bytes:
    """The PDF that a Typst source gives with these inputs and fonts, the same bytes each time.

    Raises:
        EngineFailed: Typst refused the source.
    """
    try:
        pdf = typst.compile(
            source,
            font_paths=[fonts],
            ignore_system_fonts=True,
            sys_inputs=inputs,
            pdf_tags=False,
            timestamp=0,
        )
    except typst.TypstError as error:
        raise EngineFailed(f"Không sắp được trang in ({source.name}): {error}") from error
    return bytes(pdf)


def form_inputs(form: FormTemplate, unit_name: str, imprint: Imprint, group: str = "") -> dict[str, Any]:
    """What the Typst sources are told of a form."""
    words = form.words["vi"]
    return {
        "code": form.code,
        "group": group,
        "unit_name": unit_name,
        "imprint": asdict(imprint),
        "words": {name: text.replace("{year}", str(imprint.year)) for name, text in words.fixed.items()},
        "text_pt": form.style.text_pt,
        "row_mm": form.style.row_mm,
        "head_row_mm": form.style.head_row_mm,
        "markers": MARKERS,
        "head": [
            {"id": f.id, "text": form.text(f.id), "options": form.option_labels(f.id)} for f in form.head
        ],
        "sides": [_runs(form, side) for side in _sides(form)],
        "comment": {**asdict(form.comment), "text": form.text(form.comment.id)},
    }


def _sides(form: FormTemplate) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    ids = [question.id for question in form.questions]
    first = ids.index(form.style.first_on_back)
    return form.questions[:first], form.questions[first:]


def _runs(form: FormTemplate, questions: tuple[Question, ...]) -> list[dict[str, Any]]:
    """Neighbouring questions of the same scale share one head of option labels."""
    runs = []
    for _, members in groupby(questions, key=lambda question: question.scale.id):
        run = list(members)
        runs.append(
            {
                "labels": [bound_label(label) for label in form.option_labels(run[0].id)],
                "questions": [{"id": q.id, "number": q.number, "text": form.text(q.id)} for q in run],
            }
        )
    return runs


def bound_label(label: str) -> str:
    """Keep the last two words of a label together: “Rất / hài lòng”, not “Rất hài / lòng”."""
    head, gap, last = label.rpartition(" ")
    return f"{head}\N{NO-BREAK SPACE}{last}" if gap and " " in head else label


def _layout(form: FormTemplate, spots: list[dict[str, Any]]) -> Layout:
    last = max(spot["page"] for spot in spots)
    if last != PAGES:
        raise TemplateInvalid(
            f"Mẫu phiếu {form.code} bản {form.version} chiếm {last} trang; phải đúng {PAGES} trang."
        )
    pages = tuple(
        page_layout(number, [s for s in spots if s["page"] == number]) for number in range(1, PAGES + 1)
    )
    return Layout(form.code, form.version, form.template_sha256, pages)


def page_layout(number: int, spots: list[dict[str, Any]]) -> PageLayout:
    """One page of a layout, out of its spots."""
    (serial,) = (spot for spot in spots if spot["kind"] == "serial")
    return PageLayout(
        page=number,
        width_mm=PAGE_WIDTH_MM,
        height_mm=PAGE_HEIGHT_MM,
        fiducials=tuple(
            Fiducial(s["id"], s["x_mm"], s["y_mm"], s["size_mm"]) for s in spots if s["kind"] == "fiducial"
        ),
        codes=tuple(CodeArea(s["x_mm"], s["y_mm"], s["size_mm"]) for s in spots if s["kind"] == "code"),
        serial_x_mm=serial["x_mm"],
        serial_y_mm=serial["y_mm"],
        serial_width_mm=serial["width_mm"],
        serial_height_mm=serial["height_mm"],
        fields=tuple(_field(s) for s in spots if s["kind"] in {"choice", "text"}),
    )


def _field(spot: dict[str, Any]) -> Field:
    bubbles = tuple(
        Bubble(str(option), b["x_mm"], b["y_mm"], b["r_mm"])
        for option, b in enumerate(spot.get("bubbles", ()), 1)
    )
    return Field(
        code=spot["code"],
        kind=spot["kind"],
        x_mm=spot["x_mm"],
        y_mm=spot["y_mm"],
        width_mm=spot["width_mm"],
        height_mm=spot["height_mm"],
        bubbles=bubbles,
    )
