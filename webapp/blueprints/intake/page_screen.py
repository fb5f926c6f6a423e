"""The screen of one scanned page: its picture with all that a clerk may know of it."""

from flask import render_template, request
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from webapp.blueprints.intake.words import (
    COPY_RESOLUTIONS,
    PAGE_FLAGS,
    PAGE_STATES,
    READING_STATUSES,
    RESOLUTIONS,
    SIDES,
    page_problem,
)
from webapp.http.context import current_session, form_library
from webapp.http.locale import _, language
from webapp.persistence.page_instructions import told_of
from webapp.persistence.page_resolutions import standing_resolutions
from webapp.persistence.scans import Page
from webapp.services.accounts import find_display_names
from webapp.services.batches import find_pages
from webapp.services.page_slots import likeliest_slots
from webapp.services.scanned_page import ScannedPage, describe_page
from webapp.services.trash import has_settled_answers

LARGE = "lon"  # as the address says it
_WITH_A_CARD = ("problem", "duplicate")  # states of pages that the batch's page shows one by one
_CORRECTED_HERE = ("read", "duplicate", "blank", "separator", "cover")  # nothing is offered there for these
_NO_FORM = ("blank", "separator", "cover")  # states of pages on which nobody answers


def show_page_screen(page: Page) -> str:
    """The page; the picture fits its column, or is large and scrolled."""
    session = current_session()
    shown = describe_page(session, page)
    settled = standing_resolutions(session, [page.id]).get(page.id)
    return render_template(
        "intake/page.html",
        shown=shown,
        page=page,
        heading=_heading(shown),
        form_title=_form_title(page),
        anchor=f"{'page' if page.state in _WITH_A_CARD else 'strip'}-{page.id}",
        has_card=page.state in _WITH_A_CARD,
        is_large=request.args.get("co") == LARGE,
        size=LARGE,
        first=_first_copy(session, page),
        settled=settled,
        names=find_display_names(session, [settled.resolved_by] if settled else []),
        resolution_words=RESOLUTIONS | COPY_RESOLUTIONS,
        may_be_corrected=page.state in _CORRECTED_HERE,
        told=told_of(session, page.id),
        slots={page.id: likeliest_slots(session, page) if page.state in _CORRECTED_HERE else []},
        is_settled=has_settled_answers(session, [page]),
        side_names=SIDES,
        reason=page_problem(page.problem),
        page_states=PAGE_STATES,
        status=_status(shown),
        flags=[PAGE_FLAGS[flag] for flag in shown.flags if flag in PAGE_FLAGS],
        serial_text=serial_text,
    )


def _heading(shown: ScannedPage) -> str:
    """What the page is; where nobody knows its sheet, its place in the stack."""
    page = shown.page
    if page.state in _NO_FORM:
        return f"{_('Trang %(page)s', page=shown.place.number)}: {PAGE_STATES[page.state][0]}"
    if page.sheet is None or page.side is None:
        return _("Trang %(number)s, chưa rõ thuộc phiếu nào", number=shown.place.number)
    serial, side = serial_text(page.sheet.serial), SIDES[page.side]
    return f"{page.sheet.form_code} · {_('Phiếu %(serial)s, %(side)s', serial=serial, side=side)}"


def _status(shown: ScannedPage) -> str:
    """How the reading of the page went."""
    if shown.reading is None:
        return _("chưa đọc")
    if shown.page.state in _NO_FORM:
        return _("không có gì để đọc")
    return str(READING_STATUSES[shown.reading.status])


def _form_title(page: Page) -> str:
    """The form's code, and what it is about."""
    if page.sheet is None:
        return ""
    form = form_library().form(page.sheet.form_code, page.sheet.form_version)
    return f"{form.code} · {form.title(language())}"


def _first_copy(session: Session, page: Page) -> Page | None:
    """The page that counts instead of this one, if it is a copy."""
    if page.duplicate_of_id is None:
        return None
    return next((first for first, _preview in find_pages(session, [page.duplicate_of_id]).values()), None)
