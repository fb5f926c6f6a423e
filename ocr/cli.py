"""`python -m ocr read | doctor | render | trial | deck | score | …`: the paper room from a terminal.

A module per subject adds its sub-command; this one has the check of the machine and the blank page.
Answers go to standard output or a file, progress to standard error.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from ocr.accuracy.command import add_accuracy_parser
from ocr.anyform.command import add_template_parser
from ocr.bench.command import add_bench_parser
from ocr.blank import render_blank
from ocr.calibrate import add_calibrate_parser
from ocr.deck.command import add_deck_parser, add_score_parser
from ocr.errors import EngineMissing, OcrError, ScanUnreadable, TemplateInvalid
from ocr.reading.command import add_read_parser
from ocr.template import FormLibrary
from ocr.text import check_language, engine_version
from ocr.training.command import add_train_parser
from ocr.trial.command import add_trial_parser

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

_DPI_RANGE = (20, 1200)
# As the shell says of a program that SIGPIPE ended.
_PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 means that all was done, else the exit code of the first failure."""
    parsed = _parser().parse_args(arguments)
    try:
        code = int(parsed.run(parsed))
        sys.stdout.flush()
    except OcrError as error:
        _tell(str(error))
        return error.exit_code
    except BrokenPipeError:  # whoever read the output wants no more of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except OSError as error:
        _tell(f"{error.filename or 'Tệp'}: không đọc hoặc ghi được ({error.strerror or error}).")
        return ScanUnreadable.exit_code
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ocr", description="Phiếu giấy: đọc, in thử, kiểm tra.")
    subparsers = parser.add_subparsers(required=True, metavar="LỆNH")
    add_read_parser(subparsers)
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
    check_language()
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
    parser.add_argument("--dpi", type=_dpi, default=150, help="độ phân giải, từ 20 đến 1200")
    parser.add_argument("--out", type=Path, required=True, help="tệp PNG")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.set_defaults(run=_run_render)


def _run_render(parsed: argparse.Namespace) -> int:
    library = FormLibrary(parsed.forms)
    form = library.latest(parsed.form)
    picture = render_blank(library, form.code, form.version, parsed.page, parsed.dpi)
    written = False
    with contextlib.suppress(cv2.error):  # no kind of picture ends in such a name
        written = cv2.imwrite(str(parsed.out), picture)
    if not written:
        raise TemplateInvalid(f"Không ghi được {parsed.out}.")
    _tell(f"{parsed.out}: {picture.shape[1]} × {picture.shape[0]} điểm.")
    return 0


def _dpi(text: str) -> int:
    number = int(text)
    if not _DPI_RANGE[0] <= number <= _DPI_RANGE[1]:
        raise argparse.ArgumentTypeError("phải từ 20 đến 1200")
    return number
