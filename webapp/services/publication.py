"""Compute the index, fix it as a numbered version, publish it. A version is a snapshot and never changes."""

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound, StaleVersion
from webapp.par_index.bands import BandInputs
from webapp.par_index.compute import compute_index, require_complete
from webapp.par_index.exact import as_plain, sha256_of
from webapp.par_index.outcome import IndexResult, LevelResult, UnitIndex, result_sha256
from webapp.par_index.snapshot import Snapshot, snapshot_as_plain, snapshot_file
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign
from webapp.persistence.counted_sheets import CountedSheet, count_counted
from webapp.persistence.responses import accepted_answers
from webapp.persistence.results import (
    FROZEN,
    PUBLISHED,
    TRIAL,
    IndexUnit,
    IndexVersion,
    find_index_version,
    last_version_number,
    list_index_versions,
    units_of_version,
)
from webapp.persistence.version_bands import bands_of_version
from webapp.services.counting import keep_counted, sort_counted
from webapp.services.log_chain import require_sound_log
from webapp.services.preflight import CheckLine, check_campaign
from webapp.services.rank_bands import band_inputs, keep_bands
from webapp.services.snapshots import build_snapshot


@dataclass(frozen=True, slots=True)
class UnitChange:
    """One unit in two versions; `before` None where the older one does not have it."""

    before: IndexUnit | None
    after: IndexUnit


@dataclass(frozen=True, slots=True)
class _Computed:
    """The index as the data stand now, ready to be kept; nothing of it is in the session yet."""

    snapshot: Snapshot
    result: IndexResult
    version: IndexVersion
    counted: Sequence[CountedSheet]
    bands: BandInputs


@dataclass(frozen=True, slots=True)
class CampaignCheck:
    """The pre-flight list, and the hash of the inputs as they stand now."""

    lines: list[CheckLine]
    inputs_sha256: str
    unit_count: int

    @property
    def blocking(self) -> list[CheckLine]:
        """Lines with work left."""
        return [line for line in self.lines if not line.is_done]

    @property
    def may_freeze(self) -> bool:
        """Whether a version can be fixed now."""
        return self.unit_count > 0 and not self.blocking


def pre_flight(session: Session, campaign: Campaign) -> CampaignCheck:
    """What still keeps the index from being fixed."""
    snapshot = build_snapshot(session, campaign)
    return _check(session, campaign, snapshot, compute_index(snapshot))


def _check(session: Session, campaign: Campaign, snapshot: Snapshot, result: IndexResult) -> CampaignCheck:
    schemes = {scheme.level: scheme for scheme in snapshot.schemes}
    lines = check_campaign(session, campaign, schemes, result)
    return CampaignCheck(lines, sha256_of(snapshot_as_plain(snapshot)), len(snapshot.units))


def compute_trial(session: Session, actor: str, campaign: Campaign, now: dt.datetime) -> IndexVersion:
    """Compute with what is there; parts may be missing. What the newest version keeps already is that one.

    Raises:
        InvalidInput: there is nothing to compute from.
    """
    computed = _compute(session, campaign)
    if not computed.snapshot.units:
        raise InvalidInput("Chưa có gì để tính: chưa có đơn vị nào có bộ chỉ số.")
    newest = next(iter(list_index_versions(session, campaign.id)), None)
    if newest is not None and _keeps_all(session, newest, computed):
        return newest
    return _keep(session, computed, TRIAL, actor, now)


def freeze_version(session: Session, actor: str, campaign: Campaign, now: dt.datetime) -> IndexVersion:
    """Fix the index as a numbered version that can be signed and published.

    Raises:
        InvalidInput: lines of the pre-flight list are still open.
        SurveyIncomplete: parts are missing.
    """
    computed = _compute(session, campaign)
    check = _check(session, campaign, computed.snapshot, computed.result)
    if not check.may_freeze:
        raise InvalidInput(
            "Chưa chốt được: còn %(count)s việc chặn. Xem danh sách kiểm tra trước khi chốt.",
            count=max(len(check.blocking), 1),
        )
    require_complete(computed.result)
    return _keep(session, computed, FROZEN, actor, now)


def _compute(session: Session, campaign: Campaign) -> _Computed:
    rows = accepted_answers(session, campaign.id)
    snapshot = build_snapshot(session, campaign, lambda *_: rows)
    result = compute_index(snapshot)
    version = _new_version(session, campaign, snapshot, result)
    counted = sort_counted(snapshot, campaign, rows)
    bands = band_inputs(session, campaign, snapshot, result, counted, seed=version.sha256)
    return _Computed(snapshot, result, version, counted, bands)


def _keeps_all(session: Session, version: IndexVersion, computed: _Computed) -> bool:
    """Whether a version says the same, in its bands too, and has its sheets: older ones kept less."""
    bands = bands_of_version(session, version.id)
    return (
        (version.sha256, version.result_sha256) == (computed.version.sha256, computed.version.result_sha256)
        and count_counted(session, version.id) == len(computed.counted)
        and bands is not None
        and bands.sha256 == sha256_of(as_plain(computed.bands))
    )


def _new_version(
    session: Session, campaign: Campaign, snapshot: Snapshot, result: IndexResult
) -> IndexVersion:
    """The next version with its lines, not yet in the session."""
    content = snapshot_file(snapshot, result_sha256(result))
    return IndexVersion(
        campaign_id=campaign.id,
        number=last_version_number(session, campaign.id) + 1,
        sha256=content["sha256"],
        result_sha256=content["result_sha256"],
        missing_count=result.missing_count,
        levels={level.level: _level_facts(snapshot, level) for level in result.levels},
        snapshot=content,
        units=[line for level in result.levels for line in _lines(level)],
    )


def _keep(session: Session, computed: _Computed, kind: str, actor: str, now: dt.datetime) -> IndexVersion:
    version = computed.version
    version.kind, version.made_by, version.made_at = kind, actor, now
    session.add(version)
    session.flush()
    write_log(session, now, actor, f"index_{kind}", f"index/{version.number}", sha256=version.sha256)
    keep_counted(session, version, computed.counted)
    keep_bands(session, version, computed.bands)
    return version


def _level_facts(snapshot: Snapshot, level: LevelResult) -> dict[str, Any]:
    """What the printed table of a level says beside its lines; numbers as exact text."""
    scheme = snapshot.scheme_of(level.level)
    assert scheme is not None  # noqa: S101 - compute_index has refused levels without a scheme
    return {
        "title": scheme.title,
        "status": scheme.status,
        "version": scheme.version,
        "maximum_appraisal": as_plain(scheme.maximum_appraisal),
        "maximum_survey": as_plain(scheme.maximum_survey),
        "maximum": as_plain(scheme.maximum),
        "smallest_cell": scheme.smallest_cell,
        "mean_percent": as_plain(level.mean_percent),
    }


def _lines(level: LevelResult) -> list[IndexUnit]:
    return [_line(position, unit) for position, unit in enumerate(level.units)]


def _line(position: int, unit: UnitIndex) -> IndexUnit:
    return IndexUnit(
        code=unit.code,
        name=unit.name,
        level=unit.level,
        position=position,
        rank=unit.rank,
        appraised_points=unit.appraised_points,
        survey_points=unit.survey_points,
        total=unit.total,
        applicable=unit.applicable,
        index_percent=unit.index_percent,
        class_label=unit.class_label,
        missing_count=len(unit.missing),
        areas=as_plain(unit.areas),
        detail=as_plain(unit),
    )


def publish_version(
    session: Session, actor: str, version: IndexVersion, confirmation: str, now: dt.datetime
) -> IndexVersion:
    """Show a frozen version to everybody who may see results; it replaces the one published before.

    Raises:
        InvalidInput: it is a trial, the confirmation was not typed, or new work has come in since.
        StaleVersion: inputs have changed since it was frozen.
        LogBroken: somebody has touched the log.
    """
    campaign = session.get_one(Campaign, version.campaign_id)
    if version.kind == PUBLISHED:
        return version
    if version.kind != FROZEN:
        raise InvalidInput("Bản tính thử không công bố được. Chốt phiên bản trước.")
    wanted = confirmation_words(campaign)
    if _folded(confirmation) != _folded(wanted):
        raise InvalidInput("Chưa công bố: gõ đúng “%(words)s” để xác nhận.", words=wanted)
    require_sound_log(session, now)
    check = pre_flight(session, campaign)
    if check.inputs_sha256 != version.sha256:
        raise StaleVersion(
            "Số liệu đã thay đổi sau khi chốt bản số %(number)s. Chốt bản mới rồi công bố bản đó.",
            number=version.number,
        )
    if check.blocking:
        raise InvalidInput(
            "Chưa công bố: sau khi chốt lại có việc chưa xong (%(count)s dòng). Bản đã chốt vẫn giữ nguyên.",
            count=len(check.blocking),
        )
    version.kind, version.published_by, version.published_at = PUBLISHED, actor, now
    session.flush()
    subject = f"index/{version.number}"
    write_log(session, now, actor, "index_published", subject, sha256=version.sha256)
    return version


def confirmation_words(campaign: Campaign) -> str:
    """What the head types to publish."""
    return f"công bố {campaign.year}"


def _folded(text: str) -> str:
    """Compared without regard to capitals, blanks and the way accents are encoded."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def require_version(session: Session, campaign: Campaign, number: int) -> IndexVersion:
    """The version with this number.

    Raises:
        NotFound: there is none.
    """
    version = find_index_version(session, campaign.id, number)
    if version is None:
        raise NotFound("Không có bản tính số %(number)s.", number=number)
    return version


def former_version(session: Session, version: IndexVersion) -> IndexVersion | None:
    """Of the versions with a lower number the one published last, else the last fixed one; never a trial."""
    earlier = [
        one
        for one in list_index_versions(session, version.campaign_id)
        if one.number < version.number and one.kind != TRIAL
    ]
    return max(earlier, key=lambda one: (one.kind == PUBLISHED, one.standing), default=None)


def changed_units(session: Session, version: IndexVersion, former: IndexVersion | None) -> list[UnitChange]:
    """Units whose index or rank differs from those of a former version; nothing without one."""
    if former is None:
        return []
    before = {line.code: line for line in units_of_version(session, former.id)}
    changes = [UnitChange(before.get(line.code), line) for line in units_of_version(session, version.id)]
    return [change for change in changes if _differs(change)]


def _differs(change: UnitChange) -> bool:
    if change.before is None:
        return True
    old, new = change.before, change.after
    return (old.index_percent, old.rank, old.total) != (new.index_percent, new.rank, new.total)
