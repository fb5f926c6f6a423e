"""A catalogue revised in mid-round: what was sent before is appraised by it, and nothing goes by unseen."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy.orm import Session

from tests.worlds.appraised import SET_ASIDE, finish_year
from tests.worlds.revised import ADDED, changes_of_a_letter, revise, revised
from tests.worlds.self_scored import add_schemes, declare_everything, send_everything
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import InvalidInput
from webapp.par_index.scheme import ComponentCriterion, NotApplicable, Scheme, scheme_problems
from webapp.par_index.shapes import RatioRule
from webapp.par_index.snapshot import AppraisedInput
from webapp.persistence.campaign import Unit
from webapp.services.appraisal import Decision, appraise_component, finish_appraisal, points_options
from webapp.services.publication import compute_trial, pre_flight
from webapp.services.reopening import reopen_appraisal, reopen_self_scores
from webapp.services.scheme_effects import effects_of
from webapp.services.schemes import scheme_of_level
from webapp.services.self_scores import submit_self_scores
from webapp.services.snapshots import build_snapshot
from webapp.services.unit_scores import UnitScores, load_unit_scores

RATIO = "1.1.2"  # division: 9/10 of 2.5 points


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    made = make_small_world(session, now)
    add_schemes(session, made, now)
    return made


def division(session: Session, world: SmallWorld) -> Scheme:
    return scheme_of_level(session, world.campaign.id, "division")[1]


def scores_of(session: Session, unit: Unit, now: dt.datetime) -> UnitScores:
    session.flush()
    return load_unit_scores(session, unit, now)


def fix(session: Session, world: SmallWorld, code: str, points: str, now: dt.datetime) -> None:
    unit = world.units["NV"]
    appraised = scores_of(session, unit, now).own_component(code).appraised
    decision = Decision(Decimal(points), False, "Theo bản 2", 0 if appraised is None else appraised.version)
    appraise_component(session, world.users["appraiser"], unit, code, decision=decision, now=now)


def test_the_example_is_sound(session: Session, world: SmallWorld) -> None:
    assert scheme_problems(revised(division(session, world), changes_of_a_letter, ADDED)) == ()


def test_a_unit_that_has_sent_is_appraised_by_the_newest_version(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    unit = world.units["NV"]
    send_everything(session, unit, "unit-nv", now)
    revise(session, world.campaign, revised(division(session, world), changes_of_a_letter, ADDED), now)
    fix(session, world, RATIO, "3.00", now)
    fix(session, world, ADDED.code, "0.50", now)
    with pytest.raises(InvalidInput, match="từ 0 đến 3"):
        fix(session, world, "1.4.1", "3.01", now)
    offered = [
        option.points for option in points_options(scores_of(session, unit, now).own_component("1.4.1"))
    ]
    assert max(offered) == Decimal(3), "the 4 points that it had sent are no choice any more"
    for waiting in scores_of(session, unit, now).unappraised:
        fix(session, world, waiting.component.code, "0.00", now)
    finish_appraisal(session, world.users["appraiser"], unit, now)


def test_the_difference_from_what_was_sent_is_known(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    unit = world.units["NV"]
    send_everything(session, unit, "unit-nv", now)
    first = scheme_of_level(session, world.campaign.id, "division")[0]
    scheme = revised(division(session, world), lambda leaf: None if leaf.code == "1.1.1" else leaf, ADDED)
    revise(session, world.campaign, revised(scheme, changes_of_a_letter), now)
    scores = scores_of(session, unit, now)
    assert scores.sent_under == first
    assert {s.component.code: s.revision for s in scores.revised} == {
        RATIO: "changed", ADDED.code: "new", "1.4.1": "changed"
    }  # fmt: skip
    assert [leaf.code for leaf in scores.dropped] == ["1.1.1"]
    ratio, added = scores.own_component(RATIO), scores.own_component(ADDED.code)
    assert (ratio.as_declared.maximum, ratio.component.maximum) == (Decimal("2.5"), Decimal(3))
    assert (added.entry, added.standing, scores.gaps) == (None, "new", [])


def test_points_without_room_are_fixed_again_and_named(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    finish_year(session, world, now)
    assert pre_flight(session, world.campaign).may_freeze
    revise(session, world.campaign, revised(division(session, world), changes_of_a_letter, ADDED), now)
    check = pre_flight(session, world.campaign)
    assert ("Phòng Nội vụ: 1.4.1",) in [line.names for line in check.blocking]
    assert compute_trial(session, "head", world.campaign, now).missing_count == 2, "1.4.1, and what is new"
    unit, appraiser = world.units["NV"], world.users["appraiser"]
    reopen_appraisal(session, "head", unit, "theo bản 2", now)
    with pytest.raises(InvalidInput, match=r"2 tiêu chí chưa thẩm định: 1\.1\.3, 1\.4\.1"):
        finish_appraisal(session, appraiser, unit, now)
    fix(session, world, "1.4.1", "3.00", now)
    fix(session, world, ADDED.code, "0.50", now)
    finish_appraisal(session, appraiser, unit, now)
    assert pre_flight(session, world.campaign).may_freeze


def test_what_was_set_aside_and_may_not_be_any_more_is_listed_and_named(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    finish_year(session, world, now)
    before = division(session, world)
    after = revised(
        before, lambda leaf: replace(leaf, not_applicable=NotApplicable()) if leaf.code == SET_ASIDE else leaf
    )
    listed = dict(effects_of(session, world.campaign, before, after).sections)
    assert [(c.unit, c.component) for c in listed["set_aside"]] == [("NV", SET_ASIDE)]
    revise(session, world.campaign, after, now)
    blocking = pre_flight(session, world.campaign).blocking
    assert (f"Phòng Nội vụ: {SET_ASIDE}",) in [line.names for line in blocking]


def test_a_self_score_that_was_given_back_is_a_draft_and_in_no_index(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    unit = world.units["NV"]
    send_everything(session, unit, "unit-nv", now)
    fix(session, world, RATIO, "2.00", now)
    assert [score.self_points for score in inputs_of(session, world)] == [Decimal("2.25")]
    reopen_self_scores(session, "head", unit, "theo bản 2", now)
    assert [(s.points, s.self_points, s.declared) for s in inputs_of(session, world)] == [
        (Decimal("2.00"), None, ())
    ]


def inputs_of(session: Session, world: SmallWorld) -> tuple[AppraisedInput, ...]:
    units = build_snapshot(session, world.campaign).units
    return next(unit.appraised for unit in units if unit.code == "NV")


def _floor_raised(leaf: ComponentCriterion) -> ComponentCriterion:
    if leaf.code != RATIO or not isinstance(leaf.rule, RatioRule):
        return leaf
    return replace(leaf, rule=replace(leaf.rule, zero_below=Fraction(95, 100)))


def test_a_draft_computed_by_an_older_version_is_saved_again_before_it_is_sent(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    unit = world.units["NV"]
    declare_everything(session, unit, "unit-nv", now)
    revise(session, world.campaign, revised(division(session, world), _floor_raised), now)
    with pytest.raises(InvalidInput, match=rf"1 tiêu chí chưa đủ: {RATIO}"):
        submit_self_scores(session, "unit-nv", unit, now)
    here = scores_of(session, unit, now).own_component(RATIO)
    assert here.standing == "outdated"
    assert (
        str(here.gap) == f"Bộ chỉ số đã sửa sau khi lưu {RATIO}: lưu lại để tính theo bản mới, được 0 điểm."
    )
    declare_everything(session, unit, "unit-nv", now)  # the same facts once more
    submit_self_scores(session, "unit-nv", unit, now)
    sent = scores_of(session, unit, now).own_component(RATIO).entry
    assert sent is not None
    assert (sent.revision, sent.points) == (2, Decimal("0.00"))


def test_facts_that_no_longer_fit_are_entered_again(
    session: Session, world: SmallWorld, now: dt.datetime
) -> None:
    unit = world.units["NV"]
    declare_everything(session, unit, "unit-nv", now)
    other = revised(
        division(session, world),
        lambda leaf: replace(leaf, maximum=Decimal("0.5"), rule=ADDED.rule) if leaf.code == RATIO else leaf,
    )
    revise(session, world.campaign, other, now)
    assert "không còn hợp" in str(scores_of(session, unit, now).own_component(RATIO).gap)
