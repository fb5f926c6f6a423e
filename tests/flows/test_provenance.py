"""From a figure to the paper: every step in a click, sums that agree, and nobody who sees too much."""

import datetime as dt
import re
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from tests.clients import Browser, Office
from tests.flows.test_results import WORDS, fill
from tests.worlds.read_pages import add_reading, faint, sure
from webapp.persistence.accounts import User
from webapp.persistence.all_tables import Base
from webapp.persistence.campaign import Sheet
from webapp.persistence.counted_sheets import CountedSheet
from webapp.persistence.readings import FieldReading
from webapp.persistence.results import IndexVersion
from webapp.persistence.scans import Page
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.verification import (
    WorkFilter,
    claim_next_item,
    enqueue_reading,
    record_decision,
    undo_last_decision,
)
from webapp.storage import ScanStore


@pytest.fixture
def frozen(office: Office, now: dt.datetime) -> Office:
    """A finished year whose first version is frozen."""
    fill(office, now)
    assert office.browser("head").post("/chi-so/chot").status_code == 303
    return office


def links(page: str, pattern: str) -> list[str]:
    """Addresses of the page's own content that match, in order."""
    return re.findall(rf'href="({pattern})"', page.split("<main")[1])


def a_component(head: Browser) -> str:
    """The address of the first survey score of a commune."""
    return links(head.get("/chi-so/1/19186").text, r"/nguon-goc/1/diem/19186/[^\"#]+")[0]


def test_each_step_from_the_figure_to_the_paper_is_one_click(frozen: Office) -> None:
    head = frozen.browser("head")
    component = head.get(a_component(head)).text
    question = head.get(links(component, r"/nguon-goc/1/cau/[^\"]+")[0]).text
    assert "Khớp: danh sách cộng lại đúng bằng số trên bảng" in question
    answer = head.get(links(question, r"/nguon-goc/1/phieu/[^\"]+")[0]).text
    assert "lần đọc đang dùng" in answer
    reading = head.get(links(answer, r"[^\"]+/doc/\d+")[0]).text
    assert "test 1" in reading
    assert "0" * 64 in reading
    crop = head.get(links(reading, r"[^\"]+/o")[0]).text
    whole = head.get(links(crop, r"[^\"]+/trang")[0]).text
    file = head.get(links(whole, r"[^\"]+/tep")[0])
    assert re.search(r'class="file-hash">[0-9a-f]{64}<', file.text)
    assert "Clerk" in file.text
    sheet = head.get(links(file.text, r"[^\"]+/to")[0])
    assert sheet.status_code == 200
    assert "Bộ phiếu" in sheet.text
    assert file.headers["Cache-Control"] == sheet.headers["Cache-Control"] == "no-store"


def test_a_version_from_before_lists_leads_to_one_that_has_them(frozen: Office) -> None:
    head = frozen.browser("head")
    path = a_component(head)
    with frozen.session() as session:
        session.connection().exec_driver_sql("DROP TABLE counted_sheet")
        Base.metadata.tables["counted_sheet"].create(session.connection())  # an empty one
        session.commit()
    missing = head.get(path)
    assert missing.status_code == 404
    assert "Tính một bản mới" in missing.text
    assert head.post("/chi-so/tinh-thu").location == "/chi-so/2"
    assert head.get(path.replace("/nguon-goc/1/", "/nguon-goc/2/")).status_code == 200


def test_the_units_page_leads_to_questions_and_groups(frozen: Office) -> None:
    head = frozen.browser("head")
    page = head.get("/chi-so/1/NV").text
    assert "/nguon-goc/1/diem/NV/" in page
    assert "nguon-goc" not in frozen.browser("viewer").get("/ket-qua").text


@pytest.mark.parametrize(
    ("name", "status"),
    [("viewer", 403), ("unit-19186", 403), ("clerk", 403), ("reviewer", 403), ("administrator", 403)],
)
def test_who_may_not_trace_sees_no_sheet(frozen: Office, name: str, status: int) -> None:
    head, other = frozen.browser("head"), frozen.browser(name)
    path = a_component(head)
    question = links(head.get(path).text, r"/nguon-goc/1/cau/[^\"]+")[0]
    answer = links(head.get(question).text, r"/nguon-goc/1/phieu/[^\"]+")[0]
    reading = links(head.get(answer).text, r"[^\"]+/doc/\d+")[0]
    steps = (
        path,
        question,
        answer,
        reading,
        f"{reading}/o",
        f"{reading}/trang",
        f"{reading}/tep",
        f"{answer}/to",
    )
    for address in (*steps, f"{reading}/o.jpg", f"{reading}/trang.jpg"):
        assert other.get(address).status_code == status, address


def test_the_appraiser_sees_neither_unpublished_versions_nor_small_groups(frozen: Office) -> None:
    head, appraiser = frozen.browser("head"), frozen.browser("appraiser")
    path = a_component(head)
    question = links(head.get(path).text, r"/nguon-goc/1/cau/[^\"]+")[0]
    answer = links(head.get(question).text, r"/nguon-goc/1/phieu/[^\"]+")[0]
    assert appraiser.get(path).status_code == 404
    head.post("/chi-so/1/cong-bo", WORDS)
    for address in (path, question, answer):  # two sheets a group in this world
        refused = appraiser.get(address)
        assert refused.status_code == 403
        assert "dưới năm người trả lời" in refused.text
    assert "/nguon-goc/" not in appraiser.get("/ket-qua/19186").text


def test_an_answer_that_changed_since_is_marked_and_the_version_stays(
    frozen: Office, now: dt.datetime
) -> None:
    later = now + dt.timedelta(hours=1)
    with frozen.session() as session:
        users = {user.username: user for user in session.scalars(select(User))}
        counted = session.scalars(select(CountedSheet).where(CountedSheet.form_code == "CX4")).first()
        assert counted is not None
        serial, field = counted.sheet.serial, next(iter(counted.answers))
        page = session.scalars(select(Page).where(Page.sheet_id == counted.sheet_id)).one()
        reads = [sure(code, said) for code, said in counted.answers.items() if code != field]
        doubtful = add_reading(session, page, later, [*reads, faint(field, "2")])
        session.flush()
        enqueue_reading(session, doubtful, later)
        session.flush()
        item = session.scalars(select(ReviewItem)).one()
        record_decision(session, users["reviewer"], item.id, Answer("option", "1"), later)
        undo_last_decision(session, users["reviewer"], later, item.campaign_id)
        record_decision(session, users["reviewer"], item.id, Answer("blank"), later + dt.timedelta(seconds=9))
        record_decision(session, users["reviewer2"], item.id, Answer("option", "3"), later)
        session.commit()
        waiting = frozen.browser("head").get(f"/nguon-goc/1/phieu/{serial}/{field}").text
        assert "đang có hiệu lực" not in waiting, "the two differ"
        last, last_word = later + dt.timedelta(seconds=20), Answer("blank", reason="dirt")
        claim_next_item(session, users["head"], last, WorkFilter(item.campaign_id, "arbitration"))
        record_decision(session, users["head"], item.id, last_word, last)
        session.commit()
    shown = frozen.browser("head").get(f"/nguon-goc/1/phieu/{serial}/{field}").text
    assert "đã đổi sau khi bản số 1 được tính" in shown
    for words in (
        "Reviewer (Người rà soát)",
        "đã hoàn tác",
        "ý kiến thứ hai, không tính",
        "đang có hiệu lực",
        "vết bẩn",
    ):
        assert words in shown
    question = links(shown, r"/nguon-goc/1/cau/[^\"]+")[0]
    listed = frozen.browser("head").get(question).text
    assert "đã đổi, nay là:" in listed
    assert "Khớp: danh sách" in listed


def test_the_pictures_are_the_stored_ones_and_no_browser_keeps_them(frozen: Office, now: dt.datetime) -> None:
    store = ScanStore(frozen.app.extensions["chamdiem"].settings.scans_dir)
    with frozen.session() as session:
        counted = session.scalars(select(CountedSheet).where(CountedSheet.form_code == "CX4")).first()
        assert counted is not None
        page = session.scalars(select(Page).where(Page.sheet_id == counted.sheet_id)).one()
        crop = store.put_bytes(b"\xff\xd8crop\xff\xd9").sha256
        reads = [replace(sure(code, said), crop_sha256=crop) for code, said in counted.answers.items()]
        reading = add_reading(session, page, now, reads)
        reading.preview_sha256 = store.put_bytes(b"\xff\xd8page\xff\xd9").sha256
        session.flush()
        field = reading.fields[0]
        serial = session.scalar(select(Sheet.serial).where(Sheet.id == field.sheet_id))
        path = f"/nguon-goc/1/phieu/{serial}/{field.field_code}/doc/{field.id}"
        foreign = session.scalar(select(func.max(FieldReading.id)))
        session.commit()
    head = frozen.browser("head")
    for name, data in (("o.jpg", b"\xff\xd8crop\xff\xd9"), ("trang.jpg", b"\xff\xd8page\xff\xd9")):
        with head.get(f"{path}/{name}") as sent:
            assert (sent.data, sent.headers["Cache-Control"]) == (data, "no-store")
    assert "<rect" in head.get(f"{path}/trang").text
    assert head.get(path.replace(f"doc/{field.id}", f"doc/{foreign}")).status_code == 404
    store.path(crop).unlink()
    gone = head.get(f"{path}/o.jpg")
    assert gone.status_code == 404


def test_published_results_lead_on_too(frozen: Office) -> None:
    head = frozen.browser("head")
    head.post("/chi-so/1/cong-bo", WORDS)
    assert "/nguon-goc/1/diem/19186/" in head.get("/ket-qua/19186").text


def test_the_appraiser_traces_larger_groups_without_names(frozen: Office, now: dt.datetime) -> None:
    head, appraiser = frozen.browser("head"), frozen.browser("appraiser")
    head.post("/chi-so/1/cong-bo", WORDS)
    with frozen.session() as session:  # two sheets a group are enough, for once
        version = session.scalars(select(IndexVersion)).one()
        version.levels = {level: {**facts, "smallest_cell": 2} for level, facts in version.levels.items()}
        counted = session.scalars(select(CountedSheet).where(CountedSheet.form_code == "CX4")).first()
        assert counted is not None
        serial, field = counted.sheet.serial, next(iter(counted.answers))
        page = session.scalars(select(Page).where(Page.sheet_id == counted.sheet_id)).one()
        reading = add_reading(session, page, now, [faint(field, "2")])
        session.flush()
        enqueue_reading(session, reading, now)
        session.flush()
        user = session.scalars(select(User).where(User.username == "reviewer")).one()
        item = session.scalars(select(ReviewItem)).one()
        record_decision(session, user, item.id, Answer("option", "2"), now)
        session.commit()
    shown = appraiser.get(f"/nguon-goc/1/phieu/{serial}/{field}")
    assert shown.status_code == 200
    assert "Người rà soát 1" in shown.text
    assert "Reviewer" not in shown.text
    assert "/nguon-goc/1/diem/19186/" in appraiser.get("/ket-qua/19186").text
