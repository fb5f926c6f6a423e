"""Which part of its picture an answer is: where the machine was sure, only its whole page was kept."""

from dataclasses import dataclass

from webapp.http.context import current_session, form_library
from webapp.persistence.answer_audit import AuditTicket, has_own_picture
from webapp.services.booklets import find_place

_MARGIN_MM = 2.0  # as much as the reader leaves around a question that it cuts (ocr.pictures)


@dataclass(frozen=True, slots=True)
class PagePart:
    """The question with a little around it, in millimetres of its page."""

    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float
    page_width_mm: float
    page_height_mm: float


def part_of(ticket: AuditTicket) -> PagePart | None:
    """Where the question stands in the ticket's picture; None where the picture shows nothing else."""
    session = current_session()
    if has_own_picture(session, ticket):
        return None
    page, field = find_place(session, form_library(), ticket.sheet, ticket.field_code)
    return PagePart(
        field.x_mm - _MARGIN_MM,
        field.y_mm - _MARGIN_MM,
        field.width_mm + 2 * _MARGIN_MM,
        field.height_mm + 2 * _MARGIN_MM,
        page.width_mm,
        page.height_mm,
    )
