"""Pages that the reader gets again: what was tried, found and said of their problems counts no more."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.persistence.scans import Page
from webapp.services.page_problems import reopen_page

READER = "may-doc"  # who has a copy judged anew because the page that counted could not be read again


def read_anew(session: Session, actor: str, page: Page, now: dt.datetime) -> None:
    """Let the page wait for the reader; nothing that was read of it is touched.

    What a person settled about its problem was said of the former reading, and would hide what is found now.
    """
    page.state, page.problem, page.failures, page.claims_from = "waiting", None, 0, page.attempt
    reopen_page(session, actor, page, now)


def judge_copies_anew(session: Session, actor: str, page: Page, now: dt.datetime) -> None:
    """The page counts no more for its side: whatever stood beside it as a copy may be the one that does."""
    copies = select(Page).where(Page.duplicate_of_id == page.id, Page.state.in_(("duplicate", "problem")))
    for copy in session.scalars(copies.order_by(Page.id)):
        copy.duplicate_of_id = None
        read_anew(session, actor, copy, now)
