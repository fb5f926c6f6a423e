"""An overlay sheet as a page: each accepted answer cut from its page's picture by the browser itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from ocr.layout import Field, PageLayout
from ocr.sheet_code import serial_text
from webapp.blueprints.verification.screens import place_of
from webapp.http.context import current_session, form_library
from webapp.http.locale import _
from webapp.persistence.campaign import Sheet
from webapp.persistence.readings import FieldReading
from webapp.services.booklets import find_place
from webapp.services.overlay_sheets import OverlayGroup
from webapp.services.review_queues import BLANK, options_of, predicted_of

_ASIDE_MM, _ABOVE_MM = 2.5, 1.2  # around the rings: a mark beside one is seen, the next row is not


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the page's picture a tile shows, in millimetres of the paper."""

    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float
    page_width_mm: float
    page_height_mm: float


@dataclass(frozen=True, slots=True)
class OverlayPicture:
    """One accepted answer; `page` is None where the reading kept no picture. Units have no names here."""

    field_id: int
    label: str
    page: str | None
    window: Window
    doubt: str
    is_doubted: bool = False


def make_picture(field: FieldReading, *, is_doubted: bool = False) -> OverlayPicture:
    """The tile of one accepted answer."""
    sheet = current_session().get_one(Sheet, field.sheet_id)
    form = form_library().form(sheet.form_code, sheet.form_version)
    reading = field.reading
    page = None if reading.preview_sha256 is None else url_for("overlay.show_page", reading_id=reading.id)
    return OverlayPicture(
        field_id=field.id,
        label=f"{place_of(form, field.field_code)} · {serial_text(sheet.serial)}",
        page=page,
        window=_window(*find_place(current_session(), form_library(), sheet, field.field_code)),
        doubt=url_for("overlay.doubt", field_id=field.id),
        is_doubted=is_doubted,
    )


def title_of(group: OverlayGroup) -> str:
    """What the machine accepted in every tile of the group."""
    predicted = predicted_of(group.group_key)
    if predicted == BLANK:
        return _("Các ô máy đã nhận là: trống")
    return _(
        "Các ô máy đã nhận là: phương án %(option)s (trong %(options)s)",
        option=predicted,
        options=options_of(group.group_key),
    )


def sheets_by_batch(groups: Sequence[OverlayGroup]) -> list[tuple[int, int, int, int]]:
    """Batch id, batch number, sheets and answers that nobody has looked at, a line a batch."""
    lines: dict[int, tuple[int, int, int, int]] = {}
    for group in groups:
        _id, _number, sheets, answers = lines.get(group.batch_id, (0, 0, 0, 0))
        lines[group.batch_id] = (
            group.batch_id,
            group.batch_number,
            sheets + group.sheets,
            answers + group.answers,
        )
    return list(lines.values())


def _window(page: PageLayout, field: Field) -> Window:
    """The rings and a little around them; the whole field where it has none."""
    rings = field.bubbles
    left = min((ring.x_mm - ring.r_mm for ring in rings), default=field.x_mm) - _ASIDE_MM
    right = max((ring.x_mm + ring.r_mm for ring in rings), default=field.x_mm + field.width_mm) + _ASIDE_MM
    top = min((ring.y_mm - ring.r_mm for ring in rings), default=field.y_mm) - _ABOVE_MM
    bottom = max((ring.y_mm + ring.r_mm for ring in rings), default=field.y_mm + field.height_mm) + _ABOVE_MM
    return Window(left, top, right - left, bottom - top, page.width_mm, page.height_mm)
