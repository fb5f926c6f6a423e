"""A unit at its browser: drafts, evidence, sending, the receipt; hostile uploads; other units' addresses."""

import datetime as dt
import hashlib
import io
import re
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.clients import Browser, Office
from tests.worlds.documents import HTML, SVG, image_bytes, office_bytes, pdf_bytes
from tests.worlds.self_scored import add_schemes, complete_draft, send_everything
from tests.worlds.small import SmallWorld
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import EvidenceFile, EvidenceLink, SelfScoreEntry, Submission
from webapp.persistence.campaign import Campaign, Unit
from webapp.services import evidence
from webapp.services.appraisal import Decision, appraise_component, finish_appraisal
from webapp.services.unit_scores import load_unit_scores

UNIT, OTHER = "unit-19186", "unit-19111"
RATIO = "1.1.3"
FACTS = {"fact-numerator": "17", "fact-denominator": "20"}


@pytest.fixture(autouse=True)
def schemes(office: Office, now: dt.datetime) -> None:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        add_schemes(session, SmallWorld(campaign, {}, {}), now)
        session.commit()


def count(office: Office, table: type) -> int:
    with office.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def upload(
    browser: Browser, content: bytes, name: str, *, htmx: bool = True, page: str = ""
) -> tuple[int, str]:
    fields = {"files": (io.BytesIO(content), name), "page_number": page}
    answer = browser.post(f"/tu-cham/{RATIO}/tep", fields, htmx=htmx)
    answer.request.environ["wsgi.input"].close()  # the test client's own copy of a large body
    return answer.status_code, answer.text


def uploaded(office: Office, username: str = UNIT) -> EvidenceFile:
    status, _ = upload(office.browser(username), pdf_bytes(3), "KH-12.pdf")
    assert status == 200
    with office.session() as session:
        return (
            session.scalars(select(EvidenceFile).order_by(EvidenceFile.id.desc())).first() or EvidenceFile()
        )


def send_unit(office: Office, code: str = "19186") -> None:
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == code)).one()
        send_everything(session, unit, f"unit-{code}", office.clock())
        session.commit()


def test_the_catalogue_names_every_component_of_the_units_level(office: Office) -> None:
    commune = office.browser(UNIT).get("/tu-cham").text
    assert "Đã đủ 0/40 tiêu chí" in commune
    assert "Điều tra XHH" in commune
    assert 'href="/tu-cham/1.7.1"' not in commune, "survey components are not self-scored"
    assert "Đã đủ 0/28 tiêu chí" in office.browser("unit-nv").get("/tu-cham").text


@pytest.mark.parametrize("path", ["", "/gui", f"/{RATIO}", "/1.1.1", "/1.3.2", "/1.5.1", "/2.1.1"])
def test_reading_writes_nothing(path: str, office: Office) -> None:
    for htmx in (False, True):
        assert office.browser(UNIT).get(f"/tu-cham{path}", htmx=htmx).status_code == 200
    assert count(office, SelfScoreEntry) == count(office, Submission) == 0


def test_autosave_answers_with_the_points_in_words(office: Office) -> None:
    answer = office.browser(UNIT).post(f"/tu-cham/{RATIO}/nhap", FACTS, htmx=True)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<section id="points"')
    for words in ("1,70", "17/20 × 2 = 1,7 điểm", "Thiếu minh chứng", "Đã lưu 09:12"):
        assert words in answer.text
    assert "<html" not in answer.text


def test_a_draft_of_an_earlier_day_says_the_day(office: Office) -> None:
    office.browser(UNIT).post(f"/tu-cham/{RATIO}/nhap", FACTS, htmx=True)
    assert "Đã lưu 09:12" in office.browser(UNIT).get(f"/tu-cham/{RATIO}").text
    office.clock.now += dt.timedelta(days=1)
    office.browsers.clear()
    assert "Đã lưu 16/03/2021 09:12" in office.browser(UNIT).get(f"/tu-cham/{RATIO}").text


def test_autosave_never_refuses_what_was_typed(office: Office) -> None:
    browser = office.browser(UNIT)
    wrong = {"fact-numerator": "mười <b>bảy</b>", "fact-denominator": "2.0.3"}
    answer = browser.post(f"/tu-cham/{RATIO}/nhap", wrong, htmx=True)
    assert answer.status_code == 200
    assert "phải là số nguyên" in answer.text
    page = browser.get(f"/tu-cham/{RATIO}").text
    assert 'value="mười &lt;b&gt;bảy&lt;/b&gt;"' in page
    assert 'value="2.0.3"' in page


def test_an_ambiguous_amount_offers_both_readings(office: Office) -> None:
    answer = office.browser("unit-nv").post(
        "/tu-cham/6.1.3/nhap", {"fact-numerator": "1.234", "fact-denominator": "2000,5"}, htmx=True
    )
    assert "1234 hoặc 1,234" in answer.text


def test_save_and_go_on(office: Office) -> None:
    browser = office.browser(UNIT)
    complete = FACTS | {"explanation": "Theo báo cáo số 5"}
    answer = browser.post(f"/tu-cham/{RATIO}", complete)
    assert (answer.status_code, answer.location) == (303, "/tu-cham/1.2.1")
    answer = browser.post(f"/tu-cham/{RATIO}", FACTS)
    assert (answer.status_code, answer.location) == (303, f"/tu-cham/{RATIO}?xem=1")
    assert f"Tiêu chí {RATIO} cần tài liệu kiểm chứng hoặc giải trình." in browser.get(answer.location).text
    last = browser.post("/tu-cham/8.1.1", {})
    assert last.status_code == 404, "a survey component"


def colleague(office: Office) -> Browser:
    """A second officer of xã Đại Trạch."""
    with office.session() as session:
        first = session.scalars(select(User).where(User.username == UNIT)).one()
        session.add(
            User(
                username="unit-19186-b",
                display_name="Trần Thị Bình",
                role=first.role,
                unit_id=first.unit_id,
                password_hash=first.password_hash,
            )
        )
        session.commit()
    return office.browser("unit-19186-b")


def seen(text: str) -> str:
    """The revision that a page or an autosave's answer carries."""
    found = re.search(r'name="seen_revision"[^>]* value="(-?\d+)"', text)
    assert found is not None
    return found[1]


def test_two_officers_of_a_unit_overwrite_nothing(office: Office) -> None:
    mine, hers = office.browser(UNIT), colleague(office)
    shown = seen(mine.get(f"/tu-cham/{RATIO}").text)
    assert seen(hers.get(f"/tu-cham/{RATIO}").text) == shown == "0"
    theirs = FACTS | {"explanation": "Theo báo cáo số 7", "seen_revision": shown}
    assert hers.post(f"/tu-cham/{RATIO}/nhap", theirs, htmx=True).status_code == 200
    typed = {
        "fact-numerator": "13",
        "fact-denominator": "20",
        "explanation": "Theo sổ <b>",
        "seen_revision": shown,
    }
    for path, htmx in ((f"/tu-cham/{RATIO}/nhap", True), (f"/tu-cham/{RATIO}", False)):
        answer = mine.post(path, typed, htmx=htmx)
        assert answer.status_code == 409
        for words in ("Hai người cùng nhập", "Trần Thị Bình lưu lúc", "<dd>17</dd>", "Theo báo cáo số 7"):
            assert words in answer.text
        assert ("<html" in answer.text) != htmx
    assert 'value="13"' in answer.text, "what was typed stands in the form"
    assert "Theo sổ &lt;b&gt;" in answer.text
    assert seen(answer.text) == "0", "typing on is a conflict still"
    assert count(office, SelfScoreEntry) == 1
    over = re.search(r'name="over_revision" value="(\d+)"', answer.text)
    assert over is not None
    assert mine.post(f"/tu-cham/{RATIO}", typed | {"over_revision": over[1]}).status_code == 303
    assert count(office, SelfScoreEntry) == 2, "the colleague's revision is kept"
    assert 'value="13"' in hers.get(f"/tu-cham/{RATIO}").text


def test_a_form_never_meets_its_own_autosaves(office: Office) -> None:
    browser = office.browser(UNIT)
    shown = seen(browser.get(f"/tu-cham/{RATIO}").text)
    for number in range(3):
        office.clock.now += dt.timedelta(minutes=5)
        typed = FACTS | {"explanation": f"Lần {number}", "seen_revision": shown}
        answer = browser.post(f"/tu-cham/{RATIO}/nhap", typed, htmx=True)
        assert answer.status_code == 200
        assert 'hx-swap-oob="true"' in answer.text[answer.text.index('id="seen-revision"') :].split(">")[0]
        last, shown = shown, seen(answer.text)
    pressed = FACTS | {"explanation": "Lần 2, sửa", "seen_revision": last}
    assert browser.post(f"/tu-cham/{RATIO}", pressed).status_code == 303, "before the autosave's answer came"
    office.clock.now += dt.timedelta(minutes=5)
    old_tab = FACTS | {"explanation": "Từ hôm qua", "seen_revision": "1"}
    assert browser.post(f"/tu-cham/{RATIO}/nhap", old_tab, htmx=True).status_code == 409, "an old tab"
    same = FACTS | {"explanation": "Lần 2, sửa", "seen_revision": "1"}
    assert browser.post(f"/tu-cham/{RATIO}/nhap", same, htmx=True).status_code == 200, "the same words"


@pytest.mark.parametrize("odd", ["9" * 5000, "-1", "", "٣", "1e3"])
def test_an_odd_revision_is_one_that_nobody_saw(odd: str, office: Office) -> None:
    hers = colleague(office)
    hers.post(f"/tu-cham/{RATIO}/nhap", FACTS, htmx=True)
    typed = {"fact-numerator": "13", "seen_revision": odd}
    assert office.browser(UNIT).post(f"/tu-cham/{RATIO}/nhap", typed, htmx=True).status_code == 409


def test_evidence_is_uploaded_cited_reused_and_dropped(office: Office) -> None:
    browser = office.browser(UNIT)
    browser.post(f"/tu-cham/{RATIO}/nhap", FACTS, htmx=True)
    status, fragment = upload(browser, pdf_bytes(3), "KH-12.pdf", page="2")
    assert status == 200
    assert "KH-12.pdf" in fragment
    assert re.search(r"· [1-9]\d? kB</span>", fragment), "a small file is not “0,0 MB”"
    assert "tr. 2" in fragment
    assert 'id="points" hx-swap-oob="true"' in fragment, "the state beside the points follows"
    with office.session() as session:
        file = session.scalars(select(EvidenceFile)).one()
    answer = browser.post("/tu-cham/1.1.1/tep/dung-lai", {"file_id": str(file.id), "page_number": "3"})
    assert (answer.status_code, answer.location) == (303, "/tu-cham/1.1.1#evidence")
    page = browser.get("/tu-cham/1.1.1").text
    assert "tr. 3" in page
    link = re.search(r"/tu-cham/1\.1\.1/tep/(\d+)/bo", page)
    assert link is not None
    assert "Chưa có tệp nào" in browser.post(link[0], htmx=True).text
    assert browser.post(link[0], htmx=True).status_code == 404, "gone already"
    assert (count(office, EvidenceFile), count(office, EvidenceLink)) == (1, 3)


def test_a_file_is_served_as_a_download_and_its_pages_as_pictures(office: Office) -> None:
    file = uploaded(office)
    browser = office.browser(UNIT)
    original = browser.get(f"/tu-cham/tep/{file.id}")
    picture = browser.get(f"/tu-cham/tep/{file.id}/trang/2")
    assert original.headers["Content-Disposition"].startswith("attachment; filename=KH-12.pdf")
    assert original.mimetype == "application/pdf"
    assert hashlib.sha256(original.data).hexdigest() == file.sha256
    assert picture.mimetype == "image/jpeg"
    for answer in (original, picture):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
        answer.close()
    assert browser.get(f"/tu-cham/tep/{file.id}/trang/4").status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "status", "sentence"),
    [
        (HTML, "KH-12.pdf", 422, "không phải PDF"),
        (SVG, "anh.png", 422, "không phải PDF"),
        (b"", "rong.pdf", 422, "rỗng"),
        (pdf_bytes(password="x"), "khoa.pdf", 422, "có mật khẩu"),
        (b"%PDF-1.4 garbage", "hong.pdf", 422, "bị hỏng"),
        (office_bytes("xl/workbook.xml", "xl/vbaProject.bin"), "so-lieu.xlsx", 422, "macro"),
        (b"%PDF-" + bytes(20_000_000), "to.pdf", 413, "giới hạn 20 MB. Chia làm hai"),
    ],
)
def test_hostile_uploads_get_a_sentence_and_leave_nothing(
    content: bytes, name: str, status: int, sentence: str, office: Office
) -> None:
    for htmx in (True, False):
        got, text = upload(office.browser(UNIT), content, name, htmx=htmx)
        assert got == status
        assert sentence in text
        assert name in text
    assert count(office, EvidenceFile) == count(office, EvidenceLink) == 0


def test_the_good_files_of_a_mixed_upload_are_kept(office: Office) -> None:
    fields = {"files": [(io.BytesIO(image_bytes()), "anh.png"), (io.BytesIO(HTML), "x.pdf")]}
    answer = office.browser(UNIT).post(f"/tu-cham/{RATIO}/tep", fields, htmx=True)
    assert answer.status_code == 422
    assert "“x.pdf” không phải PDF" in answer.text
    assert "anh.png" in answer.text
    assert count(office, EvidenceLink) == 1


def test_ten_files_at_a_time_are_enough(office: Office) -> None:
    for number, status in ((evidence.MAX_FILES + 1, 422), (evidence.MAX_FILES, 200)):
        files = [(io.BytesIO(image_bytes(size=(40, 30 + nth))), f"{nth}.png") for nth in range(number)]
        answer = office.browser(UNIT).post(f"/tu-cham/{RATIO}/tep", {"files": files}, htmx=True)
        assert answer.status_code == status
        assert ("lần này có 11 tệp nên chưa nhận tệp nào" in answer.text) == (status == 422)
        assert count(office, EvidenceFile) == (0 if status == 422 else number)


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/x.pdf", "..\\..\\x.pdf", "/etc/passwd", "x.pdf\x00.html", "'><script>x.pdf"]
)
def test_names_cannot_leave_the_store_or_the_page(name: str, office: Office) -> None:
    status, text = upload(office.browser(UNIT), pdf_bytes(), name)
    assert status == 200
    assert "<script>" not in text
    with office.session() as session:
        kept = session.scalars(select(EvidenceFile)).one()
    assert "/" not in kept.name
    assert "\\" not in kept.name
    assert kept.name.endswith(".pdf")
    answer = office.browser(UNIT).get(f"/tu-cham/tep/{kept.id}")
    disposition = answer.headers["Content-Disposition"]
    answer.close()
    assert disposition.startswith("attachment;")
    assert "\n" not in disposition


def test_a_page_number_that_is_none_keeps_the_file_and_says_so(office: Office) -> None:
    status, text = upload(office.browser(UNIT), pdf_bytes(), "KH.pdf", page="hai")
    assert status == 422
    assert "Số trang “hai”" in text
    assert (count(office, EvidenceFile), count(office, EvidenceLink)) == (1, 0)


def test_others_can_save_while_pages_are_drawn(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_while_another_unit_saves(_path: object, page_count: int) -> list[bytes]:
        answer = office.browser(OTHER).post(f"/tu-cham/{RATIO}/nhap", FACTS, htmx=True)
        assert answer.status_code == 200
        return [b"\xff\xd8\xff\xd9"] * page_count

    monkeypatch.setattr(evidence, "draw_pages", draw_while_another_unit_saves)
    assert upload(office.browser(UNIT), pdf_bytes(2), "KH-12.pdf")[0] == 200
    assert (count(office, SelfScoreEntry), count(office, EvidenceLink)) == (1, 1)


def test_sending_with_gaps_names_them_and_links_to_them(office: Office) -> None:
    browser = office.browser(UNIT)
    browser.post(f"/tu-cham/{RATIO}/nhap", FACTS | {"explanation": "x"}, htmx=True)
    answer = browser.post("/tu-cham/gui")
    assert answer.status_code == 422
    assert "Còn 39 tiêu chí chưa đủ: 1.1.1, 1.1.2, 1.2.1" in answer.text
    assert 'href="/tu-cham/1.1.1?xem=1"' in answer.text
    assert browser.get("/tu-cham/bien-nhan").status_code == 404


def test_sent_receipt_locked(office: Office) -> None:
    browser = office.browser(UNIT)
    with office.session() as session:
        scores = load_unit_scores(
            session, session.scalars(select(Unit).where(Unit.code == "19186")).one(), office.clock()
        )
    for component in scores.own:
        draft = complete_draft(component.component)
        fields = {f"fact-{code}": text for code, text in draft.typed.items()} | {
            "explanation": draft.explanation
        }
        assert browser.post(f"/tu-cham/{component.component.code}/nhap", fields, htmx=True).status_code == 200
    assert "Gửi bản tự chấm" in browser.get("/tu-cham/gui").text
    answer = browser.post("/tu-cham/gui")
    assert (answer.status_code, answer.location) == (303, "/tu-cham/bien-nhan")
    receipt = browser.get(answer.location).text
    content = browser.get("/tu-cham/bien-nhan/noi-dung").data
    assert hashlib.sha256(content).hexdigest() in receipt
    assert "16/03/2021 09:12" in receipt
    assert "Unit-19186" in receipt, "the sender's name, not the account's"
    late = browser.post(f"/tu-cham/{RATIO}/nhap", FACTS, htmx=True)
    assert late.status_code == 409
    assert "không sửa được nữa" in late.text
    assert upload(browser, pdf_bytes(), "a.pdf")[0] == 409
    assert browser.post("/tu-cham/gui").status_code == 409


def test_the_deadline_locks_with_a_clear_sentence(office: Office) -> None:
    browser = office.browser(UNIT)
    browser.post(f"/tu-cham/{RATIO}/nhap", FACTS, htmx=True)
    office.clock.now += dt.timedelta(days=4)
    browser = office.browser("unit-nv")
    page = browser.get("/tu-cham/1.1.2").text
    assert "Hạn gửi 17:00 19/03/2021 đã qua" in page
    assert "Lưu và tiếp" not in page
    refused = browser.post("/tu-cham/1.1.2/nhap", FACTS, htmx=True)
    assert refused.status_code == 409
    assert "vẫn được giữ" in refused.text


def test_the_head_gives_more_time_and_says_why(office: Office) -> None:
    office.browser(UNIT).post(f"/tu-cham/{RATIO}/nhap", FACTS, htmx=True)
    office.clock.now += dt.timedelta(days=4)
    unit, head = office.browser("unit-nv"), office.browser("head")
    assert unit.post("/tu-cham/1.1.2/nhap", FACTS, htmx=True).status_code == 409
    page = head.get("/tu-cham/han").text
    for words in ("Đã qua", "Xã Đại Trạch", "đã nhập 1/40 tiêu chí"):
        assert words in page
    more = {"day": "22/03/2021", "clock": "11:30", "reason": "Mưa lũ, ba xã mất điện"}
    answer = head.post("/tu-cham/han", more)
    assert (answer.status_code, answer.location) == (303, "/tu-cham/han")
    page = head.get(answer.location).text
    for words in ("22/03/2021 11:30", "Còn hạn", "Mưa lũ, ba xã mất điện", "Head: từ 19/03/2021 17:00"):
        assert words in page
    assert unit.post("/tu-cham/1.1.2/nhap", FACTS, htmx=True).status_code == 200


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"day": "15/03/2021"}, "Hạn mới phải sau lúc này"),
        ({"day": "19/03/2021"}, "khác hạn đang có (17:00 19/03/2021)"),
        ({"day": "31/12/9999"}, "không quá một năm"),
        ({"day": "31/02/2021"}, "không phải ngày, giờ"),
        ({"day": "2021-03-22"}, "không phải ngày, giờ"),
        ({"clock": "25:00"}, "không phải ngày, giờ"),
        ({"reason": "  "}, "Ghi lý do đổi hạn"),
    ],
)
def test_an_extension_that_makes_no_sense_is_refused(
    change: dict[str, str], sentence: str, office: Office
) -> None:
    fields = {"day": "22/03/2021", "clock": "17:00", "reason": "Mưa lũ"} | change
    answer = office.browser("head").post("/tu-cham/han", fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{fields["day"]}"' in answer.text
    with office.session() as session:
        due_at = session.scalars(select(Campaign)).one().self_score_due_at
    assert due_at == dt.datetime(2021, 3, 19, 10, tzinfo=dt.UTC)


def test_a_slip_in_the_deadline_is_put_right_and_both_values_stay_on_record(office: Office) -> None:
    head = office.browser("head")
    for day in ("22/12/2021", "22/03/2021", "18/03/2021"):
        fields = {"day": day, "clock": "17:00", "reason": f"Đổi sang {day}"}
        assert head.post("/tu-cham/han", fields).status_code == 303
    page = head.get("/tu-cham/han").text
    assert "từ 22/12/2021 17:00 sang 22/03/2021 17:00" in page
    assert "từ 22/03/2021 17:00 sang 18/03/2021 17:00" in page, "earlier than at first, but still to come"


@pytest.mark.parametrize("who", ["unit-nv", "clerk", "reviewer", "appraiser", "viewer", "administrator"])
def test_only_the_head_gives_more_time(who: str, office: Office) -> None:
    browser = office.browser(who)
    fields = {"day": "22/03/2021", "clock": "17:00", "reason": "x"}
    assert browser.get("/tu-cham/han").status_code == browser.post("/tu-cham/han", fields).status_code == 403


def test_the_unit_sees_the_appraisal_once_it_is_finished(office: Office) -> None:
    send_unit(office)
    browser = office.browser(UNIT)
    with office.session() as session:
        judge = session.scalars(select(User).where(User.username == "appraiser")).one()
        unit = session.scalars(select(Unit).where(Unit.code == "19186")).one()
        for scores in load_unit_scores(session, unit, office.clock()).own:
            assert scores.entry is not None
            lowered = scores.component.code == "1.1.1"
            points = Decimal("0.50") if lowered else scores.entry.points
            decision = Decision(points, False, "Ký chậm 20 ngày" if lowered else "", 0)
            appraise_component(
                session, judge, unit, scores.component.code, decision=decision, now=office.clock()
            )
        session.commit()
        assert "Ký chậm" not in browser.get("/tu-cham/1.1.1").text
        finish_appraisal(session, judge, unit, office.clock())
        session.commit()
    page = browser.get("/tu-cham/1.1.1").text
    for words in ("Kết quả thẩm định", "0,50", "−0,50", "Ký chậm 20 ngày"):
        assert words in page
    assert "(tự chấm 1,00)" in browser.get("/tu-cham").text


def addresses(app: Flask) -> list[tuple[str, str]]:
    """Every method and rule of the feature."""
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/tu-cham") and not rule.rule.startswith("/tu-cham/han")  # the head's page
        for method in (rule.methods or set()) & {"GET", "POST"}
    ]


def test_another_units_files_and_links_do_not_exist(office: Office) -> None:
    file = uploaded(office)
    with office.session() as session:
        link = session.scalars(select(EvidenceLink)).one()
    browser = office.browser(OTHER)
    for number, absent in ((file.id, 9999), (link.id, 9999)):
        for path in ("/tu-cham/tep/{}", "/tu-cham/tep/{}/trang/1", f"/tu-cham/{RATIO}/tep/{{}}/bo"):
            method = browser.post if path.endswith("bo") else browser.get
            theirs, nobodys = method(path.format(number)), method(path.format(absent))
            assert theirs.status_code == nobodys.status_code == 404
            assert strip_tokens(theirs.text) == strip_tokens(nobodys.text), "not even a different error"
    reuse = browser.post(f"/tu-cham/{RATIO}/tep/dung-lai", {"file_id": str(file.id)})
    assert reuse.status_code == 404
    assert "KH-12.pdf" not in browser.get(f"/tu-cham/{RATIO}").text
    assert count(office, EvidenceLink) == 1


def strip_tokens(page: str) -> str:
    """The page without what differs by address or request."""
    return re.sub(r'name="next" value="[^"]*"|csrf_token" value="[^"]*"|X-CSRF-Token[^}]*', "", page)


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**40])
def test_numbers_that_no_page_ever_showed_are_not_found(number: int, office: Office) -> None:
    browser = office.browser(UNIT)
    for path in (f"/tep/{number}", f"/tep/{number}/trang/1", f"/tep/1/trang/{number}"):
        assert browser.get(f"/tu-cham{path}").status_code == 404
    assert browser.post(f"/tu-cham/{RATIO}/tep/{number}/bo").status_code == 404
    assert browser.post(f"/tu-cham/{RATIO}/tep/dung-lai", {"file_id": str(number)}).status_code == 404


@pytest.mark.parametrize(
    "text", ["\x00", "a\x00b", "\ud83d", "💣" * 3000, "\u202egpj", "{{ 7*7 }}", "%(x)s %s %"]
)
def test_odd_text_is_kept_or_cleaned_but_never_a_fault(text: str, office: Office) -> None:
    browser = office.browser(UNIT)
    typed = text.encode("utf-8", "replace").decode()
    fields = FACTS | {"explanation": typed, "fact-numerator": typed}
    answer = browser.post(f"/tu-cham/{RATIO}/nhap", fields, htmx=True)
    assert answer.status_code == 200
    page = browser.get(f"/tu-cham/{RATIO}")
    assert page.status_code == 200
    assert "49" not in page.text.split("<textarea")[1]


@pytest.mark.parametrize("who", ["clerk", "reviewer", "appraiser", "head", "viewer", "administrator"])
def test_only_units_self_score(who: str, office: Office) -> None:
    file = uploaded(office)
    for method, rule in addresses(office.app):
        path = rule.replace("<code>", RATIO).replace("<int:link_id>", "1").replace("<int:page_number>", "1")
        path = path.replace("<int:file_id>", str(file.id))
        browser = office.browser(who)
        answer = browser.get(path) if method == "GET" else browser.post(path)
        assert answer.status_code == 403, (method, path)


def test_strangers_are_sent_to_sign_in(office: Office) -> None:
    file = uploaded(office)
    answer = office.browser().get(f"/tu-cham/tep/{file.id}")
    assert answer.status_code == 303
    assert answer.location.startswith("/dang-nhap")
