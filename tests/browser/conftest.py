"""One small campaign served for real, and five people at their browsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.deck.build import build_deck
from ocr.printing import PrintRun
from ocr.template import FormLibrary
from tests.browser.screenshots import chromium
from tests.browser.server import serve
from tests.conftest import NOW
from tests.worlds.small import PASSWORD, UNIT_CODES, make_small_world
from webapp.cli.demo import environment
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.persistence.schema import upgrade_database
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.print_files import unit_runs
from webapp.services.rehearsal import deck_of
from webapp.services.sample_campaign import print_quota
from webapp.services.sample_scores import appraise_unit, attach_sample_evidence, enter_self_scores
from webapp.services.schemes import load_sample_schemes
from webapp.services.self_scores import submit_self_scores
from webapp.settings import Settings
from webapp.storage import ScanStore

SEED = 31
PATIENCE_MS = 20_000  # two cores carry browser, server, worker and the other tests
expect.set_options(timeout=PATIENCE_MS)
SHEETS_PER_PACK = 2
BROWSER_UNIT = "19186"


@dataclass
class Site:
    """A served campaign: its address, its settings, and the scans that wait on the clerk's desk."""

    address: str
    settings: Settings
    scans: list[Path]

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction on the site's database, for what happens away from the browser."""
        engine = make_engine(self.settings.database_url)
        with make_session_factory(engine).begin() as session:
            yield session
        engine.dispose()


@dataclass
class Visitor:
    """A person at a browser, and everything their browser complained about or asked others for."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note console errors, script errors and requests to anywhere else."""
        self.page.on("console", lambda m: self._note_console(m.type, m.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note_request)

    def _note_console(self, kind: str, text: str) -> None:
        """A form sent back with its errors is status 422, which the browser notes; that is no fault."""
        if kind == "error" and "status of 422" not in text:
            self.complaints.append(text)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.outside.append(request.url)

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Sign in by typing, as on any day."""
        self.page.goto(f"{self.address}/dang-nhap")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "dang-nhap" not in url)

    def open(self, path: str) -> None:
        """Go to a page of the site."""
        self.page.goto(self.address + path)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    with chromium() as launched:
        yield launched


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator["VisitorFactory"]:
    """Makes visitors; at the end nobody's browser may have complained or gone outside."""
    factory = VisitorFactory(browser, site.address)
    yield factory
    for visitor in factory.visitors:
        visitor.page.context.close()
    assert [visitor.complaints for visitor in factory.visitors if visitor.complaints] == []
    assert [visitor.outside for visitor in factory.visitors if visitor.outside] == []


class VisitorFactory:
    """Opens a browser window of its own for each person."""

    def __init__(self, browser: Browser, address: str) -> None:
        """Nobody is there yet."""
        self._browser = browser
        self._address = address
        self.visitors: list[Visitor] = []

    def __call__(self, username: str, width: int = 1366) -> Visitor:
        """A person who has signed in."""
        context = self._browser.new_context(viewport={"width": width, "height": 768}, locale="vi-VN")
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(context.new_page(), self._address)
        visitor.listen()
        self.visitors.append(visitor)
        visitor.sign_in(username)
        return visitor


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three units whose sheets are printed, filled in and scanned; two of the units are appraised already."""
    folder = tmp_path_factory.mktemp("site")
    settings = replace(
        Settings.from_env(),
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'site.sqlite3'}",
        lease_s=20,
    )
    upgrade_database(settings.database_url)
    engine = make_engine(settings.database_url)
    with make_session_factory(engine).begin() as session:
        decks = [
            build_deck(deck_of(run, settings.forms_dir, SEED), folder / f"deck-{number}")
            for number, run in enumerate(_prepare(session, settings))
        ]
    engine.dispose()
    scans = [path for deck in decks for path in deck.files]
    with serve(environment(settings), folder / "serve.log") as address:
        yield Site(address, settings, scans)


def _prepare(session: Session, settings: Settings) -> list[PrintRun]:
    world = make_small_world(session, NOW)
    campaign = world.campaign
    campaign.self_score_due_at = utc_now().replace(year=utc_now().year + 1, day=1)
    load_sample_schemes(session, "administrator", campaign, SAMPLE_DIR / "bo_trach_2020", NOW)
    _shrink_quotas(session, campaign)
    print_quota(session, FormLibrary(settings.forms_dir), campaign, NOW)
    store = ScanStore(settings.scans_dir)
    for code in UNIT_CODES:
        unit = world.units[code]
        _score(session, store, unit)
        if code != BROWSER_UNIT:
            submit_self_scores(session, f"unit-{code.lower()}", unit, NOW)
            appraise_unit(session, world.users["appraiser"], unit, seed=SEED, now=NOW)
    return unit_runs(session, campaign)


def _shrink_quotas(session: Session, campaign: Campaign) -> None:
    """Two sheets about each unit of every group, wherever they are handed out."""
    for group in session.scalars(select(RespondentGroup)):
        group.sheets_per_unit = SHEETS_PER_PACK
        if group.people_per_place is not None:
            places = sum(unit.level == group.place for unit in campaign.units) or 1
            group.people_per_place = SHEETS_PER_PACK // places
    session.flush()
    session.refresh(campaign)


def _score(session: Session, store: ScanStore, unit: Unit) -> None:
    actor = f"unit-{unit.code.lower()}"
    evidence = attach_sample_evidence(session, store, unit, actor, NOW)
    enter_self_scores(session, unit, evidence, actor=actor, seed=SEED, now=NOW)
