"""Pre-flight, trial, fixed and published versions, on a real database."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.worlds.appraised import LOWERED, REASON, SET_ASIDE, finish_year
from tests.worlds.read_pages import add_page, add_reading, add_sheet, double, sure
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import InvalidInput, Locked, NotFound, StaleVersion
from webapp.par_index.compute import main
from webapp.par_index.outcome import Origin, unit_index_from_plain
from webapp.par_index.workflow import State
from webapp.persistence.appraisal import AppraisedScoreEntry, Submission
from webapp.persistence.audit import LogEntry
from webapp.persistence.results import published_index_version, units_of_version
from webapp.persistence.schemes import newest_scheme_versions
from webapp.persistence.verification import ReviewItem
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.preflight import Check
from webapp.services.publication import (
    changed_units,
    compute_trial,
    former_version,
    freeze_version,
    pre_flight,
    publish_version,
    require_version,
)
from webapp.services.schemes import add_scheme, load_sample_schemes, scheme_of_level

CONFIRMED = "Công bố  2020"


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    """The year at its end."""
    made = make_small_world(session, now)
    finish_year(session, made, now)
    return made


def left(session: Session, world: SmallWorld) -> dict[Check, int]:
    return {line.check: line.left for line in pre_flight(session, world.campaign).lines}


def test_an_empty_campaign_blocks_on_every_kind_of_work(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    assert left(session, world)[Check.SCHEMES] == 2
    with pytest.raises(InvalidInput, match="Chưa có gì để tính"):
        compute_trial(session, "head", world.campaign, now)
    add_schemes(session, world, now)
    blocked = left(session, world)
    assert blocked == {
        Check.SCHEMES: 0, Check.SELF_SCORES: 3, Check.SCANS: 0, Check.RETURNS: 0, Check.REVIEW: 0,
        Check.SURVEY: 17 + 2 * 18, Check.APPRAISAL: 28 + 2 * 40,
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="còn 3 việc"):
        freeze_version(session, "head", world.campaign, now)


def test_a_finished_year_has_nothing_left(session: Session, world: SmallWorld) -> None:
    check = pre_flight(session, world.campaign)
    assert check.may_freeze, check.lines


def test_each_kind_of_leftover_work_blocks(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    sheet = add_sheet(session, world, 900)
    page = add_page(session, sheet, now, state="problem")
    assert left(session, world)[Check.SCANS] == 1
    page.state = "read"
    reading = add_reading(session, page, now, [double("CX4.1")])
    session.flush()
    session.add(
        ReviewItem(
            campaign_id=world.campaign.id, sheet_id=sheet.id, field_reading_id=reading.fields[0].id,
            field_code="CX4.1", form_code="CX4", queue="single", position=1001, opened_at=now,
        )
    )  # fmt: skip
    escalated = ReviewItem(
        campaign_id=world.campaign.id, sheet_id=sheet.id, field_reading_id=reading.fields[0].id,
        field_code="CX4.2", form_code="CX4", queue="single", position=1002, opened_at=now,
        state="arbitration",
    )  # fmt: skip
    session.add(escalated)
    explaining, scoring = session.scalars(select(Submission)).all()[:2]
    explaining.state, scoring.state = State.RETURNED, State.DRAFT
    session.flush()
    blocked = left(session, world)
    assert (blocked[Check.SCANS], blocked[Check.REVIEW], blocked[Check.ADJUDICATION]) == (0, 1, 1)
    assert (blocked[Check.SELF_SCORES], blocked[Check.APPRAISAL]) == (1, 2)  # who explains has sent before


def test_a_version_keeps_every_number_with_its_parts(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    version = freeze_version(session, "head", world.campaign, now)
    lines = units_of_version(session, version.id)
    assert [(line.level, line.rank) for line in lines] == [("division", 1), ("commune", 1), ("commune", 2)]
    for line in lines:
        unit = unit_index_from_plain(line.detail)
        assert unit.total == line.total == sum(p.points for p in unit.parts if p.points is not None)
        assert unit.index_percent == line.index_percent
        lowered = next(part for part in unit.parts if part.component == LOWERED)
        assert lowered.self_points is not None
        if lowered.points != lowered.self_points:
            assert lowered.reason == REASON
        assert all((back.counted, back.set_aside) == (2, 0) for back in unit.returns)
        surveyed = next(part for part in unit.parts if part.origin == Origin.SURVEY)
        assert surveyed.pools
        assert surveyed.pools[0].questions[0].valid in (2, 4)
    division = unit_index_from_plain(lines[0].detail)
    aside = next(part for part in division.parts if part.component == SET_ASIDE)
    assert (aside.origin, aside.points, aside.applicable) == (Origin.EXCLUDED, Decimal(0), Decimal(0))
    assert division.applicable < 100


def test_a_fixed_version_recomputes_from_its_file(
    session: Session, world: SmallWorld, now: dt.datetime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = freeze_version(session, "head", world.campaign, now)
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps(version.snapshot, ensure_ascii=False), encoding="utf-8")
    assert main([str(path)]) == 0
    printed = capsys.readouterr()
    assert version.result_sha256 in printed.err
    assert "Phòng Nội vụ" in printed.out


def test_the_same_inputs_are_the_same_trial(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    first = compute_trial(session, "head", world.campaign, now)
    again = compute_trial(session, "head", world.campaign, now + dt.timedelta(hours=1))
    assert again is first
    frozen = freeze_version(session, "head", world.campaign, now)
    assert (frozen.number, frozen.sha256, frozen.result_sha256) == (2, first.sha256, first.result_sha256)


def test_publishing_needs_a_fixed_version_the_words_and_unchanged_inputs(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    trial = compute_trial(session, "head", world.campaign, now)
    with pytest.raises(InvalidInput, match="tính thử"):
        publish_version(session, "head", trial, CONFIRMED, now)
    frozen = freeze_version(session, "head", world.campaign, now)
    with pytest.raises(InvalidInput, match="công bố 2020"):
        publish_version(session, "head", frozen, "đồng ý", now)
    assert published_index_version(session, world.campaign.id) is None
    publish_version(session, "head", frozen, CONFIRMED, now)
    found = published_index_version(session, world.campaign.id)
    assert found is frozen
    assert (frozen.published_by, frozen.published_at) == ("head", now)
    session.commit()
    acts = list(
        session.scalars(select(LogEntry.act).where(LogEntry.act.like("index_%")).order_by(LogEntry.seq))
    )
    assert acts == ["index_trial", "index_frozen", "index_published"]


def test_work_that_came_in_after_fixing_stops_publication(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    frozen = freeze_version(session, "head", world.campaign, now)
    page = add_page(session, add_sheet(session, world, 900), now, state="problem")
    with pytest.raises(InvalidInput, match="sau khi chốt"):
        publish_version(session, "head", frozen, CONFIRMED, now)
    session.delete(page)
    session.flush()
    assert publish_version(session, "head", frozen, CONFIRMED, now) is frozen


def test_a_doubtful_answer_in_no_queue_blocks(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    page = add_page(session, add_sheet(session, world, 900), now)
    add_reading(session, page, now, [double("CX4.1")])
    session.flush()
    assert left(session, world)[Check.REVIEW] == 1
    assert not pre_flight(session, world.campaign).may_freeze


def test_what_did_not_come_back_is_said_and_blocks_nothing(session: Session, world: SmallWorld) -> None:
    add_sheet(session, world, 900)
    session.flush()
    note = next(line for line in pre_flight(session, world.campaign).lines if line.check == Check.RETURNS)
    assert note.is_note
    assert note.is_done
    assert note.left >= 1


def test_a_change_after_fixing_is_noticed_and_shown(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    frozen = freeze_version(session, "head", world.campaign, now)
    _raise_points(session, world, now)
    with pytest.raises(StaleVersion):
        publish_version(session, "head", frozen, CONFIRMED, now)
    newer = freeze_version(session, "head", world.campaign, now)
    changes = changed_units(session, newer, former_version(session, newer))
    assert {change.after.code for change in changes} >= {"19111"}
    change = next(change for change in changes if change.after.code == "19111")
    assert change.before is not None
    assert change.after.total == change.before.total + Decimal("0.50")
    publish_version(session, "head", newer, CONFIRMED, now)


def test_a_version_is_compared_with_what_the_public_has(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    first = freeze_version(session, "head", world.campaign, now)
    assert former_version(session, first) is None
    publish_version(session, "head", first, CONFIRMED, now)
    _raise_points(session, world, now)
    trial = compute_trial(session, "head", world.campaign, now)
    frozen = freeze_version(session, "head", world.campaign, now)
    for version in (trial, frozen):
        assert former_version(session, version) is first
        assert "19111" in {change.after.code for change in changed_units(session, version, first)}


def test_before_anything_is_published_the_last_fixed_version_is_the_former_one(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    compute_trial(session, "head", world.campaign, now)
    frozen = freeze_version(session, "head", world.campaign, now)
    assert former_version(session, frozen) is None, "a trial was shown to nobody"
    assert changed_units(session, frozen, None) == []
    _raise_points(session, world, now)
    compute_trial(session, "head", world.campaign, now)
    newer = freeze_version(session, "head", world.campaign, now)
    assert former_version(session, newer) is frozen


def _raise_points(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    unit = world.units["19111"]
    entry = session.scalars(
        select(AppraisedScoreEntry).where(
            AppraisedScoreEntry.unit_id == unit.id, AppraisedScoreEntry.component_code == LOWERED
        )
    ).one()
    newer = AppraisedScoreEntry(
        unit_id=unit.id, component_code=LOWERED, version=2, seen_version=1,
        points=entry.points + Decimal("0.50"), reason="Có công văn gia hạn", appraised_by="appraiser",
        appraised_at=now,
    )  # fmt: skip
    session.add(newer)
    session.flush()


def test_one_more_sheet_changes_the_survey_points(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    before = compute_trial(session, "head", world.campaign, now)
    _, scheme = scheme_of_level(session, world.campaign.id, "commune")
    questions = [q for q in scheme.questions if q.form == "CX4"]
    page = add_page(session, add_sheet(session, world, 901), now)
    add_reading(session, page, now, [sure(q.code, q.options[-1].code) for q in questions])
    session.flush()
    after = compute_trial(session, "head", world.campaign, now)
    points = {
        version.number: next(
            line.survey_points for line in units_of_version(session, version.id) if line.code == "19186"
        )
        for version in (before, after)
    }
    assert points[after.number] < points[before.number]


def test_an_unknown_version_is_not_found(session: Session, world: SmallWorld) -> None:
    with pytest.raises(NotFound):
        require_version(session, world.campaign, 99)


def test_loading_the_same_scheme_again_adds_nothing(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    load_sample_schemes(session, "administrator", world.campaign, SAMPLE_DIR / "bo_trach_2020", now)
    versions = newest_scheme_versions(session, world.campaign.id)
    assert {level: version.version for level, version in versions.items()} == {"division": 1, "commune": 1}
    _, scheme = scheme_of_level(session, world.campaign.id, "commune")
    changed = replace(scheme, title="Sửa đổi")
    with pytest.raises(Locked):
        add_scheme(session, "administrator", world.campaign, changed, now)
    newer = add_scheme(session, "administrator", world.campaign, changed, now, reason="CV 12/UBND")
    assert newer.version == 2
    assert newer.sha256 != versions["commune"].sha256
