"""`python -m ocr read | doctor | render | trial | deck | score | …`: the paper room from a terminal.

A module per subject adds its sub-command; this one has the reading of files, the check of the machine
and the blank page. Answers go to standard output or a file, progress to standard error.
"""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import cv2

from ocr.accuracy.command import add_accuracy_parser
from ocr.anyform.command import add_template_parser
from ocr.anyform.reading import prepare_reader, read_form_page
from ocr.anyform.template import load_template
from ocr.bench.command import add_bench_parser
from ocr.blank import render_blank
from ocr.calibrate import add_calibrate_parser
from ocr.deck.command import add_deck_parser, add_score_parser
from ocr.errors import EngineMissing, OcrError, ScanUnreadable, TemplateInvalid
from ocr.model import FieldReading, Flag, PageReading, PageStatus, SheetIdentity
from ocr.pipeline import ReadOptions, read_page
from ocr.sheet_code import serial_text
from ocr.source import PageImage, count_pages, iter_pages
from ocr.template import FormLibrary
from ocr.text import LANGUAGE, TesseractRecogniser, engine_version, installed_languages
from ocr.training.command import add_train_parser
from ocr.trial.command import add_trial_parser

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

SCHEMA = "chamdiem-reading/1"
_SPAN_PAGES = 8
_PROGRESS_EVERY = 50
_SIDES = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 means that all was done, else the exit code of the first failure."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except OcrError as error:
        _tell(str(error))
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ocr", description="Phiếu giấy: đọc, in thử, kiểm tra.")
    subparsers = parser.add_subparsers(required=True, metavar="LỆNH")
    _add_read_parser(subparsers)
    _add_doctor_parser(subparsers)
    _add_render_parser(subparsers)
    add_template_parser(subparsers)
    add_trial_parser(subparsers)
    add_calibrate_parser(subparsers)
    add_train_parser(subparsers)
    add_deck_parser(subparsers)
    add_score_parser(subparsers)
    add_accuracy_parser(subparsers)
    add_bench_parser(subparsers)
    return parser


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - a command's words to its user


# --- read -----------------------------------------------------------------------------------------


def _add_read_parser(subparsers: "Subparsers") -> None:
    parser = subparsers.add_parser("read", help="đọc các tệp quét, mỗi trang một dòng JSON")
    parser.add_argument("files", nargs="+", type=Path, metavar="TỆP", help="PDF, TIFF, JPEG, PNG")
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
    if not parsed.template and not FormLibrary(parsed.forms).codes():
        raise TemplateInvalid(f"Không có mẫu phiếu nào trong {parsed.forms}.")
    for folder in parsed.template:
        load_template(folder)
    if parsed.debug is not None:
        parsed.debug.mkdir(parents=True, exist_ok=True)
    how = _How(parsed.forms, parsed.drafts, tuple(parsed.template), parsed.debug)
    failures: list[OcrError] = []
    readings = read_files(parsed.files, how, parsed.workers, failures)
    with _output(parsed.out) as out:
        pages = write_readings(flag_across_pages(list(_counted(readings))), out)
    refused = f", {len(failures)} tệp hỏng" if failures else ""
    _tell(f"Xong: {pages} trang{refused}.")
    return failures[0].exit_code if failures else 0


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[IO[str]]:
    """The file to write to, or standard output."""
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8") as out:
        yield out


def _counted(readings: Iterable[PageReading]) -> Iterator[PageReading]:
    for number, reading in enumerate(readings, 1):
        if number % _PROGRESS_EVERY == 0:
            _tell(f"… {number} trang")
        yield reading


@dataclass(frozen=True, slots=True)
class _Span:
    """Some neighbouring pages of file `number` (from 1): what one process reads at a time."""

    number: int
    path: Path
    pages: range


@dataclass(frozen=True, slots=True)
class _How:
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


def read_files(
    files: Sequence[Path], how: _How, workers: int, failures: list[OcrError]
) -> Iterator[PageReading]:
    """Read every page of every file, in the order of files and pages.

    Args:
        files: scan files; a broken one is told on standard error and put into `failures`.
        how: with what.
        workers: processes; 1 reads in this one.
        failures: receives what could not be opened.
    """
    spans = [span for number, path in enumerate(files, 1) for span in _spans(number, path, failures)]
    if workers <= 1:
        _start_worker(how)
        yield from _collected(map(_read_span, spans), failures)
        return
    with get_context("spawn").Pool(workers, _start_worker, (how,)) as pool:
        yield from _collected(pool.imap(_read_span, spans), failures)


def _spans(number: int, path: Path, failures: list[OcrError]) -> list[_Span]:
    try:
        pages = count_pages(path)
    except OSError as error:
        _fail(ScanUnreadable(f"{path}: không mở được tệp ({error.strerror}).", "damaged"), failures)
    except OcrError as error:
        _fail(_named(error, path), failures)
    else:
        starts = range(0, pages, _SPAN_PAGES)
        return [_Span(number, path, range(i, min(i + _SPAN_PAGES, pages))) for i in starts]
    return []


def _named(error: OcrError, path: Path) -> OcrError:
    error.args = (f"{path}: {error}", *error.args[1:])
    return error


def _fail(error: OcrError, failures: list[OcrError]) -> None:
    failures.append(error)
    _tell(str(error))


def _collected(
    results: Iterable[list[PageReading] | OcrError], failures: list[OcrError]
) -> Iterator[PageReading]:
    for result in results:
        if isinstance(result, OcrError):
            _fail(result, failures)
        else:
            yield from result


# One reader per process: the library and what it has cached stay for all pages.
_reader: dict[str, Callable[[PageImage, _Span], PageReading]] = {}


def _start_worker(how: _How) -> None:
    if how.templates:
        readers = [prepare_reader(load_template(folder)) for folder in how.templates]
        _reader["read"] = lambda page, _span: read_form_page(page, readers)
        return
    recogniser = TesseractRecogniser() if how.drafts else None
    options = ReadOptions(drawing=how.drawings is not None, recogniser=recogniser)
    library = FormLibrary(how.forms)
    _reader["read"] = lambda page, span: _read_one(page, span, library, options, how.drawings)


def _read_span(span: _Span) -> list[PageReading] | OcrError:
    pages = iter_pages(span.path, pages=span.pages)
    try:
        return [_reader["read"](page, span) for page in pages]
    except OcrError as error:
        return _named(error, span.path)


def _read_one(
    page: PageImage, span: _Span, library: FormLibrary, options: ReadOptions, drawings: Path | None
) -> PageReading:
    result = read_page(page, library, options)
    if drawings is not None and result.drawing:
        name = f"{span.number:03}-{span.path.name}-{page.page_index + 1:04}.jpg"
        (drawings / name).write_bytes(result.drawing)
    return result.reading


def flag_across_pages(readings: Iterable[PageReading]) -> list[PageReading]:
    """Flag what only a whole run shows: a page that came before, and a sheet of which a side is missing.

    The first copy of a page stays as it is; later ones get `duplicate_sheet`.
    """
    listed = list(readings)
    seen: set[SheetIdentity] = set()
    sides: dict[tuple[str, int], set[int]] = {}
    for known in (r.identity for r in listed if r.identity is not None):
        sides.setdefault((known.form, known.serial), set()).add(known.page)
    flagged = []
    for reading in listed:
        identity, flags = reading.identity, []
        if identity is not None:
            flags += [Flag.DUPLICATE_SHEET] if identity in seen else []
            flags += [Flag.MISSING_PAGE] if len(sides[identity.form, identity.serial]) < _SIDES else []
            seen.add(identity)
        flagged.append(_with_flags(reading, flags))
    return flagged


def _with_flags(reading: PageReading, flags: Sequence[Flag]) -> PageReading:
    if not flags:
        return reading
    status = PageStatus.FLAGGED if reading.status is PageStatus.READ else reading.status
    return replace(reading, status=status, flags=(*reading.flags, *flags))


def write_readings(readings: Iterable[PageReading], out: IO[str]) -> int:
    """Write `chamdiem-reading/1`, one page a line; returns how many."""
    count = 0
    for reading in readings:
        out.write(json.dumps(reading_as_json(reading), ensure_ascii=False) + "\n")
        count += 1
    return count


def reading_as_json(reading: PageReading) -> dict[str, Any]:
    """One page as `chamdiem-reading/1`; docs/formats.md describes it."""
    identity = reading.identity
    return {
        "schema": SCHEMA,
        "source": reading.source,
        "page_index": reading.page_index,
        "status": reading.status.value,
        "form": identity and identity.form,
        "version": identity and identity.version,
        "group": identity and identity.group,
        "unit": identity and identity.unit,
        "serial": identity and serial_text(identity.serial),
        "page": identity and identity.page,
        "flags": [f.value for f in reading.flags],
        "quality": asdict(reading.quality),
        "fields": [_field_as_json(f) for f in reading.fields],
        "texts": [asdict(t) for t in reading.texts],
        "engine": reading.engine,
        "template_sha256": reading.template_sha256,
        "thresholds": reading.thresholds,
    }


def _field_as_json(field: FieldReading) -> dict[str, Any]:
    return {
        "code": field.code,
        "value": field.value,
        "confidence": field.confidence,
        "accepted": field.accepted,
        "flags": [f.value for f in field.flags],
        "bubbles": [{"option": b.option, "state": b.state.value, "score": b.score} for b in field.bubbles],
    }


# --- doctor ---------------------------------------------------------------------------------------


def _add_doctor_parser(subparsers: "Subparsers") -> None:
    parser = subparsers.add_parser("doctor", help="kiểm tra máy có đủ những gì việc đọc cần")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.set_defaults(run=_run_doctor)


def _run_doctor(parsed: argparse.Namespace) -> int:
    faults = 0
    for name, check in (
        ("Tesseract", _check_tesseract),
        ("Phông chữ", _check_fonts),
        ("Mẫu phiếu", _check_forms),
    ):
        try:
            words, fine = check(parsed.forms), True
        except (OcrError, OSError) as error:
            words, fine = str(error), False
        faults += not fine
        _tell(f"{'ĐƯỢC ' if fine else 'THIẾU'} {name}: {words}")
    return EngineMissing.exit_code if faults else 0


def _check_tesseract(_forms: Path) -> str:
    if LANGUAGE not in installed_languages():
        raise EngineMissing("chưa có tiếng Việt (gói tesseract-ocr-vie).")
    return f"{engine_version()}, có tiếng Việt"


def _check_fonts(forms: Path) -> str:
    found = sorted(p.name for p in (forms / "_fonts").glob("*.ttf"))
    if not found:
        raise EngineMissing(f"không có phông chữ nào trong {forms / '_fonts'}.")
    return ", ".join(found)


def _check_forms(forms: Path) -> str:
    library = FormLibrary(forms)
    read = [f"{c} v{v}" for c in library.codes() for v in library.versions(c) if library.layout(c, v)]
    if not read:
        raise TemplateInvalid(f"không có mẫu phiếu nào trong {forms}.")
    return ", ".join(read)


# --- render ---------------------------------------------------------------------------------------


def _add_render_parser(subparsers: "Subparsers") -> None:
    parser = subparsers.add_parser("render", help="vẽ một mặt phiếu trắng thành ảnh PNG")
    parser.add_argument("--form", required=True, help="mã mẫu phiếu, ví dụ CX4")
    parser.add_argument("--page", type=int, choices=(1, 2), default=1, help="mặt phiếu")
    parser.add_argument("--dpi", type=int, default=150, help="độ phân giải")
    parser.add_argument("--out", type=Path, required=True, help="tệp PNG")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.set_defaults(run=_run_render)


def _run_render(parsed: argparse.Namespace) -> int:
    library = FormLibrary(parsed.forms)
    form = library.latest(parsed.form)
    picture = render_blank(library, form.code, form.version, parsed.page, parsed.dpi)
    if not cv2.imwrite(str(parsed.out), picture):
        raise TemplateInvalid(f"Không ghi được {parsed.out}.")
    _tell(f"{parsed.out}: {picture.shape[1]} × {picture.shape[0]} điểm.")
    return 0
