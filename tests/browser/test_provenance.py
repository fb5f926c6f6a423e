"""From a figure of the results to the file's hash in a real browser, by clicking only."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.browser.conftest import Site
from tests.browser.server import serve
from tests.conftest import NOW
from tests.worlds.appraised import finish_year
from tests.worlds.small import PASSWORD, make_small_world
from webapp.cli.demo import environment
from webapp.persistence.guards import lift_guards, set_guards
from webapp.persistence.readings import Reading
from webapp.persistence.schema import upgrade_database
from webapp.services.publication import freeze_version
from webapp.settings import Settings
from webapp.storage import ScanStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served campaign whose first version is frozen."""
    folder = tmp_path_factory.mktemp("archive")
    url = f"sqlite:///{folder / 'archive.sqlite3'}"
    settings = replace(Settings.from_env(), data_dir=folder, database_url=url)
    upgrade_database(url)
    site = Site("", settings, [])
    with site.session() as session:
        fill(session, ScanStore(settings.scans_dir))
    with serve(environment(settings), folder / "serve.log") as address:
        yield replace(site, address=address)


def fill(session: Session, store: ScanStore) -> None:
    """The small world at the end of its year; every page has a picture."""
    world = make_small_world(session, NOW)
    finish_year(session, world, NOW)
    picture = io.BytesIO()
    Image.new("L", (848, 1200), 235).save(picture, "JPEG")
    lift_guards(session.connection())  # the small world's readings have no pictures
    session.execute(update(Reading).values(preview_sha256=store.put_bytes(picture.getvalue()).sha256))
    set_guards(session.connection())
    freeze_version(session, "head", world.campaign, NOW)


@pytest.mark.parametrize("width_px", [1366, 360])
def test_from_the_figure_to_the_hash_by_clicking(browser: Browser, archive: Site, width_px: int) -> None:
    page = browser.new_page(viewport={"width": width_px, "height": 768}, base_url=archive.address)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto("/dang-nhap")
    page.fill("input[name=username]", "head")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "dang-nhap" not in url)
    page.goto("/chi-so/1/19186")
    for target in ("/diem/", "/cau/", "/phieu/", "/doc/"):
        page.locator(f"main a[href*='{target}']:not(.crumbs a)").first.click()
        page.wait_for_url(f"**{target}**")
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, page.url
    for words in ("Xem ảnh cắt", "Xem cả trang"):
        page.get_by_role("link", name=words, exact=True).click()
        picture = page.locator("main svg image")
        expect(picture).to_be_visible()
    expect(page.locator(".traced-page rect")).to_be_visible()
    page.get_by_role("link", name="Tệp quét và lô quét").click()
    expect(page.locator(".file-hash")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    page.get_by_role("link", name="Tờ phiếu và bộ phiếu").click()
    expect(page.locator("h1")).to_contain_text("Tờ phiếu")
    assert complaints == []
    page.close()
