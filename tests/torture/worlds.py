"""What a site holds before its first round: the small world, open for work or at the end of its year."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pikepdf
from sqlalchemy.orm import Session

from ocr.deck.build import page_workers, scan_print
from ocr.printing import PrintRun
from ocr.printing import print_sheets as set_sheets
from ocr.template import FormLibrary
from tests.clients import FORMS_DIR
from tests.torture.site import Site
from tests.worlds.appraised import add_schemes, finish_year
from tests.worlds.printed_sheets import print_sheets
from tests.worlds.small import SmallWorld, make_small_world
from webapp.persistence.base import utc_now
from webapp.services.print_files import unit_runs
from webapp.services.printing import order_missing
from webapp.services.rehearsal import deck_of
from webapp.services.sheet_counts import list_groups

SHEETS = 1500  # more than a site's rounds hand in
_FORM = "CX4"
_SEED = 717
_PAGES_A_FILE = 4
Fill = Callable[[Site], None]


def open_for_work(site: Site) -> None:
    """Units may score themselves, and thousands of sheets wait for the scanner."""
    with site.sessions.begin() as session:
        world = _open(session)
        add_schemes(session, world, utc_now())
        print_sheets(session, world, SHEETS, utc_now())


def end_of_year(site: Site) -> None:
    """Nothing is left to do but to fix the index and to publish it."""
    with site.sessions.begin() as session:
        finish_year(session, _open(session), utc_now())


def with_real_sheets(site: Site, sheets_a_unit: int) -> list[tuple[bytes, int]]:
    """Units may score themselves; sheets are ordered, printed, filled in by hand and scanned: small PDFs."""
    library = FormLibrary(FORMS_DIR)
    with site.sessions.begin() as session:
        world = _open(session)
        add_schemes(session, world, utc_now())
        group = next(group for group in list_groups(session, world.campaign) if group.form_code == _FORM)
        group.sheets_per_unit = sheets_a_unit
        order_missing(
            session,
            "clerk",
            library,
            campaign=world.campaign,
            is_wanted=lambda need: need.group is group,
            now=utc_now(),
        )
        runs = unit_runs(session, world.campaign)
    with TemporaryDirectory(prefix="chamdiem-torture-") as folder:
        return [file for run in runs for file in _scan(library, run, Path(folder) / run.unit)]


def _open(session: Session) -> SmallWorld:
    world = make_small_world(session, utc_now())
    world.campaign.self_score_due_at = utc_now() + dt.timedelta(days=30)
    return world


def _scan(library: FormLibrary, run: PrintRun, folder: Path) -> Iterator[tuple[bytes, int]]:
    """Print the sheets, fill them in, scan them, and put them into files of a few pages."""
    folder.mkdir()
    set_sheets(library, run, folder / "printed.pdf")
    with page_workers(1) as page_map:
        scans = scan_print(deck_of(run, FORMS_DIR, _SEED), folder / "printed.pdf", folder, page_map).files
    for scan in scans:
        with pikepdf.open(scan) as whole:
            for start in range(0, len(whole.pages), _PAGES_A_FILE):
                part = pikepdf.new()
                part.pages.extend(list(whole.pages)[start : start + _PAGES_A_FILE])
                path = folder / "part.pdf"
                part.save(path)
                yield path.read_bytes(), len(part.pages)
