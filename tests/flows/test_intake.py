"""A clerk's afternoon: hands stacks in, sees them read, sees what is wrong and what is missing."""

import datetime as dt
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from sqlalchemy import select

from ocr.sheet_code import serial_text
from tests.clients import Office
from tests.jobs.carrier import carry_all, make_ledger
from tests.jobs.fake_reader import FakeEngine, scan_bytes, sides
from tests.worlds.printed_sheets import print_sheets
from tests.worlds.small import SmallWorld
from webapp.http.context import EXTENSION, AppContext
from webapp.jobs.tasks import Engine
from webapp.persistence.campaign import Campaign, Sheet
from webapp.persistence.readings import Reading
from webapp.persistence.scans import BatchFile, Page
from webapp.persistence.verification import ANSWER_QUEUES, ReviewItem
from webapp.services.verification import enqueue_reading
from webapp.worker import PaperEngine

SERIALS = range(1, 11)


@pytest.fixture
def desk(office: Office) -> Office:
    """Ten printed sheets of xã Đại Trạch."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        world = SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, {})
        print_sheets(session, world, len(SERIALS), office.clock())
        session.commit()
    return office


def upload(desk: Office, *files: tuple[bytes, str], declared: str = "", **options: Any) -> Any:
    fields = {
        "files": [(io.BytesIO(content), name) for content, name in files],
        "declared_sheets": declared,
    }
    return desk.browser("clerk").post("/quet", fields, content_type="multipart/form-data", **options)


def read(desk: Office, engine: Engine | None = None) -> None:
    context: AppContext = desk.app.extensions[EXTENSION]
    ledger = make_ledger(context.write_sessions, context.scan_store, desk.clock)
    carry_all(ledger, engine or FakeEngine(context.settings.scans_dir))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_nothing_yet(desk: Office) -> None:
    page = desk.browser("clerk").get("/quet")
    assert page.status_code == 200
    assert "Chưa có lô nào" in page.text


def test_a_stack_is_handed_in_read_and_balanced(desk: Office) -> None:
    answer = upload(
        desk,
        (scan_bytes([*sides([1, 2, 1]), {"does": "blank"}, {"does": "poor_image"}]), "a.pdf"),
        declared="3",
    )
    assert (answer.status_code, answer.location) == (303, "/quet/1")
    clerk = desk.browser("clerk")
    waiting = clerk.get("/quet/1").text
    assert 'hx-trigger="load delay:2s"' in waiting
    assert "đã tải lên" in waiting
    assert "Máy đọc phiếu đang không chạy" in waiting
    read(desk)
    done = clerk.get("/quet/1").text
    assert 'hx-trigger="load delay:2s"' not in done
    assert (
        '8 trang = 4 đã đọc + 2 trùng + 1 trắng + 1 có vấn đề <strong class="fits">✔ khớp</strong>'
        in squeezed(done)
    )
    assert "Nhận ra 2 tờ phiếu khác nhau." in done
    assert "Thiếu 1 tờ so với số khai" in done
    assert "Ảnh quá mờ, quá tối hoặc bị hỏng." in done
    assert "2 trang trùng, không tính hai lần" in done
    assert "8 trang = 4 đã đọc" in squeezed(clerk.get("/quet").text)


def test_a_fragment_is_the_middle_of_its_page(desk: Office) -> None:
    upload(desk, (scan_bytes(sides([1])), "a.pdf"))
    clerk = desk.browser("clerk")
    for path, root in (("/quet", '<section id="batches"'), ("/quet/1", '<div id="batch"')):
        fragment = clerk.get(path, htmx=True).text
        assert fragment.lstrip().startswith(root)
        assert "<html" not in fragment


def test_the_clerk_is_told_how_many_answers_wait_and_sees_none(desk: Office) -> None:
    upload(desk, (scan_bytes(sides([1, 2])), "a.pdf"))
    upload(desk, (scan_bytes(sides([3])), "b.pdf"))
    clerk = desk.browser("clerk")
    assert "phải có người xem" not in clerk.get("/quet/1").text, "nothing was read yet"
    read(desk)
    ask_reviewers(desk)
    text = squeezed(clerk.get("/quet/1").text)
    assert "2 ô phải có người xem:</strong> 2 đang chờ người rà soát, 0 đã xong." in text
    assert "2 ý kiến viết tay chờ nhập." in text
    assert "/ra-soat" not in text, "a clerk does not get in there"
    assert "CX4.2" not in text
    assert "1 ô phải có người xem:</strong> 1 đang chờ" in squeezed(clerk.get("/quet/2").text)
    settle(desk, serial=1, state="done")
    assert "1 đang chờ người rà soát, 1 đã xong." in squeezed(clerk.get("/quet/1").text)
    settle(desk, serial=2, state="dropped")
    assert "✔ 1 ô phải có người xem, người rà soát đã làm xong." in squeezed(clerk.get("/quet/1").text)
    settle(desk, serial=1, state="dropped")
    assert "Không có ô nào phải có người xem." in squeezed(clerk.get("/quet/1").text)
    clerk.post("/ngon-ngu", {"locale": "en"})
    assert "1 answer needs a person:" in clerk.get("/quet/2").text


def ask_reviewers(desk: Office) -> None:
    """Open the items of all readings, as the worker does with each."""
    with desk.session() as session:
        for reading in session.scalars(select(Reading).order_by(Reading.id)).all():
            enqueue_reading(session, reading, desk.clock())
            session.flush()
        session.commit()


def settle(desk: Office, serial: int, state: str) -> None:
    """What becomes of this sheet's doubtful answer."""
    with desk.session() as session:
        answer = (Sheet.serial == serial, ReviewItem.queue.in_(ANSWER_QUEUES))
        item = session.scalars(select(ReviewItem).join(Sheet, Sheet.id == ReviewItem.sheet_id).where(*answer))
        item.one().state = state
        session.commit()


def test_missing_sides_and_sheets_are_named(desk: Office) -> None:
    upload(desk, (scan_bytes([*sides([1, 3]), {"serial": 2, "side": 1}]), "a.pdf"))
    read(desk)
    text = squeezed(desk.browser("clerk").get("/quet/1").text)
    assert "Phiếu 00002-0 thiếu mặt sau." in text or "thiếu mặt sau." in text
    assert "còn thiếu 7 trong 10 phiếu" in text
    assert "00004-" in text
    upload(desk, (scan_bytes([{"serial": 2, "side": 2}]), "b.pdf"))
    read(desk)
    assert "thiếu mặt sau" not in desk.browser("clerk").get("/quet/1").text


def test_the_same_file_again_is_shown_with_its_first_batch(desk: Office) -> None:
    content = scan_bytes(sides([1]))
    upload(desk, (content, "a.pdf"))
    desk.clock.now += dt.timedelta(minutes=30)
    upload(desk, (content, "b.pdf"))
    read(desk)
    text = squeezed(desk.browser("clerk").get("/quet/2").text)
    assert "Tệp này đã nhận lúc 16/03/2021 09:12 (Lô 1), không tính hai lần." in text
    assert 'href="/quet/1"' in text
    with desk.session() as session:
        assert len(session.scalars(select(Page)).all()) == 2


def test_a_copy_of_a_refused_file_is_refused_in_the_same_words(desk: Office) -> None:
    content = scan_bytes([{"file": "encrypted"}])
    upload(desk, (content, "a.pdf"), (content, "b.pdf"))
    read(desk)
    text = desk.browser("clerk").get("/quet/1").text
    assert text.count("Tệp có mật khẩu.") == 2
    assert "không tính hai lần" not in text


def test_a_rescanned_page_is_said_to_be_read(desk: Office) -> None:
    upload(desk, (scan_bytes([{"serial": 1, "side": 1, "does": "poor_registration"}]), "a.pdf"))
    upload(desk, (scan_bytes(sides([1])), "b.pdf"))
    read(desk)
    text = squeezed(desk.browser("clerk").get("/quet/1").text)
    assert 'đã được đọc từ một bản quét khác (<a href="/quet/2">Lô 2</a>)' in text


def test_what_met_a_fault_of_the_program_is_read_again_at_a_press(desk: Office) -> None:
    upload(desk, (scan_bytes([*sides([1]), {"does": "streak"}]), "a.pdf"), (scan_bytes(sides([2])), "b.pdf"))
    with desk.session() as session:
        file = session.scalars(select(BatchFile).where(BatchFile.original_name == "b.pdf")).one()
        file.state, file.failure_code, file.failures = "refused", "engine_missing", 3
        session.commit()
    read(desk)
    with desk.session() as session:
        page = session.scalars(select(Page).where(Page.side == 2)).one()
        page.state, page.problem, page.sheet_id, page.side, page.failures = (
            "problem",
            "crashed",
            None,
            None,
            3,
        )
        session.commit()
    clerk = desk.browser("clerk")
    text = clerk.get("/quet/1").text
    assert "Chương trình gặp lỗi với trang này" in text
    assert "Chương trình gặp lỗi với tệp này" in text
    assert clerk.post("/quet/1/doc-lai").location == "/quet/1"
    page_text = clerk.get("/quet/1").text
    assert "Đang đọc lại 2 chỗ." in page_text
    read(desk)
    text = squeezed(clerk.get("/quet/1").text)
    assert "5 trang = 4 đã đọc + 0 trùng + 0 trắng + 1 có vấn đề" in text
    assert "doc-lai" not in text


def test_previews_stay_within_their_batch_and_are_not_kept(desk: Office) -> None:
    upload(desk, (scan_bytes([{"does": "poor_image"}]), "a.pdf"))
    upload(desk, (scan_bytes([{"does": "streak"}]), "b.pdf"))
    read(desk)
    clerk = desk.browser("clerk")
    picture = clerk.get("/quet/1/trang/1.jpg")
    assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")
    assert picture.headers["Cache-Control"] == "no-store"
    assert picture.data == b'{"does": "poor_image"}'
    assert clerk.get("/quet/2/trang/1.jpg").status_code == 404
    assert clerk.get("/quet/1/trang/99.jpg").status_code == 404
    assert clerk.get("/quet/9").status_code == 404
    assert desk.browser("reviewer").get("/quet/1/trang/1.jpg").status_code == 403


def test_a_page_is_shown_within_its_frame_and_leads_on_and_back(desk: Office) -> None:
    pages = [*sides([1]), {"serial": 2, "side": 1, "does": "poor_registration"}, *sides([1])]
    upload(desk, (scan_bytes(pages), "a.pdf"))
    read(desk)
    ask_reviewers(desk)
    clerk, ids = desk.browser("clerk"), page_ids(desk)
    strip = clerk.get("/quet/1").text
    assert f'href="/quet/1/trang/{ids[0]}"' in strip
    assert not re.search(r'<a [^>]*href="/quet/1/trang/\d+\.jpg"', strip), "no link leads to a naked picture"
    first, back, torn, copy = (clerk.get(f"/quet/1/trang/{number}") for number in ids[:4])
    assert (first.status_code, first.headers["Cache-Control"]) == (200, "no-store")
    serial = serial_text(1)
    assert f"<title>CX4 · Phiếu {serial}, mặt trước · Lô 1 ·" in first.text
    for words in (">Trang 1/5<", "Xã Đại Trạch", "a.pdf, trang 1", "đọc được, có chỗ máy không chắc"):
        assert words in squeezed(first.text), words
    assert f'<img src="/quet/1/trang/{ids[0]}.jpg"' in first.text
    assert f'href="/quet/1#strip-{ids[0]}"' in first.text
    assert ('rel="prev"' in first.text, f'rel="next" href="/quet/1/trang/{ids[1]}"' in first.text) == (
        False,
        True,
    )
    assert f'rel="prev" href="/quet/1/trang/{ids[0]}"' in back.text
    assert "1 đang chờ người rà soát" in squeezed(back.text), "the item stands on the side read last"
    assert "căn chỉnh kém" in torn.text
    assert f'href="/quet/1#page-{ids[2]}"' in torn.text
    assert f'href="/quet/1/trang/{ids[0]}">Lô 1, trang 1</a>' in squeezed(copy.text), "the copy that counts"


def test_a_page_without_answers_is_called_what_it_is(desk: Office) -> None:
    upload(desk, (scan_bytes([*sides([1]), {"does": "blank"}]), "a.pdf"))
    read(desk)
    screen = desk.browser("clerk").get(f"/quet/1/trang/{page_ids(desk)[-1]}").text
    assert ">Trang 3: trắng</span></h1>" in screen
    assert "không có gì để đọc" in screen
    assert "trang trắng" in screen
    assert 'rel="next"' not in screen


def test_a_page_can_be_seen_large_without_a_script(desk: Office) -> None:
    upload(desk, (scan_bytes(sides([1])), "a.pdf"))
    read(desk)
    number, other = page_ids(desk)
    clerk = desk.browser("clerk")
    fitted, large = (clerk.get(f"/quet/1/trang/{number}{query}").text for query in ("", "?co=lon"))
    assert f'href="/quet/1/trang/{number}?co=lon">Xem cỡ lớn' in fitted
    assert f'href="/quet/1/trang/{number}">Thu vừa khung' in large
    assert ("scanned-large" in fitted, "scanned-large" in large) == (False, True)
    assert f'rel="next" href="/quet/1/trang/{other}?co=lon"' in large, "the next page is large as well"


def test_a_pages_screen_shows_no_answer_and_stays_within_its_batch(desk: Office) -> None:
    upload(desk, (scan_bytes([{"serial": 1, "side": 1, "says": "keyed-elsewhere"}]), "a.pdf"))
    upload(desk, (scan_bytes(sides([2])), "b.pdf"))
    read(desk)
    ask_reviewers(desk)
    clerk, ids = desk.browser("clerk"), page_ids(desk)
    screen = clerk.get(f"/quet/1/trang/{ids[0]}").text
    for answer in ("keyed-elsewhere", "CX4.1", "CX4.2", "no_mark", "không có dấu"):
        assert answer not in screen, answer
    assert clerk.get(f"/quet/2/trang/{ids[0]}").status_code == 404
    assert clerk.get("/quet/1/trang/99").status_code == 404
    for stranger in ("reviewer", "head", "appraiser", "auditor", "administrator"):
        assert desk.browser(stranger).get(f"/quet/1/trang/{ids[0]}").status_code == 403, stranger


def page_ids(desk: Office) -> list[int]:
    with desk.session() as session:
        return list(session.scalars(select(Page.id).order_by(Page.batch_file_id, Page.page_index)))


@pytest.mark.parametrize("username", ["reviewer", "unit-nv", "appraiser", "head", "viewer", "administrator"])
def test_only_clerks_hand_in(desk: Office, username: str) -> None:
    browser = desk.browser(username)
    assert browser.get("/quet").status_code == 403
    assert browser.post("/quet", {"files": (io.BytesIO(b"%PDF-"), "a.pdf")}).status_code == 403


def test_wrong_input_keeps_the_page_and_says_why(desk: Office) -> None:
    nothing = upload(desk)
    assert (nothing.status_code, "Chưa chọn tệp nào." in nothing.text) == (422, True)
    wrong = upload(desk, (b"%PDF-fake\n{}", "a.pdf"), declared="-4")
    assert (wrong.status_code, "phải từ 1 đến 100.000" in wrong.text) == (422, True)
    assert wrong.text.count("<title>Lỗi: ") == 1
    assert 'value="-4"' in wrong.text
    fragment = upload(desk, htmx=True)
    assert fragment.status_code == 422
    assert fragment.text.lstrip().startswith('<section id="upload"')


def test_htmx_is_led_to_the_batch(desk: Office) -> None:
    answer = upload(desk, (scan_bytes(sides([1])), "a.pdf"), htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/quet/1")


def encrypted_pdf() -> bytes:
    out, pdf = io.BytesIO(), pikepdf.new()
    pdf.add_blank_page()
    pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


def zip_file(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("scan.pdf", content)
    return out.getvalue()


def huge_png() -> bytes:
    """A sound header of 25.000 × 20.000 pixels; nobody gets as far as its pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 25_000, 20_000, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def blank_page_pdf() -> bytes:
    out, pdf = io.BytesIO(), pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.save(out)
    return out.getvalue()


def test_hostile_files_each_get_their_sentence_and_the_rest_goes_on(desk: Office) -> None:
    context: AppContext = desk.app.extensions[EXTENSION]
    upload(
        desk,
        (b"\x00\x01garbage" * 500, "rac.pdf"),
        (encrypted_pdf(), "khoa.pdf"),
        (b"", "rong.pdf"),
        (huge_png(), "to.png"),
        (zip_file(b"%PDF-1.7 cut off"), "nen.pdf"),
        (b"%PDF-1.7 cut off", "hong.pdf"),
        (blank_page_pdf(), "tot.pdf"),
    )
    read(desk, PaperEngine(context.settings.forms_dir, context.settings.scans_dir, 10**9))
    text = squeezed(desk.browser("clerk").get("/quet/1").text)
    for sentence in (
        "Đây không phải tệp PDF, TIFF, JPEG, PNG, HEIC hay ZIP.",
        "Tệp có mật khẩu. Mở tệp, bỏ mật khẩu",
        "Tệp rỗng (0 byte).",
        "Ảnh quá lớn hoặc tệp quá nhiều trang",
        "Tệp nén: đã lấy ra 1 tệp.",
    ):
        assert text.count(sentence) == 1, sentence
    assert text.count("Tệp bị hỏng, không mở được.") == 2  # the one in the archive was the same file
    assert "1 trang = 0 đã đọc + 0 trùng + 1 trắng + 0 có vấn đề" in text
    assert "có tệp không nhận" in desk.browser("clerk").get("/quet").text


def test_a_large_upload_goes_to_disk_as_it_is(desk: Office, tmp_path: Path) -> None:
    content = b"%PDF-1.7 " + bytes(30 << 20)
    answer = upload(desk, (content, "lon.pdf"))
    assert answer.status_code == 303
    answer.request.environ["wsgi.input"].close()  # the test client's own copy of the upload
    stored = [path for path in (tmp_path / "scans").rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in stored] == [len(content)]
