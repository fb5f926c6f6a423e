"""Plain rows in and out of a workbook: lists that offices keep in Excel."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from webapp.errors import InvalidInput
from webapp.papers.signed_paper import harmless

MAX_FILE_BYTES: Final = 5_000_000
MAX_UNPACKED_BYTES: Final = 60_000_000  # a small archive may unpack to anything
MAX_ROWS: Final = 10_000
_COLUMN_WIDTH = 26

Rows = list[list[str]]


def write_rows(worksheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """A workbook with these worksheets; the first row of each is its header."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in worksheets.items():
        sheet = book.create_sheet(name)
        for place, row in enumerate(rows):
            sheet.append([harmless(text) for text in row])
            for cell in sheet[place + 1]:
                cell.data_type = "s"
                cell.font = Font(bold=place == 0)
                cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.freeze_panes = "A2"
        for column in range(1, len(rows[0]) + 1):
            sheet.column_dimensions[get_column_letter(column)].width = _COLUMN_WIDTH
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def read_rows(data: bytes) -> dict[str, Rows]:
    """All worksheets as text, without formulas; row 1 first, cells without value as "".

    Raises:
        InvalidInput: not a workbook, or too large.
    """
    _check_size(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = {sheet.title: _rows(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
        book.close()
    except InvalidInput:
        raise
    except Exception as problem:  # whatever a broken archive or its XML leads to: KeyError, ValueError, …
        raise _bad_file() from problem
    return sheets


def _bad_file() -> InvalidInput:
    return InvalidInput(
        "Không mở được tệp này như một bảng tính .xlsx. Mở bằng Excel, lưu lại dạng .xlsx rồi tải lên lại."
    )


def _check_size(data: bytes) -> None:
    if len(data) > MAX_FILE_BYTES:
        raise InvalidInput(
            "Tệp lớn hơn %(most)s MB. Chia danh sách thành nhiều tệp.", most=MAX_FILE_BYTES // 10**6
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as problem:
        raise _bad_file() from problem
    if unpacked > MAX_UNPACKED_BYTES:
        raise _bad_file()


def _rows(lines: Iterable[Sequence[object]]) -> Rows:
    rows: Rows = []
    for line in lines:
        if len(rows) >= MAX_ROWS:
            raise InvalidInput(
                "Một trang tính có nhiều hơn %(most)s dòng. Chia thành nhiều tệp.", most=MAX_ROWS
            )
        rows.append(["" if value is None else str(value).strip() for value in line])
    return rows
