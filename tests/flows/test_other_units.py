"""A unit that tries another unit's addresses gets nothing, not even a different error; all are tried."""

import datetime as dt
import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.clients import Browser, Office
from tests.worlds.documents import pdf_bytes
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import SmallWorld
from webapp.persistence.appraisal import EvidenceFile, EvidenceLink
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.complaints import Complaint
from webapp.persistence.results import IndexVersion

OWNER, OWNER_CODE, STRANGER = "unit-19186", "19186", "unit-19111"
COMPONENT = "1.1.3"
ABSENT = "999999"
METHODS = ("GET", "POST")
OWNED_ARGUMENTS = {"file_id", "link_id", "number", "unit_code", "code"}


@pytest.fixture
def owned(office: Office, now: dt.datetime) -> dict[str, str]:
    """What xã Đại Trạch has, by the name in addresses: a file, its citation, a complaint, itself."""
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        add_schemes(session, SmallWorld(campaign, {}, {}), now)
        session.commit()
    browser = office.browser(OWNER)
    facts = {"fact-numerator": "17", "fact-denominator": "20", "explanation": "Theo sổ theo dõi"}
    assert browser.post(f"/tu-cham/{COMPONENT}/nhap", facts, htmx=True).status_code == 200
    upload = {"files": (io.BytesIO(pdf_bytes(2)), "KH-12.pdf")}
    assert browser.post(f"/tu-cham/{COMPONENT}/tep", upload, htmx=True).status_code == 200
    with office.session() as session:
        unit = session.scalars(select(Unit).where(Unit.code == OWNER_CODE)).one()
        complaint = _complaint(unit, now)
        session.add(complaint)
        session.commit()
        file, link = session.scalars(select(EvidenceFile)).one(), session.scalars(select(EvidenceLink)).one()
        return {
            "file_id": str(file.id),
            "link_id": str(link.id),
            "number": str(complaint.number),
            "unit_code": OWNER_CODE,
            "code": OWNER_CODE,
        }


def _complaint(unit: Unit, now: dt.datetime) -> Complaint:
    version = IndexVersion(
        campaign_id=unit.campaign_id,
        number=1,
        kind="frozen",
        made_by="head",
        made_at=now,
        sha256="0" * 64,
        result_sha256="0" * 64,
        missing_count=0,
        levels={},
        snapshot={},
    )
    return Complaint(
        campaign_id=unit.campaign_id,
        number=7,
        version=version,
        unit=unit,
        petitioner="Ông Hoàng",
        words="Điểm 1.1.3 chưa đúng",
        recorded_by="head",
        recorded_at=now,
    )


def rules(app: Flask) -> Iterator[tuple[str, Rule]]:
    """Every address that names something, with each method that it takes."""
    for rule in app.url_map.iter_rules():
        if rule.arguments and rule.endpoint != "static":
            for method in METHODS:
                if method in (rule.methods or ()):
                    yield method, rule


def address(rule: Rule, values: dict[str, str]) -> str:
    """The rule filled in; below /tu-cham a code is a component's, which every unit has."""
    values = values | ({"code": COMPONENT} if rule.rule.startswith("/tu-cham") else {})
    return re.sub(r"<(?:\w+(?:\([^>]*\))?:)?(\w+)>", lambda m: values.get(m[1], "1"), rule.rule)


def ask(browser: Browser, method: str, path: str, fields: dict[str, str], *, htmx: bool) -> TestResponse:
    """A request, with a form's token where it writes."""
    if method == "GET":
        return browser.get(path, htmx=htmx)
    return browser.post(path, dict(fields), htmx=htmx)


def body(answer: TestResponse) -> str:
    """What is shown, without what names the address, the request itself, or how long the log is by now."""
    passing = r'name="next" value="[^"]*"|csrf_token" value="[^"]*"|X-CSRF-Token[^}]*|Nhật ký \d+-\w+'
    shown = re.sub(passing, "", answer.text)
    answer.close()
    return shown


def test_another_units_addresses_answer_as_if_there_were_nothing(
    office: Office, owned: dict[str, str]
) -> None:
    nobodys = dict.fromkeys(owned, ABSENT)
    stranger, tried = office.browser(STRANGER), 0
    for method, rule in rules(office.app):
        if not rule.arguments & OWNED_ARGUMENTS:
            continue
        for htmx in (False, True):
            theirs = ask(stranger, method, address(rule, owned), {"file_id": owned["file_id"]}, htmx=htmx)
            absent = ask(stranger, method, address(rule, nobodys), {"file_id": ABSENT}, htmx=htmx)
            where = (method, rule.rule, theirs.status_code, absent.status_code)
            assert theirs.status_code == absent.status_code, where
            assert body(theirs) == body(absent), where
            tried += 1
    assert tried > 40, "the addresses were found"


@pytest.mark.usefixtures("owned")
def test_whatever_a_unit_may_not_do_is_refused_before_anything_is_looked_up(office: Office) -> None:
    """Addresses of others' work (sheets, batches, people): one refusal for what is there and what is not."""
    stranger = office.browser(STRANGER)
    for method, rule in rules(office.app):
        if rule.arguments & OWNED_ARGUMENTS:
            continue
        there, absent = (
            ask(stranger, method, address(rule, dict.fromkeys(rule.arguments, value)), {}, htmx=False)
            for value in ("1", ABSENT)
        )
        assert there.status_code == absent.status_code, (method, rule.rule)
        assert body(there) == body(absent), (method, rule.rule)


def test_the_owner_gets_what_the_stranger_does_not(office: Office, owned: dict[str, str]) -> None:
    paths = [
        f"/tu-cham/tep/{owned['file_id']}",
        f"/tu-cham/tep/{owned['file_id']}/trang/2",
    ]
    for path in paths:
        for name, status in ((OWNER, 200), (STRANGER, 404)):
            answer = office.browser(name).get(path)
            assert answer.status_code == status, (name, path)
            answer.close()
    for path in ("/tu-cham", f"/tu-cham/{COMPONENT}", "/tu-cham/so-lieu", "/tu-cham/gui", "/kien-nghi"):
        seen = office.browser(STRANGER).get(path).text
        for secret in ("KH-12.pdf", "Theo sổ theo dõi", 'value="17"', "Ông Hoàng"):
            assert secret not in seen, (path, secret)
