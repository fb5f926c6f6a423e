"""`python -m ocr template find | import | check`: a template for a form that we did not print."""

import argparse
import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.draw import draw_template
from ocr.anyform.find import find_template
from ocr.anyform.formscanner import import_formscanner
from ocr.anyform.omrchecker import import_omrchecker
from ocr.anyform.register import flatten_to_template
from ocr.anyform.template import Landmarks, Template, load_template, save_template
from ocr.anyform.timing import find_timing
from ocr.errors import RegistrationFailed, ScanUnreadable, TemplateInvalid
from ocr.source import count_pages, load_page

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

Grey = NDArray[np.uint8]

_HELP = """\
Mẫu cho phiếu đã có sẵn, không do máy này in: các ô nằm ở đâu trên trang.

  python -m ocr template find phieu-trang.pdf --out mau     tìm các hàng ô trên phiếu trắng
  python -m ocr template import template.json --out mau     lấy mẫu của OMRChecker hay FormScanner
  python -m ocr template check mau --out kiem-tra.png       vẽ câu, ô và mã câu lên phiếu trắng để xem
  python -m ocr read --template mau quet/*.pdf              đọc phiếu theo mẫu ấy"""


def add_template_parser(subparsers: "Subparsers") -> None:
    """Add `template` to the command."""
    parser = subparsers.add_parser(
        "template",
        help="mẫu cho phiếu có sẵn, không do máy này in",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(required=True, metavar="VIỆC")
    _add_find_parser(actions)
    _add_import_parser(actions)
    check = actions.add_parser("check", help="vẽ mẫu lên phiếu trắng để xem bằng mắt")
    check.add_argument("folder", type=Path, metavar="MẪU", help="thư mục mẫu")
    check.add_argument(
        "--scan", type=Path, help="vẽ lên trang quét này thay cho phiếu trắng: xem mẫu khớp đến đâu"
    )
    check.add_argument("--out", type=Path, required=True, help="tệp ảnh")
    check.set_defaults(run=_run_check)


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - a command's words to its user


# --- find -----------------------------------------------------------------------------------------


def _add_find_parser(subparsers: "Subparsers") -> None:
    parser = subparsers.add_parser("find", help="làm mẫu từ một phiếu trắng: tìm các hàng ô")
    parser.add_argument("blank", type=Path, metavar="PHIẾU_TRẮNG", help="PDF, TIFF, JPEG, PNG hay HEIC")
    parser.add_argument("--page", type=int, default=1, help="trang thứ mấy của tệp (mặc định 1)")
    parser.add_argument("--name", help="tên mẫu (mặc định: tên thư mục)")
    parser.add_argument(
        "--paper",
        type=_paper,
        metavar="RỘNGxCAO",
        help="cỡ giấy, ví dụ 210x297: ghi mẫu bằng mm, không bằng điểm",
    )
    parser.add_argument(
        "--down", action="store_true", help="mỗi câu là một cột (số báo danh), không phải một hàng"
    )
    parser.add_argument(
        "--timing", action="store_true", help="nhận trang theo dãy vạch đen ở hai mép, không theo nét in"
    )
    parser.add_argument("--out", type=Path, required=True, help="thư mục mẫu")
    parser.set_defaults(run=_run_find)


def _paper(words: str) -> tuple[float, float]:
    width, height = (float(v) for v in words.lower().split("x"))
    if min(width, height) <= 0:
        raise ValueError(words)
    return width, height


def _run_find(parsed: argparse.Namespace) -> int:
    blank = read_blank(parsed.blank, parsed.page)
    template = find_template(
        blank, parsed.name or parsed.out.name, f"tìm trên {parsed.blank.name}", parsed.paper, down=parsed.down
    )
    if parsed.timing:
        template = replace(template, landmarks=_timing(template))
    return _save(template, parsed.out)


def read_blank(path: Path, page: int = 1) -> Grey:
    """One page (from 1) of a scan file, uint8.

    Raises:
        ScanUnreadable, ScanTooLarge: the file, or the page in it.
    """
    try:
        pages = count_pages(path)
        if not 1 <= page <= pages:
            raise ScanUnreadable(f"{path} có {pages} trang, không có trang {page}.", "no_pages")
        loaded = load_page(path, page - 1)
    except OSError as error:
        raise ScanUnreadable(f"{path}: không mở được tệp ({error.strerror}).") from error
    if loaded.grey.size == 0:
        raise ScanUnreadable(f"{path}: {loaded.problem}")
    return loaded.grey


def _timing(template: Template) -> Landmarks:
    assert template.blank is not None  # noqa: S101 - find_template always brings it
    tracks = find_timing(template.blank)
    if len(tracks) < 2:  # noqa: PLR2004 - one at each edge
        raise TemplateInvalid("Không thấy hai dãy vạch đen ở mép phiếu trắng.")
    height, width = template.blank.shape
    units = np.concatenate(tracks) * (template.width / width, template.height / height)
    return Landmarks("timing", tuple((round(float(x), 3), round(float(y), 3)) for x, y in units))


def _save(template: Template, folder: Path) -> int:
    if (folder / "template.json").exists():
        raise TemplateInvalid(f"{folder} đã có mẫu, có thể đã sửa tay. Hãy chọn thư mục khác cho --out.")
    save_template(template, folder)
    counts = ", ".join(f"{q.code}: {len(q.bubbles)}" for q in template.questions)
    _tell(f"{folder}: {len(template.questions)} câu, {len(template.bubbles)} ô ({counts}).")
    _tell(f"Xem lại bằng mắt: python -m ocr template check {folder} --out kiem-tra.png")
    return 0


# --- import ---------------------------------------------------------------------------------------


def _add_import_parser(subparsers: "Subparsers") -> None:
    parser = subparsers.add_parser("import", help="lấy mẫu của OMRChecker hay FormScanner")
    parser.add_argument("file", type=Path, metavar="TỆP", help="template.json hay .xtmpl")
    parser.add_argument(
        "--blank", type=Path, help="ảnh phiếu trắng; với .xtmpl phải là chính ảnh đã dùng để vẽ mẫu"
    )
    parser.add_argument("--out", type=Path, required=True, help="thư mục mẫu")
    parser.set_defaults(run=_run_import)


def _run_import(parsed: argparse.Namespace) -> int:
    blank = None if parsed.blank is None else read_blank(parsed.blank)
    return _save(import_template(parsed.file, blank), parsed.out)


def import_template(path: Path, blank: Grey | None = None) -> Template:
    """Read another program's template; what it is, its name's ending says.

    Args:
        path: OMRChecker's `.json` or FormScanner's `.xtmpl`.
        blank: a picture of the form with nothing written on it, uint8.

    Raises:
        TemplateInvalid: neither of the two, broken, or the blank does not fit.
    """
    if path.suffix.lower() == ".xtmpl":
        return import_formscanner(path, blank)
    template = import_omrchecker(path)
    if blank is None:
        return template
    try:
        return replace(template, blank=flatten_to_template(blank, template))
    except RegistrationFailed as error:
        raise TemplateInvalid(f"Phiếu trắng không khớp mẫu {path}: {error}") from error


# --- check ----------------------------------------------------------------------------------------


def _run_check(parsed: argparse.Namespace) -> int:
    template = load_template(parsed.folder)
    page = None if parsed.scan is None else flatten_to_template(read_blank(parsed.scan), template)
    written = False
    with contextlib.suppress(cv2.error):
        written = cv2.imwrite(str(parsed.out), draw_template(template, page))
    if not written:
        raise TemplateInvalid(f"Không ghi được {parsed.out}.")
    _tell(f"{parsed.out}: {len(template.questions)} câu, {len(template.bubbles)} ô của mẫu {template.name}.")
    return 0
