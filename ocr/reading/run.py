"""Reading many files, page by page, in one process or in several; no page and no file stops another."""

import atexit
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

from ocr.anyform.reading import prepare_reader, read_form_page
from ocr.anyform.template import load_template
from ocr.errors import EngineFailed, EngineMissing, OcrError, ScanUnreadable
from ocr.model import PageReading, PageResult
from ocr.pipeline import ReadOptions, read_page
from ocr.scan_page import Grey, unreadable_page
from ocr.source import PageImage, count_pages, iter_pages
from ocr.template import FormLibrary
from ocr.text import TesseractRecogniser, TextRecogniser

_SPAN_PAGES = 8


def tell(words: str) -> None:
    """Say something to whoever runs the command."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - a command's words to its user


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """How files are read.

    Attributes:
        forms: the folder of forms.
        drafts: let Tesseract draft handwritten boxes.
        templates: folders of templates of forms that we did not print; then all pages are read by them.
        drawings: a folder that gets each page with its reading drawn on it.
    """

    forms: Path
    drafts: bool = False
    templates: tuple[Path, ...] = ()
    drawings: Path | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    """Some neighbouring pages of file `number` (from 1): what one process reads at a time."""

    number: int
    path: Path
    pages: range


@dataclass(frozen=True, slots=True)
class _ReadSpan:
    """A span's readings, and what was wrong with its file or with the reader's own parts."""

    number: int
    readings: list[PageReading]
    faults: list[OcrError]


def read_files(
    files: Sequence[Path], plan: ReadingPlan, workers: int, failures: dict[int, OcrError]
) -> Iterator[PageReading]:
    """Read every page of every file, in the order of files and pages.

    Args:
        files: scan files; a broken one is told on standard error and put into `failures`.
        plan: with what.
        workers: processes; 1 reads in this one.
        failures: receives the first thing that was wrong with a file, by its place in `files`, from 1.

    Raises:
        EngineFailed: one of the processes was ended from outside; all readings before have been given.
    """
    spans = [span for number, path in enumerate(files, 1) for span in _spans(number, path, failures)]
    read = partial(_read_span, plan.drawings)
    if workers <= 1:
        _start_worker(plan)
        yield from _collected(map(read, spans), failures)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_process, (plan,)) as pool:
        try:
            yield from _collected(pool.map(read, spans), failures)
        except BrokenProcessPool as error:
            raise EngineFailed(
                "Một tiến trình đọc bị dừng giữa chừng (hết bộ nhớ, hoặc có người dừng nó). "
                "Hãy chạy lại, với --workers nhỏ hơn."
            ) from error


def _spans(number: int, path: Path, failures: dict[int, OcrError]) -> list[_Span]:
    try:
        pages = count_pages(path)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file raises, the next ones are read
        _fail(number, _file_fault(error, path), failures)
        return []
    starts = range(0, pages, _SPAN_PAGES)
    return [_Span(number, path, range(i, min(i + _SPAN_PAGES, pages))) for i in starts]


def _file_fault(error: Exception, path: Path) -> OcrError:
    """An error with the name of the file that it is about."""
    if isinstance(error, OcrError):
        error.args = (f"{path}: {error}", *error.args[1:])
        return error
    why = error.strerror if isinstance(error, OSError) else type(error).__name__
    return ScanUnreadable(f"{path}: không mở được tệp ({why}).", "damaged")


def _fail(number: int, error: OcrError, failures: dict[int, OcrError]) -> None:
    """Tell what is wrong with a file, once for the file."""
    if number not in failures:
        failures[number] = error
        tell(str(error))


def _collected(spans: Iterable[_ReadSpan], failures: dict[int, OcrError]) -> Iterator[PageReading]:
    for span in spans:
        for error in span.faults:
            _fail(span.number, error, failures)
        yield from span.readings


# --- in each process ------------------------------------------------------------------------------

# One reader per process: the library and what it has cached stay for all pages.
_reader: dict[str, Callable[[PageImage, str], PageResult]] = {}


def _start_process(plan: ReadingPlan) -> None:
    Thread(target=_end_with_command, daemon=True).start()
    # that thread keeps alive at the very end what bindings then report as leaked
    atexit.register(os._exit, 0)
    _start_worker(plan)


def _end_with_command() -> None:
    """Nothing else tells a process that the command it reads for was killed."""
    command = parent_process()
    if command is not None:
        command.join()
        os._exit(1)


def _start_worker(plan: ReadingPlan) -> None:
    if plan.templates:
        readers = [prepare_reader(load_template(folder)) for folder in plan.templates]
        _reader["read"] = lambda page, _place: PageResult(read_form_page(page, readers))
        return
    library, tesseract = FormLibrary(plan.forms), TesseractRecogniser() if plan.drafts else None
    draws = plan.drawings is not None

    def read(page: PageImage, place: str) -> PageResult:
        recogniser = None if tesseract is None else _Drafts(tesseract, place)
        return read_page(page, library, ReadOptions(drawing=draws, recogniser=recogniser))

    _reader["read"] = read


def _read_span(drawings: Path | None, span: _Span) -> _ReadSpan:
    done = _ReadSpan(span.number, [], [])
    for page in _pages(span, done.faults):
        result = _read_one(page, span.path, done.faults)
        if drawings is not None and result.drawing:
            name = f"{span.number:03}-{span.path.name}-{page.page_index + 1:04}.jpg"
            (drawings / name).write_bytes(result.drawing)
        done.readings.append(result.reading)
    return done


def _pages(span: _Span, faults: list[OcrError]) -> Iterator[PageImage]:
    try:
        yield from iter_pages(span.path, pages=span.pages)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file raises, the next ones are read
        faults.append(_file_fault(error, span.path))


def _read_one(page: PageImage, path: Path, faults: list[OcrError]) -> PageResult:
    """Read a page; one that cannot be read is told, and refused as a page without a picture is."""
    place = f"{path}, trang {page.page_index + 1}"
    try:
        return _reader["read"](page, place)
    except OcrError as error:
        faults.append(_file_fault(error, path))
    except Exception as error:  # noqa: BLE001 - whatever an odd page raises, the next ones are read
        tell(f"{place}: không đọc được ({type(error).__name__}), trang này bị từ chối.")
    return _reader["read"](unreadable_page(page.source, page.page_index, ""), place)


@dataclass(frozen=True, slots=True)
class _Drafts:
    """Drafts of one page's boxes; where the program behind them fails there are none, and it is told."""

    recogniser: TextRecogniser
    place: str

    def recognise(self, pictures: Sequence[Grey]) -> Sequence[tuple[str | None, float]]:
        try:
            return self.recogniser.recognise(pictures)
        except (EngineFailed, EngineMissing) as error:
            tell(f"{self.place}: chữ viết tay không có bản nhận dạng thử. {error}")
            return [(None, 0.0)] * len(pictures)
