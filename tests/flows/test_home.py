"""Bảng việc: the steps, the units and each person's tasks, from what is in the database."""

import datetime as dt
import re

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tests.clients import Office
from webapp.par_index.workflow import State
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import Submission
from webapp.persistence.campaign import Campaign, RespondentGroup, Sheet, Unit
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.progress import cycle_steps, open_work, unit_progress
from webapp.services.schemes import load_sample_schemes

FOLDER = SAMPLE_DIR / "bo_trach_2020"


def campaign_of(session: Session) -> Campaign:
    return session.scalars(select(Campaign)).one()


def print_sheets(
    session: Session, unit_code: str, form_code: str, count: int, now: dt.datetime
) -> list[Sheet]:
    """Sheets as printing leaves them."""
    unit = session.scalars(select(Unit).where(Unit.code == unit_code)).one()
    group = session.scalars(select(RespondentGroup).where(RespondentGroup.form_code == form_code)).first()
    assert group is not None
    sheets = [
        Sheet(
            campaign_id=unit.campaign_id,
            serial=serial,
            form_code=form_code,
            form_version=1,
            group_id=group.id,
            unit_id=unit.id,
            printed_at=now,
        )
        for serial in range(1, count + 1)
    ]
    session.add_all(sheets)
    session.flush()
    return sheets


def scan_sides(session: Session, sides: list[tuple[Sheet, int]], now: dt.datetime) -> Batch:
    """Pages as the worker leaves them."""
    campaign = campaign_of(session)
    batch = Batch(
        campaign_id=campaign.id, number=1, received_by="clerk", received_at=now, declared_sheets=None
    )
    session.add(batch)
    session.flush()
    file = BatchFile(batch_id=batch.id, sha256="0" * 64, size_bytes=1, original_name="a.pdf", state="split")
    session.add(file)
    session.flush()
    for index, (sheet, side) in enumerate(sides):
        page = Page(batch_id=batch.id, batch_file_id=file.id, page_index=index, state="read")
        page.sheet_id, page.side = sheet.id, side
        session.add(page)
    session.flush()
    return batch


@pytest.fixture
def half_way(office: Office, now: dt.datetime) -> Office:
    """30 sheets about Đại Trạch printed, 20 back whole, one by half, three pages with a problem."""
    with office.session() as session:
        campaign = campaign_of(session)
        versions = load_sample_schemes(session, "administrator", campaign, FOLDER, now)
        sheets = print_sheets(session, "19186", "CX4", 30, now)
        whole = [(sheet, side) for sheet in sheets[:20] for side in (1, 2)]
        batch = scan_sides(session, [*whole, (sheets[20], 1)], now)
        for index in range(3):
            problem = Page(batch_id=batch.id, batch_file_id=1, page_index=100 + index, state="problem")
            session.add(problem)
        unit = session.scalars(select(Unit).where(Unit.code == "19186")).one()
        sent = Submission(unit_id=unit.id, campaign_id=campaign.id, scheme_version_id=versions[0].id)
        sent.state = State.SUBMITTED.value
        session.add(sent)
        session.commit()
    return office


def test_steps_count_what_is_there(half_way: Office) -> None:
    with half_way.session() as session:
        steps = {step.code: (step.done, step.total) for step in cycle_steps(session, campaign_of(session))}
    due = 84 + 2 * 72
    assert steps == {
        "prepare": (2, 2),
        "print": (30, due),
        "scan": (20, 30),
        "review": (0, 0),
        "self_score": (1, 3),
        "appraise": (0, 3),
        "publish": (0, 2),
    }


def test_a_sheet_is_back_when_both_sides_are(half_way: Office) -> None:
    with half_way.session() as session:
        rows = {row.unit.code: row for row in unit_progress(session, campaign_of(session))}
    assert next(iter(rows)) == "NV", "in the office's own order"
    assert (rows["19186"].sheets_back, rows["19186"].sheets_due) == (20, 72)
    assert rows["19186"].state is State.SUBMITTED
    assert [rows[code].tint for code in ("19186", "NV")] == [1, 0]


def test_a_voided_sheet_no_longer_counts(half_way: Office, now: dt.datetime) -> None:
    with half_way.session() as session:
        session.scalars(select(Sheet).where(Sheet.serial == 1)).one().voided_at = now
        session.flush()
        work, rows = open_work(session, campaign_of(session)), unit_progress(session, campaign_of(session))
    assert work.sheets_to_print == 84 + 2 * 72 - 29
    assert max(row.sheets_back for row in rows) == 19


def tasks_of(office: Office, username: str) -> list[tuple[str, str]]:
    """Figure and address of each task on the page."""
    page = office.browser(username).get("/").text
    return re.findall(r'<a class="tile[^"]*" href="([^"]+)">\s*<span class="tile-figure">([^<]+)<', page)


def test_everybody_sees_what_waits_for_them(half_way: Office) -> None:
    assert ("/quet", "3") in tasks_of(half_way, "clerk")
    assert ("/in", "198") in tasks_of(half_way, "clerk")
    assert ("/tham-dinh", "1") in tasks_of(half_way, "appraiser")
    assert tasks_of(half_way, "unit-nv")[0] == ("/tu-cham", "0/28")
    assert tasks_of(half_way, "unit-19186")[0] == ("/tu-cham", "✓")
    assert tasks_of(half_way, "reviewer") == []
    assert "Hiện không có việc nào chờ bạn." in half_way.browser("reviewer").get("/").text


def test_a_unit_sees_itself_only(half_way: Office) -> None:
    page = half_way.browser("unit-nv").get("/").text
    assert "Phòng Nội vụ" in page
    assert "Đại Trạch" not in page
    everybody = half_way.browser("viewer").get("/").text
    assert (
        everybody.index("Phòng Nội vụ")
        < everybody.index("thị trấn Hoàn Lão")
        < everybody.index("xã Đại Trạch")
    )


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0, "Còn 3 ngày"), (3 * 24, "Hạn cuối hôm nay"), (3 * 24 + 8, "Đã hết hạn"), (-48, "Còn 5 ngày")],
)
def test_days_are_counted_by_the_calendar(office: Office, hours: int, words: str) -> None:
    office.clock.now += dt.timedelta(hours=hours)
    assert words in office.browser("viewer").get("/").text


def test_the_panel_refreshes_itself_only_while_pages_are_read(half_way: Office) -> None:
    browser = half_way.browser("clerk")
    assert "hx-get" not in browser.get("/").text
    with half_way.session() as session:
        page = session.scalars(select(Page).where(Page.state == "problem")).first()
        assert page is not None
        page.state = "waiting"
        session.commit()
    part = browser.get("/tien-do", htmx=True).text
    assert part.lstrip().startswith('<div id="progress" hx-get="/tien-do"')
    assert "<html" in browser.get("/tien-do").text


def test_without_a_campaign_the_page_says_what_comes_first(office: Office) -> None:
    with office.session() as session:
        session.execute(update(User).values(unit_id=None))
        for table in (RespondentGroup, Unit, Campaign):
            session.execute(delete(table))
        session.commit()
    assert "Chưa có chu kỳ đánh giá nào" in office.browser("clerk").get("/").text
