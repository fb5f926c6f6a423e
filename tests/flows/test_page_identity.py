"""What a clerk says of single pages, and takes back: whose they are, how they lie, which of two counts."""

import datetime as dt
import hashlib
import resource
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from tests.clients import Office
from tests.flows.test_intake import desk, read, squeezed, upload
from tests.jobs.fake_reader import scan_bytes, sides
from webapp.http.context import EXTENSION, AppContext
from webapp.jobs.tasks import ReadTask
from webapp.persistence.campaign import Campaign
from webapp.persistence.page_instructions import PageInstruction
from webapp.persistence.page_resolutions import count_open_problems
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.responses import accepted_answers
from webapp.persistence.scans import BatchFile, Page
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.erasure import erase_batch, list_erasable
from webapp.services.page_instructions import reading_task
from webapp.services.watched_folder import FolderTimes, FolderWatch
from webapp.storage import ScanStore

__all__ = ["desk"]
TORN = {"does": "damaged_code", "legible": True}


def states(desk: Office) -> list[tuple[int, str, str | None]]:
    with desk.session() as session:
        rows = session.execute(select(Page.id, Page.state, Page.problem).order_by(Page.id))
        return [(page_id, state, problem) for page_id, state, problem in rows]


def post(desk: Office, path: str, username: str = "clerk", **fields: Any) -> Any:
    return desk.browser(username).post(path, fields)


def open_problems(desk: Office) -> int:
    with desk.session() as session:
        return count_open_problems(session, session.scalars(select(Campaign.id)).one())


@pytest.fixture
def torn(desk: Office) -> Office:
    """Sheet 1 whole, the front of sheet 2 with a torn code, its back, sheet 4 whole."""
    upload(desk, (scan_bytes([*sides([1]), TORN, {"serial": 2, "side": 2}, *sides([4])]), "a.pdf"))
    read(desk)
    return desk


def test_no_other_sheet_is_offered_for_a_page_that_bears_its_number(torn: Office) -> None:
    assert states(torn)[1] == (2, "read", None)
    browser = torn.browser("clerk")
    for path in ("/quet/1/trang/2", "/quet/1/trang/2/cho"):
        text = squeezed(browser.get(path).text)
        assert "Trang này đã có số phiếu." in text
        assert "Gán vào phiếu" not in text


def test_the_likeliest_slot_is_the_other_side_of_the_sheet_beside_it(torn: Office) -> None:
    assert states(torn)[2] == (3, "problem", "damaged_code")
    text = squeezed(torn.browser("clerk").get("/quet/1").text)
    first = text.index(f"Gán vào phiếu {serial_text(2)}, mặt trước")
    assert first < text.index(f"Gán vào phiếu {serial_text(3)}, mặt trước")
    assert "bộ này còn thiếu 7 tờ" in text


def test_a_page_is_assigned_read_and_taken_back(torn: Office) -> None:
    answer = post(torn, "/quet/1/trang/3/gan", serial=serial_text(2), side="1")
    assert (answer.status_code, answer.location) == (303, "/quet/1#page-3")
    assert states(torn)[2] == (3, "waiting", None)
    read(torn)
    assert states(torn)[2] == (3, "read", None)
    with torn.session() as session:
        campaign_id = session.scalars(select(Campaign.id)).one()
        assert {answer.sheet_id for answer in accepted_answers(session, campaign_id)} == {1, 2, 4}
        row = session.scalars(select(PageInstruction)).one()
        assert (row.kind, row.sheet_id, row.side, row.given_by) == ("assign", 2, 1, "clerk")
    assert "Lô 1" in torn.browser("clerk").get("/quet/1").text
    assert post(torn, "/quet/1/trang/3/bo-gan").status_code == 303
    read(torn)
    assert states(torn)[2] == (3, "problem", "damaged_code")
    with torn.session() as session:
        assert len(session.scalars(select(Reading).where(Reading.page_id == 3)).all()) == 3  # all are kept


@pytest.mark.parametrize(
    ("serial", "side", "words"),
    [
        ("00002-9", "1", "sai chữ số kiểm tra"),
        ("abc", "1", "không phải số phiếu"),
        (serial_text(999), "1", "chưa từng được in"),
        (serial_text(2), "3", "Chọn mặt trước hoặc mặt sau"),
        (serial_text(2), "", "Chọn mặt trước hoặc mặt sau"),
    ],
)
def test_what_cannot_be_is_refused_in_words(torn: Office, serial: str, side: str, words: str) -> None:
    answer = post(torn, "/quet/1/trang/3/gan", serial=serial, side=side)
    assert answer.status_code == 422
    assert words in answer.text
    assert states(torn)[2] == (3, "problem", "damaged_code")


def test_a_page_that_is_on_its_way_is_left_alone(torn: Office) -> None:
    post(torn, "/quet/1/trang/3/gan", serial=serial_text(2), side="1")
    assert post(torn, "/quet/1/trang/3/xoay", quarters="1").status_code == 409


def test_slots_are_found_by_digits_by_unit_and_by_form(torn: Office) -> None:
    clerk = torn.browser("clerk")
    for words in ("00003", "3", serial_text(3)):
        assert serial_text(3) in clerk.get(f"/quet/1/trang/3/cho?tim={words}", htmx=True).text
    by_unit = clerk.get("/quet/1/trang/3/cho?tim=dai trach cx4", htmx=True).text
    assert by_unit.lstrip().startswith('<div id="slots-3"')
    assert by_unit.count(" mặt trước") == 8
    assert by_unit.index(serial_text(10)) < by_unit.index(serial_text(1))  # what is unread comes first
    nothing = clerk.get("/quet/1/trang/3/cho?tim=khong co", htmx=True).text
    assert "Không có tờ phiếu nào khớp" in nothing
    assert "<title>" in clerk.get("/quet/1/trang/3/cho?tim=3").text


def test_turns_add_up_and_reach_the_reader(torn: Office) -> None:
    for quarters in ("1", "1"):
        assert post(torn, "/quet/1/trang/3/xoay", quarters=quarters).status_code == 303
        read(torn)
    assert post(torn, "/quet/1/trang/3/xoay", quarters="4").status_code == 422
    with torn.session() as session:
        task = reading_task(session, ScanStore(torn.app.extensions["chamdiem"].settings.scans_dir),
                            session.get_one(Page, 3))  # fmt: skip
    assert isinstance(task, ReadTask)
    assert (task.quarters, task.identity) == (2, None)


def test_what_needs_a_rescan_stands_on_the_list_and_stays_open(torn: Office) -> None:
    clerk = torn.browser("clerk")
    before = clerk.get("/quet/can-quet-lai").text
    assert "Phiếu mới quét được một phần" in before  # the torn page may be the missing front
    assert "Vì sao" not in before
    post(torn, "/quet/1/trang/3/xu-ly", resolution="needs_rescan")
    assert open_problems(torn) == 1
    listed = clerk.get("/quet/can-quet-lai").text
    assert "a.pdf" in listed
    post(torn, "/quet/1/trang/3/xu-ly", resolution="voided")
    assert open_problems(torn) == 0


@pytest.fixture
def two_answers(desk: Office) -> Office:
    """The front of sheet 1 twice, with different answers."""
    upload(desk, (scan_bytes([*sides([1]), {"serial": 1, "side": 1, "says": "1"}]), "a.pdf"))
    read(desk)
    return desk


def counted_value(desk: Office) -> str | None:
    with desk.session() as session:
        newest = select(FieldReading.value).join(Reading).join(Page)
        front = newest.where(Page.state == "read", Page.side == 1, FieldReading.field_code == "CX4.1")
        return session.scalars(front.order_by(FieldReading.id.desc())).first()


def test_two_sheets_of_one_serial_stand_side_by_side(two_answers: Office) -> None:
    text = squeezed(two_answers.browser("clerk").get("/quet/1").text)
    assert "1 câu khác nhau" in text
    assert text.count('class="compared"') == 2
    assert "differs" not in text or "<rect" in text
    assert '<th scope="row" class="code">CX4.1</th><td>2</td><td>1</td>' in text


def test_a_person_lets_the_other_copy_count_with_a_reason(two_answers: Office) -> None:
    assert counted_value(two_answers) == "2"
    assert post(two_answers, "/quet/1/trang/3/tinh-ban-nay", reason=" ").status_code == 422
    assert (
        post(two_answers, "/quet/1/trang/3/tinh-ban-nay", reason="bản gốc, bản kia là phô tô").status_code
        == 303
    )
    read(two_answers)
    assert [state for _id, state, _problem in states(two_answers)] == ["duplicate", "read", "read"]
    assert counted_value(two_answers) == "1"
    text = squeezed(two_answers.browser("clerk").get("/quet/1").text)
    assert "Clerk đã chọn bản được tính" in text
    assert "bản gốc, bản kia là phô tô" in text
    post(two_answers, "/quet/1/trang/1/tinh-ban-nay", reason="nhầm")
    read(two_answers)
    assert [state for _id, state, _problem in states(two_answers)] == ["read", "read", "duplicate"]
    assert counted_value(two_answers) == "2"


def test_or_lets_the_first_one_stand(two_answers: Office) -> None:
    assert post(two_answers, "/quet/1/trang/3/xu-ly", resolution="first_counts").status_code == 422
    assert open_problems(two_answers) == 1
    post(two_answers, "/quet/1/trang/3/xu-ly", resolution="first_counts", reason="bản kia là phô tô")
    assert open_problems(two_answers) == 0
    assert counted_value(two_answers) == "2"


def test_a_page_goes_to_the_trash_and_comes_back(two_answers: Office) -> None:
    assert post(two_answers, "/quet/1/trang/1/bo", reason="").status_code == 422
    assert post(two_answers, "/quet/1/trang/1/bo", reason="phô tô").status_code == 303
    read(two_answers)
    assert [state for _id, state, _problem in states(two_answers)] == ["trashed", "read", "read"]
    text = squeezed(two_answers.browser("clerk").get("/quet/1").text)
    assert "3 trang = 2 đã đọc + 0 trùng + 0 trắng + 0 có vấn đề + 1 trong thùng rác" in text
    assert "✔ khớp" in text
    clerk = two_answers.browser("clerk")
    assert "phô tô" in clerk.get("/thung-rac").text
    assert post(two_answers, "/thung-rac/1/khoi-phuc").status_code == 303
    read(two_answers)
    assert states(two_answers)[0] == (1, "problem", "differing_copy")
    assert "Thùng rác trống" in clerk.get("/thung-rac").text
    assert post(two_answers, "/thung-rac/1/khoi-phuc").status_code == 409


def test_a_batch_goes_to_the_trash_and_comes_back(torn: Office) -> None:
    assert post(torn, "/quet/1/bo", reason="quét nhầm chồng").status_code == 303
    assert {state for _id, state, _problem in states(torn)} == {"trashed"}
    clerk = torn.browser("clerk")
    assert "Chưa có lô nào" in clerk.get("/quet").text
    torn.clock.now += dt.timedelta(days=40)
    clerk = torn.browser("clerk")
    torn.browsers.clear()
    assert "đã quá 30 ngày, vẫn còn" in torn.browser("clerk").get("/thung-rac").text
    upload(torn, (scan_bytes([*sides([1]), TORN, {"serial": 2, "side": 2}, *sides([4])]), "a.pdf"))
    with torn.session() as session:
        assert len(session.scalars(select(Page)).all()) == 6
    read(torn)
    assert (
        len([state for _id, state, _p in states(torn) if state == "read"]) == 5
    )  # the same file counts again
    assert post(torn, "/thung-rac/1/khoi-phuc").status_code == 303
    read(torn)
    assert [state for _id, state, _p in states(torn)[:6]] == ["duplicate"] * 2 + ["problem"] + [
        "duplicate"
    ] * 3


def test_settled_answers_are_moved_by_the_administrator_alone(torn: Office) -> None:
    post(torn, "/quet/1/bo", reason="nhầm")
    with torn.session() as session:
        field = session.scalars(select(FieldReading)).first()
        assert field is not None
        item = ReviewItem(
            campaign_id=1, sheet_id=field.sheet_id, field_reading_id=field.id, field_code="CX4.2",
            form_code="CX4", queue="single", position=1, state="done", opened_at=torn.clock.now,
        )  # fmt: skip
        session.add(item)
        session.flush()
        session.add(
            Decision(
                item_id=item.id,
                field_reading_id=field.id,
                actor="reviewer",
                decided_at=torn.clock.now,
                kind="option",
                value="1",
            )
        )
        session.commit()
    refused = post(torn, "/thung-rac/1/khoi-phuc")
    assert refused.status_code == 409
    assert "Lô 1 đã có ô được chốt. Hỏi quản trị để khôi phục." in refused.text
    assert post(torn, "/thung-rac/1/khoi-phuc", username="administrator").status_code == 303
    read(torn)
    refused = post(torn, "/quet/1/bo", reason="nhầm")
    assert "Hỏi quản trị để bỏ vào thùng rác" in refused.text


def test_a_separator_divides_the_stack(desk: Office) -> None:
    stack = [*sides([1, 2]), {"does": "separator"}, {"does": "separator"}, *sides([3]), {"does": "separator"}]
    upload(desk, (scan_bytes(stack), "a.pdf"))
    read(desk)
    clerk = desk.browser("clerk")
    first, second = squeezed(clerk.get("/quet/1").text), squeezed(clerk.get("/quet/2").text)
    assert "7 trang = 4 đã đọc + 0 trùng + 0 trắng + 0 có vấn đề + 3 tờ ngăn" in first
    assert "2 trang = 2 đã đọc" in second
    assert clerk.get("/quet/3").status_code == 404


def test_cover_slips_are_counted_apart(desk: Office) -> None:
    upload(desk, (scan_bytes([{"does": "cover_slip"}, {"does": "cover_slip"}, *sides([1])]), "a.pdf"))
    read(desk)
    page = squeezed(desk.browser("clerk").get("/quet/1").text)
    assert "4 trang = 2 đã đọc + 0 trùng + 0 trắng + 0 có vấn đề + 2 phiếu bìa" in page
    assert open_problems(desk) == 0


def test_a_missing_side_is_not_forgotten_with_its_stack(desk: Office) -> None:
    upload(desk, (scan_bytes([*sides([1]), {"serial": 2, "side": 1}]), "a.pdf"))
    read(desk)
    clerk = desk.browser("clerk")
    assert "1 phiếu thiếu mặt" in squeezed(clerk.get("/quet").text).lower()
    rescans = squeezed(clerk.get("/quet/can-quet-lai").text)
    assert "Phiếu mới quét được một phần" in rescans
    assert "mặt sau" in rescans
    assert "phiếu thiếu mặt" in squeezed(clerk.get("/").text)
    upload(desk, (scan_bytes([{"serial": 2, "side": 2}]), "b.pdf"))
    read(desk)
    assert "thiếu mặt" not in squeezed(clerk.get("/quet").text)
    assert "Không có trang nào cần quét lại." in squeezed(clerk.get("/quet/can-quet-lai").text)


def test_others_cannot_touch_pages(torn: Office) -> None:
    for path in ("trang/3/gan", "trang/3/xoay", "trang/3/bo", "bo", "trang/1/tinh-ban-nay"):
        assert post(torn, f"/quet/1/{path}", username="reviewer").status_code == 403
    assert torn.browser("viewer").get("/thung-rac").status_code == 403
    assert torn.browser("viewer").get("/chup").status_code == 403


def test_after_thirty_days_only_a_command_deletes_and_only_what_nothing_else_uses(torn: Office) -> None:
    context: AppContext = torn.app.extensions[EXTENSION]
    same, other = sides([7]), scan_bytes([{"does": "streak", "n": 1}])
    upload(torn, (scan_bytes(same), "b.pdf"), (other, "c.pdf"))
    read(torn)
    post(torn, "/quet/2/bo", reason="nhầm")
    upload(torn, (scan_bytes(same), "b.pdf"))
    read(torn)
    with torn.session() as session:
        assert list_erasable(session, torn.clock.now) == []
        [batch] = list_erasable(session, torn.clock.now + dt.timedelta(days=31))
        names = erase_batch(session, "root", batch, torn.clock.now)
        session.commit()
        kept = {file.sha256 for file in session.scalars(select(BatchFile).where(BatchFile.batch_id == 3))}
        assert hashlib.sha256(other).hexdigest() in names
        assert not kept & set(names)
        assert list_erasable(session, torn.clock.now + dt.timedelta(days=31)) == []
    context.scan_store.remove(names)
    assert not context.scan_store.path(names[0]).exists()
    assert post(torn, "/thung-rac/1/khoi-phuc").status_code == 409
    assert "Thùng rác trống" in torn.browser("clerk").get("/thung-rac").text


def test_a_separator_can_be_printed(desk: Office) -> None:
    sheet = desk.browser("clerk").get("/quet/to-ngan.pdf")
    assert (sheet.status_code, sheet.mimetype, sheet.data[:5]) == (200, "application/pdf", b"%PDF-")


def test_the_folder_panel_says_what_happens(desk: Office) -> None:
    clerk, context = desk.browser("clerk"), desk.app.extensions[EXTENSION]
    assert "Thư mục quét: chưa đặt." in clerk.get("/quet").text
    folder = context.settings.data_dir / "share"
    folder.mkdir()
    desk.app.extensions[EXTENSION] = replace(context, settings=replace(context.settings, scan_folder=folder))
    assert "chưa có máy đọc trông thư mục" in clerk.get("/quet").text

    def commit(work: Callable[[Session], object]) -> object:
        with context.write_sessions.begin() as session:
            return work(session)

    watch = FolderWatch(folder, context.scan_store, commit, FolderTimes())
    (folder / "a.pdf").write_bytes(b"%PDF-1.7 still growing")
    watch.look(desk.clock.now, 0)
    panel = clerk.get("/quet/thu-muc", htmx=True).text
    assert panel.lstrip().startswith('<section id="folder"')
    assert "đang chờ máy ghi xong" in panel


def test_a_full_disk_is_said_in_words_and_nothing_is_half_there(desk: Office) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        answer = upload(desk, (b"%PDF-1.7 " + bytes(400_000), "lon.pdf"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert answer.status_code == 507
    assert "Đĩa của máy chủ đã đầy, nên tệp chưa được nhận. Các lô trước vẫn còn nguyên." in answer.text
    assert "Chưa có lô nào" in desk.browser("clerk").get("/quet").text
    assert upload(desk, (scan_bytes(sides([1])), "a.pdf")).status_code == 303
