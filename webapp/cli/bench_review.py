"""The bench's part for people: from a reviewer's key to the next answer painted, three of them at work."""

import asyncio
import os
import signal
import socket
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from webapp.cli.serve import server_command

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from ocr.bench.table import Section
    from webapp.settings import Settings

_REVIEWERS = ("bench-1", "bench-2", "bench-3")
_PASSWORD = "bench-bench-bench"  # noqa: S105 - of accounts in a throw-away folder
_KEYS = 100  # of each reviewer
_START_S = 30
_PATIENCE_MS = 30_000
_WATCH = """
window.took = [];
document.addEventListener("keydown", (event) => { window.pressedAt = event.timeStamp; }, true);
document.addEventListener("htmx:afterSettle", (event) => {
  const item = document.querySelector("#o[data-renew]");
  if (!item || !event.target.closest("#o")) return;
  const painted = () => requestAnimationFrame(() => requestAnimationFrame(
    () => window.took.push(performance.now() - window.pressedAt)));
  item.querySelector("image").decode().then(painted); // whether its file is asked for or came along
});
"""


def time_reviewers(settings: "Settings") -> "Section":
    """Let three browsers settle the answers that a read stack left open; `settings` name its database."""
    from ocr.bench.table import Section

    _open_all(settings)
    with _served(settings) as address:
        took = sorted(asyncio.run(_review(settings, address)))
    cuts = statistics.quantiles(took, n=100)
    return Section(
        "From a reviewer's key to the next answer painted, with its picture",
        f"{len(_REVIEWERS)} reviewers in one browser, each {_KEYS} keys, as fast as the guard of 200 ms "
        "after each picture lets them; server, browser and database share the machine.",
        ("reviewers", "keys", "median ms", "95 % ms", "99 % ms"),
        ((str(len(_REVIEWERS)), str(len(took)), f"{cuts[49]:.0f}", f"{cuts[94]:.0f}", f"{cuts[98]:.0f}"),),
    )


def _open_all(settings: "Settings") -> None:
    """Accounts for three, and every doubtful answer one by one."""
    from webapp.persistence.base import make_engine, make_session_factory, utc_now
    from webapp.services.accounts import NewAccount, Role, create_user

    engine = make_engine(settings.database_url)
    with make_session_factory(engine).begin() as session:
        for name in _REVIEWERS:
            account = NewAccount(username=name, display_name=name, role=Role.REVIEWER)
            create_user(session, "bench", account, _PASSWORD, utc_now())
    engine.dispose()
    _refill(settings)


def _refill(settings: "Settings") -> None:
    """What was settled waits once more, in a new round; comments are typed, and stay out of this."""
    from sqlalchemy import update

    from webapp.persistence.base import make_engine, make_session_factory
    from webapp.persistence.verification import ReviewItem

    engine = make_engine(settings.database_url)
    with make_session_factory(engine).begin() as session:
        session.execute(
            update(ReviewItem)
            .where(ReviewItem.queue != "comment", ReviewItem.lease_user.is_(None))
            .values(queue="single", group_key=None, state="open", round=ReviewItem.round + 1)
        )
        session.execute(update(ReviewItem).where(ReviewItem.queue == "comment").values(state="dropped"))
    engine.dispose()


@contextmanager
def _served(settings: "Settings") -> Iterator[str]:
    """The web app on a free port, over the bench's folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    variables = {
        "CHAMDIEM_DATA": str(settings.data_dir),
        "CHAMDIEM_DATABASE": settings.database_url,
        "CHAMDIEM_FORMS": str(settings.forms_dir),
        "CHAMDIEM_SECRET": settings.secret_key,
    }
    server = subprocess.Popen(server_command(bind, 2, 4), env={**os.environ, **variables}, process_group=0)
    try:
        yield f"http://{bind}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(_START_S)


async def _review(settings: "Settings", address: str) -> list[float]:
    """Milliseconds from key to picture, of all keys of all reviewers."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        took = await asyncio.gather(*(_work(browser, settings, address, name) for name in _REVIEWERS))
        await browser.close()
    return [time_ms for person in took for time_ms in person]


async def _work(browser: "Browser", settings: "Settings", address: str, name: str) -> list[float]:
    """One reviewer signs in and keys until there are enough figures."""
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(_PATIENCE_MS)
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    await _reach(page, f"{address}/dang-nhap")
    await page.fill("input[name=username]", name)
    await page.fill("input[name=password]", _PASSWORD)
    await page.click("main form button")
    took: list[float] = []
    while len(took) < _KEYS:
        await asyncio.to_thread(_refill, settings)
        await page.goto(f"{address}/ra-soat")
        await page.locator("main button.review-big").first.click()
        took += await _key_all(page, _KEYS - len(took))
    await context.close()
    return took


async def _reach(page: "Page", address: str) -> None:
    """Open the first page, as soon as the server answers."""
    from playwright.async_api import Error

    for _ in range(_START_S * 2):
        try:
            await page.goto(address)
        except Error:
            await asyncio.sleep(0.5)
        else:
            return
    raise TimeoutError("the web app did not start")


async def _key_all(page: "Page", most: int) -> list[float]:
    """Key what is on the screen until nothing is left for this person; what each took."""
    for _ in range(most):
        ready = page.locator("#o[data-ready], #o.item-finished")
        await ready.wait_for()
        before = await page.locator("#o").get_attribute("data-renew")
        if before is None:
            break
        await page.keyboard.press("Numpad1")
        await page.wait_for_function("old => document.getElementById('o').dataset.renew !== old", arg=before)
    await page.wait_for_timeout(500)  # the last picture
    took: list[float] = await page.evaluate("window.took")
    return took
