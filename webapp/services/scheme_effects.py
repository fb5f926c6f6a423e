"""What a change of the catalogue in mid-round does to points: computed, listed, and never carried out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from webapp.par_index.compute import compute_index
from webapp.par_index.exact import as_plain, from_plain
from webapp.par_index.outcome import UnitIndex
from webapp.par_index.scheme import Scheme
from webapp.par_index.scores import has_room
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    SelfScoreEntry,
    latest_appraised_scores,
    latest_self_scores,
)
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.responses import accepted_answers
from webapp.services.declarations import declare_points, draft_of
from webapp.services.snapshots import build_snapshot


@dataclass(frozen=True, slots=True)
class PointChange:
    """Points of one unit's component before and after; None: none. `component` "" is the whole unit."""

    unit: str
    name: str
    component: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True, slots=True)
class Report:
    """What would change, unit by unit in the office's order; nothing of it is altered by the change.

    `self_scores`: what the unit declared gives other points now. `unfit`: what it declared no longer fits the
    rule, or its component is gone. `appraised`: appraised points above the new maximum, or of a component
    that is gone. `set_aside`: agreed not to apply, where the catalogue does not allow that any more.
    `survey`: points from the answers. `totals`: the index in percent, None while parts are missing.
    """

    self_scores: tuple[PointChange, ...] = ()
    unfit: tuple[PointChange, ...] = ()
    appraised: tuple[PointChange, ...] = ()
    survey: tuple[PointChange, ...] = ()
    totals: tuple[PointChange, ...] = ()
    set_aside: tuple[PointChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nobody's points would change."""
        return not self.sections

    @property
    def sections(self) -> tuple[tuple[str, tuple[PointChange, ...]], ...]:
        """The lists that hold something, by name, what people have to see to first."""
        names = ("unfit", "appraised", "set_aside", "self_scores", "survey", "totals")
        return tuple((name, getattr(self, name)) for name in names if getattr(self, name))


def report_as_plain(report: Report) -> dict[str, Any]:
    """The report as JSON values."""
    plain: dict[str, Any] = as_plain(report)
    return plain


def report_from_plain(plain: Mapping[str, Any]) -> Report:
    """The report that was kept with a version."""
    report: Report = from_plain(Report, dict(plain), "report")
    return report


def effects_of(session: Session, campaign: Campaign, before: Scheme, after: Scheme) -> Report:
    """What would change if one scheme took the other's place now; both are of one level."""
    units = [unit for unit in campaign.units if unit.level == after.level]
    ids = [unit.id for unit in units]
    declared = latest_self_scores(session, ids)
    appraised = latest_appraised_scores(session, ids)
    kept: list[PointChange] = []
    unfit: list[PointChange] = []
    for unit in units:
        for scheme_code in _codes(before, after):
            entry = declared.get((unit.id, scheme_code))
            if entry is not None and (change := _declared_change(unit, entry, after)) is not None:
                (unfit if change.after is None else kept).append(change)
    survey, totals = _computed_changes(session, campaign, before, after)
    fixed = tuple(_unfit_appraised(units, appraised, after))
    aside = tuple(_unfit_set_aside(units, appraised, after))
    return Report(tuple(kept), tuple(unfit), fixed, survey, totals, aside)


def _codes(before: Scheme, after: Scheme) -> list[str]:
    """Every component that is scored by hand in either, in printed order."""
    return list(dict.fromkeys(leaf.code for scheme in (after, before) for leaf in scheme.appraised))


def _declared_change(unit: Unit, entry: SelfScoreEntry, after: Scheme) -> PointChange | None:
    """The kept points beside what the same facts give under the new rule; None where they stay."""
    component = after.component(entry.component_code)
    points = None
    if component is not None and not component.is_survey:
        points = declare_points(component, draft_of(entry)).points
    if points == entry.points:
        return None
    return PointChange(unit.code, unit.name, entry.component_code, entry.points, points)


def _unfit_appraised(
    units: Sequence[Unit], appraised: Mapping[tuple[int, str], AppraisedScoreEntry], after: Scheme
) -> Iterator[PointChange]:
    """Appraised points that the new catalogue has no room for: `after` is the most that it gives."""
    maxima = {leaf.code: leaf.maximum for leaf in after.appraised}
    for unit in units:
        for (unit_id, code), entry in sorted(appraised.items()):
            is_over = code not in maxima or (not entry.not_applicable and entry.points > maxima[code])
            if unit_id == unit.id and is_over:
                yield PointChange(unit.code, unit.name, code, entry.points, maxima.get(code))


def _unfit_set_aside(
    units: Sequence[Unit], appraised: Mapping[tuple[int, str], AppraisedScoreEntry], after: Scheme
) -> Iterator[PointChange]:
    """Components agreed not to apply, of which the new catalogue says that they always do."""
    leaves = {leaf.code: leaf for leaf in after.appraised}
    for unit in units:
        for (unit_id, code), entry in sorted(appraised.items()):
            leaf = leaves.get(code)
            is_refused = leaf is not None and not has_room(leaf, entry.points, not_applicable=True)
            if unit_id == unit.id and entry.not_applicable and is_refused:
                yield PointChange(unit.code, unit.name, code, entry.points, None)


def _computed_changes(
    session: Session, campaign: Campaign, before: Scheme, after: Scheme
) -> tuple[tuple[PointChange, ...], tuple[PointChange, ...]]:
    """Survey components, and whole units, whose figures differ."""
    old, new = (_indexes(session, campaign, scheme) for scheme in (before, after))
    survey: list[PointChange] = []
    totals: list[PointChange] = []
    for code, unit in old.items():
        other = new[code]
        parts = {part.component: part.points for part in other.parts}
        own = {part.component: part.points for part in unit.parts}
        surveyed = dict.fromkeys(leaf.code for scheme in (before, after) for leaf in scheme.surveyed)
        survey += [
            PointChange(code, unit.name, leaf, own.get(leaf), parts.get(leaf))
            for leaf in surveyed
            if own.get(leaf) != parts.get(leaf)
        ]
        if unit.index_percent != other.index_percent:
            totals.append(PointChange(code, unit.name, "", unit.index_percent, other.index_percent))
    return tuple(survey), tuple(totals)


def _indexes(session: Session, campaign: Campaign, scheme: Scheme) -> dict[str, UnitIndex]:
    """Every unit's figures under a scheme; appraised points that it has no room for count as missing."""
    snapshot = build_snapshot(session, campaign, accepted_answers, {scheme.level: scheme})
    result = compute_index(snapshot)
    found = {unit.code: unit for level in result.levels for unit in level.units}
    return {unit.code: found[unit.code] for unit in snapshot.units}
