"""Properties of the index: whatever comes in, parts add up, order never matters, one rounding."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.index.sample import hand_scheme, hand_scored, rule_of, sample_scheme, snapshot_of, tally
from webapp.par_index.compute import compute_index, percent_of
from webapp.par_index.exact import round_half_up, sha256_of
from webapp.par_index.outcome import IndexResult, Origin, result_sha256
from webapp.par_index.rules import FactField, FactKind, FactValue, facts_asked, points_for
from webapp.par_index.scheme import Scheme
from webapp.par_index.shapes import CountRule, DeductRule, SurveyRule
from webapp.par_index.snapshot import (
    AppraisedInput,
    Snapshot,
    UnitInputs,
    snapshot_as_plain,
    snapshot_from_plain,
)
from webapp.par_index.survey import QuestionTally, UnitSurvey, survey_score

COMMUNE = sample_scheme("commune")


def points_up_to(maximum: Decimal) -> st.SearchStrategy[Decimal]:
    return st.integers(0, int(maximum * 100)).map(lambda n: Decimal(n).scaleb(-2))


def fact_values(field: FactField) -> st.SearchStrategy[FactValue]:
    if field.kind == FactKind.CHOICE:
        return st.sampled_from([code for code, _ in field.choices])
    if field.kind == FactKind.YES_NO:
        return st.booleans()
    return st.integers(0, 3000)


@st.composite
def component_and_facts(draw: st.DrawFn) -> tuple[str, Mapping[str, FactValue]]:
    """A hand-scored component of the commune scheme and sound facts for it."""
    component = draw(st.sampled_from(COMMUNE.appraised))
    fields = facts_asked(component.rule)
    facts = {field.code: draw(fact_values(field)) for field in fields}
    if "denominator" in facts:
        facts["denominator"] = draw(st.integers(1, 3000))
    return component.code, facts


@given(component_and_facts())
def test_rules_stay_within_their_maximum(case: tuple[str, Mapping[str, FactValue]]) -> None:
    code, facts = case
    component = next(leaf for leaf in COMMUNE.appraised if leaf.code == code)
    result = points_for(component.rule, facts)
    assert result.points is not None
    assert 0 <= result.points <= component.maximum
    assert result.points == round(result.points, 2)
    assert "%(" not in str(result.words)


@given(
    st.integers(0, 2000),
    st.integers(0, 2000),
    st.integers(1, 2000),
    st.sampled_from(["1.1.3", "3.3.1", "7.2.2"]),
)
def test_more_done_never_earns_less(one: int, other: int, denominator: int, code: str) -> None:
    rule = rule_of("commune", code)
    low, high = sorted((one, other))
    less = points_for(rule, {"numerator": low, "denominator": denominator}).points
    more = points_for(rule, {"numerator": high, "denominator": denominator}).points
    assert less is not None
    assert more is not None
    assert less <= more


@given(st.lists(st.integers(0, 9), min_size=3, max_size=3), st.integers(0, 2))
def test_one_more_fault_never_earns_more(times: list[int], which: int) -> None:
    rule = rule_of("commune", "1.2.1")
    assert isinstance(rule, DeductRule)
    facts = {f"event_{n}": count for n, count in enumerate(times, 1)}
    worse = facts | {f"event_{which + 1}": times[which] + 1}
    before, after = points_for(rule, facts).points, points_for(rule, worse).points
    assert before is not None
    assert after is not None
    assert after <= before


@given(st.integers(0, 50), st.integers(0, 50))
def test_pieces_never_pass_their_cap(recognised: int, applied: int) -> None:
    rule = rule_of("commune", "1.5.1")
    assert isinstance(rule, CountRule)
    result = points_for(rule, {"piece_1": recognised, "piece_2": applied})
    assert result.points == min(rule.cap, recognised + Decimal("0.5") * applied)


@st.composite
def tallies_for(draw: st.DrawFn, scheme: Scheme) -> UnitSurvey:
    """Some answers of some groups to every question of a scheme."""
    tallies: list[QuestionTally] = []
    for question in scheme.questions:
        groups = next(pool.groups for pool in scheme.pools if pool.form == question.form)
        for group in groups:
            counts = {o.code: draw(st.integers(0, 4)) for o in question.options}
            counts = {option: n for option, n in counts.items() if n}
            tallies.append(tally(question.form, group, question.code, counts, draw(st.integers(0, 2))))
    return UnitSurvey(tuple(tallies))


@given(tallies_for(COMMUNE), st.sampled_from(COMMUNE.surveyed))
@settings(max_examples=40)
def test_survey_points_are_a_share_of_the_maximum(survey: UnitSurvey, component: object) -> None:
    leaf = next(leaf for leaf in COMMUNE.surveyed if leaf == component)
    assert isinstance(leaf.rule, SurveyRule)
    score = survey_score(COMMUNE, leaf, survey)
    shuffled = survey_score(COMMUNE, leaf, UnitSurvey(survey.tallies[::-1]))
    assert score.points == shuffled.points
    if score.points is None or score.exact is None:
        assert all(pool.mean is None for pool in score.pools)
        return
    assert 0 <= score.exact <= leaf.maximum
    assert score.points == round_half_up(score.exact)
    assert sum(pool.weight_used for pool in score.pools) == 1


@st.composite
def hand_campaigns(draw: st.DrawFn) -> Snapshot:
    """Up to eight units with a few components each, some set aside, some missing."""
    policies = draw(st.lists(st.sampled_from(["not_allowed", "full", "exclude"]), min_size=1, max_size=4))
    parts = [
        hand_scored(f"1.1.{n}", str(draw(st.integers(1, 400)) / Decimal(4)), policy)
        for n, policy in enumerate(policies, 1)
    ]
    units = []
    for n in range(draw(st.integers(1, 8))):
        scores = [
            AppraisedInput(
                part.code,
                draw(points_up_to(part.maximum)),
                not_applicable=part.not_applicable.policy != "not_allowed" and draw(st.booleans()),
            )
            for part in parts
            if draw(st.integers(0, 9))
        ]
        units.append(UnitInputs(f"u{n}", f"Đơn vị {n}", "district", n, tuple(scores)))
    return snapshot_of(hand_scheme(parts), units)


def only_level(result: IndexResult) -> tuple[object, ...]:
    return tuple(result.levels[0].units)


@given(hand_campaigns())
def test_parts_sum_to_the_total_and_to_the_areas(snapshot: Snapshot) -> None:
    for unit in compute_index(snapshot).levels[0].units:
        known = [part.points for part in unit.parts if part.points is not None]
        assert unit.total == sum(known, Decimal(0)) == unit.appraised_points + unit.survey_points
        assert unit.total == sum((area.points for area in unit.areas), Decimal(0))
        assert unit.applicable == sum((part.applicable for part in unit.parts), Decimal(0))
        assert 0 <= unit.total <= unit.applicable
        excluded = [part for part in unit.parts if part.origin == Origin.EXCLUDED]
        assert all(part.points == part.applicable == 0 for part in excluded)


@given(hand_campaigns())
def test_one_rounding_between_the_parts_and_the_index(snapshot: Snapshot) -> None:
    for unit in compute_index(snapshot).levels[0].units:
        if unit.index_percent is not None:
            exact = 100 * Fraction(unit.total) / Fraction(unit.applicable)
            assert abs(Fraction(unit.index_percent) - exact) <= Fraction(1, 200)
            assert unit.index_percent == round_half_up(exact) == percent_of(unit.total, unit.applicable)


@given(hand_campaigns(), st.randoms(use_true_random=False))
def test_the_order_of_units_and_scores_never_matters(snapshot: Snapshot, random: object) -> None:
    shuffle = random.shuffle  # type: ignore[attr-defined]  # a random.Random of hypothesis
    units = [replace(u, appraised=tuple(reversed(u.appraised))) for u in snapshot.units]
    shuffle(units)
    shuffled = replace(snapshot, units=tuple(units))
    assert result_sha256(compute_index(shuffled)) == result_sha256(compute_index(snapshot))


@given(hand_campaigns())
def test_ranks_are_one_more_than_the_better_ones(snapshot: Snapshot) -> None:
    units = compute_index(snapshot).levels[0].units
    published = [unit.index_percent for unit in units if unit.index_percent is not None]
    for unit in units:
        if unit.index_percent is None:
            assert unit.rank is None
        else:
            assert unit.rank == 1 + sum(other > unit.index_percent for other in published)


@given(hand_campaigns(), st.data())
def test_more_points_never_lower_a_rank(snapshot: Snapshot, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(snapshot.units))
    raised = tuple(
        replace(s, points=max(s.points, data.draw(points_up_to(leaf.maximum))))
        for s in unit.appraised
        for leaf in snapshot.schemes[0].scored
        if leaf.code == s.component
    )
    units = tuple(replace(unit, appraised=raised) if u.code == unit.code else u for u in snapshot.units)
    before = next(u for u in compute_index(snapshot).levels[0].units if u.code == unit.code)
    after = next(
        u for u in compute_index(replace(snapshot, units=units)).levels[0].units if u.code == unit.code
    )
    if before.rank is not None and after.rank is not None:
        assert after.rank <= before.rank


@given(hand_campaigns())
def test_a_snapshot_read_back_has_the_same_hash_and_result(snapshot: Snapshot) -> None:
    plain = snapshot_as_plain(snapshot)
    again = snapshot_from_plain(plain)
    assert again == snapshot
    assert sha256_of(snapshot_as_plain(again)) == sha256_of(plain)
    assert result_sha256(compute_index(again)) == result_sha256(compute_index(snapshot))


@given(st.fractions(min_value=0, max_value=200))
def test_rounding_is_half_up_and_idempotent(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert Fraction(-1, 200) < Fraction(rounded) - value <= Fraction(1, 200)
    assert round_half_up(rounded) == rounded
