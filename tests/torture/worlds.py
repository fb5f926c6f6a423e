"""What a site holds before its first round: the small world, open for work or at the end of its year."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from tests.worlds.documents import image_bytes
from tests.worlds.printed_sheets import print_sheets
from tests.worlds.read_pages import add_page, add_reading, add_sheet, striped
from tests.worlds.small import SmallWorld, make_small_world, user_row
from webapp.persistence.base import utc_now
from webapp.services.campaigns import create_campaign, sample_plan
from webapp.services.print_files import unit_runs
from webapp.services.printing import order_missing
from webapp.services.rehearsal import deck_of
from webapp.services.second_key import rule_of
from webapp.services.sheet_counts import list_groups
from webapp.services.verification import enqueue_reading

SHEETS = 1500  # more than a site's rounds hand in
_FORM = "CX4"
_SEED = 717
_PAGES_A_FILE = 4
_QUESTIONS = 10
_FAR_SERIAL = 50_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many people sit there, and how many answers wait for the reviewers among them."""

    reviewers: int = 40
    officers: int = 140
    heads: int = 19
    doubtful: int = 4000

    @property
    def people(self) -> int:
        """All of them, with the clerk."""
        return self.reviewers + self.officers + self.heads + 1


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


def crowded_office(site: Site, crowd: Crowd) -> dict[str, list[str]]:
    """Every unit of the sample's plan, `crowd`'s people, and answers that wait for reviewers; people by role.

    A unit's officers are many, but each works on a component of their own: colleagues who type into the same
    one get the program's answer 409, which is its own test.
    """
    with site.sessions.begin() as session:
        plan = sample_plan()
        campaign = create_campaign(session, "administrator", plan, utc_now())
        session.flush()
        campaign.self_score_due_at = utc_now() + dt.timedelta(days=30)
        rule = rule_of(session, campaign.id)
        rule.double_marks = rule.overridden = False
        rule.sample_percent = rule.full_up_to_sheets = 0
        world = SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, {})
        add_schemes(session, world, utc_now())
        people = _crowd(session, world, crowd)
        _doubtful_sheets(session, world, site, crowd.doubtful)
    return people


def _crowd(session: Session, world: SmallWorld, crowd: Crowd) -> dict[str, list[str]]:
    units = list(world.units.values())
    officers = [(f"unit-{number}", units[number % len(units)].id) for number in range(crowd.officers)]
    people = {
        "reviewer": [f"reviewer-{number}" for number in range(crowd.reviewers)],
        "unit": [name for name, _unit in officers],
        "head": [f"head-{number}" for number in range(crowd.heads)],
        "clerk": ["clerk"],
    }
    accounts = [user_row(name, role) for role in ("reviewer", "head", "clerk") for name in people[role]]
    accounts += [user_row(name, "unit", unit_id) for name, unit_id in officers]
    session.add_all(accounts)
    session.flush()
    return people


def _doubtful_sheets(session: Session, world: SmallWorld, site: Site, answers: int) -> None:
    crop = site.store.put_bytes(image_bytes("JPEG", (900, 120))).sha256
    codes = [f"CX4.{number}" for number in range(1, _QUESTIONS + 1)]
    for serial in range(1, answers // _QUESTIONS + 1):
        sheet = add_sheet(session, world, _FAR_SERIAL + serial)
        reads = [replace(striped(code), crop_sha256=crop) for code in codes]
        reading = add_reading(session, add_page(session, sheet, utc_now()), utc_now(), reads)
        enqueue_reading(session, reading, utc_now())


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
