"""Self-scores: drafts keep what was typed, points follow the rule, the complete is sent, then locked."""

import datetime as dt
import hashlib
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.worlds.self_scored import add_schemes, complete_draft, declare_everything, send_everything
from tests.worlds.small import SmallWorld, make_small_world
from webapp.errors import InvalidInput, Locked, NotFound
from webapp.par_index.exact import canonical_json, sha256_of
from webapp.par_index.scheme import ComponentCriterion, Policy
from webapp.par_index.workflow import State
from webapp.persistence.appraisal import SelfScoreEntry, Submission, find_submission
from webapp.persistence.campaign import Unit
from webapp.services.declarations import Declared, Draft, declare_points, draft_of
from webapp.services.schemes import add_scheme, scheme_of_level
from webapp.services.self_scores import save_draft, sent_document, submit_self_scores
from webapp.services.unit_scores import Standing, load_sent_scores, load_unit_scores

RATIO = "1.1.3"  # commune: finished tasks of planned tasks, 2 points
SET_ASIDE_FULL = "1.6.1"  # not arising earns the maximum, 1 point
ACTOR = "unit-19186"


@pytest.fixture
def world(session: Session, now: dt.datetime) -> SmallWorld:
    made = make_small_world(session, now)
    add_schemes(session, made, now)
    return made


@pytest.fixture
def unit(world: SmallWorld) -> Unit:
    return world.units["19186"]


def component(session: Session, unit: Unit, code: str) -> ComponentCriterion:
    found = scheme_of_level(session, unit.campaign_id, unit.level)[1].component(code)
    assert found is not None
    return found


def ratio(top: str, bottom: str, explanation: str = "") -> Draft:
    return Draft(typed={"numerator": top, "denominator": bottom}, explanation=explanation)


def keep(session: Session, unit: Unit, code: str, draft: Draft, now: dt.datetime) -> SelfScoreEntry | None:
    return save_draft(session, unit, component(session, unit, code), draft, actor=ACTOR, now=now)


def revisions(session: Session) -> list[SelfScoreEntry]:
    return list(session.scalars(select(SelfScoreEntry).order_by(SelfScoreEntry.id)))


def test_points_follow_the_rule_and_are_said_in_words(session: Session, unit: Unit) -> None:
    declared = declare_points(component(session, unit, RATIO), ratio("17", "20"))
    assert declared == Declared(Decimal("1.70"), declared.words, None)
    assert str(declared.words) == "17/20 × 2 = 1,7 điểm (tỷ lệ 85%)"


def test_more_than_all_is_full_points_with_a_warning(session: Session, unit: Unit) -> None:
    declared = declare_points(component(session, unit, RATIO), ratio("21", "20"))
    assert (declared.points, declared.warning) == (Decimal("2.00"), "over_full")


@pytest.mark.parametrize(
    ("top", "bottom", "wrong"),
    [
        ("", "", {"numerator", "denominator"}),
        ("17", "", {"denominator"}),
        ("mười bảy", "20", {"numerator"}),
        ("-1", "20", {"numerator"}),
        ("1,5", "20", {"numerator"}),
        ("1", "0", {"denominator"}),
    ],
)
def test_wrong_facts_are_named_and_give_no_points(
    top: str, bottom: str, wrong: set[str], session: Session, unit: Unit
) -> None:
    declared = declare_points(component(session, unit, RATIO), ratio(top, bottom))
    assert (declared.points, set(declared.problems)) == (None, wrong)


@pytest.mark.parametrize("typed", ["950,5", "950.5", "1.950,5"])
def test_amounts_take_comma_and_dot(typed: str, session: Session, world: SmallWorld) -> None:
    spent = component(session, world.units["NV"], "6.1.3")  # money spent of money given
    assert declare_points(spent, ratio(typed, "2000")).problems == {}


def test_an_amount_with_two_readings_is_refused_with_both(session: Session, world: SmallWorld) -> None:
    spent = component(session, world.units["NV"], "6.1.3")
    problem = declare_points(spent, ratio("1.234", "2000")).problems["numerator"]
    assert "1234 hoặc 1,234" in str(problem)


def test_zero_of_zero_asks_for_not_applicable_where_it_is_allowed(session: Session, unit: Unit) -> None:
    allowed = declare_points(component(session, unit, SET_ASIDE_FULL), ratio("0", "0"))
    assert (allowed.points, set(allowed.problems)) == (None, {"not_applicable"})
    forbidden = declare_points(component(session, unit, RATIO), ratio("0", "0"))
    assert (forbidden.points, forbidden.problems) == (Decimal(0), {})


def test_not_applicable_follows_the_policy(session: Session, world: SmallWorld) -> None:
    aside = Draft(not_applicable=True, not_applicable_reason="Không phát sinh")
    commune, division = world.units["19186"], world.units["NV"]
    assert declare_points(component(session, commune, SET_ASIDE_FULL), aside).points == Decimal("1.00")
    excluded = component(session, division, "3.1.1")
    assert excluded.not_applicable.policy == Policy.EXCLUDE
    assert declare_points(excluded, aside).points == Decimal("0.00")
    assert set(declare_points(component(session, commune, RATIO), aside).problems) == {"not_applicable"}


@pytest.mark.parametrize("typed", ["", "abc", "1.234", "  17 ", "'; DROP TABLE unit; --", "<b>17</b>"])
def test_a_draft_is_kept_exactly_as_typed(typed: str, session: Session, unit: Unit, now: dt.datetime) -> None:
    draft = Draft({"numerator": typed, "denominator": "20"}, explanation=" giải trình\r\n dở dang ")
    entry = keep(session, unit, RATIO, draft, now)
    assert entry is not None
    again = draft_of(entry)
    assert again.typed.get("numerator", "") == typed
    assert again.explanation == draft.explanation


def test_only_facts_of_the_rule_are_kept(session: Session, unit: Unit, now: dt.datetime) -> None:
    entry = keep(session, unit, RATIO, Draft({"numerator": "1", "points": "2"}), now)
    assert entry is not None
    assert entry.typed == {"numerator": "1"}


def test_each_change_is_a_revision_and_no_change_is_none(
    session: Session, unit: Unit, now: dt.datetime
) -> None:
    for top in ("1", "17", "17", "1"):
        keep(session, unit, RATIO, ratio(top, "20"), now)
    assert [(e.revision, e.typed["numerator"]) for e in revisions(session)] == [(1, "1"), (2, "17"), (3, "1")]


def test_an_untouched_form_leaves_no_trace(session: Session, unit: Unit, now: dt.datetime) -> None:
    assert keep(session, unit, RATIO, Draft(), now) is None
    assert revisions(session) == []
    assert find_submission(session, unit.id) is None


def test_standings_tell_what_is_missing(session: Session, unit: Unit, now: dt.datetime) -> None:
    def standing() -> Standing:
        return load_unit_scores(session, unit, now).components[RATIO].standing

    assert standing() is Standing.EMPTY
    keep(session, unit, RATIO, ratio("17", ""), now)
    assert standing() is Standing.STARTED
    keep(session, unit, RATIO, ratio("17", "20"), now)
    assert standing() is Standing.UNPROVEN
    keep(session, unit, RATIO, ratio("17", "20", explanation=" \n "), now)
    assert standing() is Standing.UNPROVEN
    keep(session, unit, RATIO, ratio("17", "20", explanation="Theo báo cáo"), now)
    assert standing() is Standing.COMPLETE
    assert load_unit_scores(session, unit, now).components["1.7.1"].standing is Standing.SURVEY


def test_not_applicable_needs_its_reason_but_no_evidence(
    session: Session, unit: Unit, now: dt.datetime
) -> None:
    for reason, standing in (("", Standing.UNPROVEN), ("Không phát sinh", Standing.COMPLETE)):
        keep(session, unit, SET_ASIDE_FULL, Draft({}, not_applicable=True, not_applicable_reason=reason), now)
        assert load_unit_scores(session, unit, now).components[SET_ASIDE_FULL].standing is standing


def test_survey_components_are_not_self_scored(session: Session, unit: Unit, now: dt.datetime) -> None:
    scores = load_unit_scores(session, unit, now)
    assert (len(scores.own), len(scores.scheme.scored)) == (40, 58)
    for code in ("1.7.1", "1", "9.9.9", ""):
        with pytest.raises(NotFound):
            scores.own_component(code)


def test_gaps_are_named_when_sending(session: Session, unit: Unit, now: dt.datetime) -> None:
    declare_everything(session, unit, ACTOR, now)
    keep(session, unit, RATIO, ratio("17", "20"), now)  # no evidence any more
    keep(session, unit, "2.1.2", Draft(explanation="chưa chọn mức"), now)
    with pytest.raises(InvalidInput, match=r"^Còn 2 tiêu chí chưa đủ: 1\.1\.3, 2\.1\.2\.$"):
        submit_self_scores(session, ACTOR, unit, now)
    assert load_unit_scores(session, unit, now).state is State.DRAFT


def test_sending_locks_and_gives_a_receipt_that_can_be_checked(
    session: Session, unit: Unit, now: dt.datetime
) -> None:
    submission = send_everything(session, unit, ACTOR, now)
    session.commit()
    session.expire_all()
    assert (submission.state, submission.submitted_at) == (State.SUBMITTED, now)
    sent = sent_document(load_unit_scores(session, unit, now), submission)
    content = canonical_json(sent).encode()
    assert hashlib.sha256(content).hexdigest() == submission.receipt_sha256
    with pytest.raises(Locked, match=r"đã gửi lúc 09:12 16/03/2021"):
        keep(session, unit, RATIO, ratio("20", "20"), now)
    with pytest.raises(Locked):
        submit_self_scores(session, ACTOR, unit, now)


def test_a_receipt_changes_with_any_word(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    unit = world.units["19186"]
    submission = send_everything(session, unit, ACTOR, now)
    scores = load_unit_scores(session, unit, now)
    before = canonical_json(sent_document(scores, submission))
    entry = scores.own[0].entry
    assert entry is not None
    entry.explanation += "."
    assert canonical_json(sent_document(scores, submission)) != before


def test_what_was_sent_keeps_its_scheme(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    unit = world.units["19186"]
    submission = send_everything(session, unit, ACTOR, now)
    version, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
    changed = replace(scheme, title="Bộ mới")
    with pytest.raises(Locked, match="đã khóa"):
        add_scheme(session, "administrator", world.campaign, changed, now)
    newer = add_scheme(session, "administrator", world.campaign, changed, now, reason="Theo văn bản 12/UBND")
    scores = load_unit_scores(session, unit, now)
    assert (scores.version, scores.sent_under) == (newer, version)
    sent = load_sent_scores(session, unit, now)
    assert sent.version.id == version.id == submission.scheme_version_id != newer.id
    assert sha256_of(sent_document(sent, submission)) == submission.receipt_sha256
    other = load_unit_scores(session, world.units["19111"], now)
    assert (other.version, other.sent_under) == (newer, None)


def test_the_deadline_locks_what_is_not_sent(session: Session, unit: Unit, now: dt.datetime) -> None:
    declare_everything(session, unit, ACTOR, now)
    due = unit.campaign.self_score_due_at
    late = due + dt.timedelta(seconds=1)
    with pytest.raises(Locked, match=r"Hạn gửi 17:00 19/03/2021 đã qua.*vẫn được giữ"):
        keep(session, unit, RATIO, ratio("20", "20"), late)
    with pytest.raises(Locked):
        submit_self_scores(session, ACTOR, unit, late)
    assert submit_self_scores(session, ACTOR, unit, due).state == State.SUBMITTED


def test_a_returned_self_score_is_locked_and_only_explained(
    session: Session, unit: Unit, now: dt.datetime
) -> None:
    submission = send_everything(session, unit, ACTOR, now)
    submission.state = State.RETURNED
    session.flush()
    with pytest.raises(Locked, match="đã gửi lúc"):
        keep(session, unit, RATIO, ratio("20", "20", explanation="bổ sung"), now)
    with pytest.raises(Locked):
        submit_self_scores(session, ACTOR, unit, now)


def test_a_draft_that_comes_after_the_sending_of_another_window_is_refused(
    session: Session, unit: Unit, now: dt.datetime
) -> None:
    declare_everything(session, unit, ACTOR, now)
    leaf = component(session, unit, RATIO)
    before = load_unit_scores(session, unit, now)
    session.commit()
    with Session(session.get_bind()) as other_window:
        submit_self_scores(other_window, ACTOR, other_window.get_one(Unit, unit.id), now)
        other_window.commit()
    with pytest.raises(Locked):  # although this window has read the submission as a draft
        save_draft(session, unit, leaf, ratio("20", "20"), actor=ACTOR, now=now)
    assert before.submission is not None


def test_units_do_not_mix(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    send_everything(session, world.units["19186"], ACTOR, now)
    other = load_unit_scores(session, world.units["19111"], now)
    assert (other.state, other.complete_count, other.self_points) == (State.DRAFT, 0, Decimal(0))
    assert len(session.scalars(select(Submission)).all()) == 1


def test_every_shape_of_rule_can_be_declared(session: Session, world: SmallWorld) -> None:
    for unit in world.units.values():
        _, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
        for leaf in scheme.appraised:
            declared = declare_points(leaf, complete_draft(leaf))
            assert declared.points is not None, leaf.code
            assert 0 <= declared.points <= leaf.maximum
