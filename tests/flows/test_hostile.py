"""Forged, foreign and odd requests end in a sentence; no list is computed by a spreadsheet."""

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from tests.clients import Office, close_office, open_office
from tests.conftest import NOW
from tests.flows.test_results import WORDS
from tests.flows.test_results import fill as finish_year
from webapp.http import csrf
from webapp.persistence.appraisal import Submission
from webapp.persistence.campaign import Unit

FORMULA = 'HYPERLINK("http://evil.example")'


@pytest.fixture(scope="module")
def finished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A year whose index is published, so that every kind of page has something on it; shared."""
    folder = tmp_path_factory.mktemp("hostile")
    database = folder / "chamdiem.sqlite3"
    shutil.copy(sqlite_template, database)
    office = open_office(f"sqlite:///{database}", folder, NOW)
    with office.session() as session:  # names that a spreadsheet would compute
        for start, unit in zip("=+-", session.scalars(select(Unit).order_by(Unit.id)), strict=True):
            unit.name = f"{start}{FORMULA}"
        session.commit()
    finish_year(office, NOW)
    with office.session() as session:
        session.execute(update(Submission).values(receipt_sha256="0" * 64))
        session.commit()
    head = office.browser("head")
    head.post("/chi-so/chot")
    assert head.post("/chi-so/1/cong-bo", WORDS).status_code == 303
    yield office
    close_office(office)


def test_every_writing_address_asks_everybody_for_the_token(finished: Office) -> None:
    """Also of who is signed in and may do it, also with another's token, also in htmx's name."""
    other = finished.browser("viewer").token()
    client = finished.browser("head").client
    finished.browser("head").token()
    for rule in finished.app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            address = rule.build(dict.fromkeys(rule.arguments, 1))[1]  # type: ignore[index]  # built with a path
            forged: dict[str, str]
            for forged in ({}, {csrf.HEADER: other + "x"}, {"HX-Request": "true"}):
                answer = client.open(address, method=method, headers=forged)
                assert answer.status_code == 400, (address, forged)
                assert "csrf" in answer.text or "Trang đã cũ" in answer.text


def test_no_header_or_field_turns_one_request_into_another(finished: Office) -> None:
    unit = finished.browser("unit-19186").client
    token = {csrf.HEADER: finished.browser("unit-19186").token()}
    for method in ("POST", "GET"):
        plain = unit.open("/tu-cham/gui", method=method, headers=token)
        for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL"):
            for value in ("DELETE", "POST", "/chi-so"):
                turned = unit.open("/tu-cham/gui", method=method, headers={**token, header: value})
                assert turned.status_code == plain.status_code
        turned = unit.open("/tu-cham/gui?_method=POST", method=method, headers=token)
        assert turned.status_code == plain.status_code


@pytest.mark.parametrize(
    "target",
    [
        *(
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
        ),
        *("javascript:alert(1)", "%2f%2fevil.example", "http:evil.example", "/%0d%0aX: y", " //evil.example"),
    ],
)
def test_nobody_is_led_to_another_site(finished: Office, target: str) -> None:
    """Every address that takes `next` or believes a referrer: signing in, the language, a refusal."""
    viewer, stranger = finished.browser("viewer"), finished.browser().client
    answers = [
        viewer.post("/ngon-ngu", {"locale": "vi", "next": target}),
        viewer.get("/dang-nhap", query_string={"next": target}),
        stranger.get("/ket-qua", headers={"HX-Request": "true", "HX-Current-URL": quote(target)}),
    ]
    for answer in answers:
        led = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or "/"
        assert led.startswith("/")
        assert not led.startswith(("//", "/\\"))
        assert "\n" not in led
        assert "evil.example" not in led.split("?")[0]


def test_a_host_header_writes_no_address(finished: Office) -> None:
    for path in ("/", "/dang-nhap?next=/ket-qua", "/ca-nhan", "/ca-nhan//hai-buoc", "/static//app.css"):
        lying = {"Host": "evil.example", "X-Forwarded-Host": "e.example"}
        answer = finished.browser("viewer").client.get(path, headers=lying)
        assert "evil.example" not in answer.headers.get("Location", "") + answer.text
        assert "e.example" not in answer.text


def test_the_protecting_headers_stand_on_every_answer(
    finished: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages, fragments, files, pictures, redirects, refusals, faults, what is not there."""
    clerk = finished.browser("clerk")

    def broken() -> str:
        raise RuntimeError("a fault")

    monkeypatch.setitem(finished.app.view_functions, "home.show_home", broken)
    monkeypatch.setattr(finished.app, "testing", False)
    answers = [
        *(
            clerk.get(path)
            for path in ("/quet", "/ket-qua/du-lieu-mo.json", "/khong-co", "/chi-so", "/", "/healthz")
        ),
        *(
            clerk.get(path)
            for path in ("/static/app.css", "/static/khong-co.css", "/in/to-ngan.pdf", "/static/../app.py")
        ),
        clerk.get("/quet", htmx=True),
        clerk.client.post("/quet"),
        clerk.client.delete("/quet", headers={csrf.HEADER: clerk.token()}),
        clerk.client.options("/quet"),
        finished.browser().get("/quet"),
        clerk.post("/ngon-ngu", {"locale": "xx"}),
        clerk.post("/quet", {"a": "x" * (5 << 20)}),
    ]
    assert {answer.status_code for answer in answers} >= {200, 303, 400, 403, 404, 405, 413, 422, 500}
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy or "default-src 'self'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers.getlist("Cross-Origin-Opener-Policy") == ["same-origin"]
        answer.close()


LISTS = (
    *(("head", path) for path in ("/ket-qua/bang/commune.csv", "/ket-qua/bang/division.csv")),
    *(("head", path) for path in ("/ket-qua/bang-tinh.xlsx", "/chi-so/1/bang-tinh.xlsx")),
    *(("treasurer", path) for path in ("/chi-tra/mau-danh-sach.xlsx",)),
    *(("administrator", "/chu-ky/2020.xlsx"),),
)


@pytest.mark.parametrize(("who", "path"), LISTS)
def test_no_name_is_computed_by_a_spreadsheet(finished: Office, who: str, path: str) -> None:
    """Every list that leaves as CSV or workbook; the publication's own formulas hold no typed text."""
    answer = finished.browser(who).get(path)
    assert answer.status_code == 200
    if path.endswith(".csv"):
        rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";")
        texts = [cell for row in rows for cell in row]
    else:
        book = load_workbook(io.BytesIO(answer.data))
        cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
        assert not [cell.value for cell in cells if cell.data_type == "f" and "HYPER" in str(cell.value)]
        texts = [cell.value for cell in cells if isinstance(cell.value, str) and cell.data_type != "f"]
    assert [text for text in texts if FORMULA in text], "the names stand on this list"
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t")) and "HYPER" in text]
