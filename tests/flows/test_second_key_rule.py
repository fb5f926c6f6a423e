"""The rule for second keys at the browser: who sees it, who changes it, and what a change leaves alone."""

import pytest
from sqlalchemy import select

from tests.clients import Office
from tests.flows.test_verification import answers, begin, current, fill
from tests.worlds.read_pages import double, sure
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign
from webapp.persistence.verification import ReviewItem
from webapp.services.second_key import rule_of

PAGE = "/ra-soat/nguoi/nhap-hai-lan"
TWICE = {"double_marks": "1", "sample_percent": "0", "full_up_to_sheets": "0", "reason": "Quy chế của huyện"}


def states(office: Office) -> list[str]:
    with office.session() as session:
        return list(session.scalars(select(ReviewItem.state).order_by(ReviewItem.id)))


def settle(office: Office) -> None:
    fill(office, double("CX4.1"))
    browser = begin(office)
    browser.post(current(browser), {"answer": "option:1"}, htmx=True)


def test_a_change_holds_from_now_on_and_is_told_with_its_reason(office: Office) -> None:
    administrator = office.browser("administrator")
    settle(office)
    assert states(office) == ["done"]
    assert administrator.post(PAGE, TWICE).location == PAGE
    assert states(office) == ["done"], "what is settled stays settled"
    settle(office)
    assert states(office) == ["done", "second"]
    page = office.browser("head").get(PAGE).text
    assert "Quy chế của huyện" in page
    assert "Từ đó: hai dấu; bốc thăm 0 %;" in page
    with office.session() as session:
        (entry,) = session.scalars(select(LogEntry).where(LogEntry.act == "second_key_rule_set"))
        assert (entry.actor, entry.detail["reason"]) == ("administrator", "Quy chế của huyện")
        assert not entry.detail["before"]["double_marks"]
        assert entry.detail["after"]["double_marks"]


def test_forms_of_few_sheets_are_named_and_keyed_in_full(office: Office) -> None:
    administrator = office.browser("administrator")
    assert "mọi câu</td>" not in administrator.get(PAGE).text
    administrator.post(PAGE, TWICE | {"full_up_to_sheets": "3"})
    page = administrator.get(PAGE).text
    assert page.count("mọi câu</td>") == 2, "of offices and of communes"
    assert page.index("CH1") < page.index("mọi câu</td>") < page.index("CX1")
    fill(office, sure("CH1.1", "2"), form="CH1")
    assert states(office) == ["second"]
    assert answers(office) == {}


def test_the_seed_is_shown_to_nobody_and_outlives_a_change(office: Office) -> None:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        seed = rule_of(session, campaign.id).seed
        session.commit()
    administrator = office.browser("administrator")
    administrator.post(PAGE, TWICE)
    assert seed not in administrator.get(PAGE).text
    with office.session() as session:
        assert rule_of(session, session.scalars(select(Campaign.id)).one()).seed == seed


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "},
        {"sample_percent": "101"},
        {"sample_percent": "một"},
        {"full_up_to_sheets": "-1"},
        {"full_up_to_sheets": "1001"},
    ],
)
def test_what_makes_no_sense_changes_nothing(office: Office, wrong: dict[str, str]) -> None:
    administrator = office.browser("administrator")
    assert administrator.post(PAGE, TWICE | wrong).status_code == 422
    administrator.post(PAGE, TWICE)
    assert administrator.post(PAGE, TWICE).status_code == 422, "nothing would change"
    with office.session() as session:
        assert len(session.scalars(select(LogEntry).where(LogEntry.act == "second_key_rule_set")).all()) == 1


@pytest.mark.parametrize(("person", "sees"), [("head", True), ("reviewer", False), ("auditor", False)])
def test_others_do_not_change_it(office: Office, person: str, sees: bool) -> None:  # noqa: FBT001 - of the table
    browser = office.browser(person)
    page = browser.get(PAGE)
    assert page.status_code == (200 if sees else 403)
    assert "Đổi quy tắc" not in page.text
    assert browser.post(PAGE, TWICE).status_code == 403
