"""Made-up units go the real way: draft, evidence, sending, appraisal; nothing is entered behind its back."""

import datetime as dt
import subprocess
import unicodedata
from decimal import Decimal
from pathlib import Path

from sqlalchemy.orm import Session

from tests.worlds.small import make_small_world
from webapp.par_index.workflow import State
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.sample_documents import EVIDENCE_PAGES, evidence_pdf
from webapp.services.sample_scores import appraise_unit, attach_sample_evidence, enter_self_scores
from webapp.services.schemes import load_sample_schemes
from webapp.services.self_scores import submit_self_scores
from webapp.services.unit_scores import load_unit_scores
from webapp.storage import ScanStore


def test_a_unit_is_scored_and_appraised(session: Session, now: dt.datetime, tmp_path: Path) -> None:
    world = make_small_world(session, now)
    load_sample_schemes(session, "administrator", world.campaign, SAMPLE_DIR / "bo_trach_2020", now)
    unit = world.units["19186"]
    evidence = attach_sample_evidence(session, ScanStore(tmp_path), unit, "unit-19186", now)
    enter_self_scores(session, unit, evidence, actor="unit-19186", seed=3, now=now, share=0.5)
    half = load_unit_scores(session, unit, now)
    assert 0 < half.complete_count < len(half.own)

    enter_self_scores(session, unit, evidence, actor="unit-19186", seed=3, now=now)
    submit_self_scores(session, "unit-19186", unit, now)
    appraise_unit(session, world.users["appraiser"], unit, seed=3, now=now)

    scores = load_unit_scores(session, unit, now)
    assert scores.state == State.APPRAISED
    assert scores.unappraised == []
    assert Decimal(30) < scores.appraised_points <= scores.self_points <= Decimal(65)


def test_the_sample_report_reads_like_one_and_says_that_it_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(evidence_pdf("xã Đại Trạch", "UBND huyện Bố Trạch", 2020))
    told = [
        subprocess.run(
            ["pdftotext", "-f", str(page), "-l", str(page), path, "-"], capture_output=True, check=True
        )
        for page in range(1, EVIDENCE_PAGES + 1)
    ]
    texts = [unicodedata.normalize("NFC", answer.stdout.decode()) for answer in told]
    for text in texts:
        assert text.startswith("DỮ LIỆU MẪU")
        assert "xã Đại Trạch" in text
        assert "Kế hoạch" in text
        assert text.count(" %") == 3
        assert "orem" not in text
    assert len(set(texts)) == EVIDENCE_PAGES
    fonts = subprocess.run(["pdffonts", path], capture_output=True, check=True).stdout.decode()
    assert "LiberationSerif" in fonts
    assert "Libertinus" not in fonts, "one that has every Vietnamese letter"
