"""From a kept version to what its papers are made of; of today's data only names and the log go in."""

from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import StaleVersion
from webapp.papers.publication.edition import Act, Edition
from webapp.par_index.compute import compute_index
from webapp.par_index.outcome import result_sha256
from webapp.par_index.snapshot import read_snapshot_file
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Campaign
from webapp.persistence.results import TRIAL, IndexVersion
from webapp.services.rank_bands import load_bands

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_ACTS = {"index_trial": "tính thử", "index_frozen": "chốt", "index_published": "công bố"}


def edition_of_version(session: Session, version: IndexVersion, *, shows_small_cells: bool) -> Edition:
    """A version recomputed from its own snapshot, ready for its papers.

    Raises:
        StaleVersion: this program no longer computes what was kept; nothing wrong leaves the house.
    """
    campaign = session.get_one(Campaign, version.campaign_id)
    snapshot = read_snapshot_file(version.snapshot)
    result = compute_index(snapshot)
    if result_sha256(result) != version.result_sha256:
        raise StaleVersion(
            "Bản số %(number)s không tính lại đúng như đã giữ, nên không lập giấy tờ. Báo người quản trị.",
            number=version.number,
        )
    bands = load_bands(session, version)
    return Edition(
        office=campaign.office_name,
        snapshot=snapshot,
        result=result,
        number=version.number,
        made_at=version.made_at.astimezone(_VIETNAM),
        sha256=version.sha256,
        result_sha256=version.result_sha256,
        level_names={level.code: level.plural for level in campaign.levels},
        is_official=version.kind != TRIAL,
        is_sample=campaign.is_sample,
        shows_small_cells=shows_small_cells,
        log=_acts(session, version),
        bands={} if bands is None else bands.by_unit,
    )


def _acts(session: Session, version: IndexVersion) -> list[Act]:
    """Acts on this version: the log names versions by number, their hash tells years apart."""
    rows = session.scalars(
        select(LogEntry)
        .where(LogEntry.act.in_(_ACTS), LogEntry.subject == f"index/{version.number}")
        .order_by(LogEntry.seq)
    )
    return [
        Act(f"{row.at.astimezone(_VIETNAM):%d/%m/%Y %H:%M}", row.actor, _ACTS[row.act], row.subject)
        for row in rows
        if row.detail.get("sha256") == version.sha256
    ]
