"""What an audit says of the index: from a committed manifest, its draw and its looks, on a real database."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.worlds.appraised import finish_year
from tests.worlds.small import SmallWorld, make_small_world
from webapp.audit.draw import DRAWN
from webapp.audit.manifest import FULL, SAMPLED, ManifestLine, manifest_sha256, write_manifest
from webapp.persistence.answer_audit import AnswerAudit, list_tickets
from webapp.persistence.scans import Batch
from webapp.services.answer_audits import enter_seed, manifest_lines, record_look
from webapp.services.audit_effects import measure_effect
from webapp.services.audit_reports import report_audit
from webapp.storage import ScanStore

SEED = "31415926535897932384"


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    made = make_small_world(session, now)
    finish_year(session, made, now)
    return made


@pytest.fixture
def store(tmp_path: Path) -> ScanStore:
    return ScanStore(tmp_path)


def commit(
    session: Session, store: ScanStore, world: SmallWorld, lines: Sequence[ManifestLine], now: dt.datetime
) -> AnswerAudit:
    """An audit of these lines; here every group is heavy, so that tests choose what is drawn from."""
    text = write_manifest(lines)
    store.put_bytes(text.encode())
    audit = AnswerAudit(
        campaign_id=world.campaign.id,
        number=1,
        manifest_sha256=manifest_sha256(text),
        answer_count=len(lines),
        full_count=sum(line.stratum == FULL for line in lines),
        closed_by="head",
        closed_at=now,
    )
    session.add(audit)
    session.flush()
    enter_seed(session, store, "head", audit, seed=SEED, now=now)
    return audit


def look(session: Session, world: SmallWorld, audit: AnswerAudit, now: dt.datetime, wrong: int = 0) -> None:
    """Two auditors see what was accepted, and in the first so many drawn answers something else."""
    drawn = [ticket.id for ticket in list_tickets(session, audit.id) if ticket.kind == DRAWN][:wrong]
    for ticket in list_tickets(session, audit.id):
        value = "blank" if ticket.id in drawn else ticket.accepted
        for name in ("auditor", "auditor2"):
            record_look(session, world.users[name], ticket, value, shown_ms=None, now=now)
    session.flush()


def sampled(session: Session, world: SmallWorld) -> list[ManifestLine]:
    return [replace(line, stratum=SAMPLED) for line in manifest_lines(session, world.campaign)]


def test_errors_that_were_found_widen_what_may_be_wrong(
    session: Session, world: SmallWorld, store: ScanStore, now: dt.datetime
) -> None:
    audit = commit(session, store, world, sampled(session, world), now)
    assert measure_effect(session, store, world.campaign, report_audit(session, audit)) is None
    look(session, world, audit, now)
    clean = report_audit(session, audit)
    effect = measure_effect(session, store, world.campaign, clean)
    assert effect is not None
    assert effect.scored == audit.answer_count
    assert 0 < effect.bias < 1
    assert effect.wrong_at_most == clean.wrong_at_most
    assert effect.bias_points == pytest.approx(effect.bias * 30, rel=0.4)


def test_a_blank_that_was_taken_for_an_answer_counts_as_the_whole_scale(
    session: Session, world: SmallWorld, store: ScanStore, now: dt.datetime
) -> None:
    audit = commit(session, store, world, sampled(session, world), now)
    look(session, world, audit, now, wrong=3)
    report = report_audit(session, audit)
    assert len(report.differences) == 3
    effect = measure_effect(session, store, world.campaign, report)
    assert effect is not None
    assert effect.wrong_at_most > 3
    assert effect.bias > 3 / audit.answer_count


def test_so_many_wrong_answers_could_swap_neighbours_and_none_cannot(
    session: Session, world: SmallWorld, store: ScanStore, now: dt.datetime
) -> None:
    lines = sampled(session, world)
    audit = commit(session, store, world, lines, now)
    look(session, world, audit, now)
    effect = measure_effect(session, store, world.campaign, report_audit(session, audit))
    assert effect is not None
    [communes] = [level for level in effect.levels if level.gaps]
    assert communes.inseparable == communes.gaps
    assert communes.gaps[0].fewest is not None


def test_where_all_were_looked_at_nothing_can_be_wrong(
    session: Session, world: SmallWorld, store: ScanStore, now: dt.datetime
) -> None:
    lines = manifest_lines(session, world.campaign)
    assert {line.stratum for line in lines} == {FULL}
    audit = commit(session, store, world, lines, now)
    look(session, world, audit, now)
    effect = measure_effect(session, store, world.campaign, report_audit(session, audit))
    assert effect is not None
    assert (effect.scored, effect.bias, effect.wrong_at_most) == (0, 0.0, 0)
    assert [level.inseparable for level in effect.levels] == [[], []]


def test_an_audit_of_one_batch_says_nothing_of_the_index(
    session: Session, world: SmallWorld, store: ScanStore, now: dt.datetime
) -> None:
    audit = commit(session, store, world, sampled(session, world), now)
    look(session, world, audit, now)
    audit.batch_id = session.query(Batch.id).limit(1).scalar()
    with session.no_autoflush:
        assert measure_effect(session, store, world.campaign, report_audit(session, audit)) is None
