"""Two reviewers, the head, a clock, undo, re-reads: nobody shares an item, nothing is lost, undo restores."""

import datetime as dt
from dataclasses import dataclass, field

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import func, select

from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, double, sure
from tests.worlds.small import make_small_world
from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.responses import accepted_answers, count_unaccounted
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.verification import (
    LEASE_S,
    Answer,
    WorkFilter,
    claim_next_item,
    drop_page_items,
    enqueue_reading,
    record_decision,
    release_items,
    undo_last_decision,
)

PEOPLE = ("reviewer", "reviewer2")
EVERYBODY = (*PEOPLE, "head")
UNFINISHED = {"open", "escalated"}
VALIDITY = {"option": "valid", "blank": "blank", "invalid": "invalid"}
ANSWERS = st.one_of(
    st.sampled_from("125").map(lambda value: Answer("option", value)),
    st.sampled_from([Answer("blank"), Answer("invalid", reason="several_marks")]),
    st.sampled_from([Answer("escalate", reason=reason) for reason in ("unsure_rule", "need_paper")]),
)
CODES = ("CX4.1", "CX4.2", "CX4.3")
CERTAIN = st.dictionaries(st.sampled_from(CODES), st.sampled_from("12"), max_size=1)


@dataclass
class Said:
    """The model's memory of one decision that counted."""

    actor: str
    code: str
    answer: Answer
    reading: int
    undone: bool = False


@dataclass
class Held:
    """Who may believe to hold an item, and until when."""

    actor: str
    until: dt.datetime


@dataclass
class Model:
    """What should be true, told without SQL."""

    said: list[Said] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)  # by field code
    state: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CODES, "open"))
    reading: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CODES, 0))
    rows: int = 0

    def standing(self, code: str) -> list[Said]:
        """Decisions that count for one answer, oldest first."""
        return [said for said in self.said if said.code == code and not said.undone]

    def last(self, code: str) -> Said | None:
        """The word on one answer."""
        return standing[-1] if (standing := self.standing(code)) else None

    def are(self, state: str) -> set[str]:
        """The answers in one state."""
        return {code for code, found in self.state.items() if found == state}


class Verification(RuleBasedStateMachine):
    """One sheet with three doubtful answers, kept in memory; nothing is ever committed."""

    items = Bundle("items")

    @initialize(target=items)
    def start(self) -> object:
        self.engine = make_engine("sqlite://")
        Base.metadata.create_all(self.engine)
        self.session = make_session_factory(self.engine)()
        self.world = make_small_world(self.session, NOW)
        self.page = add_page(self.session, add_sheet(self.session, self.world, 1), NOW)
        self.wanted = WorkFilter(self.world.campaign.id)
        self.clock = NOW
        self.model = Model()
        enqueue_reading(
            self.session, add_reading(self.session, self.page, NOW, [double(c) for c in CODES]), NOW
        )
        return multiple(*self.session.scalars(select(ReviewItem)).all())

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.engine.dispose()

    @rule(seconds=st.sampled_from([1, LEASE_S // 2, LEASE_S + 1]))
    def time_passes(self, seconds: int) -> None:
        self.clock += dt.timedelta(seconds=seconds)

    @rule(actor=st.sampled_from(PEOPLE))
    def claim(self, actor: str) -> None:
        item = claim_next_item(self.session, self.world.users[actor], self.clock, self.wanted)
        free = {c for c in self.model.are("open") if not self._other_holds(actor, c)}
        if item is None:
            assert not free
            return
        own = {c for c in free if c in self.model.held and self.model.held[c].actor == actor}
        assert item.field_code in own if own else item.field_code == min(free)
        self.model.held[item.field_code] = Held(actor, self.clock + dt.timedelta(seconds=LEASE_S))

    @rule(actor=st.sampled_from(EVERYBODY), item=items, answer=ANSWERS)
    def decide(self, actor: str, item: ReviewItem, answer: Answer) -> None:
        code, model = item.field_code, self.model
        expected = self._expected_outcome(actor, code, answer)
        assert record_decision(self.session, self.world.users[actor], item.id, answer, self.clock) == expected
        self.session.flush()
        if expected == "repeated":
            return
        model.rows += 1
        if expected == "late":
            return
        model.said.append(Said(actor, code, answer, model.reading[code]))
        model.state[code] = "escalated" if answer.kind == "escalate" else "done"
        model.held.pop(code, None)

    def _expected_outcome(self, actor: str, code: str, answer: Answer) -> str:
        last, state = self.model.last(code), self.model.state[code]
        mine = last is not None and last.actor == actor
        if state != "open" and mine and last is not None and last.answer == answer:
            return "repeated"
        counts = not self._other_holds(actor, code)
        if state != "open":
            counts = state != "dropped" and (mine or actor == "head")
        if not counts:
            return "late"
        return "escalated" if answer.kind == "escalate" else "settled"

    @rule(actor=st.sampled_from(EVERYBODY))
    def undo(self, actor: str) -> None:
        model = self.model
        finished = model.are("done") | model.are("escalated")
        own = [
            said
            for said in model.said
            if said.actor == actor and said.code in finished and model.last(said.code) is said
        ]
        item = undo_last_decision(self.session, self.world.users[actor], self.clock, self.wanted.campaign_id)
        assert (None if item is None else item.field_code) == (own[-1].code if own else None)
        if item is None:
            return
        model.rows += 1
        own[-1].undone = True
        self._expect_undone(actor, item.field_code)

    def _expect_undone(self, actor: str, code: str) -> None:
        before = self.model.last(code)
        if before is not None and before.answer.kind == "escalate":
            self.model.state[code] = "escalated"
        elif before is not None and before.reading == self.model.reading[code]:
            self.model.state[code] = "done"
        else:
            self.model.state[code] = "open"
            self.model.held[code] = Held(actor, self.clock + dt.timedelta(seconds=LEASE_S))

    @rule(actor=st.sampled_from(PEOPLE))
    def stop(self, actor: str) -> None:
        release_items(self.session, self.world.users[actor])
        self.model.held = {c: held for c, held in self.model.held.items() if held.actor != actor}

    @rule(certain=CERTAIN, was_away=st.sampled_from([False, False, False, True]))
    def read_again(self, certain: dict[str, str], *, was_away: bool) -> None:
        """The machine reads the page again; it is `certain` of some answers, in doubt about the rest.

        `was_away`: the page was taken for another one's copy, and then was not.
        """
        if was_away:
            self._take_page_away()
        reads = [sure(c, certain[c]) if c in certain else double(c) for c in CODES]
        enqueue_reading(self.session, add_reading(self.session, self.page, self.clock, reads), self.clock)
        self.session.flush()
        for code in CODES:
            self.model.reading[code] += 1
            self._expect_state(code, certain.get(code))
        self.machine = certain

    def _take_page_away(self) -> None:
        drop_page_items(self.session, self.page.id)
        self.session.flush()
        for code in self.model.are("open") | self.model.are("escalated"):
            self.model.state[code] = "dropped"
            self.model.held.pop(code, None)

    def _expect_state(self, code: str, certain: str | None) -> None:
        last, state = self.model.last(code), self.model.state
        if last is None:
            state[code] = "open" if certain is None else "dropped"
        elif last.answer.kind == "escalate":
            state[code] = "escalated"
        elif certain not in (None, last.answer.value):
            state[code] = "open"
        elif state[code] == "dropped":
            state[code] = "done"
        if state[code] == "dropped":
            self.model.held.pop(code, None)

    def _other_holds(self, actor: str, code: str) -> bool:
        held = self.model.held.get(code)
        return held is not None and held.actor != actor and held.until > self.clock

    @invariant()
    def nothing_is_lost_and_the_last_word_counts(self) -> None:
        if not hasattr(self, "session"):
            return
        self.session.flush()
        assert self.session.scalar(select(func.count()).select_from(Decision)) == self.model.rows
        assert self._counted() == self._expected_answers()

    @invariant()
    def every_answer_counts_or_waits(self) -> None:
        """Both only where the machine is sure and a person must look all the same: never for the head."""
        if not hasattr(self, "session"):
            return
        waiting = self.session.scalars(
            select(ReviewItem.field_code).where(ReviewItem.state.in_(UNFINISHED))
        ).all()
        counted = self._counted().keys()
        assert counted | set(waiting) == set(CODES)
        assert counted & set(waiting) <= self.model.are("open")
        assert count_unaccounted(self.session, self.wanted.campaign_id) == 0

    @invariant()
    def every_item_is_where_the_model_has_it(self) -> None:
        if hasattr(self, "session"):
            items = self.session.scalars(select(ReviewItem))
            assert {item.field_code: item.state for item in items} == self.model.state

    def _counted(self) -> dict[str, tuple[str | None, str]]:
        found = accepted_answers(self.session, self.wanted.campaign_id)
        return {row.field_code: (row.value, row.validity) for row in found}

    def _expected_answers(self) -> dict[str, tuple[str | None, str]]:
        """The last word on each answer, or the machine's where nobody said any."""
        expected: dict[str, tuple[str | None, str]] = {}
        for code in CODES:
            last, machine = self.model.last(code), getattr(self, "machine", {}).get(code)
            if last is None and machine is not None:
                expected[code] = (machine, "valid")
            elif last is not None and last.answer.kind in VALIDITY:
                expected[code] = (last.answer.value, VALIDITY[last.answer.kind])
        return expected


TestVerification = Verification.TestCase
TestVerification.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),  # a failing world takes minutes to shrink, and is readable as it is
)
