"""Settle pages that could not be read: the clerk says what became of each, and the count goes down."""

import datetime as dt
from enum import StrEnum

from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.persistence.audit import write_log
from webapp.persistence.page_resolutions import REOPENED, PageResolution, standing_resolutions
from webapp.persistence.scans import Page

_LONGEST_REASON = 500


class Resolution(StrEnum):
    """What can become of a problem page."""

    NOT_A_FORM = "not_a_form"  # a cover, a note, somebody else's paper
    NEEDS_RESCAN = "needs_rescan"  # it stands on the list of what is to be scanned again; not settled yet
    VOIDED = "voided"  # an old edition that a reprint has replaced
    RESCANNED = "rescanned"  # the paper was scanned again
    UNUSABLE = "unusable"  # torn or spoilt: it will not be counted
    FIRST_COUNTS = "first_counts"  # of two sheets with one serial, the one read first counts


def resolve_page(  # noqa: PLR0917 - every input is named; a wrapper would only hide them
    session: Session, actor: str, page: Page, resolution: str, now: dt.datetime, reason: str = ""
) -> None:
    """Record what became of a problem page; said again, the newest counts.

    Raises:
        InvalidInput: not a problem page, not one of our resolutions, or no reason where one is due.
    """
    if page.state != "problem" or resolution not in set(Resolution):
        raise InvalidInput("Chọn một cách xử lý cho trang có vấn đề này. Trang vẫn còn nguyên.")
    if resolution == Resolution.FIRST_COUNTS and not reason.strip():
        raise InvalidInput("Ghi lý do chọn bản này, rồi bấm lại. Hai bản vẫn còn nguyên.")
    _add(session, actor, page, resolution, now, reason.strip()[:_LONGEST_REASON] or None)


def reopen_page(session: Session, actor: str, page: Page, now: dt.datetime) -> None:
    """Take the resolution back; a page that has none stays as it is."""
    if standing_resolutions(session, [page.id]):
        _add(session, actor, page, REOPENED, now)


def _add(  # noqa: PLR0917 - as above
    session: Session, actor: str, page: Page, resolution: str, now: dt.datetime, reason: str | None = None
) -> None:
    session.add(
        PageResolution(
            page_id=page.id, resolution=resolution, reason=reason, resolved_by=actor, resolved_at=now
        )
    )
    write_log(session, now, actor, "page_resolved", f"page/{page.id}", resolution=resolution)
