"""The four days of the paper: plan in, packs out and back, scanned, and every sheet accounted for."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from ocr.printing import PrintRun, print_sheets
from ocr.sheet_code import serial_text
from tests.browser.conftest import Visitor, VisitorFactory
from tests.browser.server import serve
from tests.unit.ocr.reader.test_named_pages import covered
from tests.worlds.filled_prints import SIDES, PrintedPack, as_tiff, filled_sheet, unpack
from tests.worlds.scanned_pages import LIBRARY, Grey, scanned
from tests.worlds.small import PASSWORD
from webapp.campaign_plan.worksheets import worksheets_of
from webapp.cli.demo import environment
from webapp.papers.plain_workbook import write_rows
from webapp.persistence.schema import upgrade_database
from webapp.services.campaigns import sample_plan
from webapp.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]
UNITS = ("NV", "TP", "19111", "19114", "19186")
TOWN = "thị trấn Hoàn Lão"
PEOPLE = {"quantri": "administrator", "vanthu": "clerk"}
QUOTAS = {("CX4", "DN"): 2, ("CH2", "CC"): 2, ("CH3", "CX"): 3}  # CH3: one person at each of three communes
PRINTED, BACK = 16, 14
READING_MS = 240_000  # thirty-odd pages on two shared cores


@dataclass(frozen=True)
class Sheet:
    """One printed sheet: where its PDF is, and what its number is."""

    pack: PrintedPack
    place_in_pack: int
    serial: int


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A new office as the guide sets it up: an empty database and two accounts, web process and worker."""
    url = f"sqlite:///{tmp_path / 'office.sqlite3'}"
    settings = replace(Settings.from_env(), data_dir=tmp_path, database_url=url)
    upgrade_database(url)
    variables = environment(settings)
    for username, role in PEOPLE.items():
        command = [sys.executable, "-m", "webapp", "create-user", "--username", username, "--role", role]
        subprocess.run(
            [*command, "--ask-password"],
            input=f"{PASSWORD}\n".encode(),
            env={**os.environ, **variables},
            check=True,
            capture_output=True,
        )
    with serve(variables, tmp_path / "serve.log") as served:
        yield served


@pytest.fixture
def visitors(browser: Browser, address: str) -> Iterator[Mapping[str, Visitor]]:
    """The administrator and the clerk; at the end no browser may have complained or gone outside."""
    opened = VisitorFactory(browser, address)
    people = {name: opened(name) for name in PEOPLE}
    yield people
    for visitor in people.values():
        visitor.page.context.close()
    assert [(one.complaints, one.outside) for one in people.values()] == [([], []), ([], [])]


def test_four_days_of_paper(visitors: Mapping[str, Visitor]) -> None:
    bring_in_the_plan(visitors["quantri"])
    clerk = visitors["vanthu"]
    packs = print_everything(clerk)
    sheets = sign_out(clerk, packs)
    lost, new = replace_a_lost_sheet(clerk, sheets)
    missing = [sheets["CX4"][-1], sheets["CH3"][-1]]
    sign_in(clerk, packs, missing, lost)
    torn, twice = sheets["CX4"][2], sheets["CH2"][0]
    stack = scan_of(sheets, {sheet.serial for sheet in (*missing, lost, torn)}, new)
    stack += [covered(front_and_back(torn)[0], 1), front_and_back(torn)[1]]
    stack += [scanned(front_and_back(twice)[0], seed=9), *front_and_back(lost), *foreign_sheet()]
    bring_in_the_scan(clerk, stack)
    everything_is_named(clerk.page, lost, torn, twice, missing)
    give_the_torn_page_its_sheet(clerk.page, torn)
    both_axes_agree(clerk)


def bring_in_the_plan(administrator: Visitor) -> None:
    """The workbook is uploaded, its preview looked at and saved."""
    plan = sample_plan()
    units = [unit for unit in plan.units if unit.code in UNITS]
    groups = [
        replace(group, sheets_per_unit=QUOTAS[key], people_per_place=1 if group.people_per_place else None)
        for group in plan.groups
        if (key := (group.form_code, group.code)) in QUOTAS
    ]
    small = replace(plan, groups=groups, form_totals=[], planned_sheets=PRINTED, is_sample=False)
    workbook = write_rows(worksheets_of(small.with_units(units)))
    page = administrator.page
    administrator.open("/chu-ky/nhap")
    page.locator("#file").set_input_files({"name": "ke-hoach.xlsx", "mimeType": "", "buffer": workbook})
    page.get_by_role("button", name="Xem trước").click()
    expect(page.get_by_role("heading", name="Tạo chu kỳ mới từ tệp")).to_be_visible()
    expect(page.locator("tbody")).to_contain_text(TOWN)
    page.get_by_role("button", name=re.compile(r"Lưu \d+ thay đổi")).click()
    expect(page.locator("#messages")).to_contain_text("Đã tạo chu kỳ.")
    expect(page.locator("#allocation")).to_contain_text(str(PRINTED))


def print_everything(clerk: Visitor) -> list[PrintedPack]:
    """All packs of three communes and two divisions, downloaded as a ZIP."""
    page = clerk.page
    clerk.open("/in")
    page.get_by_role("button", name=f"Lập {PRINTED} tờ còn thiếu").first.click()
    expect(page.locator("#messages")).to_contain_text(f"Đã lập {PRINTED} tờ phiếu.")
    packs = unpack(Path(_download(page, "Tải ZIP").path()))
    assert {pack.place for pack in packs} == set(UNITS)
    assert sum(pack.sheet_count for pack in packs) == PRINTED
    return packs


def sign_out(clerk: Visitor, packs: list[PrintedPack]) -> dict[str, list[Sheet]]:
    """Every pack goes out by its code; what is out is named by serial, so that the numbers are known."""
    page = clerk.page
    clerk.open("/phat-thu")
    page.locator("#person").fill("Chị Hoa, văn thư")
    sheets: dict[str, list[Sheet]] = {}
    for pack in packs:
        _scan_code(page, pack.code, f"Đã giao bộ {pack.code}, {pack.sheet_count} tờ")
    for pack in packs:
        clerk.open(f"/phat-thu/noi/{pack.place}")
        row = page.locator("tbody tr").filter(has_text=pack.code)
        names = row.locator(".serials .code").all_text_contents()
        assert len(names) == pack.sheet_count
        sheets.setdefault(pack.form, []).extend(
            Sheet(pack, place, int(name.split("-")[0])) for place, name in enumerate(names)
        )
    return sheets


def replace_a_lost_sheet(clerk: Visitor, sheets: Mapping[str, list[Sheet]]) -> tuple[Sheet, list[Grey]]:
    """A sheet is lost: a new one is printed and handed out in its place; the old one turns up later."""
    page, lost = clerk.page, sheets["CX4"][0]
    clerk.open("/in")
    page.locator("[name=serial]").fill(serial_text(lost.serial))
    page.get_by_role("button", name="Xem phiếu sẽ hủy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hủy phiếu {serial_text(lost.serial)}?")
    page.get_by_role("button", name=f"Hủy phiếu {serial_text(lost.serial)}, lập phiếu mới").click()
    expect(page.locator("#messages")).to_contain_text(f"Đã hủy phiếu {serial_text(lost.serial)}")
    pdf = Path(_download(page, "Tải PDF").path()).read_bytes()
    clerk.open("/phat-thu")
    page.locator("#person").fill("Chị Hoa, văn thư")
    _scan_code(page, serial_text(PRINTED + 1), f"Đã giao phiếu {serial_text(PRINTED + 1)}")
    return lost, filled_sheet(pdf, "CX4")


def sign_in(clerk: Visitor, packs: list[PrintedPack], missing: list[Sheet], lost: Sheet) -> None:
    """Every pack comes back; two of them lack a sheet, which is typed; the void sheet is refused."""
    page = clerk.page
    clerk.open("/phat-thu?viec=thu")
    absent = {sheet.pack.code: serial_text(sheet.serial) for sheet in missing}
    for pack in packs:
        page.locator("#missing").fill(absent.get(pack.code, ""))
        back = pack.sheet_count - (pack.code in absent)
        words = f"Đã thu bộ {pack.code}, {back} tờ" if back > 1 else f"(bộ {pack.code})"
        _scan_code(page, pack.code, words)
    _scan_code(page, serial_text(lost.serial), f"đã thay bằng {serial_text(PRINTED + 1)}")
    clerk.open("/phat-thu/nhac")
    for serial in absent.values():
        expect(page.locator("main")).to_contain_text(serial)
    assert page.locator(".serials .code").count() == len(missing)


def scan_of(sheets: Mapping[str, list[Sheet]], without: set[int], new: list[Grey]) -> list[Grey]:
    """The stack as it lies in the scanner: everything that came back, the replacement among it."""
    kept = [sheet for of_form in sheets.values() for sheet in of_form if sheet.serial not in without]
    return [*(side for sheet in kept for side in front_and_back(sheet)), *new]


def front_and_back(sheet: Sheet) -> list[Grey]:
    """A sheet's two sides, filled in."""
    return filled_sheet(sheet.pack.pdf, sheet.pack.form, sheet.place_in_pack)


def foreign_sheet() -> list[Grey]:
    """A sheet of another year: our form, a number that this office never printed."""
    out = io.BytesIO()
    print_sheets(LIBRARY, PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", [90_000, 90_001]), out)
    return filled_sheet(out.getvalue(), "CX4")  # its first sheet stands where a cover would


def bring_in_the_scan(clerk: Visitor, stack: list[Grey]) -> None:
    """The scanner's file is uploaded, and read while the clerk waits."""
    page = clerk.page
    clerk.open("/quet")
    page.locator("input[name=files]").set_input_files(
        {"name": "chong-phieu.tif", "mimeType": "image/tiff", "buffer": as_tiff(stack)}
    )
    page.locator("[name=declared_sheets]").fill(str(-(-len(stack) // SIDES)))
    page.get_by_role("button", name="Tải lên và đọc").click()
    page.wait_for_url(re.compile(r"/quet/\d+$"))
    expect(page.locator(".strip")).to_be_visible(timeout=READING_MS)


def everything_is_named(page: Page, lost: Sheet, torn: Sheet, twice: Sheet, missing: list[Sheet]) -> None:
    """Duplicate, void, foreign and torn page by name; the sum of all pages fits."""
    pages = SIDES * BACK + 5  # one duplicate, two sides each of a void and of a foreign sheet
    balance = page.locator(".balance").first
    expect(balance).to_contain_text(
        f"{pages} trang = {SIDES * BACK - 1} đã đọc + 1 trùng + 0 trắng + 5 có vấn đề ✔ khớp"
    )
    problems = page.locator("[data-problem-keys] > li")
    expect(problems).to_have_count(5)
    void = problems.filter(
        has_text=f"Phiếu {serial_text(lost.serial)} đã thay bằng {serial_text(PRINTED + 1)}"
    )
    expect(void).to_have_count(SIDES)
    expect(problems.filter(has_text="số phiếu này chưa từng được in trong chu kỳ")).to_have_count(SIDES)
    expect(problems.filter(has_text="Không đọc được mã vuông (QR)")).to_have_count(1)
    expect(page.locator(".pair-card h3")).to_have_text(f"Phiếu {serial_text(twice.serial)}, mặt trước")
    left = page.locator("section", has=page.get_by_role("heading", name="Còn thiếu"))
    expect(left).to_contain_text(f"Phiếu {serial_text(torn.serial)} thiếu mặt trước.")
    for sheet in missing:
        expect(left).to_contain_text(serial_text(sheet.serial))


def give_the_torn_page_its_sheet(page: Page, torn: Sheet) -> None:
    """The likeliest slot is the torn sheet's own: one press, and the page is read."""
    card = page.locator("[data-problem-keys] > li").filter(has_text="Không đọc được mã vuông (QR)")
    expect(card.locator(".slots button").first).to_have_text(
        f"Gán vào phiếu {serial_text(torn.serial)}, mặt trước"
    )
    card.locator(".slots button").first.click()
    expect(page.locator(".balance").first).to_contain_text(
        f"= {SIDES * BACK} đã đọc + 1 trùng + 0 trắng + 4 có vấn đề ✔ khớp", timeout=READING_MS
    )


def both_axes_agree(clerk: Visitor) -> None:
    """Sheets by unit rated and by place of issue are the same sheets: printed, issued, back, missing."""
    page, sums = clerk.page, [str(PRINTED), str(PRINTED), str(BACK), str(PRINTED - BACK)]
    for axis in ("noi-phat", "don-vi"):
        clerk.open(f"/phat-thu?theo={axis}")
        assert page.locator("#table tfoot td").all_text_contents() == sums, axis
        assert _column_sums(page.locator("#table tbody tr").all_inner_texts()) == [int(one) for one in sums]
    for axis in ("danh-gia", "noi-phat"):
        clerk.open(f"/?truc={axis}")
        page.locator("#strip-summary").click()
        rows = page.locator("#strip-table tbody tr").all_inner_texts()
        assert _column_sums(rows)[:2] == [BACK, PRINTED], axis
    funnel = page.locator(".funnel-links")
    for stage, sheets in {"Đã in": PRINTED, "Đã phát": PRINTED, "Đã thu": BACK, "Đã đọc": BACK}.items():
        expect(funnel).to_contain_text(f"{stage}: {sheets}")


def _column_sums(rows: list[str]) -> list[int]:
    """The sums of a table's whole numbers, column by column; a unit's name may hold none."""
    cells = [[int(cell) for cell in row.split("\t") if cell.strip().isdigit()] for row in rows]
    return [sum(column) for column in zip(*cells, strict=True)]


def _download(page: Page, name: str) -> Download:
    """What the newest line of the orders gives."""
    with page.expect_download() as download:
        page.locator("section", has=page.locator("#orders")).get_by_role("link", name=name).first.click()
    return download.value


def _scan_code(page: Page, code: str, answer: str) -> None:
    """A serial or a pack's code goes into the box, then Enter; the line says what was written."""
    page.locator("#typed").fill(code)
    page.locator("#typed").press("Enter")
    expect(page.locator(".desk-line")).to_contain_text(answer)
