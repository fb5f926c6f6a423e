"""Bảng việc: the steps, the units and each person's tasks, from what is in the database."""

import datetime as dt
import re
from collections.abc import Iterable

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tests.clients import Office
from tests.worlds.read_pages import Read, add_reading, blank, sure
from tests.worlds.scanned_sheets import campaign_of, print_sheets, scan_sides
from webapp.par_index.workflow import State
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import Submission
from webapp.persistence.campaign import Campaign, FormTotal, Level, RespondentGroup, Sheet, Signatory, Unit
from webapp.persistence.hand_over import HandOver, HandOverKind
from webapp.persistence.readings import FieldReading
from webapp.persistence.results import PUBLISHED, IndexVersion
from webapp.persistence.scans import Page
from webapp.persistence.verification import ReviewItem, SecondKeyRule
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.paper_progress import Axis, Order, PaperProgress, paper_progress
from webapp.services.progress import count_cycle
from webapp.services.schemes import load_sample_schemes

OF_DIVISION, OF_COMMUNE = 3 + 15 + 2 * 2 + 10, 15 + 2 + 12 + 1 + 30  # two communes, one division
DUE = OF_DIVISION + 2 * OF_COMMUNE
FOLDER = SAMPLE_DIR / "bo_trach_2020"
POLL = dt.timedelta(milliseconds=2500)  # between two questions of the open page


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
        steps = {
            step.code: (step.done, step.total) for step in count_cycle(session, campaign_of(session)).steps
        }
    due = DUE
    assert steps == {
        "prepare": (2, 2),
        "print": (30, due),
        "scan": (20, 30),
        "review": (0, 0),
        "self_score": (1, 3),
        "appraise": (0, 3),
        "publish": (0, 2),
    }


def paper_of(session: Session, axis: Axis = Axis.RATED, order: Order = Order.OFFICE) -> PaperProgress:
    """What the three pictures show."""
    campaign = campaign_of(session)
    return paper_progress(session, campaign, count_cycle(session, campaign).sheets, axis, order)


def strip_of(
    session: Session, axis: Axis = Axis.RATED, order: Order = Order.OFFICE
) -> dict[str, tuple[int, int]]:
    """Back and due of each unit by its code, in the order of the strip; the office is ""."""
    return {
        row.unit.code if row.unit else "": (row.back, row.due) for row in paper_of(session, axis, order).units
    }


def test_a_sheet_is_back_as_soon_as_a_side_of_it_was_scanned(half_way: Office) -> None:
    with half_way.session() as session:
        rows = strip_of(session)
    assert list(rows) == ["NV", "19111", "19186"], "in the office's own order"
    assert rows == {"NV": (0, OF_DIVISION), "19111": (0, OF_COMMUNE), "19186": (21, OF_COMMUNE)}


def test_the_places_of_issue_are_the_other_axis(half_way: Office) -> None:
    with half_way.session() as session:
        rows = strip_of(session, Axis.PLACE)
    at_commune = 15 + 2 + 12 + 30 + 2  # two people of a commune rate the one division
    assert rows == {
        "NV": (0, 15 + 10 + 2),  # one person of the division rates both communes
        "19111": (0, at_commune),
        "19186": (21, at_commune),
        "": (0, 3),
    }


def test_late_units_come_first_where_that_is_asked_for(half_way: Office) -> None:
    with half_way.session() as session:
        assert list(strip_of(session, order=Order.LATE)) == ["NV", "19111", "19186"]
        division = session.scalars(select(Unit).where(Unit.code == "NV")).one()
        for sheet in session.scalars(select(Sheet)):
            sheet.unit_id = division.id
        session.flush()
        assert list(strip_of(session, order=Order.LATE)) == ["19111", "19186", "NV"]


def test_one_persons_sheets_lie_at_their_place(office: Office, now: dt.datetime) -> None:
    """CX3: one person of each division rates every commune; the division hands these forms out."""
    with office.session() as session:
        for code in ("19111", "19186"):
            sheets = print_sheets(session, code, "CX3", 1, now, first=1 if code == "19111" else 2)
            scan_sides(session, [(sheets[0], side) for side in (1, 2)], now, number=int(code))
        rated, place = strip_of(session), strip_of(session, Axis.PLACE)
        assert [rated[code][0] for code in ("NV", "19111", "19186")] == [0, 1, 1]
        assert [place[code][0] for code in ("NV", "19111", "19186")] == [2, 0, 0]


def test_each_stage_counts_within_the_one_before(half_way: Office, now: dt.datetime) -> None:
    with half_way.session() as session:
        answer(session, range(1, 11), now, sure("CX4.1", "1"))
        answer(session, [11], now, blank("CX4.1"))
        doubt(session, serial=1, now=now)
        reached = paper_of(session).reached
    assert (reached.printed, reached.read) == (30, 20)
    assert reached.valid == 9, "one waits for a person, one was left blank throughout, nine were not read"


def hand_over(
    session: Session,
    serials: Iterable[int],
    kind: HandOverKind,
    now: dt.datetime,
    *,
    undoes: HandOver | None = None,
) -> HandOver:
    """What the clerk's desk leaves behind."""
    sheets = list(session.scalars(select(Sheet).where(Sheet.serial.in_(serials))))
    fact = HandOver(
        campaign_id=campaign_of(session).id, pack_id=sheets[0].pack_id, kind=kind, at=now, by="clerk",
        person="", sheet_count=len(sheets), sheets=sheets, undoes_id=undoes.id if undoes else None,
    )  # fmt: skip
    session.add(fact)
    session.flush()
    return fact


def test_hand_overs_count_until_they_are_undone(half_way: Office, now: dt.datetime) -> None:
    with half_way.session() as session:
        hand_over(session, range(1, 29), HandOverKind.ISSUED, now)
        back = hand_over(session, range(20, 26), HandOverKind.RETURNED, now)

        def stages() -> tuple[int, int, int]:
            reached = paper_of(session).reached
            return reached.issued, reached.returned, reached.read

        assert stages() == (28, 25, 20), "a sheet that was read has come back, signed in or not"
        assert strip_of(session, Axis.PLACE)["19186"][0] == 25
        hand_over(session, range(20, 26), HandOverKind.UNDONE, now, undoes=back)
        assert stages() == (28, 21, 20)


def answer(session: Session, serials: Iterable[int], now: dt.datetime, read: Read) -> None:
    """What was read on the front of each of these sheets."""
    fronts = (
        select(Page).join(Sheet, Sheet.id == Page.sheet_id).where(Sheet.serial.in_(serials), Page.side == 1)
    )
    for page in session.scalars(fronts).all():
        add_reading(session, page, now, [read])


def doubt(session: Session, serial: int, now: dt.datetime) -> None:
    """An answer of this sheet that waits for a person."""
    field = session.scalars(
        select(FieldReading).join(Sheet, Sheet.id == FieldReading.sheet_id).where(Sheet.serial == serial)
    ).one()
    session.add(
        ReviewItem(
            campaign_id=campaign_of(session).id,
            sheet_id=field.sheet_id,
            field_reading_id=field.id,
            field_code="CX4.2",
            form_code="CX4",
            queue="single",
            position=1,
            opened_at=now,
        )
    )
    session.flush()


def test_a_voided_sheet_no_longer_counts(half_way: Office, now: dt.datetime) -> None:
    with half_way.session() as session:
        session.scalars(select(Sheet).where(Sheet.serial == 1)).one().voided_at = now
        session.flush()
        work, rows = count_cycle(session, campaign_of(session)).work, strip_of(session)
    assert work.sheets_to_print == DUE - 29
    assert rows["19186"][0] == 20


def test_pictures_say_their_finding_and_have_a_table(half_way: Office) -> None:
    page = half_way.browser("viewer").get("/").text
    assert page.count('role="img"') == 6, "three pictures, each for wide and for narrow screens"
    assert (
        "3 nơi chưa thu đủ. Chậm nhất: Phòng Nội vụ 0/32; Thị trấn Hoàn Lão 0/60; Xã Đại Trạch 21/60." in page
    )
    assert "Kế hoạch 152 phiếu: đã in 30" in page
    assert page.count('<details class="chart-table"') == 3
    row = page[page.index('<th scope="row">Xã Đại Trạch</th>') :]
    assert re.findall(r'<td class="number">([^<]+)</td>', row)[:3] == ["21", "60", "35\u00a0%"]
    assert "Chờ thẩm định" in row[: row.index("</tr>")]


def test_an_axis_is_a_page_of_its_own(half_way: Office) -> None:
    browser = half_way.browser("clerk")
    page = browser.get("/?truc=noi-phat&xep=cham").text
    assert "Phiếu thu về theo nơi phát" in page
    assert 'hx-push-url="/?truc=danh-gia&amp;xep=cham"' in page
    part = browser.get("/tien-do?truc=noi-phat", htmx=True).text
    assert part.lstrip().startswith('<div id="progress"')
    assert "UBND huyện Bố Trạch" in part
    assert "/tien-do?truc=noi-phat&amp;seen=" in part


def test_the_funnel_leads_where_the_person_may_go(half_way: Office) -> None:
    clerk, viewer = (half_way.browser(name).get("/").text for name in ("clerk", "viewer"))
    assert '<a href="/quet">Đã đọc: 20</a>' in clerk
    assert clerk.count('<a href="/phat-thu">Đã ') == 2
    assert "Đã đọc: 20" in viewer
    assert '<a href="/quet">' not in viewer


def tasks_of(office: Office, username: str) -> list[tuple[str, str]]:
    """Figure and address of each task on the page."""
    page = office.browser(username).get("/").text
    return re.findall(r'<a class="tile[^"]*" href="([^"]+)">\s*<span class="tile-figure">([^<]+)<', page)


def test_everybody_sees_what_waits_for_them(half_way: Office) -> None:
    assert ("/quet", "3") in tasks_of(half_way, "clerk")
    assert ("/in", "122") in tasks_of(half_way, "clerk")
    assert ("/tham-dinh", "1") in tasks_of(half_way, "appraiser")
    assert tasks_of(half_way, "unit-nv")[0] == ("/tu-cham", "0/28")
    assert tasks_of(half_way, "unit-19186")[0] == ("/tu-cham", "✓")
    assert tasks_of(half_way, "reviewer") == []
    assert "Hiện không có việc nào chờ bạn." in half_way.browser("reviewer").get("/").text


def test_a_clerk_is_told_what_waits_for_reviewers_and_led_nowhere(half_way: Office, now: dt.datetime) -> None:
    assert "chờ người rà soát" not in half_way.browser("clerk").get("/").text
    with half_way.session() as session:
        for serial in (1, 2, 3):
            answer(session, [serial], now, blank("CX4.1"))
            doubt(session, serial=serial, now=now)
        session.scalars(select(ReviewItem).limit(1)).one().state = "done"
        session.commit()
    half_way.clock.now += POLL
    page = half_way.browser("clerk").get("/").text
    told = re.findall(
        r'<(\w+) class="tile[^>]*>\s*<span class="tile-figure">2</span> <span[^>]*>([^<]+)<', page
    )
    assert told == [("div", "ô đang chờ người rà soát, 1 ô đã xong")]
    assert "/ra-soat" not in page
    assert "ô đang chờ người rà soát" not in half_way.browser("appraiser").get("/").text


def test_a_unit_sees_itself_only(half_way: Office) -> None:
    page = half_way.browser("unit-nv").get("/").text
    assert "Phòng Nội vụ" in page
    assert "Đại Trạch" not in page
    everybody = half_way.browser("viewer").get("/").text
    assert (
        everybody.index("Phòng Nội vụ")
        < everybody.index("Thị trấn Hoàn Lão")
        < everybody.index("Xã Đại Trạch")
    )


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0, "Còn 3 ngày"), (3 * 24, "Hạn cuối hôm nay"), (3 * 24 + 8, "Đã hết hạn"), (-48, "Còn 5 ngày")],
)
def test_days_are_counted_by_the_calendar(office: Office, hours: int, words: str) -> None:
    office.clock.now += dt.timedelta(hours=hours)
    assert words in office.browser("viewer").get("/").text


def test_the_panel_is_drawn_once_a_moment_for_all_who_see_the_same(
    half_way: Office, now: dt.datetime
) -> None:
    clerk, head = half_way.browser("clerk"), half_way.browser("head")
    first = clerk.get("/tien-do", htmx=True).text
    with half_way.session() as session:
        hand_over(session, [30], HandOverKind.RETURNED, now)
        session.commit()
    assert clerk.get("/tien-do", htmx=True).text == first, "within a moment"
    assert "22/60" not in first
    assert "22/60" in clerk.get("/").text, "the page itself is always of now"
    assert "22/60" in head.get("/tien-do", htmx=True).text, "whoever looks at the page looks for all"
    assert "Đại Trạch" not in half_way.browser("unit-nv").get("/tien-do", htmx=True).text
    half_way.clock.now += POLL
    assert "22/60" in clerk.get("/tien-do", htmx=True).text


def poll_address(text: str) -> str:
    """Where the panel asks again."""
    found = re.search(r'id="progress" hx-get="([^"]+)" hx-trigger="every 2500ms"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_the_panel_asks_again_and_is_answered_when_something_changed(
    half_way: Office, now: dt.datetime
) -> None:
    browser = half_way.browser("clerk")
    address = poll_address(browser.get("/").text)
    assert browser.get(address, htmx=True).status_code == 204
    with half_way.session() as session:
        hand_over(session, [30], HandOverKind.RETURNED, now)
        session.commit()
    half_way.clock.now += POLL
    changed = browser.get(address, htmx=True)
    assert changed.status_code == 200
    assert "Xã Đại Trạch 22/60" in changed.text
    assert poll_address(changed.text) != address
    assert "<html" in browser.get("/tien-do").text


def test_the_panel_stops_when_the_index_is_published(half_way: Office, now: dt.datetime) -> None:
    browser = half_way.browser("clerk")
    address = poll_address(browser.get("/").text)
    with half_way.session() as session:
        session.add(
            IndexVersion(
                campaign_id=campaign_of(session).id, number=1, kind=PUBLISHED, made_by="head", made_at=now,
                sha256="0" * 64, result_sha256="0" * 64, missing_count=0,
                published_by="head", published_at=now,
                levels={}, snapshot={},
            )
        )  # fmt: skip
        session.commit()
    half_way.clock.now += POLL
    last = browser.get(address, htmx=True)
    assert last.status_code == 286
    assert "hx-trigger" not in last.text
    assert "hx-trigger" not in browser.get("/").text


def test_without_a_campaign_the_page_says_what_comes_first(office: Office) -> None:
    with office.session() as session:
        session.execute(update(User).values(unit_id=None))
        for table in (SecondKeyRule, RespondentGroup, Unit, Level, FormTotal, Signatory, Campaign):
            session.execute(delete(table))
        session.commit()
    assert "Chưa có chu kỳ đánh giá nào" in office.browser("clerk").get("/").text
