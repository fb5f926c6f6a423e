"""Numbers that a unit declares once: typed in one place, used in all, with source, and never overwritten."""

import datetime as dt
import io
import json
import re

import pytest
from sqlalchemy import func, select

from tests.clients import Browser, Office
from tests.worlds.documents import pdf_bytes
from tests.worlds.self_scored import add_schemes, complete_draft, declare_everything
from tests.worlds.small import SmallWorld
from webapp.par_index.unit_facts import unit_facts
from webapp.persistence.appraisal import SelfScoreEntry, latest_self_scores
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.unit_facts import UnitFactEntry, latest_unit_facts
from webapp.services.schemes import scheme_of_level

UNIT = "unit-19186"
POSTED, ONE_STOP = "3.1.1", "3.2.1"  # both of the procedures that are the commune's to handle
SHARED = "Số TTHC thuộc thẩm quyền cấp xã"


@pytest.fixture(autouse=True)
def schemes(office: Office, now: dt.datetime) -> None:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        add_schemes(session, SmallWorld(campaign, {}, {}), now)
        session.commit()


def unit_id(office: Office) -> int:
    with office.session() as session:
        return session.scalars(select(Unit.id).where(Unit.code == "19186")).one()


def shared_code(office: Office) -> str:
    with office.session() as session:
        unit = session.get_one(Unit, unit_id(office))
        _version, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
        return next(fact.code for fact in unit_facts(scheme) if fact.label == SHARED)


def save(browser: Browser, component: str, top: str, bottom: str, **fields: str) -> str:
    typed = {"fact-numerator": top, "fact-denominator": bottom, **fields}
    answer = browser.post(f"/tu-cham/{component}/nhap", typed, htmx=True)
    assert answer.status_code == 200
    return answer.text


def newest(office: Office, component: str) -> SelfScoreEntry:
    with office.session() as session:
        found = latest_self_scores(session, [unit_id(office)])
    return found[unit_id(office), component]


def test_a_number_typed_in_one_component_stands_in_the_other_and_recomputes_it(office: Office) -> None:
    browser = office.browser(UNIT)
    save(browser, POSTED, "100", "100")
    page = browser.get(f"/tu-cham/{ONE_STOP}").text
    assert re.search(r'name="fact-denominator" value="100"', page)
    assert f'href="/tu-cham/{POSTED}">{POSTED}</a>' in page, "the page names who else uses it"
    assert "sửa ở đây là sửa ở đó." in page
    save(browser, ONE_STOP, "90", "100", explanation="Theo quyết định công bố")
    before = newest(office, ONE_STOP)
    save(browser, POSTED, "100", "120")
    after = newest(office, ONE_STOP)
    assert (after.typed, after.revision) == ({"numerator": "90", "denominator": "120"}, before.revision + 1)
    assert after.points is not None
    assert before.points is not None
    assert after.points < before.points
    assert after.explanation == "Theo quyết định công bố", "only the number changed"


def test_the_page_of_figures_keeps_sources_and_recomputes_who_uses_them(office: Office) -> None:
    browser, code = office.browser(UNIT), shared_code(office)
    save(browser, POSTED, "90", "100")
    fields = {
        f"typed-{code}": "90",
        f"source-{code}": "Quyết định 15/QĐ-UBND",
        f"date-{code}": "08/01/2021",
        f"seen-{code}": "1",
    }
    answer = browser.post("/tu-cham/so-lieu", fields)
    assert (answer.status_code, answer.location) == (303, "/tu-cham/so-lieu")
    assert (
        newest(office, POSTED).typed["denominator"] == newest(office, ONE_STOP).typed["denominator"] == "90"
    )
    for path in (f"/tu-cham/{POSTED}", f"/tu-cham/{ONE_STOP}"):
        assert "Nguồn: Quyết định 15/QĐ-UBND, 08/01/2021" in browser.get(path).text
    again = browser.post("/tu-cham/so-lieu", fields | {f"seen-{code}": "2"})
    assert again.status_code == 303
    with office.session() as session:
        kept = session.scalar(
            select(func.count()).select_from(UnitFactEntry).where(UnitFactEntry.fact_code == code)
        )
    assert kept == 2, "the same once more adds nothing"
    save(browser, ONE_STOP, "80", "95")
    with office.session() as session:
        entry = latest_unit_facts(session, unit_id(office))[code]
    assert (entry.typed, entry.source, entry.source_date) == ("95", "Quyết định 15/QĐ-UBND", "08/01/2021")
    check = browser.get("/tu-cham/gui").text
    assert "Số TTHC niêm yết đúng quy định" in check.split('id="unsourced"')[1], "declared, but from nowhere"
    assert SHARED not in check.split('id="unsourced"')[1]


def test_a_colleagues_figure_is_shown_and_not_written_over(office: Office) -> None:
    browser, code = office.browser(UNIT), shared_code(office)
    save(browser, POSTED, "90", "100")
    mine = {f"typed-{code}": "77", f"source-{code}": "Sổ <b>", f"date-{code}": "hôm qua", f"seen-{code}": "0"}
    refused = browser.post("/tu-cham/so-lieu", mine)
    assert refused.status_code == 409
    assert "lưu là “100”" in refused.text
    assert 'value="77"' in refused.text, "what was typed stands in its field"
    assert "Sổ &lt;b&gt;" in refused.text
    assert newest(office, POSTED).typed["denominator"] == "100"
    seen = re.search(rf'name="seen-{code}"[^>]* value="(\d+)"', refused.text)
    assert seen is not None
    assert browser.post("/tu-cham/so-lieu", mine | {f"seen-{code}": seen[1]}).status_code == 303
    assert newest(office, POSTED).typed["denominator"] == "77"
    assert "“hôm qua” không phải ngày" in browser.get("/tu-cham/so-lieu").text


def test_an_ambiguous_number_is_chosen_with_a_button(office: Office) -> None:
    browser = office.browser("unit-nv")
    fields = {"fact-numerator": "1.234", "fact-denominator": "2000,5"}
    answer = browser.post("/tu-cham/6.1.3/nhap", fields, htmx=True).text
    assert re.findall(r'name="read-numerator" value="([^"]*)"[^>]*>([^<]*)<', answer) == [
        ("1,2340", "1,234"),
        ("1234", "1234"),
    ]
    page = browser.post("/tu-cham/6.1.3/nhap", fields | {"read-numerator": "1234"}).text
    assert 'name="fact-numerator" value="1234"' in page, "also where no script runs"
    assert "read-numerator" not in page


def test_a_sent_submission_names_its_sources_and_locks_them(office: Office) -> None:
    browser, code = office.browser(UNIT), shared_code(office)
    fields = {f"typed-{code}": "10", f"source-{code}": "Sổ một cửa", f"date-{code}": "31/12/2020"}
    with office.session() as session:
        declare_everything(session, session.get_one(Unit, unit_id(office)), UNIT, office.clock())
        session.commit()
    assert browser.post("/tu-cham/so-lieu", fields).status_code == 303
    assert browser.post("/tu-cham/gui").status_code == 303
    sent = json.loads(browser.get("/tu-cham/bien-nhan/noi-dung").data)
    assert sent["sources"] == [{"date": "31/12/2020", "fact": SHARED, "source": "Sổ một cửa"}]
    assert browser.post("/tu-cham/so-lieu", fields).status_code == 409
    page = browser.get("/tu-cham/so-lieu").text
    assert "không sửa được nữa" in page
    assert "Lưu số liệu" not in page


def test_fewer_documents_than_asked_need_an_explanation(office: Office) -> None:
    with office.session() as session:
        unit = session.get_one(Unit, unit_id(office))
        _version, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
        asked = next(leaf for leaf in scheme.appraised if len(leaf.evidence_asked) > 1)
    browser, path = office.browser(UNIT), f"/tu-cham/{asked.code}"
    fields = {f"fact-{code}": text for code, text in complete_draft(asked).typed.items()}
    assert browser.post(f"{path}/nhap", fields, htmx=True).status_code == 200
    upload = {"files": (io.BytesIO(pdf_bytes(3)), "BC.pdf"), "page_number": "1"}
    assert browser.post(f"{path}/tep", upload, htmx=True).status_code == 200
    wanted = f"mới có 1/{len(asked.evidence_asked)} tài liệu cần có"
    assert wanted in browser.get(f"{path}?xem=1").text
    for page in range(2, len(asked.evidence_asked) + 1):
        again = browser.post(f"{path}/tep/dung-lai", {"file_id": "1", "page_number": str(page)}, htmx=True)
        assert again.status_code == 200
    assert "error-summary" not in browser.get(f"{path}?xem=1").text, "one file, cited at as many pages"
