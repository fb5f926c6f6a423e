"""Packs and sheets go out and come back: by serial, by code, by what is printed on them, and never twice."""

import datetime as dt
import io

import pytest
from docx import Document
from sqlalchemy import func, select

from ocr.model import SheetIdentity
from ocr.sheet_code import code_text, pack_code, serial_text
from tests.clients import Browser, Office
from tests.flows.test_printing import order, pack_codes, words_of
from webapp.errors import AppError
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign, Sheet, Unit
from webapp.persistence.hand_over import HandOver, HandOverKind, Substitution
from webapp.services import hand_over
from webapp.services.hand_over_lists import list_lines

OFFICER = "Nguyễn Văn A, công chức Văn phòng"


@pytest.fixture
def printed(office: Office) -> Office:
    """CX4 is printed: a pack of 30 sheets for each commune, 1–30 and 31–60."""
    order(office)
    return office


def say(office: Office, typed: str, act: str = "giao", **fields: str) -> tuple[int, str]:
    """A clerk types or scans something into the box."""
    office.clock.now += dt.timedelta(minutes=1)
    fields = {"typed": typed, "act": act, "person": OFFICER, **fields}
    answer = office.browser("clerk").post("/phat-thu", fields, htmx=True)
    return answer.status_code, answer.text


def lines(office: Office) -> dict[str, tuple[int, int, tuple[int, ...]]]:
    """Issued, returned and missing of each pack by code."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        return {
            line.pack.code: (line.reached.issued, line.reached.returned, line.missing_serials)
            for line in list_lines(session, campaign)
        }


def test_a_pack_goes_out_and_comes_back_with_two_sheets_missing(printed: Office) -> None:
    first, second = pack_codes(printed)
    assert _starts(say(printed, first.lower().replace("-", "")), f"Đã giao bộ {first}, 30 tờ, cho") == (
        200,
        True,
    )
    assert lines(printed) == {first: (30, 0, tuple(range(1, 31))), second: (0, 0, ())}
    status, text = say(printed, first, "thu", missing="00005, 7 ")
    assert (status, True) == (200, f"Đã thu bộ {first}, 28 tờ." in text)
    assert lines(printed)[first] == (30, 28, (5, 7))
    page = printed.browser("clerk").get("/phat-thu/noi/19111").text
    assert f'2 ▸ <span class="serials"><span class="code no-wrap">{serial_text(5)}</span>' in page
    assert OFFICER in page
    assert _starts(say(printed, "00005", "thu"), f"Đã thu phiếu {serial_text(5)} (bộ {first}).") == (
        200,
        True,
    )
    assert lines(printed)[first] == (30, 29, (7,))


@pytest.mark.parametrize("typed", ["00031", "31", serial_text(31), serial_text(31).replace("-", ""), "code"])
def test_a_sheet_is_known_by_its_serial_or_its_code(printed: Office, typed: str) -> None:
    if typed == "code":
        typed = code_text(SheetIdentity("CX4", 1, "DN", "19186", 31, 2))
    status, text = say(printed, typed)
    assert (status, f"Đã giao phiếu {serial_text(31)}" in text) == (200, True)
    assert lines(printed)[pack_codes(printed)[1]] == (1, 0, (31,))


def test_the_rest_of_a_pack_goes_out_with_its_code(printed: Office) -> None:
    say(printed, "31")
    _status, text = say(printed, pack_codes(printed)[1])
    assert "29 tờ" in text


@pytest.mark.parametrize(
    ("typed", "act", "complaint"),
    [
        ("1", "thu", f"{serial_text(1)} chưa giao cho ai. Ghi giao trước"),
        ("31", "giao", f"{serial_text(31)} đã giao cho {OFFICER} lúc"),
        ("32", "thu", f"{serial_text(32)} đã thu về lúc"),
        ("32", "giao", f"{serial_text(32)} đã thu về lúc"),
        ("99999", "giao", "chưa in phiếu 99999"),
        (serial_text(1)[:-1] + "0", "giao", "sai chữ số kiểm tra"),
        ("phiếu", "giao", "không phải số phiếu hay mã bộ"),
        ("", "giao", "không phải số phiếu hay mã bộ"),
        (pack_code(900), "giao", "không có bộ phiếu"),
        (pack_code(1)[:-1] + "0", "giao", "sai chữ số kiểm tra"),
        (code_text(SheetIdentity("CX4", 1, "DN", "19186", 1, 1)), "giao", "không khớp với phiếu"),
        ("2", "giao", f"Phiếu {serial_text(2)} đã thay bằng {serial_text(61)} ngày 16/03. Gạch bỏ tờ này."),
    ],
)
def test_what_cannot_be_is_said_clearly_and_nothing_is_kept(
    printed: Office, typed: str, act: str, complaint: str
) -> None:
    printed.browser("clerk").post("/in/thay", {"serial": serial_text(2), "confirmed": "yes"})
    say(printed, "31")
    say(printed, "32")
    say(printed, "32", "thu")
    before = lines(printed)
    status, text = say(printed, typed, act)
    assert status in {404, 422}
    assert complaint in text
    assert lines(printed) == before


def test_nobody_is_given_paper_without_a_name(printed: Office) -> None:
    status, text = say(printed, "31", person="  ")
    assert (status, "Ghi người nhận" in text) == (422, True)
    status, text = say(printed, "31", person="x" * 200)
    assert (status, "dài quá 120 chữ" in text) == (422, True)


def test_a_missing_serial_of_another_pack_is_refused(printed: Office) -> None:
    first, _second = pack_codes(printed)
    say(printed, first)
    status, text = say(printed, first, "thu", missing="31")
    assert (status, f"không thuộc bộ {first}" in text) == (422, True)
    assert lines(printed)[first][1] == 0


def test_undoing_is_an_event_of_its_own(printed: Office) -> None:
    first, _second = pack_codes(printed)
    say(printed, first)
    say(printed, "1", "thu")
    browser = printed.browser("clerk")
    refused = browser.post("/phat-thu/1/hoan-tac", htmx=True)
    assert (refused.status_code, "Hoàn tác lần thu trước" in refused.text) == (422, True)
    assert "Đã hoàn tác: Đã thu phiếu" in browser.post("/phat-thu/2/hoan-tac", htmx=True).text
    assert lines(printed)[first] == (30, 0, tuple(range(1, 31)))
    assert browser.post("/phat-thu/1/hoan-tac", htmx=True).status_code == 200
    again = browser.post("/phat-thu/1/hoan-tac", htmx=True)
    assert (again.status_code, "đã được hoàn tác từ trước" in again.text) == (422, True)
    assert browser.post("/phat-thu/99/hoan-tac", htmx=True).status_code == 422
    assert lines(printed)[first] == (0, 0, ())
    with printed.session() as session:
        kinds = session.scalars(select(HandOver.kind).order_by(HandOver.id)).all()
        acts = session.scalars(select(LogEntry.act)).all()
    assert kinds == ["issued", "returned", "undone", "undone"], "nothing is ever deleted"
    assert acts.count("sheets_undone") == 2


def test_two_clerks_at_once_write_one_line(printed: Office) -> None:
    """Both looked before either wrote; the second waits at the pack and is told."""
    code = pack_codes(printed)[0]
    with printed.session() as one:
        campaign = one.scalars(select(Campaign)).one()
        hand_over.issue(one, "clerk", campaign, code, person="A", now=printed.clock())
        one.commit()
    with printed.session() as other:
        campaign = other.scalars(select(Campaign)).one()
        with pytest.raises(AppError, match="đã giao cho A"):
            hand_over.issue(other, "clerk2", campaign, code, person="B", now=printed.clock())
    with printed.session() as session:
        issued = select(func.count()).where(HandOver.kind == HandOverKind.ISSUED)
        assert session.scalar(issued) == 1


def test_both_axes_agree_and_packs_are_found(printed: Office) -> None:
    order(printed, "CX3", "CH")
    first, second, third = pack_codes(printed)
    say(printed, second)
    say(printed, third)
    browser = printed.browser("clerk")
    by_place, by_unit = browser.get("/phat-thu").text, browser.get("/phat-thu?theo=don-vi").text
    assert _total(by_place) == _total(by_unit) == ["62", "32", "0", "32"]
    assert "Phòng Nội vụ" in by_place
    assert "Phòng Nội vụ" not in by_unit, "no sheet is about it"
    found = browser.get("/phat-thu?q=dai+trach", htmx=True).text
    assert second in found
    assert first not in found
    assert "Tìm thấy 1 bộ." in found
    assert first in browser.get("/phat-thu?q=hoan lao CX4").text
    assert "Tìm thấy 0 bộ." in browser.get("/phat-thu?q=zzz", htmx=True).text


def test_slips_hold_counts_and_two_places_to_sign(printed: Office) -> None:
    code = pack_codes(printed)[1]
    say(printed, code)
    say(printed, code, "thu", missing="31,35")
    browser = printed.browser("clerk")
    given = browser.get("/phat-thu/noi/19186/bien-ban-giao.pdf")
    assert given.mimetype == "application/pdf"
    words = " ".join(" ".join(words_of(given.data)).split())
    for said in (
        "BIÊN BẢN GIAO PHIẾU",
        code,
        f"{serial_text(31)} – {serial_text(60)}",
        "BÊN GIAO",
        "BÊN NHẬN",
        "Nơi nhận: UBND huyện Bố Trạch (qua Phòng Nội vụ).",
    ):
        assert said in words
    back = Document(io.BytesIO(browser.get("/phat-thu/noi/19186/bien-ban-nhan.docx").data))
    cells = [cell.text for cell in back.tables[0].rows[1].cells]
    assert cells[1] == code
    assert cells[3:] == ["30", "28", "2", f"{serial_text(31)}, {serial_text(35)}"]
    signing = [cell.text.splitlines()[0] for cell in back.tables[-1].rows[0].cells]
    assert signing == ["BÊN GIAO", "BÊN NHẬN"]
    assert browser.get("/phat-thu/noi/19186/bien-ban-khac.pdf").status_code == 404
    assert browser.get("/phat-thu/noi/19186/bien-ban-giao.exe").status_code == 404


def test_reminders_name_what_is_missing_and_how_long_is_left(printed: Office) -> None:
    browser = printed.browser("clerk")
    assert "Không có phiếu nào đã giao mà chưa thu về." in browser.get("/phat-thu/nhac").text
    code = pack_codes(printed)[1]
    say(printed, code)
    say(printed, code, "thu", missing="31 35")
    page = browser.get("/phat-thu/nhac").text
    assert "Còn 2 ngày." in page
    assert "thiếu 2 tờ" in page
    assert serial_text(35) in page
    assert "Hoàn Lão" not in page
    assert serial_text(35) in " ".join(words_of(browser.get("/phat-thu/nhac.pdf").data))
    with printed.session() as session:
        session.scalars(select(Campaign)).one().forms_back_on = dt.date(2021, 3, 15)
        session.scalars(select(Unit).where(Unit.code == "19186")).one().valid_to = dt.date(2020, 6, 30)
        session.commit()
    page = browser.get("/phat-thu/nhac").text
    assert ("Đã quá hạn." in page, "thiếu 2 tờ" in page) == (True, True), "also of a unit that has ended"
    assert "Đại Trạch" in browser.get("/phat-thu").text


def test_a_scanned_void_sheet_names_its_replacement(printed: Office) -> None:
    browser = printed.browser("clerk")
    browser.post("/in/thay", {"serial": serial_text(2), "confirmed": "yes"})
    with printed.session() as session:
        sheet = session.scalars(select(Sheet).where(Sheet.serial == 2)).one()
        from tests.worlds.read_pages import add_page

        page = add_page(session, sheet, printed.clock(), state="problem")
        page.problem = "voided_sheet"
        session.commit()
    shown = browser.get("/quet/1").text
    assert f"Phiếu {serial_text(2)} đã thay bằng {serial_text(61)} ngày 16/03. Gạch bỏ tờ này." in shown


def substitute(browser: Browser, code: str, count: str = "12", reason: str = "Chỉ có 18 doanh nghiệp") -> int:
    answer = browser.post(
        "/phat-thu/noi/19186/thay-doi-tuong", {"pack": code, "count": count, "reason": reason}
    )
    return answer.status_code


def test_a_substitution_is_noted_with_its_reason_and_can_be_undone(printed: Office) -> None:
    browser, code = printed.browser("clerk"), pack_codes(printed)[1]
    assert substitute(browser, code) == 303
    page = browser.get("/phat-thu/noi/19186").text
    assert f"Bộ {code}: 12 tờ. Chỉ có 18 doanh nghiệp" in page
    assert substitute(browser, code, "19") == 422, "only 18 are left"
    assert substitute(browser, code, "1", "  ") == 422
    assert substitute(browser, code, "x") == 422
    head = printed.browser("head")
    head.post("/chi-so/tinh-thu")
    assert browser.post("/phat-thu/noi/19186/thay-doi-tuong/1/bo").status_code == 303
    assert browser.post("/phat-thu/noi/19186/thay-doi-tuong/1/bo").status_code == 404
    assert "Chỉ có 18" not in browser.get("/phat-thu/noi/19186").text
    with printed.session() as session:
        assert session.scalar(select(func.count()).select_from(Substitution)) == 2, "the note stays"


def test_only_groups_of_the_plan_may_be_substituted(printed: Office) -> None:
    order(printed, "CX1", "LD")
    assert substitute(printed.browser("clerk"), pack_codes(printed)[3], "1") == 422


@pytest.mark.parametrize("person", ["reviewer", "unit-19186", "appraiser", "head", "viewer", "treasurer"])
def test_only_clerks_hand_over(printed: Office, person: str) -> None:
    stranger = printed.browser(person)
    for path in ("/phat-thu", "/phat-thu/noi/19186", "/phat-thu/nhac", "/phat-thu/nhac.pdf"):
        assert stranger.get(path).status_code == 403
    assert stranger.post("/phat-thu", {"typed": "1", "act": "giao", "person": "A"}).status_code == 403
    assert lines(printed)[pack_codes(printed)[0]] == (0, 0, ())


def test_without_scripts_the_page_comes_whole(printed: Office) -> None:
    answer = printed.browser("clerk").post("/phat-thu", {"typed": "1", "act": "giao", "person": OFFICER})
    assert answer.status_code == 200
    assert "<h1>Phát và thu</h1>" in answer.text
    refused = printed.browser("clerk").post("/phat-thu", {"typed": "1", "act": "giao", "person": OFFICER})
    assert refused.status_code == 422
    assert 'value="1"' in refused.text, "what was typed stays"
    assert OFFICER in refused.text


def _starts(answer: tuple[int, str], words: str) -> tuple[int, bool]:
    return answer[0], words in answer[1]


def _total(page: str) -> list[str]:
    foot = page.split("<tfoot>")[1].split("</tfoot>", maxsplit=1)[0]
    return [cell.split("</td>")[0] for cell in foot.split('<td class="number">')[1:]]
