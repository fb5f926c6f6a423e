"""The rehearsal of a whole campaign, small: real prints, real scans, the real worker, the real use cases."""

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ocr.deck.truth import PageKind, TruthPage, read_truth
from webapp.cli.campaign import FORMS_DIR
from webapp.cli.campaign_report import as_text
from webapp.cli.campaign_run import Orders, Outcome, rehearse
from webapp.cli.memory import tree_memory_mb, tree_processor_s
from webapp.par_index.compute import compute_index
from webapp.par_index.survey import NO_SURVEY
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.campaign import Campaign
from webapp.services.campaigns import current_campaign
from webapp.services.rehearsal import Answers, Size
from webapp.services.rehearsal_check import check_answers, check_index, score_readings
from webapp.services.snapshots import build_snapshot

ORDERS = Orders(2020, Size(units_per_level=1, sheets_scale=0.1), "office", 150, 2, FORMS_DIR)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("campaign")


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def outcome(folder: Path, said: list[str]) -> Outcome:
    return rehearse(ORDERS, folder, said.append)


@pytest.fixture
def session(outcome: Outcome, folder: Path) -> Iterator[Session]:
    assert outcome.units == 2
    engine = make_engine(f"sqlite:///{folder / 'campaign.sqlite3'}")
    with make_session_factory(engine, read_only=True)() as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def campaign(session: Session) -> Campaign:
    found = current_campaign(session)
    assert found is not None
    return found


@pytest.fixture
def truth(outcome: Outcome, folder: Path) -> list[TruthPage]:
    assert outcome.pages_scanned
    return list(read_truth(folder / "truth.jsonl"))


def altered(truth: list[TruthPage], **changes: object) -> list[TruthPage]:
    """The truth with the first answer that is one option of its first page changed."""
    page = truth[0]
    number = next(
        n for n, asked in enumerate(page.fields) if isinstance(asked.value, str) and "." in asked.code
    )
    changed = dataclasses.replace(page.fields[number], **changes)  # type: ignore[arg-type]
    fields = (*page.fields[:number], changed, *page.fields[number + 1 :])
    return [dataclasses.replace(page, fields=fields), *truth[1:]]


@pytest.mark.slow
def test_every_answer_arrives_and_the_index_is_the_true_one(outcome: Outcome, said: list[str]) -> None:
    assert outcome.passed, as_text(outcome)
    assert (outcome.answers.wrong, outcome.answers.lost, outcome.sides_not_read) == (0, 0, 0)
    assert outcome.index.with_index == 2
    assert outcome.index.largest == 0
    assert outcome.is_published, outcome.blocked_by
    assert outcome.worker_memory_mb > 50
    assert {"grid", "single", "second"} <= outcome.looked.by_queue.keys()
    assert any("rà soát" in words for words in said)


@pytest.mark.slow
def test_the_audit_is_played_to_its_end(outcome: Outcome) -> None:
    report = outcome.audit.report
    assert report.waiting == 0
    assert (report.wrong, report.full_wrong, report.planted.shown) == (0, 0, report.planted.caught)
    assert outcome.audit.looks >= report.looked + report.full_looked + report.doubles
    assert report.bound is not None
    assert outcome.audit.effect is not None
    assert "Sai sót còn lại" in as_text(outcome)


@pytest.mark.slow
def test_the_check_notices_one_answer_that_differs(
    session: Session, campaign: Campaign, truth: list[TruthPage]
) -> None:
    assert check_answers(session, campaign, Answers(truth)).wrong == 0
    other = Answers(altered(truth, value=None))
    assert check_answers(session, campaign, other).wrong == 1
    snapshot = build_snapshot(session, campaign)
    assert check_index(compute_index(snapshot), snapshot, Answers(truth)).largest == 0
    differing = check_index(compute_index(snapshot), snapshot, other)
    assert differing.largest is not None
    assert differing.largest > 0
    assert not differing.is_true
    without_survey = dataclasses.replace(
        snapshot, units=tuple(dataclasses.replace(unit, survey=NO_SURVEY) for unit in snapshot.units)
    )
    assert check_index(compute_index(without_survey), snapshot, Answers(truth)).one_sided == 2


@pytest.mark.slow
def test_the_score_notices_one_answer_that_was_accepted_wrongly(
    session: Session, campaign: Campaign, truth: list[TruthPage]
) -> None:
    before = len(score_readings(session, campaign, truth).silent_errors)
    after = len(score_readings(session, campaign, altered(truth, value="none of these")).silent_errors)
    assert (before, after) == (0, 1)


@pytest.mark.slow
def test_the_check_notices_a_sheet_that_is_nowhere(
    session: Session, campaign: Campaign, truth: list[TruthPage]
) -> None:
    missing = [
        dataclasses.replace(truth[0], kind=PageKind.MISSING, source=None, page_index=None, page=side)
        for side in (1, 2)
    ]
    before = score_readings(session, campaign, truth).pages_never_scanned
    assert score_readings(session, campaign, [*truth, *missing]).pages_never_scanned == before + 2
    ghost = dataclasses.replace(truth[0], serial="99999-0", source="ghost.pdf")
    assert check_answers(session, campaign, Answers([*truth, ghost])).lost == len(ghost.fields)
    assert score_readings(session, campaign, [*truth, ghost]).pages_lost == 1


def test_memory_of_a_process_tree_is_plausible() -> None:
    assert 10 < tree_memory_mb(os.getpid()) < 20_000
    assert tree_memory_mb(2**22 + 1) == 0


def test_the_processor_time_of_a_process_tree_grows_with_its_work() -> None:
    before = tree_processor_s(os.getpid())
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert 0.05 < tree_processor_s(os.getpid()) - before < 10
    assert tree_processor_s(2**22 + 1) == 0
