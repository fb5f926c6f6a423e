"""Checks on self-scores and appraised scores, and the way between the states."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.index.sample import component_of, hand_scored
from webapp.par_index.errors import (
    EvidenceRequired,
    NotApplicableRefused,
    ReasonRequired,
    ScoreOutOfRange,
    SurveyNotSelfScored,
    TransitionNotAllowed,
)
from webapp.par_index.scores import (
    AppraisedScore,
    Evidence,
    Explanation,
    SelfScore,
    Settled,
    check_appraised_score,
    check_self_score,
    settle,
)
from webapp.par_index.workflow import Move, Party, State, advance, allowed_moves, may_unit_edit

PLAN = component_of("commune", "1.1.1")
EVIDENCE = (Evidence("KH-12.pdf", "0" * 64, 3),)
GIVEN = SelfScore("1.1.1", Decimal("0.5"), evidence=EVIDENCE)


def test_evidence_or_explanation() -> None:
    check_self_score(PLAN, GIVEN)
    check_self_score(PLAN, SelfScore("1.1.1", Decimal("0.5"), explanation=Explanation("Kế hoạch số 12")))
    for nothing in (Explanation(""), Explanation("  ")):
        with pytest.raises(EvidenceRequired, match=r"1\.1\.1"):
            check_self_score(PLAN, replace(GIVEN, evidence=(), explanation=nothing))


@pytest.mark.parametrize("points", [None, "-0.01", "1.01", "0.555", "NaN"])
def test_points_out_of_range(points: str | None) -> None:
    with pytest.raises(ScoreOutOfRange):
        check_self_score(PLAN, replace(GIVEN, points=None if points is None else Decimal(points)))


def test_survey_components_are_left_alone() -> None:
    survey = component_of("division", "1.6.1")
    with pytest.raises(SurveyNotSelfScored):
        check_self_score(survey, replace(GIVEN, component="1.6.1"))
    with pytest.raises(SurveyNotSelfScored):
        check_appraised_score(survey, None, AppraisedScore("1.6.1", Decimal(1)))


def test_setting_aside_needs_a_policy_and_a_reason() -> None:
    aside = SelfScore("x", None, not_applicable=True, reason="Không phát sinh")
    check_self_score(hand_scored("x", "1", "full"), aside)
    with pytest.raises(ReasonRequired):
        check_self_score(hand_scored("x", "1", "full"), replace(aside, reason=" "))
    with pytest.raises(NotApplicableRefused):
        check_self_score(PLAN, aside)
    with pytest.raises(NotApplicableRefused):
        settle(PLAN, Decimal(0), not_applicable=True)


def test_a_difference_needs_a_reason_up_or_down() -> None:
    check_appraised_score(PLAN, GIVEN, AppraisedScore("1.1.1", Decimal("0.50")))
    for points in ("0", "1"):
        with pytest.raises(ReasonRequired):
            check_appraised_score(PLAN, GIVEN, AppraisedScore("1.1.1", Decimal(points)))
        check_appraised_score(PLAN, GIVEN, AppraisedScore("1.1.1", Decimal(points), reason="Ký ngày 05/01"))
    with pytest.raises(ReasonRequired):
        check_appraised_score(PLAN, None, AppraisedScore("1.1.1", Decimal("0.5")))
    aside = SelfScore("x", None, not_applicable=True, reason="Không có TTHC")
    with pytest.raises(ReasonRequired):
        check_appraised_score(hand_scored("x", "1", "full"), aside, AppraisedScore("x", Decimal(1)))


def test_what_policies_settle() -> None:
    full, exclude = hand_scored("x", "2.5", "full"), hand_scored("x", "2.5", "exclude")
    assert settle(full, Decimal(0), not_applicable=True) == Settled(Decimal("2.5"), Decimal("2.5"))
    assert settle(exclude, Decimal(0), not_applicable=True) == Settled(Decimal(0), Decimal(0))
    assert settle(exclude, Decimal(1), not_applicable=False) == Settled(Decimal(1), Decimal("2.5"))


def test_the_whole_way_of_a_self_score() -> None:
    state = State.DRAFT
    way = [
        (Move.SUBMIT, Party.UNIT, State.SUBMITTED),
        (Move.RETURN, Party.APPRAISER, State.RETURNED),
        (Move.REPLY, Party.UNIT, State.SUBMITTED),
        (Move.APPRAISE, Party.APPRAISER, State.APPRAISED),
        (Move.FINALISE, Party.HEAD, State.FINAL),
    ]
    for move, party, after in way:
        assert move in allowed_moves(state, party)
        state = advance(state, move, party)
        assert state == after


def test_only_a_draft_is_the_unit_s_and_a_returned_score_is_only_explained() -> None:
    assert [state for state in State if may_unit_edit(state)] == [State.DRAFT]
    assert allowed_moves(State.RETURNED, Party.UNIT) == (Move.REPLY,)
    for state in (State.SUBMITTED, State.APPRAISED, State.FINAL):
        assert allowed_moves(state, Party.UNIT) == ()
        for move in Move:
            with pytest.raises(TransitionNotAllowed):
                advance(state, move, Party.UNIT)


def test_no_appraiser_submits_and_no_head_appraises() -> None:
    for state in State:
        assert Move.SUBMIT not in allowed_moves(state, Party.APPRAISER)
        assert Move.APPRAISE not in allowed_moves(state, Party.HEAD)
