"""Two reviewers at contact sheets, a clock, undo: nothing unseen is settled, and no seen mark is lost."""

import datetime as dt

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, blank
from tests.worlds.small import make_small_world
from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.responses import accepted_answers, count_unaccounted
from webapp.persistence.verification import Decision, ReviewItem, last_decision
from webapp.services.contact_sheets import TILES, SeenTile, SheetAnswer, claim_tiles, settle_tiles
from webapp.services.verification import (
    LEASE_S,
    WorkFilter,
    enqueue_reading,
    release_items,
    undo_last_decision,
)

PEOPLE = st.sampled_from(("reviewer", "reviewer2"))
PLACES = st.sets(st.integers(0, TILES - 1), max_size=TILES)
QUESTIONS, SHEETS = 15, 2


class ContactSheets(RuleBasedStateMachine):
    """Thirty answers read as blank, kept in memory; nothing is ever committed."""

    @initialize()
    def start(self) -> None:
        self.engine = make_engine("sqlite://")
        Base.metadata.create_all(self.engine)
        self.session = make_session_factory(self.engine)()
        self.world = make_small_world(self.session, NOW)
        self.clock = NOW
        for serial in range(1, SHEETS + 1):
            page = add_page(self.session, add_sheet(self.session, self.world, serial), NOW)
            reads = [blank(f"CX4.{n}", n / 100) for n in range(1, QUESTIONS + 1)]
            enqueue_reading(self.session, add_reading(self.session, page, NOW, reads), NOW)
        self.session.flush()
        self.wanted = WorkFilter(self.world.campaign.id)
        self.shown: dict[str, list[ReviewItem]] = {"reviewer": [], "reviewer2": []}
        self.until: dict[str, dt.datetime] = {}
        self.seen: set[int] = set()
        self.aside: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.engine.dispose()

    @rule(seconds=st.sampled_from([1, LEASE_S // 2, LEASE_S + 1]))
    def time_passes(self, seconds: int) -> None:
        self.clock += dt.timedelta(seconds=seconds)

    @rule(actor=PEOPLE)
    def claim(self, actor: str) -> None:
        tiles = list(claim_tiles(self.session, self.world.users[actor], self.clock, self.wanted))
        (other,) = self.shown.keys() - {actor}
        if self.until.get(other, NOW) > self.clock:
            still = {item.id for item in self.shown[other] if item.state == "open" and item.queue == "blank"}
            assert not still & {item.id for item in tiles}
        self.shown[actor] = tiles
        self.until[actor] = self.clock + dt.timedelta(seconds=LEASE_S)

    @rule(actor=PEOPLE, looked=PLACES, marks=PLACES)
    def settle(self, actor: str, looked: set[int], marks: set[int]) -> None:
        """Whatever is still on this person's screen, leased or not."""
        tiles = self.shown[actor]
        seen = [item for place, item in enumerate(tiles) if place in looked]
        marked = {item.id for place, item in enumerate(tiles) if place in marks}
        answer = SheetAnswer(frozenset(SeenTile(i.id, i.field_reading_id) for i in seen), frozenset(marked))
        outcome = settle_tiles(
            self.session, self.world.users[actor], self.wanted.campaign_id, answer, self.clock
        )
        self.session.flush()
        assert outcome.blank + outcome.late + outcome.unsettled <= len(seen)
        self.seen |= {item.id for item in seen} - marked
        self.aside |= marked

    @rule(actor=PEOPLE)
    def undo(self, actor: str) -> None:
        """All that one sheet settled comes back at once, except what has been set aside since."""
        item = undo_last_decision(self.session, self.world.users[actor], self.clock, self.wanted.campaign_id)
        self.session.flush()
        if item is None:
            return
        undone = self.session.scalars(
            select(Decision).where(Decision.kind == "undo").order_by(Decision.id.desc())
        ).first()
        assert undone is not None
        taken_back = self.session.get_one(Decision, undone.undoes_id)
        together = self.session.scalars(
            select(Decision.item_id).where(
                Decision.contact_sheet == taken_back.contact_sheet, Decision.second_opinion.is_(False)
            )
        )
        for item_id in together:
            assert self.session.get_one(ReviewItem, item_id).state == "open"
        self.until[actor] = NOW  # what came back is not what was shown
        self.shown[actor] = []

    @rule(actor=PEOPLE)
    def stop(self, actor: str) -> None:
        release_items(self.session, self.world.users[actor])
        self.until[actor] = NOW

    @invariant()
    def only_what_was_seen_is_settled(self) -> None:
        if not hasattr(self, "session"):
            return
        items = self.session.scalars(select(ReviewItem)).all()
        done = {item.id for item in items if item.state == "done"}
        assert done <= self.seen - self.aside
        for item_id in done:
            said = last_decision(self.session, item_id)
            assert said is not None
            assert (said.kind, said.contact_sheet is None) == ("blank", False)

    @invariant()
    def every_seen_mark_waits_alone_and_every_answer_counts_or_waits(self) -> None:
        if not hasattr(self, "session"):
            return
        items = self.session.scalars(select(ReviewItem)).all()
        assert {item.id for item in items if item.queue == "single"} == self.aside
        assert all(item.state == "open" for item in items if item.queue == "single")
        counted = {
            (row.sheet_id, row.field_code) for row in accepted_answers(self.session, self.wanted.campaign_id)
        }
        assert {(item.sheet_id, item.field_code) for item in items if item.state == "done"} <= counted
        assert count_unaccounted(self.session, self.wanted.campaign_id) == 0


TestContactSheets = ContactSheets.TestCase
TestContactSheets.settings = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),  # a failing world takes minutes to shrink, and is readable as it is
)
