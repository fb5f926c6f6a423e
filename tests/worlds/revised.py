"""Another version of a catalogue in mid-round, its sums put right; and a campaign that is revised to it."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy.orm import Session

from webapp.par_index.scheme import Area, ComponentCriterion, Criterion, Scheme
from webapp.par_index.shapes import Choice, LevelsRule, RatioRule
from webapp.persistence.campaign import Campaign
from webapp.services.schemes import add_scheme

REASON = "Công văn 7/SNV"
ADDED = ComponentCriterion(
    "1.1.3", "Thành phần mới", Decimal("0.5"),
    LevelsRule((Choice("Có", Decimal("0.5")), Choice("Không", Decimal(0)))),
)  # fmt: skip


def revised(
    scheme: Scheme,
    change: Callable[[ComponentCriterion], ComponentCriterion | None],
    *added: ComponentCriterion,
) -> Scheme:
    """The scheme with each component changed (None: taken out), `added` in criterion 1.1, sums to match."""
    areas = []
    for area in scheme.areas:
        criteria = [_revised(c, change, added if c.code == "1.1" else ()) for c in area.criteria]
        areas.append(_summed(replace(area, criteria=tuple(criteria))))
    whole = replace(scheme, areas=tuple(areas))
    appraisal = _sum(leaf.maximum for leaf in whole.appraised)
    return replace(whole, maximum_appraisal=appraisal, maximum=_sum(area.maximum for area in whole.areas))


def _revised(
    criterion: Criterion,
    change: Callable[[ComponentCriterion], ComponentCriterion | None],
    added: Sequence[ComponentCriterion],
) -> Criterion:
    if criterion.own is not None:
        own = change(criterion.own) or criterion.own
        return replace(criterion, own=own, maximum=own.maximum)
    kept = [leaf for old in criterion.components if (leaf := change(old)) is not None]
    leaves = (*kept, *added)
    return replace(criterion, components=leaves, maximum=_sum(leaf.maximum for leaf in leaves))


def _summed(area: Area) -> Area:
    return replace(area, maximum=_sum(criterion.maximum for criterion in area.criteria))


def _sum(points: Iterable[Decimal]) -> Decimal:
    return sum(points, Decimal(0))


def changes_of_a_letter(leaf: ComponentCriterion) -> ComponentCriterion:
    """1.1.2 gives half a point more than 2.5, 1.4.1 three points instead of four."""
    maximum = {"1.1.2": Decimal(3), "1.4.1": Decimal(3)}.get(leaf.code)
    if maximum is None or not isinstance(leaf.rule, RatioRule):
        return leaf
    return replace(leaf, maximum=maximum, rule=replace(leaf.rule, points=maximum))


def revise(session: Session, campaign: Campaign, scheme: Scheme, now: dt.datetime) -> None:
    """The scheme counts from now on."""
    add_scheme(session, "administrator", campaign, scheme, now, reason=REASON)
