"""`python -m ocr accuracy`: the run, and `python -m ocr accuracy report`: its report."""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.accuracy.measure import Schedule, measure
from ocr.accuracy.plan import SHEETS_PER_CHUNK, WANTED, run_seed
from ocr.accuracy.report import write_report
from ocr.accuracy.results import ChunkResult, ResultsFile, ResultsInvalid, Run
from ocr.accuracy.runs import LOG, REPORT, LoggedRun, frozen_commit, logged_runs, now_text, write_log
from ocr.accuracy.summary import Summary, summarise
from ocr.deck.profiles import PROFILES
from ocr.errors import OcrError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 -- argparse has no public name for it

REHEARSAL = "rehearsal"
_FOLDER = Path("var/accuracy")
_HELP = """\
Đo độ chính xác: làm bộ phiếu thử mới, đọc, chấm, cho đến khi đủ số ô tô cần đo (nhiều giờ). Số gieo lấy
từ commit đã chốt và số thứ tự lần chạy, không ai chọn được; mỗi lần chạy được ghi vào
docs/accuracy-runs.jsonl. Dừng giữa chừng thì chạy lại lệnh này để đo tiếp.

  python -m ocr accuracy                              đo cho đến xong, rồi ghi docs/accuracy.md
  python -m ocr accuracy --minutes 60                 đo một giờ; chạy lại để đo tiếp
  python -m ocr accuracy --rehearsal --share 0.01     chạy thử, không tính là một lần đo
  python -m ocr accuracy report KẾT_QUẢ --out tệp.md  chỉ viết báo cáo"""


class PlanImpossible(OcrError):
    """The run cannot be made as it was asked for."""

    code = "plan_impossible"
    exit_code = 2


def add_accuracy_parser(subparsers: "Subparsers") -> None:
    """Add `accuracy` and `accuracy report`."""
    parser = subparsers.add_parser(
        "accuracy",
        help="đo độ chính xác trên bộ phiếu thử mới, và viết báo cáo",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, help="dừng sau chừng ấy phút (mặc định: đo cho đến xong)")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="số tiến trình")
    parser.add_argument("--results", type=Path, help="tệp kết quả (mặc định: trong var/accuracy)")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.add_argument("--rehearsal", action="store_true", help="chạy thử: mã chưa chốt cũng được")
    parser.add_argument("--share", type=float, default=1.0, help="chạy thử: phần của kế hoạch, ví dụ 0.01")
    parser.add_argument("--profiles", nargs="+", choices=sorted(WANTED), help="chạy thử: chỉ các hồ sơ này")
    parser.set_defaults(run=_run_measure)
    report = parser.add_subparsers(metavar="report").add_parser("report", help="viết báo cáo từ tệp kết quả")
    report.add_argument("results_file", type=Path, metavar="KẾT_QUẢ", help="tệp kết quả .jsonl")
    report.add_argument("--out", type=Path, default=REPORT, help="tệp báo cáo .md; hình nằm bên cạnh")
    report.set_defaults(run=_run_report)


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 -- a command's words to its user


def _run_report(parsed: argparse.Namespace) -> int:
    summary = summarise(ResultsFile(parsed.results_file))
    write_report(summary, len(logged_runs(LOG)), parsed.out)
    _tell(f"Báo cáo: {parsed.out}")
    return 0


def _run_measure(parsed: argparse.Namespace) -> int:
    run = _rehearsal(parsed) if parsed.rehearsal else _full_run(parsed)
    results = ResultsFile(parsed.results or _FOLDER / f"run-{run.name}-{run.commit[:8]}.jsonl")
    if run.rehearsal and parsed.results is None:
        results.path.unlink(missing_ok=True)  # code that is not frozen may have changed in between
    run = _opened(results, run)
    schedule = Schedule(run)
    for result in results.results():
        schedule.add(result)
    deadline = None if parsed.minutes is None else time.monotonic() + 60 * parsed.minutes

    def keep(result: ChunkResult) -> None:
        results.append(result)
        _tell(_progress(result))

    _tell(f"Lần chạy {run.name}, commit {run.commit[:8]}, số gieo {run.seed}: {results.path}")
    measure(schedule, parsed.forms, parsed.workers, deadline, keep)
    summary = summarise(results)
    if not run.rehearsal:
        _log_result(summary)
        write_report(summary, len(logged_runs(LOG)), REPORT)
    else:
        write_report(summary, len(logged_runs(LOG)), results.path.with_suffix(".md"))
    return 0 if summary.sound else 1


def _progress(result: ChunkResult) -> str:
    wrong = f", SAI SÓT LỌT {result.total.silent}" if result.total.silent else ""
    return (
        f"{result.profile} {result.index}: {result.total.positions_accepted} ô tự nhận, "
        f"{result.seconds:.1f} giây{wrong}"
    )


def _rehearsal(parsed: argparse.Namespace) -> Run:
    commit = frozen_commit(Path.cwd(), clean=False)
    wanted = {name: max(1, round(parsed.share * WANTED[name])) for name in parsed.profiles or WANTED}
    _require_profiles(wanted)
    seed = run_seed(commit, REHEARSAL)
    return Run(commit, REHEARSAL, seed, now_text(), wanted, SHEETS_PER_CHUNK, rehearsal=True)


def _full_run(parsed: argparse.Namespace) -> Run:
    """The run that is under way, or the next one, which is logged before its first page is made."""
    if parsed.share != 1 or parsed.profiles:
        raise PlanImpossible("--share và --profiles chỉ dùng cùng --rehearsal.")
    commit, runs = frozen_commit(Path.cwd()), logged_runs(LOG)
    _require_profiles(WANTED)
    if not runs or runs[-1].commit != commit or runs[-1].result:
        number = len(runs) + 1
        runs.append(LoggedRun(number, commit, run_seed(commit, str(number)), now_text()))
        write_log(LOG, runs)
    last = runs[-1]
    return Run(
        commit, str(last.run), last.seed, last.started, dict(WANTED), SHEETS_PER_CHUNK, rehearsal=False
    )


def _require_profiles(wanted: object) -> None:
    missing = set(wanted) - set(PROFILES)  # type: ignore[call-overload]  # any collection of names
    if missing:
        raise PlanImpossible(f"Chưa có hồ sơ {', '.join(sorted(missing))}; xem --profiles.")


def _opened(results: ResultsFile, run: Run) -> Run:
    """The run as its file has it; a new file is begun."""
    if not results.exists():
        results.start(run)
        return run
    results.cut_torn_line()
    begun = results.run()
    if (begun.commit, begun.name) != (run.commit, run.name):
        raise ResultsInvalid(f"{results.path} là của lần chạy {begun.name}, commit {begun.commit[:8]}.")
    return begun


def _log_result(summary: Summary) -> None:
    """A run that has all its positions is over; one that was stopped early stays open."""
    if summary.complete:
        runs = logged_runs(LOG)
        runs[-1] = replace(runs[-1], result=summary.in_words())
        write_log(LOG, runs)
