"""Settle pages that could not be read: the clerk says what became of each, and the count goes down."""

import datetime as dt
from enum import StrEnum

from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.persistence.audit import write_log
from webapp.persistence.page_resolutions import REOPENED, PageResolution, standing_resolutions
from webapp.persistence.scans import Page


class Resolution(StrEnum):
    """What can become of a problem page."""

    RESCANNED = "rescanned"  # the paper was scanned again
    NOT_A_FORM = "not_a_form"  # a cover, a note, somebody else's paper
    UNUSABLE = "unusable"  # void, torn or spoilt: it will not be counted


def resolve_page(session: Session, actor: str, page: Page, resolution: str, now: dt.datetime) -> None:
    """Record what became of a problem page; said again, the newest counts.

    Raises:
        InvalidInput: not a problem page, or not one of our resolutions.
    """
    if page.state != "problem" or resolution not in set(Resolution):
        raise InvalidInput("Chọn một cách xử lý cho trang có vấn đề này. Trang vẫn còn nguyên.")
    _add(session, actor, page, resolution, now)


def reopen_page(session: Session, actor: str, page: Page, now: dt.datetime) -> None:
    """Take the resolution back; a page that has none stays as it is."""
    if standing_resolutions(session, [page.id]):
        _add(session, actor, page, REOPENED, now)


def _add(session: Session, actor: str, page: Page, resolution: str, now: dt.datetime) -> None:
    session.add(PageResolution(page_id=page.id, resolution=resolution, resolved_by=actor, resolved_at=now))
    write_log(session, now, actor, "page_resolved", f"page/{page.id}", resolution=resolution)
