"""The table of all cells, the way along one component, the meeting with its minutes; never the own unit."""

import datetime as dt
import io
import re
import zipfile

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.clients import Browser, Office
from tests.worlds.self_scored import add_schemes, send_everything
from tests.worlds.small import SmallWorld
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import AppraisedScoreEntry
from webapp.persistence.campaign import Campaign, Unit

COMMUNES = ("19111", "19186")
CELL = "/tham-dinh/19186/1.1.1"
MEETING_CELL = "/tham-dinh/hop/19186/1.1.1"


@pytest.fixture(autouse=True)
def sent_units(office: Office, now: dt.datetime) -> None:
    """Both communes have sent; Phòng Nội vụ is still writing."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        add_schemes(session, SmallWorld(campaign, {}, {}), now)
        for code in COMMUNES:
            unit = session.scalars(select(Unit).where(Unit.code == code)).one()
            send_everything(session, unit, f"unit-{code}", now)
        session.commit()


def decide(browser: Browser, path: str, choice: str, seen: int = 0, **fields: str) -> TestResponse:
    return browser.post(path, {"choice": choice, "reason": "Ký chậm", "seen_version": str(seen), **fields})


def works_in(office: Office, code: str) -> None:
    with office.session() as session:
        user = session.scalars(select(User).where(User.username == "appraiser")).one()
        user.unit_id = session.scalars(select(Unit.id).where(Unit.code == code)).one()
        session.commit()


def test_the_table_shows_where_each_cell_stands_and_filters_in_the_address(office: Office) -> None:
    judge = office.browser("appraiser")
    decide(judge, CELL, "0.50")
    decide(judge, "/tham-dinh/19111/1.1.2", "0.00", awaits_meeting="1")
    page = judge.get("/tham-dinh/bang?cap=commune").text
    assert "2 đơn vị × 40 tiêu chí" in page
    assert re.search(
        rf'is-lower"[^>]*><a href="{CELL}" aria-label="Xã Đại Trạch, 1.1.1: hạ điểm −0,50"', page
    )
    assert page.count('class="cell is-waiting" data-head') == 78
    shown = judge.get("/tham-dinh/bang?cap=commune&loc=hop").text
    assert "/tham-dinh/19111/1.1.2" in shown
    assert CELL not in shown
    turned = judge.get("/tham-dinh/bang?cap=commune&theo=tieu-chi&loc=khac").text
    assert f"{CELL}?theo=tieu-chi" in turned
    assert 'data-head="Xã Đại Trạch"' in turned
    assert "Không có ô nào như vậy" in judge.get("/tham-dinh/bang?cap=commune&loc=hoi").text
    drafts = judge.get("/tham-dinh/bang?cap=division").text
    assert "/tham-dinh/NV/" not in drafts, "a draft cannot be opened"
    assert judge.get("/tham-dinh/bang?cap=khong-co&loc=sai").status_code == 200


def test_one_component_goes_from_unit_to_unit(office: Office) -> None:
    judge = office.browser("appraiser")
    page = judge.get("/tham-dinh/tieu-chi/commune/1.1.1").text
    for code in COMMUNES:
        assert f'href="/tham-dinh/{code}/1.1.1?theo=tieu-chi"' in page
    saved = decide(judge, "/tham-dinh/19111/1.1.1?theo=tieu-chi", "0.50")
    assert saved.location == f"{CELL}?theo=tieu-chi"
    saved = decide(judge, f"{CELL}?theo=tieu-chi", "0.50")
    assert saved.location == "/tham-dinh/tieu-chi/commune/1.1.1"
    assert judge.get("/tham-dinh/tieu-chi/commune/9.9.9").status_code == 404
    assert judge.get("/tham-dinh/tieu-chi/x/1.1.1").status_code == 404
    works_in(office, "19186")
    page = judge.get("/tham-dinh/19111/1.1.1?theo=tieu-chi").text
    assert 'rel="next"' not in page, "the own unit is passed over"


def test_the_meeting_decides_and_ends_in_the_minutes(office: Office) -> None:
    judge = office.browser("appraiser")
    assert "Chưa có tiêu chí nào chờ họp" in judge.get("/tham-dinh/hop").text
    assert judge.get(MEETING_CELL).status_code == 404
    decide(judge, CELL, "0.50", awaits_meeting="1")
    decide(judge, "/tham-dinh/19111/1.1.1", "0.00", awaits_meeting="1")
    page = judge.get("/tham-dinh/hop").text
    seen = re.search(r'name="seen_revision" value="(\d+)"', page)
    assert seen is not None
    who = {"begun": "8 giờ 00", "place": "Phòng họp số 2", "chair": "Ông Trần Văn A, Phó Chủ tịch",
           "secretary": "Bà Lê Thị B", "members": "Ông C\nBà D", "seen_revision": seen[1]}  # fmt: skip
    begun = judge.post("/tham-dinh/hop", who)
    assert begun.location == "/tham-dinh/hop/19111/1.1.1"
    assert judge.post("/tham-dinh/hop", who).status_code == 409, "somebody has written into the minutes since"
    screen = judge.get(MEETING_CELL).text
    for words in ("Thẩm định đề nghị", "0,50", "1,00", "Ký chậm", "2/2", 'rel="prev"', "Page Down"):
        assert words in screen
    assert " checked" not in screen, "the team decides, nothing is chosen for it"
    assert decide(judge, MEETING_CELL, "", 1).status_code == 422
    answer = decide(judge, MEETING_CELL, "0.00", 0)
    assert answer.status_code == 409
    assert f'action="{MEETING_CELL}"' in answer.text
    done = decide(judge, MEETING_CELL, "0.00", 1)
    assert done.location == "/tham-dinh/hop/19111/1.1.1", "what still waits"
    assert decide(judge, "/tham-dinh/hop/19111/1.1.1", "0.50", 1).location == "/tham-dinh/hop/ket-thuc"
    page = judge.get("/tham-dinh/hop/ket-thuc").text
    opinions = re.search(r'name="opinions"[^>]*>([^<]*)<', page)
    revision = re.search(r'name="seen_revision" value="(\d+)"', page)
    assert opinions is not None
    assert revision is not None
    assert "Xã Đại Trạch, 1.1.1" in opinions[1]
    assert "cuộc họp thống nhất 0,00 điểm. Lý do: Ký chậm" in opinions[1]
    fields = {"opinions": opinions[1], "ended": "11 giờ 00", "seen_revision": revision[1]}
    assert judge.post("/tham-dinh/hop/ket-thuc", fields).status_code == 303
    paper = judge.get("/tham-dinh/hop/bien-ban.docx")
    text = zipfile.ZipFile(io.BytesIO(paper.data)).read("word/document.xml").decode()
    for words in ("Phòng họp số 2", "Trần Văn A", "11 giờ 00", "thống nhất 0,00 điểm", "DỰ THẢO", "Ký chậm"):
        assert words in text
    assert "Phòng Nội vụ" not in text, "who was not appraised is not in the minutes"
    assert judge.get("/tham-dinh/hop/bien-ban.exe").status_code == 404
    with office.session() as session:
        entries = session.scalars(select(AppraisedScoreEntry).order_by(AppraisedScoreEntry.id)).all()
    assert [(entry.awaits_meeting, entry.in_meeting) for entry in entries] == [(True, False)] * 2 + [
        (False, True)
    ] * 2


def test_a_unit_is_not_finished_before_the_meeting(office: Office) -> None:
    judge = office.browser("appraiser")
    with office.session() as session:
        from tests.unit.webapp.test_appraisal import appraise_all

        user = session.scalars(select(User).where(User.username == "appraiser")).one()
        unit = session.scalars(select(Unit).where(Unit.code == "19186")).one()
        appraise_all(session, user, unit, office.clock())
        session.commit()
    decide(judge, CELL, "0.50", 1, awaits_meeting="1")
    answer = judge.post("/tham-dinh/19186/xong")
    assert answer.status_code == 422
    assert "Còn 1 tiêu chí chờ họp tổ: 1.1.1" in answer.text
    decide(judge, MEETING_CELL, "0.50", 2)
    assert judge.post("/tham-dinh/19186/xong").status_code == 303


def test_phong_noi_vu_is_appraised_by_others_whatever_is_sent_by_hand(
    office: Office, now: dt.datetime
) -> None:
    judge = office.browser("appraiser")
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == "NV")).one()
        send_everything(session, unit, "unit-nv", now)
        session.commit()
    decide(judge, "/tham-dinh/NV/1.1.1", "0.00", awaits_meeting="1")
    works_in(office, "NV")
    for path in ("/tham-dinh/NV/1.1.1", "/tham-dinh/hop/NV/1.1.1", "/tham-dinh/NV/1.1.1?theo=tieu-chi"):
        assert decide(judge, path, "0.50", 1).status_code == 403
    for path in ("xong", "tra-lai", "vong-hai"):
        assert judge.post(f"/tham-dinh/NV/{path}").status_code == 403
    assert 'id="decide"' not in judge.get("/tham-dinh/hop/NV/1.1.1").text
    assert decide(judge, CELL, "1.00").status_code == 303, "every other unit is theirs to appraise"
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == "NV")).one()
        rows = session.scalars(
            select(AppraisedScoreEntry).where(AppraisedScoreEntry.unit_id == unit.id)
        ).all()
    assert len(rows) == 1
