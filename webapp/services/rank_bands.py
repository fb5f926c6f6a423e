"""With a version of the index, keep its rank bands: computed from the sheets that the version counted."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from webapp.audit.manifest import manifest_sha256, write_manifest
from webapp.errors import NotFound
from webapp.par_index.bands import (
    SCHEMA,
    BandInputs,
    RankBand,
    UnitSample,
    bands_file,
    bands_from_plain,
    rank_bands,
)
from webapp.par_index.influence import answer_weights
from webapp.par_index.outcome import IndexResult, UnitIndex
from webapp.par_index.sampling import Group, SheetAnswers, stratify
from webapp.par_index.scheme import Scheme
from webapp.par_index.snapshot import Snapshot, UnitInputs
from webapp.par_index.survey import UnitSurvey
from webapp.persistence.campaign import Campaign
from webapp.persistence.counted_sheets import CountedSheet
from webapp.persistence.results import IndexVersion
from webapp.persistence.version_bands import VersionBands, bands_of_version
from webapp.services.answer_audits import HEAVY_POINTS, manifest_lines
from webapp.services.audit_reports import AuditReport, finished_reports

_RATE_PLACES = 6


@dataclass(frozen=True, slots=True)
class KeptBands:
    """The bands of a version by unit code, and what they were computed from (see BandInputs)."""

    by_unit: Mapping[str, RankBand]
    replicates: int
    confidence_percent: int
    wrong_rate: Decimal | None
    audit: int | None

    def of_level(self, level: str) -> list[RankBand]:
        """The bands of one level, by rank."""
        return [band for band in self.by_unit.values() if band.level == level]


def band_inputs(
    session: Session,
    campaign: Campaign,
    snapshot: Snapshot,
    result: IndexResult,
    counted: Iterable[CountedSheet],
    *,
    seed: str,
) -> BandInputs:
    """What the bands of an index are computed from: the sheets that it counts, populations, the audit."""
    errors = _reading_errors(session, campaign)
    behind = _sheets_behind(campaign, counted)
    gathered = {unit.code: unit for unit in snapshot.units}
    return BandInputs(
        seed=seed,
        units=tuple(
            _unit_sample(
                unit,
                _Behind(behind[unit.code], gathered[unit.code], _scheme(snapshot, unit), campaign),
                is_audited=errors.wrong_rate is not None,
            )
            for level in result.levels
            for unit in level.units
            if unit.index_percent is not None
        ),
        wrong_rate=errors.wrong_rate,
        audit=errors.audit,
    )


def keep_bands(session: Session, version: IndexVersion, inputs: BandInputs) -> VersionBands:
    """Compute the bands of a version that is flushed, and add them to it."""
    content = bands_file(inputs, rank_bands(inputs))
    kept = VersionBands(
        version_id=version.id,
        sha256=content["sha256"],
        basis={key: value for key, value in content["inputs"].items() if key != "units"},
        bands=content["bands"],
        inputs=content["inputs"],
    )
    session.add(kept)
    return kept


def load_bands(session: Session, version: IndexVersion) -> KeptBands | None:
    """The bands of a version; None where it was computed before there were any."""
    kept = bands_of_version(session, version.id)
    if kept is None:
        return None
    rate = kept.basis["wrong_rate"]
    return KeptBands(
        by_unit={band.code: band for band in bands_from_plain(kept.bands)},
        replicates=kept.basis["replicates"],
        confidence_percent=int(100 * Fraction(kept.basis["confidence"])),
        wrong_rate=None if rate is None else Decimal(rate),
        audit=kept.basis["audit"],
    )


def require_bands(session: Session, version: IndexVersion) -> VersionBands:
    """The same as they are kept.

    Raises:
        NotFound: the version was computed before there were any.
    """
    kept = bands_of_version(session, version.id)
    if kept is None:
        raise NotFound("Bản tính này lập trước khi có khoảng hạng. Tính bản mới.")
    return kept


def bands_content(kept: VersionBands) -> dict[str, Any]:
    """The file of kept bands, for `python -m webapp.par_index.bands`."""
    return {"schema": SCHEMA, "sha256": kept.sha256, "inputs": kept.inputs, "bands": kept.bands}


def _sheets_behind(
    campaign: Campaign, counted: Iterable[CountedSheet]
) -> defaultdict[str, list[SheetAnswers]]:
    """The sheets that count, by the code of the unit that they are about."""
    codes = {unit.id: unit.code for unit in campaign.units}
    sheets: defaultdict[str, list[SheetAnswers]] = defaultdict(list)
    for row in counted:
        if not row.set_aside:
            sheets[codes[row.unit_id]].append(SheetAnswers(row.form_code, row.group_code, row.answers))
    return sheets


@dataclass(frozen=True, slots=True)
class _ReadingErrors:
    """What audits say of the answers that count now; both as in BandInputs."""

    wrong_rate: Decimal | None
    audit: int | None


def _reading_errors(session: Session, campaign: Campaign) -> _ReadingErrors:
    """From the newest finished audit of exactly these answers; one of others is only named."""
    reports = list(finished_reports(session, campaign.id))
    if not reports:
        return _ReadingErrors(None, None)
    now = manifest_sha256(write_manifest(manifest_lines(session, campaign)))
    for report in reports:
        if report.audit.manifest_sha256 == now:
            return _ReadingErrors(_rate_of_drawn(report), report.audit.number)
    return _ReadingErrors(None, reports[0].audit.number)


@dataclass(frozen=True, slots=True)
class _Behind:
    """What stands behind one unit's index."""

    sheets: Sequence[SheetAnswers]
    inputs: UnitInputs
    scheme: Scheme
    campaign: Campaign

    @property
    def populations(self) -> dict[Group, int]:
        """How many people the groups that rate the unit have, where that is known."""
        return {
            (group.form_code, group.code): group.population
            for group in self.campaign.groups
            if group.level == self.inputs.level and group.population is not None
        }


def _scheme(snapshot: Snapshot, unit: UnitIndex) -> Scheme:
    scheme = snapshot.scheme_of(unit.level)
    assert scheme is not None  # noqa: S101 - no unit has an index without a scheme
    return scheme


def _unit_sample(unit: UnitIndex, behind: _Behind, *, is_audited: bool) -> UnitSample:
    survey = behind.inputs.survey
    return UnitSample(
        code=unit.code,
        name=unit.name,
        level=unit.level,
        index_percent=unit.index_percent or Decimal(0),
        strata=stratify(
            behind.scheme,
            survey,
            behind.sheets,
            unit.applicable,
            populations=behind.populations,
            checked=_looked_at_in_full(behind.scheme, survey) if is_audited else set(),
        ),
    )


def _looked_at_in_full(scheme: Scheme, survey: UnitSurvey) -> set[Group]:
    """Groups whose answers weigh so much that an audit looks at every one (services.answer_audits)."""
    weights = answer_weights(scheme, survey).items()
    return {(form, group) for (form, group, _question), points in weights if points >= HEAVY_POINTS}


def _rate_of_drawn(report: AuditReport) -> Decimal:
    """The share of wrong answers, at most, among those that were drawn and not all looked at; rounded up."""
    answers, full = report.audit.answer_count, report.audit.full_count
    if answers == full:
        return Decimal(0)
    bound = report.bound if report.bound_with_misses is None else report.bound_with_misses
    rate = min((1.0 if bound is None else bound) * answers / (answers - full), 1.0)
    return Decimal(math.ceil(rate * 10**_RATE_PLACES)).scaleb(-_RATE_PLACES)
