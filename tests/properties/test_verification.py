"""Three reviewers, a clock, undo, re-reads: nobody has two turns, nothing is lost or counted early.

Nor does anything count for another page than people looked at, or against somebody who saw otherwise.
"""

import datetime as dt
from dataclasses import replace

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import func, select

from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, double, faint, sure
from tests.worlds.small import make_small_world
from webapp.errors import InvalidInput
from webapp.persistence.accounts import User
from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.readings import FieldReading
from webapp.persistence.responses import accepted_answers, count_unaccounted
from webapp.persistence.verification import UNFINISHED, Decision, ReviewItem, last_decision, said_this_round
from webapp.services.answer_kinds import Answer
from webapp.services.overlay_sheets import doubt_answer
from webapp.services.second_key import first_choice, late_values, rule_of, value_of
from webapp.services.verification import (
    LEASE_S,
    WorkFilter,
    claim_next_item,
    drop_page_items,
    enqueue_reading,
    record_decision,
    release_items,
    undo_last_decision,
)

PEOPLE = ("reviewer", "reviewer2", "reviewer3")
ANSWERS = st.one_of(
    st.sampled_from("12").map(lambda value: Answer("option", value, "other")),
    st.sampled_from([Answer("blank"), Answer("escalate", reason="need_paper")]),
)
CODES = ("CX4.1", "CX4.2", "CX4.3")
AGES = st.sampled_from([0, 0, 1, 2, 4])  # how many readings ago it was that a screen was sent
CERTAIN = st.dictionaries(st.sampled_from(CODES), st.sampled_from("12"), max_size=1)


class Verification(RuleBasedStateMachine):
    """One sheet with three doubtful answers, kept in memory; nothing is ever committed."""

    items = Bundle("items")

    @initialize(target=items)
    def start(self) -> object:
        self.engine = make_engine("sqlite://")
        Base.metadata.create_all(self.engine)
        self.session = make_session_factory(self.engine)()
        self.world = make_small_world(self.session, NOW)
        third = User(username="reviewer3", display_name="R3", role="reviewer", password_hash="-")
        self.session.add(third)
        self.world.users["reviewer3"] = third
        rule = rule_of(self.session, self.world.campaign.id)
        rule.double_marks = rule.overridden = True
        sheet = add_sheet(self.session, self.world, 1)
        self.page = add_page(self.session, sheet, NOW)
        self.copy = add_page(self.session, sheet, NOW, state="duplicate")
        self.wanted = WorkFilter(self.world.campaign.id)
        self.clock, self.rows = NOW, 0
        reads = [double(CODES[0]), faint(CODES[1], "1"), faint(CODES[2], "2")]
        enqueue_reading(self.session, add_reading(self.session, self.page, NOW, reads), NOW)
        return multiple(*self.session.scalars(select(ReviewItem)).all())

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.engine.dispose()

    @rule(seconds=st.sampled_from([1, LEASE_S + 1]))
    def time_passes(self, seconds: int) -> None:
        self.clock += dt.timedelta(seconds=seconds)

    @rule(actor=st.sampled_from(PEOPLE), answer=ANSWERS)
    def work(self, actor: str, answer: Answer) -> None:
        """Claim the next and say something."""
        item = claim_next_item(self.session, self.world.users[actor], self.clock, self.wanted)
        if item is None:
            return
        stage = item.state
        before = said_this_round(self.session, item)
        if stage != "open":
            assert actor not in {said.actor for said in before}
        if stage == "arbitration" and answer.kind == "escalate":
            release_items(self.session, self.world.users[actor])
            return
        outcome = record_decision(self.session, self.world.users[actor], item.id, answer, self.clock)
        self.session.flush()
        assert outcome in ("settled", "escalated")
        self.rows += 1
        if stage == "arbitration":
            assert item.state == "done"

    @rule(actor=st.sampled_from(PEOPLE))
    def take(self, actor: str) -> None:
        """Claim, and be slow: what another one's lease is on is not given away."""
        leases = {i.id: (i.lease_user, i.lease_until) for i in self.session.scalars(select(ReviewItem))}
        item = claim_next_item(self.session, self.world.users[actor], self.clock, self.wanted)
        if item is not None:
            holder, until = leases[item.id]
            assert holder in (None, actor) or until is None or until <= self.clock

    def shown(self, item: ReviewItem, age: int) -> FieldReading:
        """A reading of the item's answer that somebody may still have on the screen: the newest has age 0."""
        same = select(FieldReading).where(FieldReading.field_code == item.field_code)
        readings = self.session.scalars(same.order_by(FieldReading.id.desc())).all()
        return readings[min(age, len(readings) - 1)]

    @rule(actor=st.sampled_from(PEOPLE), item=items, answer=ANSWERS, age=AGES)
    def say(self, actor: str, item: ReviewItem, answer: Answer, age: int) -> None:
        """Whatever a browser sends, in turn or not, is kept; only a third person passes nothing on."""
        seen = self.shown(item, age)
        said = replace(answer, seen_reading_id=seen.id)
        try:
            outcome = record_decision(self.session, self.world.users[actor], item.id, said, self.clock)
        except InvalidInput:
            assert (answer.kind, item.state in ("arbitration", "done")) == ("escalate", True)
            return
        self.session.flush()
        self.rows += outcome != "repeated"
        if seen.reading.page_id != self.page.id:
            assert outcome in ("replaced", "repeated")

    @rule(actor=st.sampled_from(PEOPLE), item=items, age=AGES)
    def doubt(self, actor: str, item: ReviewItem, age: int) -> None:
        """An accepted answer that looks odd is looked at alone, whichever reading was on the screen."""
        user, seen = self.world.users[actor], self.shown(item, age)
        counts = item.state == "dropped" and seen.reading.page_id == self.page.id
        assert (doubt_answer(self.session, user, seen, self.clock) is item) is counts
        self.session.flush()
        assert not counts or (item.state, item.set_aside_at) == ("open", self.clock)

    @rule(actor=st.sampled_from(PEOPLE))
    def undo(self, actor: str) -> None:
        user, campaign = self.world.users[actor], self.wanted.campaign_id
        item = undo_last_decision(self.session, user, self.clock, campaign)
        self.session.flush()
        self.rows += item is not None

    @rule(actor=st.sampled_from(PEOPLE))
    def stop(self, actor: str) -> None:
        release_items(self.session, self.world.users[actor])

    @rule(certain=CERTAIN, was_away=st.sampled_from([False, False, False, True]))
    def read_again(self, certain: dict[str, str], *, was_away: bool) -> None:
        """The machine reads the page again, `certain` of some answers; `was_away`: it was a copy."""
        if was_away:
            drop_page_items(self.session, self.page.id)
            self.session.flush()
        self.read(certain)

    @rule(certain=CERTAIN)
    def another_page_counts(self, certain: dict[str, str]) -> None:
        """A clerk lets the other paper of the same number count."""
        self.page, self.copy = self.copy, self.page
        self.copy.state = "duplicate"
        self.session.flush()  # two pages of one side never count at once
        self.page.state = "read"
        self.session.flush()
        self.read(certain)

    def read(self, certain: dict[str, str]) -> None:
        reads = [sure(c, certain[c]) if c in certain else double(c) for c in CODES]
        enqueue_reading(self.session, add_reading(self.session, self.page, self.clock, reads), self.clock)
        self.session.flush()

    @invariant()
    def nothing_is_lost_and_every_answer_counts_or_waits(self) -> None:
        if not hasattr(self, "session"):
            return
        self.session.flush()
        assert self.session.scalar(select(func.count()).select_from(Decision)) == self.rows
        unfinished = select(ReviewItem.field_code).where(ReviewItem.state.in_(UNFINISHED))
        waiting = set(self.session.scalars(unfinished))
        counted = {row.field_code for row in accepted_answers(self.session, self.wanted.campaign_id)}
        assert (counted | waiting, counted & waiting) == (set(CODES), set())
        assert count_unaccounted(self.session, self.wanted.campaign_id) == 0

    @invariant()
    def what_counts_was_seen_and_nobody_who_saw_it_differs(self) -> None:
        if not hasattr(self, "session"):
            return
        for item in self.session.scalars(select(ReviewItem).where(ReviewItem.state.not_in(UNFINISHED))):
            field, said = item.field_reading, last_decision(self.session, item.id)
            assert field.reading.page_id == self.page.id
            sure_of = {first_choice(field)} if field.accepted else set()
            counted = first_choice(field) if item.state == "dropped" else said and value_of(said)
            if said is not None:
                seen = self.session.get_one(FieldReading, said.field_reading_id)
                assert seen.reading.page_id == self.page.id or value_of(said) in sure_of
            third = {one.stage for one in said_this_round(self.session, item)} & {"arbitration"}
            assert third or late_values(self.session, item) <= {counted}

    @invariant()
    def what_is_finished_was_agreed_or_arbitrated_by_somebody_else(self) -> None:
        if not hasattr(self, "session"):
            return
        for item in self.session.scalars(select(ReviewItem)):
            said = {str(one.stage): one for one in said_this_round(self.session, item)}
            assert len({one.actor for one in said.values()}) == len(said)
            if item.state == "done" and "arbitration" not in said:
                assert len({value_of(one) for one in said.values()}) == 1
                assert (item.second_because is not None) <= ("second" in said)


TestVerification = Verification.TestCase
TestVerification.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),  # a failing world takes minutes to shrink, and is readable as it is
)
