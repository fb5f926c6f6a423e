"""What a site holds before its first round: the small world, open for work or at the end of its year."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pikepdf
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.deck.build import page_workers, scan_print
from ocr.printing import PrintRun
from ocr.printing import print_sheets as set_sheets
from ocr.template import FormLibrary
from tests.clients import FORMS_DIR
from tests.torture.site import Site
from tests.worlds.appraised import finish_year
from tests.worlds.documents import image_bytes
from tests.worlds.printed_sheets import print_sheets
from tests.worlds.read_pages import add_page, add_reading, add_sheet, striped
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import SmallWorld, make_small_world, user_row
from webapp.persistence.base import utc_now
from webapp.persistence.campaign import Campaign
from webapp.services.campaigns import create_campaign, sample_plan
from webapp.services.rehearsal import deck_of
from webapp.services.second_key import rule_of
from webapp.services.verification import enqueue_reading

_FORM, _GROUP = "CX4", "DN"
_UNIT, _UNIT_NAME = "19186", "xã Đại Trạch"
_SEED = 717
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
    """Units may score themselves; no sheet is printed yet."""
    with site.sessions.begin() as session:
        add_schemes(session, _open(session), utc_now())


def print_more(site: Site, first_serial: int, sheets: int) -> None:
    """So many sheets more, which wait for the scanner."""
    with site.sessions.begin() as session:
        campaign = session.scalars(select(Campaign)).one()
        world = SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, {})
        print_sheets(session, world, sheets, utc_now(), unit=_UNIT, first_serial=first_serial)


def end_of_year(site: Site) -> None:
    """Nothing is left to do but to fix the index and to publish it."""
    with site.sessions.begin() as session:
        finish_year(session, _open(session), utc_now())


def real_scans(sheets: int, pages_a_file: int) -> list[tuple[bytes, int]]:
    """The first so many sheets of the world, printed, filled in by hand and scanned: small PDFs."""
    library = FormLibrary(FORMS_DIR)
    run = PrintRun(_FORM, 1, _GROUP, _UNIT, _UNIT_NAME, range(1, sheets + 1))
    with TemporaryDirectory(prefix="chamdiem-torture-") as name:
        folder = Path(name)
        set_sheets(library, run, folder / "printed.pdf")
        with page_workers(1) as page_map:
            scans = scan_print(deck_of(run, FORMS_DIR, _SEED), folder / "printed.pdf", folder, page_map).files
        return [file for scan in scans for file in _parts(scan, pages_a_file)]


def crowded_office(site: Site, crowd: Crowd, sheets: int) -> dict[str, list[str]]:
    """Every unit of the sample's plan, so many printed sheets, and `crowd`, whose names it gives by role.

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
        if sheets:
            print_sheets(session, world, sheets, utc_now(), unit=_UNIT)
        _doubtful_sheets(session, world, site, crowd.doubtful)
    return people


def _crowd(session: Session, world: SmallWorld, crowd: Crowd) -> dict[str, list[str]]:
    units = list(world.units.values())
    places = [(units[number % len(units)], number // len(units)) for number in range(crowd.officers)]
    officers = [(f"unit-{unit.code.lower()}-{seat}", unit.id) for unit, seat in places]
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


def _parts(scan: Path, pages_a_file: int) -> Iterator[tuple[bytes, int]]:
    """The scan's pages as files of a few."""
    with pikepdf.open(scan) as whole:
        for start in range(0, len(whole.pages), pages_a_file):
            part = pikepdf.new()
            part.pages.extend(list(whole.pages)[start : start + pages_a_file])
            written = BytesIO()
            part.save(written)
            yield written.getvalue(), len(part.pages)
