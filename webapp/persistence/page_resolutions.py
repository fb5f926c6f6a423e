"""What a clerk says of a page that could not be read. Rows are only ever added; the newest one counts."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import String, Text, exists, func, select
from sqlalchemy.orm import Mapped, Session, aliased, joinedload, mapped_column

from webapp.persistence.base import AppendOnly, Base, Id, Slug, reference
from webapp.persistence.scans import DIFFERING_COPY, Batch, Page

REOPENED = "reopened"
NEEDS_RESCAN = "needs_rescan"  # said, but not settled: the paper is still to be scanned again


class PageResolution(AppendOnly, Base):
    """One thing said of one problem page: a slug of webapp.services.page_problems, by whom, when."""

    __tablename__ = "page_resolution"
    id: Mapped[Id]
    page_id: Mapped[int] = reference("page.id")
    resolution: Mapped[Slug]
    reason: Mapped[str | None] = mapped_column(Text)
    resolved_by: Mapped[str] = mapped_column(String(80))
    resolved_at: Mapped[dt.datetime]


_newest = select(func.max(PageResolution.id)).group_by(PageResolution.page_id).scalar_subquery()
_standing = PageResolution.id.in_(_newest) & (PageResolution.resolution != REOPENED)


def standing_resolutions(session: Session, page_ids: Sequence[int]) -> dict[int, PageResolution]:
    """The resolution that counts of each of these pages that has one."""
    rows = session.scalars(select(PageResolution).where(_standing, PageResolution.page_id.in_(page_ids)))
    return {row.page_id: row for row in rows}


def count_open_problems(session: Session, campaign_id: int) -> int:
    """Problem pages of the campaign that nobody settled."""
    return open_problems(session, campaign_id).total()


def open_problems(session: Session, campaign_id: int) -> Counter[int]:
    """Batch id → its problem pages that nobody settled, and whose side no other page has either."""
    other = aliased(Page)
    settled = exists().where(
        PageResolution.page_id == Page.id, _standing, PageResolution.resolution != NEEDS_RESCAN
    )
    read_elsewhere = exists().where(
        other.sheet_id == Page.sheet_id,
        other.side == Page.side,
        other.state == "read",
        Page.problem != DIFFERING_COPY,
    )
    pages = select(Page.batch_id, func.count()).join(Batch, Batch.id == Page.batch_id)
    wanted = pages.where(Batch.campaign_id == campaign_id, Page.state == "problem", ~settled, ~read_elsewhere)
    return Counter(dict(session.execute(wanted.group_by(Page.batch_id)).all()))


def pages_to_rescan(session: Session, campaign_id: int) -> Sequence[Page]:
    """Pages whose paper is to be scanned again, by batch and place: the list that goes to the scanner."""
    asked = exists().where(
        PageResolution.page_id == Page.id, _standing, PageResolution.resolution == NEEDS_RESCAN
    )
    pages = select(Page).join(Batch, Batch.id == Page.batch_id)
    return session.scalars(
        pages.where(Batch.campaign_id == campaign_id, Page.state == "problem", asked)
        .options(joinedload(Page.file), joinedload(Page.batch), joinedload(Page.sheet))
        .order_by(Batch.number, Page.batch_file_id, Page.page_index)
    ).all()
