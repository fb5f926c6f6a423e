"""Weights tried on a version: computed from its snapshot at each look, and kept nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.errors import NotFound
from webapp.par_index.compute import compute_index
from webapp.par_index.outcome import LevelResult
from webapp.par_index.scheme import Area, Scheme
from webapp.par_index.snapshot import Snapshot, read_snapshot_file
from webapp.par_index.what_if import (
    Change,
    SingleTrial,
    Span,
    Trial,
    TriedUnit,
    list_spans,
    try_each,
    try_out,
)
from webapp.persistence.results import IndexVersion


@dataclass(frozen=True, slots=True)
class TriedLevel:
    """One level of a version with a trial; `chosen` is the code of an area or component, "" for none.

    `tried` is empty while nothing is chosen. `each` and `spans`: all single components.
    """

    scheme: Scheme
    chosen: str
    change: Change
    tried: Sequence[TriedUnit]
    each: Sequence[SingleTrial]
    spans: Sequence[Span]

    @property
    def titles(self) -> dict[str, str]:
        """Code → title of every area and component."""
        leaves = {leaf.code: leaf.title for leaf in self.scheme.scored}
        return {**{area.code: area.title for area in self.scheme.areas}, **leaves}

    @property
    def heaviest(self) -> list[SingleTrial]:
        """The changes that move anybody, those that move most units first."""
        return sorted((one for one in self.each if one.moved_count), key=lambda one: -one.moved_count)


def try_level(version: IndexVersion, level: str, chosen: str, change: Change) -> TriedLevel:
    """A level of a version with the weight of an area or a component changed.

    Args:
        version: any version; it is only read.
        level: the code of a level.
        chosen: the code of an area or component, or "".
        change: what happens to its weight.

    Raises:
        NotFound: the version has no such level, area or component.
    """
    snapshot = read_snapshot_file(version.snapshot)
    result = compute_index(snapshot)
    found = next((one for one in result.levels if one.level == level), None)
    if found is None:
        raise NotFound("Bản tính này không có cấp đơn vị đó.")
    scheme = _scheme(snapshot, found)
    each = try_each(found, [leaf.code for leaf in scheme.scored])
    return TriedLevel(
        scheme=scheme,
        chosen=chosen,
        change=change,
        tried=try_out(found, Trial(_chosen(scheme, chosen), change)) if chosen else (),
        each=each,
        spans=list_spans(found, each),
    )


def _chosen(scheme: Scheme, code: str) -> frozenset[str]:
    """The components that an area's or a component's code stands for."""
    area: Area | None = next((area for area in scheme.areas if area.code == code), None)
    codes = {leaf.code for leaf in (area.scored if area else scheme.scored)}
    if area is None and code not in codes:
        raise NotFound("Bộ chỉ số không có lĩnh vực hay tiêu chí đó.")
    return frozenset(codes) if area else frozenset((code,))


def _scheme(snapshot: Snapshot, level: LevelResult) -> Scheme:
    scheme = snapshot.scheme_of(level.level)
    assert scheme is not None  # noqa: S101 - a result has no level without a scheme
    return scheme
