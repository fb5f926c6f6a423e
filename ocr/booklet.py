"""One person's sheets about many units as a booklet: question by question, a row for each unit.

    typeset = set_booklet(library, "CH1", 1, ["Phòng Nội vụ", …], imprint, group="LD")
    typeset.layout.page(2).fields[0].code    # "CH1.1#1": question CH1.1 in row 1

The rows' order is that of the units' sheets; a booklet bears the serial of its first. Where its marks stand
follows from the form and the number of rows alone, so that a page's code says all that reading needs.
Page 1 says what to do, and asks about the respondent, once; the questions begin on page 2.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Final

from ocr.errors import TemplateInvalid
from ocr.layout import Layout
from ocr.template import FormLibrary, FormTemplate
from ocr.typeset import SAMPLE_IMPRINT, Imprint, TypesetForm, bound_label, form_inputs, page_layout, run_typst

MAX_PAGES: Final = 99
MAX_ROWS: Final = 999
FIRST_QUESTION_PAGE: Final = 2
SIDES_PER_PAPER: Final = 2
_ROW_MARK = "#"
# Changing one of these moves bubbles of printed booklets: such a booklet needs a code prefix of its own.
_ROOM_MM = 233.0
_HEAD_MM = 15.0
_GAP_MM = 2.0
_LEAST_ROW_MM = 7.5
_MOST_ROW_MM = 10.5


@dataclass(frozen=True, slots=True)
class Block:
    """One question (or the comment) for the rows from `first` to `last`, counted from 1."""

    field: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class BookletPlan:
    """The blocks of every page, page 1 first, and how high a row is; always whole pieces of paper."""

    pages: tuple[tuple[Block, ...], ...]
    row_mm: float


def row_code(field: str, row: int) -> str:
    """What a question is called in one row."""
    return f"{field}{_ROW_MARK}{row}"


def split_row_code(code: str) -> tuple[str, int]:
    """The question and its row; row 1 for what is asked once of the respondent."""
    field, _mark, row = code.partition(_ROW_MARK)
    return field, int(row or 1)


def plan_booklet(form: FormTemplate, rows: int) -> BookletPlan:
    """Deal the questions out over pages: as many blocks on a page as fit, long lists of units in parts.

    Raises:
        TemplateInvalid: more rows than a booklet can hold.
    """
    most = int((_ROOM_MM - _HEAD_MM) / _LEAST_ROW_MM)
    parts = ceil(rows / most)
    part = ceil(rows / parts) if parts else 0
    fields = (*(question.id for question in form.questions), form.comment.id)
    blocks = [
        Block(field, first, min(first + part - 1, rows))
        for field in fields
        for first in range(1, rows + 1, max(part, 1))
    ]
    least = _HEAD_MM + part * _LEAST_ROW_MM
    per_page = int((_ROOM_MM + _GAP_MM) / (least + _GAP_MM))
    pages = [(), *(tuple(blocks[at : at + per_page]) for at in range(0, len(blocks), per_page))]
    pages += [()] * (len(pages) % SIDES_PER_PAPER)
    if not 1 <= rows <= MAX_ROWS or len(pages) > MAX_PAGES:
        raise TemplateInvalid(f"Mẫu phiếu {form.code} không in được thành tập cho {rows} đơn vị.")
    row_mm = ((_ROOM_MM + _GAP_MM) / per_page - _GAP_MM - _HEAD_MM) / part
    return BookletPlan(tuple(pages), round(min(row_mm, _MOST_ROW_MM), 2))


def set_booklet(
    library: FormLibrary, code: str, version: int, units: Sequence[str], imprint: Imprint, *, group: str = ""
) -> TypesetForm:
    """Typeset a booklet about these units, by their names in the order of rows.

    Raises:
        TemplateInvalid: no such form, too many units, or a block that does not fit on its page.
        EngineFailed: Typst refused the source.
    """
    form = library.form(code, version)
    plan = plan_booklet(form, len(units))
    inputs = form_inputs(form, "", imprint, group) | {"booklet": _booklet_inputs(form, plan, units, group)}
    source = library.forms_dir / "_print" / "booklet.typ"
    pdf, spots = run_typst(
        source, library.forms_dir / "_fonts", {"form": json.dumps(inputs, ensure_ascii=False)}
    )
    if max(spot["page"] for spot in spots) != len(plan.pages):
        raise TemplateInvalid(f"Tập phiếu {code} cho {len(units)} đơn vị không vừa {len(plan.pages)} trang.")
    pages = tuple(
        page_layout(number, [spot for spot in spots if spot["page"] == number])
        for number in range(1, len(plan.pages) + 1)
    )
    return TypesetForm(pdf, Layout(code, version, form.template_sha256, pages))


def blank_booklet(library: FormLibrary, code: str, version: int, rows: int) -> TypesetForm:
    """A booklet without the units' names, kept for the next caller: what reading compares with.

    Raises:
        TemplateInvalid: as `set_booklet`.
    """
    return _blank(library.forms_dir, code, version, rows)


@lru_cache(maxsize=8)
def _blank(forms_dir: Path, code: str, version: int, rows: int) -> TypesetForm:
    return set_booklet(FormLibrary(forms_dir), code, version, [""] * rows, SAMPLE_IMPRINT)


def _booklet_inputs(
    form: FormTemplate, plan: BookletPlan, units: Sequence[str], group: str
) -> dict[str, Any]:
    numbers = {question.id: question.number for question in form.questions}
    return {
        "units": list(units),
        "group_name": form.group_name(group) if group else "",
        "row_mm": plan.row_mm,
        "head_mm": _HEAD_MM,
        "gap_mm": _GAP_MM,
        "pages": [[_block_inputs(form, numbers, block) for block in page] for page in plan.pages],
    }


def _block_inputs(form: FormTemplate, numbers: dict[str, int], block: Block) -> dict[str, Any]:
    labels = form.option_labels(block.field) if block.field in numbers else ()
    return {
        "number": numbers.get(block.field),
        "text": form.text(block.field),
        "labels": [bound_label(label) for label in labels],
        "codes": [row_code(block.field, row) for row in range(block.first, block.last + 1)],
        "first": block.first,
    }
