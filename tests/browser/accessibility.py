"""What people with a screen reader, a magnifier or a small screen would stumble over."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_SERIOUS = ("serious", "critical")
_LIVE = "[aria-live], [role=status], [role=alert], [role=log], output"


def serious_faults(page: Page) -> list[str]:
    """Every serious or critical fault that axe finds, with the elements that have it."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']}: {' | '.join(node['html'][:160] for node in fault['nodes'])}"
        for fault in found
        if fault["impact"] in _SERIOUS
    ]


def live_regions(page: Page) -> list[str]:
    """How each live region of the page speaks: "polite" where it waits for its turn."""
    said: list[str] = page.locator(_LIVE).evaluate_all(
        "all => all.map(one => one.getAttribute('aria-live') || one.role)"
    )
    return said


def sideways_px(page: Page) -> int:
    """By how many pixels the page itself is wider than the window; 0 where only boxes of its own scroll."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
