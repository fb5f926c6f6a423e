"""`python -m tests.torture`: kill rounds, load, scale-out, troubles of the machine, and a report.

Each part appends what it found to a file of lines (`--lines`); `report` writes docs/torture.md from them.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.postgres import running_server
from tests.torture.capacity import Measured, Plan, table
from tests.torture.kill_rounds import RoundReport, plan_rounds, play_rounds
from tests.torture.load import run_load
from tests.torture.nursery import open_nursery
from tests.torture.report import write_report
from tests.torture.scale_out import prove_scale_out
from tests.torture.site import Reader, open_site
from tests.torture.troubles import play_troubles
from tests.torture.worlds import Crowd, real_scans

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ROOT = Path(__file__).parents[2]
DATABASES = ("sqlite", "postgresql")
_PAGES_A_FILE = 60
_WAITS_MIN = (1, 10, 60, 12 * 60)


def main() -> int:
    """Run one part; exit code 1 where something is wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything started is ended, too
    parsed = _parser().parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chamdiem-torture-", dir=parsed.folder))
    try:
        return int(parsed.run(parsed, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--lines", type=Path, default=ROOT / "docs/torture-runs.jsonl")
    parser.add_argument("--folder", type=Path, help="where sites are made and removed again")
    parts = parser.add_subparsers(required=True)
    kill = parts.add_parser("kill", help="kill rounds")
    kill.add_argument("--rounds", type=int, default=200)
    kill.add_argument("--first", type=int, default=0, help="the first round's number")
    kill.add_argument("--seed", type=int, default=1)
    kill.add_argument("--database", choices=DATABASES, action="append")
    kill.set_defaults(run=_kill)
    load = parts.add_parser("load", help="two hundred people while a batch is read")
    load.add_argument("--seconds", type=float, default=120)
    load.add_argument("--sheets", type=int, default=300, help="sheets of two pages in the batch; 0: none")
    load.add_argument("--people", type=int, default=Crowd().people)
    load.add_argument("--database", choices=DATABASES, action="append")
    load.set_defaults(run=_load)
    scale = parts.add_parser("scale", help="two web processes and four workers on PostgreSQL")
    scale.add_argument("--pages", type=int, default=300)
    scale.add_argument("--page-s", type=float, default=0.2, help="seconds a page of the fake reader")
    scale.set_defaults(run=_scale)
    parts.add_parser(
        "troubles", help="full and broken disks, clocks that jump, a worker that hangs"
    ).set_defaults(run=_troubles)
    plan = parts.add_parser("plan", help="simulate a country's four days")
    for name, value in asdict(Plan()).items():
        if name != "costs":
            plan.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    for name, value in asdict(Measured()).items():
        plan.add_argument(f"--{name.replace('_', '-')}", type=float, default=value)
    plan.set_defaults(run=_plan)
    parts.add_parser("report", help="write docs/torture.md").set_defaults(run=_report)
    return parser


def _kill(parsed: argparse.Namespace, folder: Path) -> int:
    wrong = 0

    def tell(report: RoundReport) -> None:
        nonlocal wrong
        wrong += bool(report.violations)
        _append(parsed.lines, "kill", [report])
        each = report.round
        words = "; ".join(report.violations) or "all there"
        _say(f"{each.number} {each.database} {each.scene} {each.target}: {report.took_s:.0f} s, {words}")

    databases = tuple(parsed.database or DATABASES)
    play_rounds(plan_rounds(parsed.seed, parsed.first, parsed.rounds, databases), folder, tell)
    return int(wrong > 0)


def _load(parsed: argparse.Namespace, folder: Path) -> int:
    scale = parsed.people / Crowd().people
    crowd = Crowd(*(max(1, round(number * scale)) for number in (40, 140, 19, 4000)))
    scans = real_scans(parsed.sheets, _PAGES_A_FILE) if parsed.sheets else []
    wrong = 0
    for database in parsed.database or DATABASES:
        with ExitStack() as opened:
            on_server = database == "postgresql"
            server = opened.enter_context(running_server(options="")) if on_server else None
            nursery = opened.enter_context(open_nursery())
            reader = Reader(page_s=None, lease_s=60, processes=os.cpu_count() or 1)
            site = opened.enter_context(open_site(folder / database, server, reader, nursery))
            site.web_processes, site.threads = 2, 4
            report = run_load(site, crowd, scans, parsed.seconds)
        _append(parsed.lines, "load", [report])
        _say(json.dumps(asdict(report), ensure_ascii=False, indent=1))
        wrong += bool(report.violations)
    return int(wrong > 0)


def _scale(parsed: argparse.Namespace, folder: Path) -> int:
    reports = prove_scale_out(folder, parsed.pages, parsed.page_s)
    _append(parsed.lines, "scale", reports)
    for report in reports:
        _say(json.dumps(asdict(report), ensure_ascii=False))
    return int(any(report.violations for report in reports))


def _troubles(parsed: argparse.Namespace, folder: Path) -> int:
    reports = play_troubles(folder)
    _append(parsed.lines, "trouble", reports)
    for report in reports:
        _say(json.dumps(asdict(report), ensure_ascii=False))
    return int(any(report.violations for report in reports))


def _plan(parsed: argparse.Namespace, _folder: Path) -> int:
    costs = Measured(**{name: getattr(parsed, name) for name in asdict(Measured())})
    known = {name: getattr(parsed, name) for name in asdict(Plan()) if name != "costs"}
    _say("\n".join(table(Plan(**known, costs=costs), _WAITS_MIN)))
    return 0


def _report(parsed: argparse.Namespace, _folder: Path) -> int:
    write_report(parsed.lines, ROOT / "docs/torture.md")
    return 0


def _append(path: Path, kind: str, reports: "Iterable[DataclassInstance]") -> None:
    with path.open("a", encoding="utf-8") as lines:
        for report in reports:
            told: dict[str, Any] = {"kind": kind, **asdict(report)}
            lines.write(json.dumps(told, ensure_ascii=False) + "\n")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
