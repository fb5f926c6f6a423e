"""Which sheet each row of a booklet is: its sheets in the order of their serials."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ocr.booklet import blank_booklet, split_row_code
from ocr.layout import Field, Layout, PageLayout
from ocr.template import FormLibrary
from webapp.persistence.campaign import PrintOrder, Sheet


def bind_booklet(session: Session, order: PrintOrder, pages: int) -> None:
    """Let the sheets of an order be one booklet of so many pages."""
    own = Sheet.print_order_id == order.id
    first = session.scalars(select(Sheet.id).where(own, Sheet.serial == order.first_serial)).one()
    session.execute(update(Sheet).where(own).values(booklet_id=first, sides=pages))


def row_sheets(session: Session, sheet: Sheet) -> Sequence[int]:
    """The ids of the sheets of this one's booklet, row after row; empty for a sheet on a paper of its own."""
    if sheet.booklet_id is None:
        return ()
    rows = select(Sheet.id).where(Sheet.booklet_id == sheet.booklet_id)
    return session.scalars(rows.order_by(Sheet.serial)).all()


class Answers:
    """Whose answers stand on a sheet's paper: from a field's code as it is printed to sheet and question."""

    def __init__(self, session: Session, sheet: Sheet) -> None:
        """Look the rows up."""
        self._paper_id, self._rows = sheet.paper_id, row_sheets(session, sheet)

    def layout(self, library: FormLibrary, sheet: Sheet) -> Layout:
        """How the paper of one of these sheets is printed."""
        if self._rows:
            return blank_booklet(library, sheet.form_code, sheet.form_version, len(self._rows)).layout
        return library.layout(sheet.form_code, sheet.form_version)

    def place(self, printed: str) -> tuple[int, str]:
        """The sheet's id and the question's code."""
        if not self._rows:
            return self._paper_id, printed
        question, row = split_row_code(printed)
        return self._rows[row - 1], question


def paper_layout(session: Session, library: FormLibrary, sheet: Sheet) -> Layout:
    """How the paper is printed that this sheet is, or is a row of."""
    return Answers(session, sheet).layout(library, sheet)


def find_place(
    session: Session, library: FormLibrary, sheet: Sheet, field_code: str
) -> tuple[PageLayout, Field]:
    """Where an answer of a sheet is on its paper."""
    answers = Answers(session, sheet)
    pages = answers.layout(library, sheet).pages
    places = {answers.place(field.code): (page, field) for page in pages for field in page.fields}
    return places[sheet.id, field_code]
