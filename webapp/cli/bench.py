"""`chamdiem bench`: the figures of `python -m ocr bench`, and the way from a file on disk to stored readings.

Everything is measured in one run on one machine, in a throw-away folder; nothing is asserted.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.bench.options import add_bench_options
from webapp.cli.bench_index import add_index_options, time_index
from webapp.cli.bench_printing import print_campaign
from webapp.cli.bench_review import time_reviewers
from webapp.cli.memory import tree_processor_s
from webapp.cli.parsers import Groups

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

    from ocr.bench.table import Section
    from webapp.settings import Settings

_SEED = 4242
_POLL_S = 0.05
_PROCESSES = (1, 2)
_FORM = "CX4"


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `bench`."""
    parser = groups.add_parser("bench", help="measure printing, reading and the worker", description=__doc__)
    add_bench_options(parser)
    add_index_options(parser)
    parser.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    from ocr.bench.command import measure, show

    index = time_index(is_long=parsed.index_long)
    if parsed.index_only:
        show(index, markdown=parsed.markdown)
        return 0
    with tempfile.TemporaryDirectory(prefix="chamdiem-bench-") as name:
        folder = Path(name)
        sections = [
            *measure(parsed, folder),
            print_campaign(parsed.forms, folder),
            _through_the_worker(parsed, folder),
            time_reviewers(_settings(parsed, folder, _PROCESSES[-1])),
            *index,
        ]
    show(sections, markdown=parsed.markdown)
    return 0


@dataclass(frozen=True, slots=True)
class _Run:
    """One stack in a database of its own: its pages, and what the worker took for the steady part of them."""

    floor_ms: float
    processor_ms: float
    wall_ms: float
    pages: int


def _through_the_worker(parsed: argparse.Namespace, folder: Path) -> "Section":
    from ocr.bench.table import Section

    runs = [(count, _read_stack(parsed, _settings(parsed, folder, count))) for count in _PROCESSES]
    return Section(
        "From a file on disk to stored readings, by the worker into SQLite",
        f"A stack of {runs[0][1].pages} pages of 200 dpi; the worker's start, up to its first reading, is "
        "not counted. At the end readings, crops, previews and review items are on disk. Processor time is "
        "of the worker with its reading processes; pages a second are the wall clock's.",
        ("reading processes", "processor ms/page", "× floor", "pages/s"),
        tuple(
            (
                str(count),
                f"{run.processor_ms:.1f}",
                f"{run.processor_ms / run.floor_ms:.2f}",
                f"{1000 / run.wall_ms:.1f}",
            )
            for count, run in runs
        ),
    )


def _settings(parsed: argparse.Namespace, folder: Path, processes: int) -> "Settings":
    """Those of the run with so many reading processes, in a folder of its own."""
    from webapp.settings import Settings

    own = folder / f"worker-{processes}"
    return Settings(
        data_dir=own,
        database_url=f"sqlite:///{own / 'bench.sqlite3'}",
        forms_dir=parsed.forms,
        secret_key="bench",  # noqa: S106 - only the bench's own reviewers sign in
        reader_processes=processes,
    )


def _read_stack(parsed: argparse.Namespace, settings: "Settings") -> _Run:
    """Open a campaign in the settings' folder, hand one stack in, and let the real worker read it."""
    from ocr.bench.reading import decode_floor_ms
    from webapp.persistence.all_tables import Base
    from webapp.persistence.base import make_engine, make_session_factory

    settings.data_dir.mkdir()
    engine = make_engine(settings.database_url)
    try:
        Base.metadata.create_all(engine)
        sessions = make_session_factory(engine)
        files = _hand_in_stack(sessions, settings, settings.data_dir, parsed.sheets)
        floor_ms = decode_floor_ms(files, parsed.rounds)
        return _Run(floor_ms, *_time_worker(sessions, settings))
    finally:
        engine.dispose()


def _hand_in_stack(
    sessions: "sessionmaker[Session]", settings: "Settings", folder: Path, sheets: int
) -> tuple[Path, ...]:
    """Order, print, fill in, scan and hand in sheets of one unit; the scan files."""
    from ocr.deck.build import page_workers, scan_print
    from ocr.printing import print_sheets
    from ocr.template import FormLibrary
    from webapp.persistence.base import utc_now
    from webapp.services.print_files import unit_runs
    from webapp.services.printing import order_missing
    from webapp.services.rehearsal import ACTOR, Size, deck_of, hand_in, open_rehearsal
    from webapp.services.sheet_counts import list_groups
    from webapp.storage import ScanStore

    library = FormLibrary(settings.forms_dir)
    with sessions.begin() as session:
        campaign = open_rehearsal(session, Size(units_per_level=1), utc_now()).campaign
        group = next(group for group in list_groups(session, campaign) if group.form_code == _FORM)
        group.sheets_per_unit = sheets
        order_missing(
            session,
            ACTOR,
            library,
            campaign=campaign,
            is_wanted=lambda need: need.group is group,
            now=utc_now(),
        )
        [run] = unit_runs(session, campaign)
    print_sheets(library, run, folder / "printed.pdf")
    deck = deck_of(run, settings.forms_dir, _SEED)
    with page_workers(1) as page_map:
        files = scan_print(deck, folder / "printed.pdf", folder, page_map).files
    with sessions.begin() as session:
        hand_in(session, ScanStore(settings.scans_dir), files, sheets, utc_now())
    return files


def _time_worker(sessions: "sessionmaker[Session]", settings: "Settings") -> tuple[float, float, int]:
    """Milliseconds a page from the first stored reading to the last, of processors and of the wall; pages."""
    from webapp.worker import run_worker

    worker = multiprocessing.get_context("spawn").Process(target=run_worker, args=(settings,))
    worker.start()
    try:
        steps = [
            (time.perf_counter(), tree_processor_s(worker.pid or 0), read)
            for read in _progress(sessions)
            if read
        ]
    finally:
        worker.terminate()
        worker.join()
    (began, used, first), (ended, used_at_end, last) = steps[0], steps[-1]
    pages = max(1, last - first)
    return (used_at_end - used) * 1000 / pages, (ended - began) * 1000 / pages, last


def _progress(sessions: "sessionmaker[Session]") -> Iterator[int]:
    """How many pages have a stored reading, again and again until nothing waits."""
    from sqlalchemy import func, select

    from webapp.persistence.scans import BatchFile, Page
    from webapp.services.preflight import UNREAD_FILES, UNREAD_PAGES

    while True:
        with sessions() as session:
            total = session.scalar(select(func.count(Page.id))) or 0
            pages = select(func.count(Page.id)).where(Page.state.in_(UNREAD_PAGES))
            files = select(func.count(BatchFile.id)).where(BatchFile.state.in_(UNREAD_FILES))
            waiting = session.scalar(pages) or 0
            done = not waiting and not session.scalar(files)
        yield total - waiting
        if done:
            return
        time.sleep(_POLL_S)
