"""Rank bands stand beside the ranks of every version, and weights are tried on without touching anything."""

import csv
import datetime as dt
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.clients import Office
from tests.flows.test_results import fill, publish
from tests.worlds.read_pages import add_page, add_reading, add_sheet, sure
from tests.worlds.small import SmallWorld
from webapp.par_index import bands
from webapp.persistence.accounts import User
from webapp.persistence.all_tables import Base
from webapp.persistence.answer_audit import AuditAnswer, AuditTicket
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign, RespondentGroup
from webapp.persistence.results import IndexUnit, IndexVersion
from webapp.persistence.version_bands import VersionBands
from webapp.services.schemes import scheme_of_level


@pytest.fixture
def finished(office: Office, now: dt.datetime) -> Office:
    """The office at the end of its year."""
    fill(office, now)
    return office


def read_bands(office: Office, number: int = 1) -> bands.BandInputs:
    answer = office.browser("head").get(f"/chi-so/{number}/khoang-hang.json")
    return bands.read_bands_file(json.loads(answer.data))


def test_bands_stand_beside_the_ranks_for_everybody_once_published(finished: Office) -> None:
    publish(finished)
    page = finished.browser("viewer").get("/ket-qua").text
    assert page.count("band-ranks") == 3
    assert "Điểm thẩm định không phải điều tra mẫu" in page
    assert "chưa kiểm toán xong" in page
    with finished.session() as session:
        kept = session.scalars(select(VersionBands)).one()
        by_code = {band.code: band for band in bands.bands_from_plain(kept.bands)}
        ranks = {unit.code: unit.rank for unit in session.scalars(select(IndexUnit))}
    assert {code: band.rank for code, band in by_code.items()} == ranks
    unit = finished.browser("unit-nv").get("/ket-qua/NV").text
    assert "Hạng 1 phân biệt được với mọi hạng khác" in unit, "it is alone in its level"
    band = by_code["19111"]
    said = finished.browser("viewer").get("/ket-qua/19111").text
    if band.is_certain:
        assert f"Hạng {band.rank} phân biệt được" in said
    else:
        assert f"Chưa đủ căn cứ phân biệt hạng {band.best}–{band.worst}" in said
    rows = list(
        csv.reader(
            io.StringIO(finished.browser("viewer").get("/ket-qua/bang/commune.csv").data.decode("utf-8-sig")),
            delimiter=";",
        )
    )
    assert rows[0][-3:] == ["Khoảng hạng từ", "Khoảng hạng đến", "Chỉ số biết đến ±"]
    assert {row[1]: row[-3:-1] for row in rows[1:]} == {
        code: [str(by_code[code].best), str(by_code[code].worst)] for code in ("19111", "19186")
    }
    opened = json.loads(finished.browser("viewer").get("/ket-qua/du-lieu-mo.json").data)
    assert opened["levels"][0]["units"][0]["rank_band"]["best"] == 1


def test_the_file_of_a_version_recomputes_its_bands(
    finished: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(finished)
    path = tmp_path / "bands.json"
    path.write_bytes(finished.browser("head").get("/chi-so/1/khoang-hang.json").data)
    assert bands.main([str(path)]) == 0
    assert "bands – agree" in capsys.readouterr().err
    for name in ("viewer", "unit-nv", "appraiser"):
        assert finished.browser(name).get("/chi-so/1/khoang-hang.json").status_code == 403
    with finished.session() as session:
        acts = session.scalars(select(LogEntry.act)).all()
    assert "bands_exported" in acts


def test_the_same_sheets_give_the_same_bands(finished: Office) -> None:
    head = finished.browser("head")
    head.post("/chi-so/tinh-thu")
    head.post("/chi-so/chot")
    with finished.session() as session:
        first, second = session.scalars(select(VersionBands).order_by(VersionBands.version_id)).all()
        assert (first.sha256, first.bands) == (second.sha256, second.bands)


def test_a_group_asked_in_full_adds_no_doubt(finished: Office) -> None:
    with finished.session() as session:
        for group in session.scalars(select(RespondentGroup)):
            group.population = 2  # as many as sheets came back
        session.commit()
    finished.browser("head").post("/chi-so/chot")
    inputs = read_bands(finished)
    assert {stratum.population for unit in inputs.units for stratum in unit.strata} == {2}
    assert all(band.is_certain and band.margin_percent == 0 for band in bands.rank_bands(inputs))
    endless = tuple(
        replace(unit, strata=tuple(replace(s, population=None) for s in unit.strata)) for unit in inputs.units
    )
    assert all(band.margin_percent > 0 for band in bands.rank_bands(replace(inputs, units=endless)))


def audit_everything(office: Office) -> None:
    """Fourteen people answer about one commune, so that their answers are drawn; all looks agree."""
    now, head = office.clock.now, office.browser("head")
    with office.session() as session:
        world = world_of(session)
        _, scheme = scheme_of_level(session, world.campaign.id, "commune")
        asked = [question.code for question in scheme.questions if question.form == "CX4"]
        for serial in range(900, 912):
            page = add_page(session, add_sheet(session, world, serial, "CX4", "19186"), now)
            add_reading(session, page, now, [sure(code, "1") for code in asked])
        session.commit()
    head.post("/kiem-toan/chot")
    head.post("/kiem-toan/1/hat-giong", {"seed": "31415926535897932384"})
    with office.session() as session:
        for ticket in session.scalars(select(AuditTicket)):
            for auditor in ("auditor", "auditor2"):
                session.add(
                    AuditAnswer(ticket_id=ticket.id, auditor=auditor, answered_at=now, value=ticket.accepted)
                )
        session.commit()


def test_what_the_audit_leaves_in_doubt_is_in_the_bands(finished: Office) -> None:
    head = finished.browser("head")
    head.post("/chi-so/tinh-thu")
    assert read_bands(finished).wrong_rate is None
    audit_everything(finished)
    assert head.post("/chi-so/chot").location == "/chi-so/2"
    inputs = read_bands(finished, 2)
    assert inputs.audit == 1
    assert inputs.wrong_rate is not None
    assert 0 < inputs.wrong_rate <= 1
    checked = {(unit.code, s.form): s.is_checked for unit in inputs.units for s in unit.strata}
    assert not checked["19186", "CX4"]
    assert checked["19111", "CX4"], "two people answered: an answer weighs so much that all are looked at"
    assert "(kiểm toán số 1)" in head.get("/chi-so/2").text
    without = {b.code: b for b in bands.rank_bands(replace(inputs, wrong_rate=None))}
    with_errors = {b.code: b for b in bands.rank_bands(inputs)}
    assert with_errors["19186"].margin_percent > without["19186"].margin_percent


def test_an_audit_of_other_answers_is_named_and_not_counted(finished: Office) -> None:
    head = finished.browser("head")
    audit_everything(finished)
    with finished.session() as session:
        sheet = add_sheet(session, world_of(session), 950, "CX4", "19111")
        add_reading(
            session, add_page(session, sheet, finished.clock.now), finished.clock.now, [sure("CX4.1", "1")]
        )
        session.commit()
    assert head.post("/chi-so/chot").location == "/chi-so/1"
    inputs = read_bands(finished)
    assert (inputs.wrong_rate, inputs.audit) == (None, 1)
    assert not any(stratum.is_checked for unit in inputs.units for stratum in unit.strata)
    assert "kiểm toán số 1 xem những câu trả lời khác" in head.get("/chi-so/1").text


def test_an_audit_that_is_begun_does_not_hide_the_finished_one(finished: Office) -> None:
    head = finished.browser("head")
    audit_everything(finished)
    head.post("/kiem-toan/chot")
    for begun in (False, True):
        if begun:
            head.post("/kiem-toan/2/hat-giong", {"seed": "27182818284590452353"})
        page = head.get("/chi-so").text
        assert 'href="/kiem-toan/1"' in page
        assert "Sai sót còn lại ≤" in page
    head.post("/chi-so/chot")
    inputs = read_bands(finished)
    assert inputs.audit == 1
    assert inputs.wrong_rate is not None


def test_trying_again_sees_new_populations_and_a_finished_audit(finished: Office) -> None:
    head = finished.browser("head")
    assert head.post("/chi-so/tinh-thu").location == "/chi-so/1"
    with finished.session() as session:
        for group in session.scalars(select(RespondentGroup)):
            group.population = 40
        session.commit()
    for _again in range(2):
        assert head.post("/chi-so/tinh-thu").location == "/chi-so/2"
    assert {s.population for unit in read_bands(finished, 2).units for s in unit.strata} == {40}
    with finished.session() as session:
        first, second = session.scalars(select(IndexVersion).order_by(IndexVersion.number)).all()
        assert (first.sha256, first.result_sha256) == (second.sha256, second.result_sha256)
    audit_everything(finished)
    assert head.post("/chi-so/tinh-thu").location == "/chi-so/3"
    assert read_bands(finished, 3).audit == 1


def world_of(session: Session) -> SmallWorld:
    campaign = session.scalars(select(Campaign)).one()
    return SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, {})


def test_a_version_from_before_shows_ranks_without_bands(finished: Office) -> None:
    publish(finished)
    with finished.session() as session:
        session.connection().exec_driver_sql("DROP TABLE version_bands")
        Base.metadata.tables["version_bands"].create(session.connection())  # an empty one
        session.commit()
    viewer = finished.browser("viewer")
    page = viewer.get("/ket-qua").text
    assert "Phòng Nội vụ" in page
    assert "Khoảng hạng" not in page
    assert viewer.get("/ket-qua/NV").status_code == 200
    assert viewer.get("/ket-qua/bang-tinh.xlsx").status_code == 200
    head = finished.browser("head")
    missing = head.get("/chi-so/1/khoang-hang.json")
    assert missing.status_code == 404
    assert "Tính bản mới." in missing.text
    assert head.post("/chi-so/tinh-thu").location == "/chi-so/2"
    assert head.get("/chi-so/2/khoang-hang.json").status_code == 200


def test_a_profile_lists_what_was_lost_the_most_first(finished: Office) -> None:
    publish(finished)
    page = finished.browser("unit-nv").get("/ket-qua/NV").text
    assert "Điểm chưa đạt, nhiều nhất trước" in page
    assert "Đây là danh sách việc để cải thiện chỉ số năm sau." in page


def test_trying_weights_changes_and_keeps_nothing(finished: Office) -> None:
    publish(finished)
    head = finished.browser("head")
    assert "/chi-so/1/thu-trong-so" in head.get("/chi-so/1").text
    before = everything(finished)
    page = head.get("/chi-so/1/thu-trong-so").text
    assert "thử, không phải kết quả" in page
    assert "Hạng vững đến đâu" in page
    for query in (
        "cap=commune&tieu-chi=1.1.1&doi=out",
        "cap=commune&tieu-chi=1&doi=more",
        "doi=less&tieu-chi=1.1.1",
    ):
        tried = head.get(f"/chi-so/1/thu-trong-so?{query}").text
        assert tried.count("Thử, không phải kết quả") >= 3, "every table says so"
        assert "Chỉ số thử" in tried
    assert everything(finished) == before
    assert head.post("/chi-so/1/thu-trong-so", {}).status_code == 405


def everything(office: Office) -> list[object]:
    """All versions with their lines and hashes, and how long the log is."""
    with office.session() as session:
        versions = [
            (v.number, v.kind, v.sha256, v.result_sha256) for v in session.scalars(select(IndexVersion))
        ]
        lines = [(u.code, u.rank, u.index_percent, u.total) for u in session.scalars(select(IndexUnit))]
        return [versions, lines, session.scalar(select(func.count()).select_from(LogEntry))]


def test_who_does_not_compute_tries_nothing(finished: Office) -> None:
    publish(finished)
    for name in ("viewer", "unit-nv", "appraiser", "clerk"):
        assert finished.browser(name).get("/chi-so/1/thu-trong-so").status_code == 403
    head = finished.browser("head")
    for query in ("cap=province", "tieu-chi=99.9"):
        assert head.get(f"/chi-so/1/thu-trong-so?{query}").status_code == 404
    assert head.get("/chi-so/1/thu-trong-so?doi=double").status_code == 200


def test_bands_and_tries_speak_english(finished: Office) -> None:
    publish(finished)
    with finished.session() as session:
        session.scalars(select(User).where(User.username == "head")).one().locale = "en"
        session.commit()
    head = finished.browser("head")
    assert "Rank band" in head.get("/ket-qua").text
    assert "a try, not a result" in head.get("/chi-so/1/thu-trong-so").text
