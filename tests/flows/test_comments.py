"""Keyed comments at the browser: who reads them, and that few answers are not told by group."""

import pytest
from sqlalchemy import select

from tests.clients import Office
from tests.worlds.office import office_world
from tests.worlds.read_pages import Read, add_page, add_reading, add_sheet, comment, sure
from webapp.persistence.audit import LogEntry
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.verification import enqueue_reading, record_decision

PAGE = "/y-kien"


def write(office: Office, texts: list[str], *, unit: str = "19186", first: int = 1) -> None:
    """Sheets with a comment each, keyed by the reviewer."""
    with office.session() as session:
        world = office_world(session)
        for serial, text in enumerate(texts, first):
            reads: list[Read] = [sure("CX4.1", "2"), comment("CX4.gop_y")]
            sheet = add_sheet(session, world, serial, unit=unit)
            reading = add_reading(
                session, add_page(session, sheet, office.clock.now), office.clock.now, reads
            )
            enqueue_reading(session, reading, office.clock.now)
            session.flush()
            item = session.scalars(select(ReviewItem).where(ReviewItem.sheet_id == sheet.id)).one()
            answer = Answer("text", text) if text else Answer("unreadable")
            record_decision(session, world.users["reviewer"], item.id, answer, office.clock.now)
        session.commit()


def group_of(office: Office) -> str:
    with office.session() as session:
        return str(session.scalars(select(ReviewItem)).first().sheet.group.name)  # type: ignore[union-attr]  # there is one


def test_comments_stand_by_unit_and_form_without_serials(office: Office) -> None:
    assert "Chưa có ý kiến nào" in office.browser("head").get(PAGE).text
    texts = ["Nên có ghế ngồi", "Cán bộ nhiệt tình", "", "Chờ lâu", "Tốt", "=1+1"]
    write(office, texts, first=4711)
    page = office.browser("head").get(PAGE).text
    assert page.index("Cán bộ nhiệt tình") < page.index("Chờ lâu") < page.index("Nên có ghế ngồi")
    assert "5 ý kiến" in page
    assert page.count(f"({group_of(office)})") == 5
    for serial in range(4711, 4717):
        assert str(serial) not in page
    table = office.browser("appraiser").get(f"{PAGE}/y-kien.csv")
    assert table.data.startswith(b"\xef\xbb\xbf")
    assert "CX4;" in table.text
    assert ";'=1+1" in table.text, "no spreadsheet takes a comment for a formula"
    assert "4711" not in table.text
    with office.session() as session:
        told = select(LogEntry.act).where(LogEntry.act.startswith("comments_")).order_by(LogEntry.seq)
        acts = list(session.scalars(told))
    assert acts == ["comments_seen", "comments_seen", "comments_exported"]


def test_of_few_sheets_the_group_is_not_told(office: Office) -> None:
    write(office, ["Chờ lâu", "Tốt", "Nhanh", "Ghế cũ"])
    write(office, ["Thân thiện"] * 5, unit="19111", first=21)
    page = office.browser("appraiser").get(PAGE).text
    few, many = page[page.index("Chờ lâu") :], page[page.index("Thân thiện") :]
    assert page.count("ít phiếu, không ghi nhóm") == 1
    assert page.count(f"({group_of(office)})") == 5
    assert f"({group_of(office)})" in many
    assert few.startswith("Chờ lâu</li>")


@pytest.mark.parametrize("person", ["reviewer", "unit-19186", "viewer", "clerk", "administrator"])
def test_others_do_not_read_them(office: Office, person: str) -> None:
    for path in (PAGE, f"{PAGE}/y-kien.csv"):
        assert office.browser(person).get(path).status_code == 403
