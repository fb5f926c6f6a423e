"""A request counts from when all of it is here: who keeps its end back until a deadline is over is late."""

import datetime as dt
import io
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sqlalchemy import select

from tests.clients import Browser, Clock, Office
from tests.worlds.self_scored import add_schemes, declare_everything
from tests.worlds.small import SmallWorld
from webapp.http import csrf
from webapp.persistence.appraisal import SelfScoreEntry, Submission
from webapp.persistence.campaign import Campaign, Unit

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class HeldBack(io.BytesIO):
    """A body whose end comes an hour later."""

    def __init__(self, content: bytes, clock: Clock) -> None:
        """Keep the clock, to move it once."""
        super().__init__(content)
        self.clock, self.later = clock, clock.now + dt.timedelta(hours=1)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """What is asked for, an hour on."""
        self.clock.now = self.later
        return super().readinto(buffer)


def send_slowly(office: Office, browser: Browser, path: str, fields: dict[str, str]) -> int:
    """Begin now, end when the deadline is over."""
    body = urlencode(fields).encode()
    answer = browser.client.post(
        path,
        input_stream=HeldBack(body, office.clock),
        content_length=len(body),
        content_type="application/x-www-form-urlencoded",
        headers={csrf.HEADER: browser.token()},
    )
    return answer.status_code


def test_nothing_is_saved_or_sent_by_a_request_that_was_held_back(office: Office, now: dt.datetime) -> None:
    with office.session() as session:
        campaign = session.scalars(select(Campaign)).one()
        add_schemes(session, SmallWorld(campaign, {}, {}), now)
        unit = session.scalars(select(Unit).where(Unit.code == "19186")).one()
        declare_everything(session, unit, "unit-19186", now)
        campaign.self_score_due_at = now + dt.timedelta(minutes=30)
        session.commit()
        saved = session.scalars(select(SelfScoreEntry.id)).all()
    for path, fields in (("/tu-cham/1.1.3/nhap", {"explanation": "x"}), ("/tu-cham/gui", {"more": "x"})):
        office.clock.now = now
        assert send_slowly(office, Browser(office, "unit-19186"), path, fields) == 409
        with office.session() as session:
            assert session.scalars(select(SelfScoreEntry.id)).all() == saved
            assert session.scalars(select(Submission.state)).all() == ["draft"]
