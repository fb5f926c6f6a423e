"""A year of several divisions with the sample's scheme: appraised, surveyed, some components set aside."""

from decimal import Decimal
from functools import cache

from tests.unit.index.sample import sample_scheme, tally
from tests.worlds.random_years import edition_of
from webapp.papers.publication.edition import Edition
from webapp.par_index.scheme import ComponentCriterion, Policy, Scheme
from webapp.par_index.snapshot import AppraisedInput, SheetsDue, Snapshot, UnitInputs
from webapp.par_index.survey import UnitSurvey

LOWERED, REASON = "1.1.1", "Kế hoạch ký ngày 05/02, chậm so với quy định"
NOT_APPLICABLE = "Không có thủ tục hành chính"


@cache
def fixed_edition(units: int = 13) -> Edition:
    """Its papers' view; the first unit keeps its self-score but for what does not apply to it."""
    scheme = sample_scheme("division")
    made = tuple(_unit(scheme, place) for place in range(units))
    return edition_of(Snapshot(2020, "UBND huyện Bố Trạch", (scheme,), made), shows_small_cells=False)


def _unit(scheme: Scheme, place: int) -> UnitInputs:
    scores = tuple(_score(leaf, place) for leaf in scheme.appraised)
    tallies = tuple(
        tally(
            q.form, group, q.code, {o.code: 12 - place % 5 if n == 0 else n for n, o in enumerate(q.options)}
        )
        for q in scheme.questions
        for pool in scheme.pools
        if pool.form == q.form
        for group in pool.groups
    )
    due = tuple(SheetsDue(pool.form, group, group, 20) for pool in scheme.pools for group in pool.groups)
    name = f"Phòng số {place + 1}"
    return UnitInputs(f"P{place}", name, "division", place, scores, UnitSurvey(tallies), due)


def _score(leaf: ComponentCriterion, place: int) -> AppraisedInput:
    if place == 0 and leaf.not_applicable.policy != Policy.NOT_ALLOWED:
        return AppraisedInput(leaf.code, Decimal(0), not_applicable=True, reason=NOT_APPLICABLE)
    if place and leaf.code == LOWERED:
        fixed = leaf.maximum - Decimal("0.75")
        return AppraisedInput(leaf.code, fixed, reason=REASON, self_points=leaf.maximum)
    points = leaf.maximum if (place + len(leaf.code)) % 3 else Decimal(0)
    return AppraisedInput(leaf.code, points, self_points=points)
