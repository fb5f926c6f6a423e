"""`python -m ocr trial print | check`: try printer and scanner before thousands of sheets are printed."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.template import FormLibrary
from ocr.trial.judge import Check, Fault, Subject, Verdict
from ocr.trial.measure import check_trial
from ocr.trial.sheet import print_trial
from ocr.typeset import SAMPLE_IMPRINT

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

_VERDICTS = {Verdict.GOOD: "ĐẠT", Verdict.FAIR: "TẠM", Verdict.BAD: "CHƯA ĐẠT"}
_SUBJECTS = {
    Subject.SIDES: ("hai mặt", ""),
    Subject.SCALE: ("cỡ in", "so với 1"),
    Subject.SKEW: ("độ lệch", "độ"),
    Subject.RESOLUTION: ("độ phân giải", "dpi"),
    Subject.GREY: ("ảnh xám", "phần điểm xám"),
    Subject.CONTRAST: ("tương phản", "từ 0 đến 1"),
    Subject.SHARPNESS: ("độ nét", "mm"),
    Subject.STREAKS: ("vệt dọc", "mm từ mép trái"),
    Subject.MARKS: ("ô mẫu đọc được", "phần"),
}
_FAULTS = {
    Fault.NOTHING_SCANNED: "tệp không có trang nào",
    Fault.NOT_A_TRIAL: "không có phiếu thử trong tệp",
    Fault.FRONT_MISSING: "thiếu mặt trước",
    Fault.BACK_MISSING: "thiếu mặt sau",
    Fault.BACK_FIRST: "mặt sau đứng trước",
    Fault.PHOTOGRAPHED: "ảnh chụp, không đo được cỡ in",
    Fault.WRONG_ANSWER: "có ô mẫu bị đọc sai",
}


def add_trial_parser(subparsers: "Subparsers") -> None:
    """Add `trial` to the command."""
    parser = subparsers.add_parser("trial", help="phiếu thử máy: in, quét một tờ rồi xem máy đã đạt chưa")
    actions = parser.add_subparsers(required=True, metavar="VIỆC")
    paper = actions.add_parser("print", help="tạo tệp PDF hai trang của phiếu thử")
    paper.add_argument("--form", default="CX4", help="mã mẫu phiếu")
    paper.add_argument("--out", type=Path, required=True, help="tệp PDF")
    paper.set_defaults(run=_run_print)
    check = actions.add_parser("check", help="đo bản quét của phiếu thử; mã thoát 1 nếu chưa đạt")
    check.add_argument("scan", type=Path, metavar="TỆP", help="PDF, TIFF, JPEG, PNG, HEIC")
    check.set_defaults(run=_run_check)
    for action in (paper, check):
        action.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")


def _run_print(parsed: argparse.Namespace) -> int:
    print_trial(FormLibrary(parsed.forms), parsed.form, SAMPLE_IMPRINT, parsed.out)
    sys.stderr.write(f"{parsed.out}: in hai mặt, cỡ thật 100 %, rồi quét như sẽ quét phiếu.\n")
    return 0


def _run_check(parsed: argparse.Namespace) -> int:
    report = check_trial(parsed.scan, FormLibrary(parsed.forms))
    for check in report.checks:
        sys.stdout.write(_line(check) + "\n")
    sys.stdout.write(f"{_VERDICTS[report.verdict]}\n")
    return 1 if report.verdict is Verdict.BAD else 0


def _line(check: Check) -> str:
    name, unit = _SUBJECTS[check.subject]
    value = "" if check.value is None else f" {check.value:.4g} {unit}"
    fault = f" ({_FAULTS[check.fault]})" if check.fault in _FAULTS else ""
    return f"{_VERDICTS[check.verdict]:9}{name}{value}{fault}"
