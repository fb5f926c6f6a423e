"""Two reviewers at grids with decoys, a clock, undo: nothing unseen is settled, no decoy is an answer."""

import datetime as dt
from dataclasses import replace

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, blank, double
from tests.worlds.small import make_small_world
from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.responses import accepted_answers, count_unaccounted
from webapp.persistence.verification import Decision, ReviewItem, last_decision, standing_decisions
from webapp.services.answer_kinds import Answer
from webapp.services.group_grid import TILES, DealtGrid, GridAnswer, deal_again, deal_grid, settle_grid
from webapp.services.verification import (
    LEASE_S,
    WorkFilter,
    claim_next_item,
    enqueue_reading,
    record_decision,
    release_items,
    undo_last_decision,
)

PEOPLE = st.sampled_from(("reviewer", "reviewer2"))
PLACES = st.sets(st.integers(0, TILES - 1), min_size=8, max_size=TILES)
QUESTIONS, SHEETS = 15, 2


class GroupGrids(RuleBasedStateMachine):
    """Answers read as blank and known ones as decoys, kept in memory; nothing is ever committed."""

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
            reads.append(replace(double(f"CX4.{QUESTIONS + 1}"), crop_sha256="d" * 64))
            enqueue_reading(self.session, add_reading(self.session, page, NOW, reads), NOW)
        self.session.flush()
        self.wanted = WorkFilter(self.world.campaign.id)
        self.shown: dict[str, DealtGrid | None] = {"reviewer": None, "reviewer2": None}
        self.until: dict[str, dt.datetime] = {}
        self.known = self.settle_known_answers()
        self.seen: set[int] = set()
        self.aside: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.engine.dispose()

    @rule(seconds=st.sampled_from([1, LEASE_S // 2, LEASE_S + 1]))
    def time_passes(self, seconds: int) -> None:
        self.clock += dt.timedelta(seconds=seconds)

    def settle_known_answers(self) -> dict[int, Decision]:
        """What can be a decoy among blanks, by item, with the decision that must go on counting."""
        alone, user = WorkFilter(self.world.campaign.id, "single"), self.world.users["reviewer"]
        while (item := claim_next_item(self.session, user, NOW, alone)) is not None:
            record_decision(self.session, user, item.id, Answer("option", "2"), NOW)
            self.session.flush()
        return {said.item_id: said for said in self.session.scalars(select(Decision))}

    @rule(actor=PEOPLE)
    def deal(self, actor: str) -> None:
        dealt = deal_grid(self.session, self.world.users[actor], self.clock, self.wanted)
        (other,) = self.shown.keys() - {actor}
        theirs = self.shown[other]
        if self.until.get(other, NOW) > self.clock and dealt is not None and theirs is not None:
            still = {
                tile.item_id
                for tile in theirs.tiles
                if not tile.is_decoy and tile.item.state == "open" and tile.item.queue == "grid"
            }
            assert not still & {tile.item_id for tile in dealt.tiles}
        self.shown[actor] = dealt
        self.until[actor] = self.clock + dt.timedelta(seconds=LEASE_S)

    @rule(actor=PEOPLE, looked=PLACES, marks=PLACES)
    def settle(self, actor: str, looked: set[int], marks: set[int]) -> None:
        """Whatever is still on this person's screen, leased or not."""
        dealt = self.shown[actor]
        if dealt is None:
            return
        seen = [tile for place, tile in enumerate(dealt.tiles) if place in looked]
        marked = [tile for place, tile in enumerate(dealt.tiles) if place in marks]
        answer = GridAnswer(frozenset(tile.id for tile in seen), frozenset(tile.id for tile in marked))
        outcome = settle_grid(self.session, self.world.users[actor], dealt.grid, answer, self.clock)
        self.session.flush()
        assert outcome.accepted + outcome.late + outcome.unsettled <= len(seen)
        real_marked = {tile.item_id for tile in marked if not tile.is_decoy}
        self.seen |= {tile.item_id for tile in seen if not tile.is_decoy} - real_marked
        self.aside |= real_marked

    @rule(actor=PEOPLE)
    def undo(self, actor: str) -> None:
        """All that one grid settled comes back at once, except what has been set aside since."""
        user = self.world.users[actor]
        item = undo_last_decision(self.session, user, self.clock, self.wanted.campaign_id)
        self.session.flush()
        if item is None:
            return
        if item.id in self.known:  # a known answer was taken back and is given again
            record_decision(self.session, user, item.id, Answer("option", "2"), self.clock)
            self.session.flush()
            return
        deal_again(self.session, user, self.clock, item)
        undone = self.session.scalars(
            select(Decision).where(Decision.kind == "undo").order_by(Decision.id.desc())
        ).first()
        assert undone is not None
        taken_back = self.session.get_one(Decision, undone.undoes_id)
        together = self.session.scalars(
            select(Decision.item_id).where(
                Decision.grid_id == taken_back.grid_id, Decision.second_opinion.is_(False)
            )
        )
        for item_id in together:
            assert self.session.get_one(ReviewItem, item_id).state == "open"
        self.until[actor] = NOW  # what came back is not what was shown
        self.shown[actor] = None

    @rule(actor=PEOPLE)
    def stop(self, actor: str) -> None:
        release_items(self.session, self.world.users[actor])
        self.until[actor] = NOW

    @invariant()
    def only_what_was_seen_is_settled_and_never_twice(self) -> None:
        if not hasattr(self, "session"):
            return
        items = self.session.scalars(select(ReviewItem)).all()
        done = {item.id for item in items if item.state == "done"} - self.known.keys()
        assert done <= self.seen - self.aside
        for item_id in done:
            said = last_decision(self.session, item_id)
            assert said is not None
            assert (said.kind, said.grid_id is None) == ("blank", False)
            counting = standing_decisions().where(Decision.item_id == item_id)
            assert len(self.session.scalars(counting).all()) == 1

    @invariant()
    def a_decoy_never_becomes_an_answer(self) -> None:
        if not hasattr(self, "session"):
            return
        for item_id in self.known:
            said = last_decision(self.session, item_id)
            assert said is not None
            assert (said.kind, said.value, said.grid_id) == ("option", "2", None)
            assert (self.session.get_one(ReviewItem, item_id).queue, said.item.state) == ("single", "done")

    @invariant()
    def every_seen_mark_waits_alone_and_every_answer_counts_or_waits(self) -> None:
        if not hasattr(self, "session"):
            return
        items = self.session.scalars(select(ReviewItem).where(ReviewItem.id.not_in(self.known))).all()
        assert {item.id for item in items if item.queue == "single"} == self.aside
        assert all(item.state == "open" for item in items if item.queue == "single")
        counted = {
            (row.sheet_id, row.field_code) for row in accepted_answers(self.session, self.wanted.campaign_id)
        }
        assert {(item.sheet_id, item.field_code) for item in items if item.state == "done"} <= counted
        assert count_unaccounted(self.session, self.wanted.campaign_id) == 0


TestGroupGrids = GroupGrids.TestCase
TestGroupGrids.settings = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),  # a failing world takes minutes to shrink, and is readable as it is
)
