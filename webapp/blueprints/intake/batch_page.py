"""The page of one batch: its account, its strip of pictures, its problem pages and its copies."""

from collections.abc import Mapping, Sequence

from flask import Response
from sqlalchemy.orm import Session

from ocr.layout import Field
from ocr.sheet_code import serial_text
from ocr.template import FormLibrary
from webapp.blueprints.intake.words import (
    COPY_RESOLUTIONS,
    PAGE_STATES,
    RESOLUTIONS,
    SIDES,
    file_refusal,
    page_problem,
)
from webapp.http.context import current_session, form_library, now
from webapp.http.htmx import render
from webapp.persistence.page_instructions import Told, told_of
from webapp.persistence.page_resolutions import standing_resolutions
from webapp.persistence.review_counts import count_batch
from webapp.persistence.scans import DIFFERING_COPY, Batch, Page
from webapp.services import batches
from webapp.services.accounts import find_display_names
from webapp.services.booklets import Answers, paper_layout
from webapp.services.page_copies import CopyPair, pair_up
from webapp.services.page_slots import Slot, likeliest_slots
from webapp.services.recognition import FAULTS

SHOWN_PAGES = 60  # cards a page carries; a stack with more than this is to be scanned again anyway
STRIP_PAGES = 400

Line = tuple[Page, str | None]


def show_batch_page(batch: Batch) -> Response:
    """The whole page, or its middle for a swap."""
    session = current_session()
    account = batches.reconcile_batch(session, batch)
    problems = list(batches.list_problem_pages(session, batch.id))
    settled = standing_resolutions(session, [page.id for page, _preview in problems])
    problems = sorted(problems, key=lambda line: line[0].id in settled)[:SHOWN_PAGES]
    differing = [line for line in problems if line[0].problem == DIFFERING_COPY]
    duplicates = batches.list_duplicate_pages(session, batch.id)[:SHOWN_PAGES]
    copies = [page for page, _preview in [*differing, *duplicates]]
    first_pages = batches.find_pages(session, [page.duplicate_of_id or 0 for page in copies])
    pairs = pair_up(session, copies, {page_id: page for page_id, (page, _preview) in first_pages.items()})
    return render(
        "intake/batch.html",
        "intake/_batch.html",
        batch=batch,
        names=_names(session, batch, [row.resolved_by for row in settled.values()], pairs),
        account=account,
        review=count_batch(session, batch.id),
        seconds_left=batches.estimate_seconds_left(batch, account.balance, now()),
        is_reader_silent=batches.is_reader_silent(session, now()),
        pages_by_file=batches.count_pages_by_file(session, batch.id),
        first_files=batches.find_files(session, [file.duplicate_of_id or 0 for file in batch.files]),
        strip=batches.list_all_pages(session, batch.id)[:STRIP_PAGES] if account.is_finished else [],
        problems=problems,
        slots=_slots(session, problems, settled),
        told=_told(session, problems),
        settled=settled,
        resolution_words=RESOLUTIONS,
        copy_resolution_words=COPY_RESOLUTIONS,
        rescanned=batches.sheets_read_elsewhere(session, [page for page, _preview in problems]),
        duplicates=duplicates,
        pairs=pairs,
        outlines=_outlines(pairs),
        blanks=batches.list_blank_pages(session, batch.id)[:SHOWN_PAGES],
        first_pages=first_pages,
        has_faults=batches.has_any(session, batch, FAULTS),
        file_refusal=file_refusal,
        page_problem=page_problem,
        page_states=PAGE_STATES,
        serial_text=serial_text,
        side_names=SIDES,
    )


def _names(
    session: Session, batch: Batch, resolvers: Sequence[str], pairs: dict[int, CopyPair]
) -> dict[str, str]:
    choosers = [pair.choice.given_by for pair in pairs.values() if pair.choice is not None]
    return find_display_names(session, [batch.received_by, *resolvers, *choosers])


def _slots(
    session: Session, problems: Sequence[Line], settled: Mapping[int, object]
) -> dict[int, list[Slot]]:
    """The likeliest slots of each open problem page."""
    return {page.id: likeliest_slots(session, page) for page, _preview in problems if page.id not in settled}


def _told(session: Session, problems: Sequence[Line]) -> dict[int, Told]:
    return {page.id: told_of(session, page.id) for page, _preview in problems}


def _outlines(pairs: dict[int, CopyPair]) -> dict[int, list[Field]]:
    """Where on the page the answers stand that the two copies give differently, in millimetres."""
    return {page_id: _fields(form_library(), pair) for page_id, pair in pairs.items() if pair.differences}


def _fields(library: FormLibrary, pair: CopyPair) -> list[Field]:
    sheet, side = pair.other.sheet, pair.other.side
    if sheet is None or side is None:
        return []
    session, differing = current_session(), {(one.sheet_id, one.field_code) for one in pair.differences}
    answers = Answers(session, sheet)
    fields = paper_layout(session, library, sheet).page(side).fields
    return [field for field in fields if answers.place(field.code) in differing]
