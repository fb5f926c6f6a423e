"""A clerk tries printer and scanner before printing thousands of sheets."""

import io
from pathlib import Path

from sqlalchemy import select

from tests.clients import FORMS_DIR, Office
from tests.jobs.carrier import carry_all, make_ledger
from tests.unit.ocr.trial.scans import printed_trial, saved, scanned
from webapp.http.context import EXTENSION, AppContext
from webapp.persistence.trials import TrialScan
from webapp.worker import PaperEngine


def send(office: Office, content: bytes, name: str, address: str = "/in/phieu-thu") -> str:
    """Send a scan; gives where the clerk is led."""
    fields = {"scan": (io.BytesIO(content), name)}
    answer = office.browser("clerk").post(address, fields, content_type="multipart/form-data")
    assert answer.status_code == 303
    return answer.location


def judge(office: Office) -> None:
    """Let the real reader do its work."""
    context: AppContext = office.app.extensions[EXTENSION]
    ledger = make_ledger(context.write_sessions, context.scan_store, office.clock)
    carry_all(ledger, PaperEngine(FORMS_DIR, context.settings.scans_dir, 50_000_000))


def test_the_sheet_is_printed_for_this_office(office: Office) -> None:
    assert "thử máy in và máy quét bằng một tờ" in office.browser("clerk").get("/in").text
    page = office.browser("clerk").get("/in/phieu-thu").text
    assert page.count('aria-label="Tải phiếu thử ') == 8
    answer = office.browser("clerk").get("/in/phieu-thu/CH1.pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    assert office.browser("clerk").get("/in/phieu-thu/XX9.pdf").status_code == 404


def test_a_good_scan_passes_and_a_half_one_does_not(office: Office, tmp_path: Path) -> None:
    sides = scanned(printed_trial())
    good = send(office, saved(sides, tmp_path / "both.tiff").read_bytes(), "Thử.tiff")
    half = send(office, saved(sides[:1], tmp_path / "one.tiff").read_bytes(), "nửa.tiff")
    clerk = office.browser("clerk")
    waiting = clerk.get(good).text
    assert "Đang đo" in waiting or "chưa có máy đọc" in waiting
    assert 'hx-trigger="load delay:1s"' in waiting
    judge(office)
    page = clerk.get(good).text
    assert "Có thể in cả đợt" in page
    assert "hx-trigger" not in page.split('id="report"')[1]
    assert "Thử.tiff" in page
    report = clerk.get(half).text
    assert "Chưa in cả đợt" in report
    assert "Thiếu mặt sau" in report
    printing = clerk.get("/in").text
    assert "Phiếu thử máy lúc" in printing
    assert "Chưa đạt" in printing
    overview = clerk.get("/in/phieu-thu").text
    assert overview.count("badge-done") == 1
    assert overview.count("badge-problem") == 1


def test_what_is_no_scan_is_refused_at_the_door(office: Office) -> None:
    clerk = office.browser("clerk")
    fields = {"scan": (io.BytesIO(b"hello"), "a.pdf")}
    answer = clerk.post("/in/phieu-thu", fields, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "không phải bản quét" in answer.text
    empty = clerk.post("/in/phieu-thu", {}, content_type="multipart/form-data")
    assert empty.status_code == 422
    assert "Chưa chọn tệp" in empty.text
    with office.session() as session:
        assert session.scalars(select(TrialScan)).all() == []


def test_a_broken_file_says_so(office: Office) -> None:
    address = send(office, b"%PDF-1.7 nothing", "hỏng.pdf")
    judge(office)
    assert "Không mở được bản quét này" in office.browser("clerk").get(address).text


def test_only_who_prints_may_try(office: Office) -> None:
    assert office.browser("reviewer").get("/in/phieu-thu").status_code == 403
    assert office.browser("clerk").get("/in/phieu-thu/77").status_code == 404


def test_a_trial_sheet_in_the_stack_is_named(office: Office, tmp_path: Path) -> None:
    content = saved(scanned(printed_trial()), tmp_path / "stack.tiff").read_bytes()
    fields = {"files": [(io.BytesIO(content), "chồng.tiff")], "declared_sheets": ""}
    office.browser("clerk").post("/quet", fields, content_type="multipart/form-data")
    judge(office)
    assert "Đây là phiếu thử máy" in office.browser("clerk").get("/quet/1").text


def test_a_failure_of_the_program_is_not_blamed_on_the_sheet(office: Office) -> None:
    address = send(office, b"%PDF-1.7 nothing", "thử.pdf")
    with office.session() as session:
        scan = session.scalars(select(TrialScan)).one()
        scan.state, scan.failure_code = "refused", "crashed"
        session.commit()
    page = office.browser("clerk").get(address).text
    assert "Chương trình gặp lỗi khi đo" in page
    assert "Không mở được bản quét này" not in page
