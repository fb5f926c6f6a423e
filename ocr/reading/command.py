"""`python -m ocr read`: the command; readings go to a file or standard output, progress to standard error."""

import argparse
import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.anyform.template import load_template
from ocr.drawing import check_fonts
from ocr.errors import OcrError, TemplateInvalid
from ocr.model import PageReading
from ocr.reading.across_pages import flag_across_pages
from ocr.reading.output import refuse_scan, write_output
from ocr.reading.run import ReadingPlan, read_files, tell
from ocr.template import FormLibrary
from ocr.text import check_language

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

_PROGRESS_EVERY = 50


def add_read_parser(subparsers: "Subparsers") -> None:
    """Add `read` to the command."""
    parser = subparsers.add_parser("read", help="đọc các tệp quét, mỗi trang một dòng JSON")
    parser.add_argument("files", nargs="+", type=Path, metavar="TỆP", help="PDF, TIFF, JPEG, PNG, HEIC")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.add_argument(
        "--template",
        type=Path,
        action="append",
        default=[],
        metavar="MẪU",
        help="phiếu có sẵn, không do máy này in: thư mục mẫu (lặp lại được)",
    )
    parser.add_argument("--out", type=Path, help="tệp kết quả .jsonl (mặc định: ra màn hình)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="số tiến trình (mặc định: mọi lõi)"
    )
    parser.add_argument("--drafts", action="store_true", help="nhận dạng thử chữ viết tay (chậm)")
    parser.add_argument(
        "--debug", type=Path, metavar="THƯ_MỤC", help="vẽ kết quả lên từng trang, mỗi trang một ảnh JPEG"
    )
    parser.set_defaults(run=_run_read)


def _run_read(parsed: argparse.Namespace) -> int:
    _check(parsed)
    plan = ReadingPlan(parsed.forms, parsed.drafts, tuple(parsed.template), parsed.debug)
    failures: dict[int, OcrError] = {}
    readings = read_files(parsed.files, plan, parsed.workers, failures)
    finish = partial(flag_across_pages, library=FormLibrary(parsed.forms))
    pages = write_output(_counted(readings), finish, parsed.out)
    refused = f", {len(failures)} tệp hỏng" if failures else ""
    tell(f"Xong: {pages} trang{refused}.")
    return next(iter(failures.values())).exit_code if failures else 0


def _check(parsed: argparse.Namespace) -> None:
    """Raise OcrError for what would fail, or do harm, only when pages have been read."""
    if not parsed.template and not FormLibrary(parsed.forms).codes():
        raise TemplateInvalid(f"Không có mẫu phiếu nào trong {parsed.forms}.")
    for folder in parsed.template:
        load_template(folder)
    if parsed.template and (parsed.debug is not None or parsed.drafts):
        raise OcrError("--debug và --drafts chỉ dùng cho phiếu do máy này in, không đi cùng --template.")
    if parsed.out is not None:
        refuse_scan(parsed.out, parsed.files)
    if parsed.drafts:
        check_language()
    if parsed.debug is not None:
        check_fonts(parsed.forms / "_fonts")
        parsed.debug.mkdir(parents=True, exist_ok=True)


def _counted(readings: Iterable[PageReading]) -> Iterator[PageReading]:
    for number, reading in enumerate(readings, 1):
        if number % _PROGRESS_EVERY == 0:
            tell(f"… {number} trang")
        yield reading
