"""`python -m ocr deck` and `python -m ocr score`: a logic-and-accuracy test that an office can run."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.deck.build import build_deck
from ocr.deck.hands.model import PARTS
from ocr.deck.order import DeckOrder
from ocr.deck.output import FORMATS
from ocr.deck.profiles import PROFILES
from ocr.deck.readings import read_readings
from ocr.deck.report import as_json, as_text
from ocr.deck.score import score_deck
from ocr.deck.truth import read_truth
from ocr.template import FormLibrary

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 -- argparse has no public name for it

NOT_PASSED = 1
_DPI_RANGE = (100, 600)

_DECK_HELP = """\
Làm bộ phiếu thử: in phiếu thật (mã, số phiếu), "người" điền bằng nhiều kiểu tay và bút, rồi "quét" với
các lỗi của máy quét văn phòng. Đáp án được giữ riêng trong truth.jsonl. Đưa các tệp quét vào đọc, rồi
chấm bằng "python -m ocr score": biết chắc máy đọc đúng bao nhiêu TRƯỚC khi đọc phiếu thật.

  python -m ocr deck --form CX4 --sheets 200 --seed 7 --out thu
  python -m ocr read thu/*.pdf --out thu/readings.jsonl
  python -m ocr score thu/readings.jsonl thu/truth.jsonl

Cùng tham số và cùng --seed thì ra đúng các tệp ấy, dù dùng bao nhiêu tiến trình.
Hồ sơ (tỷ lệ từng thứ: docs/decks.md): clean = sạch; office = như văn phòng; rough = bản chụp lại, đen
trắng, gấp, ố, sọc, nén mạnh; photo = chụp bằng điện thoại; odd = khoanh ô hoặc khoanh chữ, gạch, xoáy,
hai bút, một cột, bỏ trắng, xóa bỏ, tráo mặt, quét trùng, lẫn mẫu khác; stress = máy quét văn phòng, nhưng
đầy câu sửa, đánh hai ô, lỡ tay: những việc hiếm mà máy dễ nhầm; taken-back = đầy câu đã chọn rồi gạch bỏ,
bằng đủ loại bút."""

_SCORE_HELP = """\
Chấm kết quả đọc theo đáp án của bộ phiếu thử. “Sai sót lọt” (không ai được xem) là câu máy tự nhận nhưng
khác ý người trả lời, kể cả khi cả trang bị nhầm sang phiếu khác. Mỗi tỷ lệ kèm cận trên chính xác 95 %
(Clopper-Pearson). Kết thúc bằng mã 0 nếu đạt, 1 nếu không đạt."""


def add_deck_parser(subparsers: "Subparsers") -> None:
    """Add `deck` to the command."""
    parser = subparsers.add_parser(
        "deck",
        help="làm bộ phiếu thử đã biết đáp án",
        description=_DECK_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--form", required=True, help="mã mẫu phiếu, ví dụ CX4")
    parser.add_argument("--sheets", type=_count, default=200, help="số tờ phiếu (mặc định 200)")
    parser.add_argument("--seed", type=int, default=7, help="số gieo: cùng số, cùng bộ phiếu")
    parser.add_argument(
        "--profile", choices=sorted(PROFILES), default="office", help="hồ sơ người và máy quét"
    )
    parser.add_argument(
        "--part",
        choices=PARTS,
        default="train",
        help="tay vẽ và ống kính để luyện (train), dò ngưỡng (check) hay đo (test): mỗi phần một cách riêng",
    )
    parser.add_argument(
        "--without",
        nargs="+",
        default=(),
        metavar="HỌ",
        help="bỏ hẳn những họ này: một lỗi, một kiểu đánh dấu, một loại bút (streak, tick, red, …)",
    )
    parser.add_argument("--dpi", type=_dpi, default=200, help="độ phân giải quét, từ 100 đến 600")
    parser.add_argument("--format", choices=FORMATS, default="pdf", dest="file_format", help="dạng tệp quét")
    parser.add_argument("--out", type=Path, required=True, help="thư mục ghi các tệp quét và truth.jsonl")
    parser.add_argument("--unit", default="19186", help="mã đơn vị được đánh giá")
    parser.add_argument("--unit-name", default="", help="tên đơn vị in trên phiếu (mặc định: mã)")
    parser.add_argument("--group", help="nhóm trả lời (mặc định: nhóm đầu của mẫu)")
    parser.add_argument("--first-serial", type=_count, default=1, help="số phiếu đầu tiên")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.add_argument("--workers", type=_count, default=os.cpu_count() or 1, help="số tiến trình")
    parser.set_defaults(run=_run_deck)


def add_score_parser(subparsers: "Subparsers") -> None:
    """Add `score` to the command."""
    parser = subparsers.add_parser(
        "score",
        help="chấm kết quả đọc theo đáp án",
        description=_SCORE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("readings", type=Path, help="readings.jsonl (chamdiem-reading/1)")
    parser.add_argument("truth", type=Path, help="truth.jsonl (chamdiem-truth/1)")
    parser.add_argument("--json", action="store_true", help="in ra JSON (chamdiem-score/1)")
    parser.set_defaults(run=_run_score)


def _run_deck(arguments: argparse.Namespace) -> int:
    form = FormLibrary(arguments.forms).latest(arguments.form)
    order = DeckOrder(
        forms_dir=arguments.forms,
        form=form.code,
        version=form.version,
        group=arguments.group or form.groups[0],
        unit=arguments.unit,
        unit_name=arguments.unit_name or f"đơn vị {arguments.unit}",
        sheets=arguments.sheets,
        seed=arguments.seed,
        profile=arguments.profile,
        dpi=arguments.dpi,
        file_format=arguments.file_format,
        serials=tuple(range(arguments.first_serial, arguments.first_serial + arguments.sheets)),
        part=arguments.part,
        without=tuple(arguments.without),
    )
    deck = build_deck(order, arguments.out, arguments.workers)
    written = f"{deck.pages} trang trong {len(deck.files)} tệp ở {arguments.out}"
    print(f"{written}; đáp án: {arguments.out / 'truth.jsonl'}")  # noqa: T201 -- a command's answer
    return 0


def _run_score(arguments: argparse.Namespace) -> int:
    score = score_deck(read_readings(arguments.readings), read_truth(arguments.truth))
    print(json.dumps(as_json(score), ensure_ascii=False, indent=1) if arguments.json else as_text(score))  # noqa: T201 -- a command's answer
    return 0 if score.passed else NOT_PASSED


def _dpi(text: str) -> int:
    number = int(text)
    if not _DPI_RANGE[0] <= number <= _DPI_RANGE[1]:
        raise argparse.ArgumentTypeError("phải từ 100 đến 600")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("phải từ 1 trở lên")
    return number
