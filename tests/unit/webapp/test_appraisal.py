"""Appraisal: points with reasons, versions that nobody overwrites, nobody judges the own unit."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.worlds.self_scored import add_schemes, declare_everything, send_everything
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import InvalidInput, Locked, NotFound, NotPermitted, StaleVersion
from webapp.papers.official.changes import level_changes
from webapp.par_index.compute import compute_index
from webapp.par_index.workflow import State
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import AppraisedScoreEntry, appraised_versions
from webapp.persistence.campaign import Unit
from webapp.services.appraisal import (
    Decision,
    appraise_component,
    finish_appraisal,
    list_units,
    points_options,
)
from webapp.services.appraisal_matrix import load_matrix
from webapp.services.declarations import Draft
from webapp.services.explanations import first_round
from webapp.services.self_scores import save_draft, submit_self_scores
from webapp.services.snapshots import build_snapshot
from webapp.services.unit_scores import load_unit_scores

LEVELS = "1.1.1"  # commune: 1, 0.5 or 0; the unit declares 1
SET_ASIDE = "1.6.1"  # not arising earns the maximum, 1 point


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    made = make_small_world(session, now)
    add_schemes(session, made, now)
    return made


@pytest.fixture
def unit(session: Session, world: SmallWorld, now: dt.datetime) -> Unit:
    sent = world.units["19186"]
    send_everything(session, sent, "unit-19186", now)
    return sent


@pytest.fixture
def setting_aside(session: Session, world: SmallWorld, now: dt.datetime) -> Unit:
    """A unit that has sent its self-score and said that one component does not apply."""
    unit = world.units["19111"]
    declare_everything(session, unit, "unit-19111", now)
    aside = Draft(not_applicable=True, not_applicable_reason="Không có nhiệm vụ")
    component = load_unit_scores(session, unit, now).own_component(SET_ASIDE).component
    save_draft(session, unit, component, aside, actor="unit-19111", now=now)
    submit_self_scores(session, "unit-19111", unit, now)
    return unit


@pytest.fixture
def appraiser(world: SmallWorld) -> User:
    return world.users["appraiser"]


def decide(points: str | None, reason: str = "", seen: int = 0, *, aside: bool = False) -> Decision:
    return Decision(None if points is None else Decimal(points), aside, reason, seen)


def fix(
    session: Session, by: User, unit: Unit, decision: Decision, code: str = LEVELS
) -> AppraisedScoreEntry:
    return appraise_component(session, by, unit, code, decision=decision, now=unit.campaign.self_score_due_at)


def appraise_all(session: Session, by: User, unit: Unit, now: dt.datetime) -> None:
    for scores in load_unit_scores(session, unit, now).unappraised:
        assert scores.entry is not None
        fix(session, by, unit, Decision(scores.entry.points, False, "", 0), scores.component.code)


def test_agreeing_needs_no_reason(session: Session, unit: Unit, appraiser: User) -> None:
    entry = fix(session, appraiser, unit, decide("1.00"))
    assert (entry.version, entry.points, entry.reason) == (1, Decimal("1.00"), "")


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_a_difference_needs_a_reason(reason: str, session: Session, unit: Unit, appraiser: User) -> None:
    with pytest.raises(InvalidInput, match="khác điểm tự chấm: ghi lý do"):
        fix(session, appraiser, unit, decide("0.50", reason))
    assert appraised_versions(session, unit.id, LEVELS) == []


def test_raising_needs_a_reason_too(session: Session, unit: Unit, appraiser: User) -> None:
    with pytest.raises(InvalidInput, match="ghi lý do"):
        fix(session, appraiser, unit, decide("2.00"), "1.1.3")  # declared 1.80
    assert fix(session, appraiser, unit, decide("2.00", "Đủ 10/10"), "1.1.3").points == Decimal("2.00")


@pytest.mark.parametrize("points", ["-0.01", "1.01", "0.125", "1000000"])
def test_points_stay_within_the_maximum_and_two_decimals(
    points: str, session: Session, unit: Unit, appraiser: User
) -> None:
    with pytest.raises(InvalidInput, match="phải từ 0 đến 1"):
        fix(session, appraiser, unit, decide(points, "lý do"))


def test_no_points_chosen_is_said(session: Session, unit: Unit, appraiser: User) -> None:
    with pytest.raises(InvalidInput, match="Chọn điểm thẩm định"):
        fix(session, appraiser, unit, decide(None, "lý do"))


def test_the_second_of_two_appraisers_overwrites_nothing(
    session: Session, unit: Unit, appraiser: User
) -> None:
    fix(session, appraiser, unit, decide("0.50", "Chậm"))
    with pytest.raises(StaleVersion):
        fix(session, appraiser, unit, decide("0.00", "Không có", seen=0))
    fix(session, appraiser, unit, decide("0.00", "Không có", seen=1))
    with pytest.raises(StaleVersion):
        fix(session, appraiser, unit, decide("1.00", seen=7))
    versions = appraised_versions(session, unit.id, LEVELS)
    assert [(v.version, v.seen_version, v.points) for v in versions] == [
        (1, 0, Decimal("0.50")),
        (2, 1, Decimal("0.00")),
    ]


def test_what_stands_already_is_not_written_again(session: Session, unit: Unit, appraiser: User) -> None:
    first = fix(session, appraiser, unit, decide("0.50", "Chậm"))
    assert fix(session, appraiser, unit, decide("0.5", " Chậm ", seen=1)) is first
    assert fix(session, appraiser, unit, decide("0.50", "Rất chậm", seen=1)).version == 2


def test_what_the_team_has_decided_is_changed_by_the_team_alone(
    session: Session, unit: Unit, appraiser: User
) -> None:
    fix(session, appraiser, unit, replace(decide("0.50", "Chậm"), awaits_meeting=True))
    decided = fix(session, appraiser, unit, replace(decide("0.00", "Không có", seen=1), in_meeting=True))
    assert fix(session, appraiser, unit, decide("0.00", "Không có", seen=2)) is decided
    for other in (decide("0.50", "Không có", seen=2), decide("0.00", "Chậm", seen=2)):
        with pytest.raises(InvalidInput, match="Cuộc họp tổ đã quyết định"):
            fix(session, appraiser, unit, other)
    asked = fix(session, appraiser, unit, replace(decide("0.00", "Không có", seen=2), question="Vì sao?"))
    assert (asked.version, asked.in_meeting) == (3, True)
    again = fix(session, appraiser, unit, replace(decide("0.50", "Chậm", seen=3), awaits_meeting=True))
    assert (again.awaits_meeting, again.in_meeting) == (True, False)


def test_a_refused_exclusion_is_a_change_wherever_changes_are_told(
    session: Session, world: SmallWorld, setting_aside: Unit, appraiser: User, now: dt.datetime
) -> None:
    unit = setting_aside
    fix(session, appraiser, unit, replace(decide("0.00", "Có mà không làm"), question="Vì sao?"), SET_ASIDE)
    changed = first_round(session, load_unit_scores(session, unit, now))
    assert [(here.component.code, row.points) for here, row in changed] == [(SET_ASIDE, Decimal(0))]
    assert load_matrix(session, world.campaign, unit.level).cells[unit.code, SET_ASIDE].is_changed
    result = compute_index(build_snapshot(session, world.campaign))
    [change] = [
        change for level in result.levels for change in level_changes(level) if change.unit.code == unit.code
    ]
    assert [part.component for part in change.refused] == [SET_ASIDE]
    assert SET_ASIDE not in {part.component for part in (*change.scored, *change.set_aside)}


def test_nobody_appraises_the_own_unit(session: Session, world: SmallWorld, unit: Unit) -> None:
    judge = world.users["appraiser"]
    judge.unit_id = unit.id
    with pytest.raises(NotPermitted, match="Bạn thuộc xã Đại Trạch"):
        fix(session, judge, unit, decide("1.00"))
    with pytest.raises(NotPermitted):
        finish_appraisal(session, judge, unit, unit.campaign.self_score_due_at)
    judge.unit_id = world.units["NV"].id
    assert fix(session, judge, unit, decide("1.00")).version == 1


def test_drafts_are_not_appraised(session: Session, world: SmallWorld, appraiser: User) -> None:
    with pytest.raises(Locked, match="chưa gửi"):
        fix(session, appraiser, world.units["19111"], decide("1.00"))


@pytest.mark.parametrize("code", ["1.7.1", "9.9.9", ""])
def test_survey_components_are_not_appraised(
    code: str, session: Session, unit: Unit, appraiser: User
) -> None:
    with pytest.raises(NotFound):
        fix(session, appraiser, unit, decide("1.00"), code)


def test_to_agree_that_it_does_not_apply_is_to_agree_with_the_units_reason(
    session: Session, setting_aside: Unit, appraiser: User
) -> None:
    unit = setting_aside
    entry = fix(session, appraiser, unit, decide(None, aside=True), SET_ASIDE)
    assert (entry.not_applicable, entry.points, entry.reason) == (True, Decimal("1.00"), "Không có nhiệm vụ")
    with pytest.raises(InvalidInput, match="ghi lý do"):
        fix(session, appraiser, unit, decide("1.00", seen=1), SET_ASIDE)  # it applies after all: why?


def test_not_applicable_is_refused_where_the_policy_forbids_it(
    session: Session, unit: Unit, appraiser: User
) -> None:
    with pytest.raises(InvalidInput, match="không được ghi “không áp dụng”"):
        fix(session, appraiser, unit, decide(None, "lý do", aside=True))


def test_finishing_names_what_still_waits(session: Session, unit: Unit, appraiser: User) -> None:
    now = unit.campaign.self_score_due_at
    appraise_all(session, appraiser, unit, now)
    with_all = load_unit_scores(session, unit, now)
    assert with_all.appraised_points == with_all.self_points
    submission = finish_appraisal(session, appraiser, unit, now)
    assert (submission.state, submission.appraised_by) == (State.APPRAISED, "appraiser")
    with pytest.raises(Locked):
        fix(session, appraiser, unit, decide("0.00", "quá muộn", seen=1))
    with pytest.raises(Locked):
        finish_appraisal(session, appraiser, unit, now)


def test_finishing_early_is_refused(session: Session, unit: Unit, appraiser: User) -> None:
    with pytest.raises(InvalidInput, match=r"Còn 40 tiêu chí chưa thẩm định: 1\.1\.1, 1\.1\.2"):
        finish_appraisal(session, appraiser, unit, unit.campaign.self_score_due_at)


def test_the_unit_sees_nothing_before_the_appraisal_is_finished(
    session: Session, unit: Unit, appraiser: User
) -> None:
    now = unit.campaign.self_score_due_at
    appraise_all(session, appraiser, unit, now)
    assert not load_unit_scores(session, unit, now).shows_appraisal
    finish_appraisal(session, appraiser, unit, now)
    assert load_unit_scores(session, unit, now).shows_appraisal


def test_options_are_what_the_rule_can_give_and_what_the_unit_declared(
    session: Session, unit: Unit, now: dt.datetime
) -> None:
    scores = load_unit_scores(session, unit, now)
    levels = points_options(scores.own_component(LEVELS))
    assert [(o.code, o.label, o.is_self) for o in levels] == [
        ("1.00", "Ban hành kịp thời", True),
        ("0.50", "Ban hành không kịp thời", False),
        ("0.00", "Không ban hành", False),
    ]
    assert [o.code for o in points_options(scores.own_component("1.1.3"))] == ["2.00", "1.80", "0.00"]
    parts = points_options(scores.own_component("1.3.2"))  # 0.25 + 0.25 + 0.5
    assert [o.code for o in parts] == ["1.00", "0.75", "0.50", "0.25", "0.00"]


def test_the_list_shows_how_far_each_unit_is(
    session: Session, world: SmallWorld, unit: Unit, appraiser: User
) -> None:
    fix(session, appraiser, unit, decide("0.50", "Chậm"))
    fix(session, appraiser, unit, decide("1.00", seen=1))
    rows = {row.unit.code: row for row in list_units(session, appraiser, world.campaign)}
    assert list(rows) == ["NV", "19111", "19186"]
    sent, waiting = rows["19186"], rows["19111"]
    assert (sent.state, sent.self_scored, sent.appraised, sent.component_count) == (
        State.SUBMITTED,
        40,
        1,
        40,
    )
    assert sent.appraised_points == Decimal("1.00")
    total = load_unit_scores(session, unit, unit.campaign.self_score_due_at).self_points
    assert sent.self_points == total
    assert (waiting.state, waiting.self_scored, waiting.is_own) == (State.DRAFT, 0, False)
