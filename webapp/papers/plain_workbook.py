"""Plain rows in and out of a workbook: lists that offices keep in Excel."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from webapp.errors import InvalidInput
from webapp.papers import workbook_child
from webapp.papers.signed_paper import harmless
from webapp.papers.workbook_child import Rows

MAX_FILE_BYTES: Final = 5_000_000
MAX_UNPACKED_BYTES: Final = 60_000_000  # a small archive may unpack to anything
TIME_LIMIT_S: Final = 30
_MEMORY_LIMIT_BYTES: Final = 1_000_000_000
_CHILD: Final = (
    *("prlimit", f"--as={_MEMORY_LIMIT_BYTES}", f"--cpu={TIME_LIMIT_S}"),
    *(sys.executable, "-m", "webapp.papers.workbook_child"),
)
_ROOT: Final = Path(__file__).parents[2]
# The array library behind the reader would set memory aside for a thread of every core.
_ENVIRONMENT: Final = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_COLUMN_WIDTH = 26


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

    The file is opened by a process of its own, within limits: a hostile one ends there.

    Raises:
        InvalidInput: not a workbook, too large, or one that takes too long to read.
    """
    _check_size(data)
    try:
        child = subprocess.run(
            _CHILD,
            input=data,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
            cwd=_ROOT,
            env=_ENVIRONMENT,
        )
    except subprocess.TimeoutExpired:
        raise _too_large() from None
    if child.returncode == workbook_child.TOO_MANY_ROWS:
        raise InvalidInput(
            "Một trang tính có nhiều hơn %(most)s dòng. Chia thành nhiều tệp.", most=workbook_child.MAX_ROWS
        )
    if child.returncode == workbook_child.NO_WORKBOOK:
        raise _bad_file()
    if child.returncode != 0:  # over a limit of ours, or ended by one of the system's
        raise _too_large()
    sheets: dict[str, Rows] = json.loads(child.stdout)
    return sheets


def _too_large() -> InvalidInput:
    return InvalidInput(
        "Bảng tính này quá lớn hoặc quá rối nên máy dừng đọc; chưa có gì được lưu. Chép riêng danh sách sang"
        " một tệp .xlsx mới rồi tải lên lại."
    )


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
