"""`make screenshots`: the guide's pictures, taken from the sample campaign as each person sees it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.server import serve_demo
from webapp.services.sample_campaign import DEMO_PASSWORD

PICTURES = Path(__file__).parents[2] / "docs" / "guide" / "images"
# name of the picture: (username, address, width in px)
SHOTS = {
    "dang-nhap": ("", "/dang-nhap", 1366),
    "bang-viec": ("lanhdao", "/", 1366),
    "in": ("vanthu", "/in", 1366),
    "phat-thu": ("vanthu", "/phat-thu", 1366),
    "quet": ("vanthu", "/quet", 1366),
    "quet-lo": ("vanthu", "/quet/3", 1366),
    "chup-dien-thoai": ("vanthu", "/chup", 360),
    "thung-rac": ("vanthu", "/thung-rac", 1366),
    "ra-soat": ("rasoat", "/ra-soat", 1366),
    "tu-cham": ("dv-19186", "/tu-cham", 1366),
    "tu-cham-tieu-chi": ("dv-19186", "/tu-cham/1.1.2", 1366),
    "so-lieu": ("dv-19186", "/tu-cham/so-lieu", 1366),
    "tu-cham-dien-thoai": ("dv-19186", "/tu-cham/1.1.2", 360),
    "tham-dinh": ("thamdinh", "/tham-dinh", 1366),
    "tham-dinh-don-vi": ("thamdinh", "/tham-dinh/LDTBXH", 1366),
    "tham-dinh-bang": ("thamdinh", "/tham-dinh/bang?cap=commune", 1366),
    "tham-dinh-hop": ("thamdinh", "/tham-dinh/hop", 1366),
    "phan-hoi": ("dv-tckh", "/phan-hoi", 1366),
    "chi-tra": ("thuquy", "/chi-tra", 1366),
    "chi-so": ("lanhdao", "/chi-so", 1366),
    "ket-qua": ("xem", "/ket-qua/nam/2019", 1366),
    "ho-so-don-vi": ("xem", "/ket-qua/nam/2019/19186", 1366),
    "phan-bo-tra-loi": ("xem", "/ket-qua/nam/2019/19186/phan-bo", 1366),
    "chu-ky": ("quantri", "/chu-ky/2020/chi-tieu", 1366),
    "bo-chi-so": ("quantri", "/bo-chi-so/2020/division", 1366),
    "bo-chi-so-sua": ("quantri", "/bo-chi-so/2020/division/sua", 1366),
    "nhat-ky": ("quantri", "/nhat-ky", 1366),
    "hieu-chuan": ("quantri", "/ra-soat/hieu-chuan", 1366),
    "nguoi-dung": ("quantri", "/nguoi-dung", 1366),
    "sao-luu": ("quantri", "/sao-luu", 1366),
}
# Pictures of what lies one click further.
CLICKED = {"tham-dinh-hop": ".agenda a"}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium, without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


def enter_demo(page: Page, address: str, username: str) -> None:
    """Sign in with the demo's password: not everybody has a button."""
    page.goto(f"{address}/dang-nhap")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "dang-nhap" not in url)


def show_marked_item(page: Page) -> None:
    """Start with one form after the other until an item shows a mark; Esc gives the others back."""
    for number in range(page.get_by_role("button", name="Soát từng ô").count()):
        page.get_by_role("button", name="Soát từng ô").nth(number).click()
        page.wait_for_load_state("networkidle")
        if "không thấy dấu nào" not in page.locator(".item-reason").inner_text():
            return
        page.wait_for_selector("#o[data-ready]")
        page.keyboard.press("Escape")
        page.wait_for_url("**/ra-soat")


def show_grid(page: Page) -> None:
    """The first grid, with every picture on the screen seen."""
    page.get_by_role("button", name="Bắt đầu").or_(page.get_by_role("button", name="Tiếp tục")).click()
    page.wait_for_selector("#o[data-ready] input[name=seen]:checked", state="attached")


def take_all(address: str, folder: Path) -> None:
    """One picture for each entry of SHOTS, and the reviewer's grid and item, which are claimed first."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, (username, path, width) in SHOTS.items():
            context = browser.new_context(viewport={"width": width, "height": 768}, locale="vi-VN")
            page = context.new_page()
            if username:
                enter_demo(page, address, username)
            page.goto(address + path)
            if name in CLICKED:
                page.locator(CLICKED[name]).first.click()
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png")
            if name == "ra-soat":
                show_grid(page)
                page.screenshot(path=folder / "ra-soat-nhom.png")
                page.keyboard.press("Escape")
                page.wait_for_url("**/ra-soat")
                show_marked_item(page)
                page.screenshot(path=folder / "ra-soat-o.png")
            context.close()


def main() -> None:
    """Build and serve the sample campaign, and take the pictures."""
    subprocess.run([sys.executable, "-m", "webapp", "demo", "--build-only"], check=True)
    with serve_demo() as address:
        take_all(address, PICTURES)


if __name__ == "__main__":
    main()
