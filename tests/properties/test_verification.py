"""Two reviewers, a clock, undo, re-reads: nobody shares an item, nothing is lost, undo restores."""

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
from webapp.persistence.responses import accepted_answers
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.verification import (
    LEASE_S,
    Answer,
    WorkFilter,
    claim_next_item,
    enqueue_reading,
    record_decision,
    release_items,
    undo_last_decision,
)

PEOPLE = ("reviewer", "reviewer2")
CODES = ("CX4.1", "CX4.2", "CX4.3")


@dataclass
class Said:
    """The model's memory of one decision that counted."""

    actor: str
    code: str
    value: str
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
    open: set[str] = field(default_factory=lambda: set(CODES))
    reading: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CODES, 0))
    rows: int = 0

    def standing(self, code: str) -> list[Said]:
        """Decisions that count for one answer, oldest first."""
        return [said for said in self.said if said.code == code and not said.undone]


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
        free = {c for c in self.model.open if not self._other_holds(actor, c)}
        if item is None:
            assert not free
            return
        own = {c for c in free if c in self.model.held and self.model.held[c].actor == actor}
        assert item.field_code in own if own else item.field_code == min(free)
        self.model.held[item.field_code] = Held(actor, self.clock + dt.timedelta(seconds=LEASE_S))

    @rule(actor=st.sampled_from(PEOPLE), item=items, value=st.sampled_from("12345"))
    def decide(self, actor: str, item: ReviewItem, value: str) -> None:
        code, model = item.field_code, self.model
        standing = model.standing(code)
        mine = bool(standing) and standing[-1].actor == actor
        counts = not self._other_holds(actor, code) if code in model.open else mine
        repeated = code not in model.open and mine and standing[-1].value == value
        outcome = record_decision(
            self.session, self.world.users[actor], item.id, Answer("option", value), self.clock
        )
        self.session.flush()
        assert outcome == ("repeated" if repeated else "settled" if counts else "late")
        if repeated:
            return
        model.rows += 1
        if counts:
            model.said.append(Said(actor, code, value, model.reading[code]))
            model.open.discard(code)
            model.held.pop(code, None)

    @rule(actor=st.sampled_from(PEOPLE))
    def undo(self, actor: str) -> None:
        model = self.model
        own = [
            said
            for said in model.said
            if not said.undone
            and said.actor == actor
            and said.code not in model.open
            and model.standing(said.code)[-1] is said
        ]
        item = undo_last_decision(self.session, self.world.users[actor], self.clock, self.wanted.campaign_id)
        assert (None if item is None else item.field_code) == (own[-1].code if own else None)
        if item is None:
            return
        model.rows += 1
        own[-1].undone = True
        before = model.standing(item.field_code)
        if not before or before[-1].reading != model.reading[item.field_code]:
            model.open.add(item.field_code)
            model.held[item.field_code] = Held(actor, self.clock + dt.timedelta(seconds=LEASE_S))

    @rule(actor=st.sampled_from(PEOPLE))
    def stop(self, actor: str) -> None:
        release_items(self.session, self.world.users[actor])
        self.model.held = {c: held for c, held in self.model.held.items() if held.actor != actor}

    @rule(certain=st.dictionaries(st.sampled_from(CODES), st.sampled_from("12345")))
    def read_again(self, certain: dict[str, str]) -> None:
        """The machine reads the page again; it is `certain` of some answers, in doubt about the rest."""
        reads = [sure(c, certain[c]) if c in certain else double(c) for c in CODES]
        enqueue_reading(self.session, add_reading(self.session, self.page, self.clock, reads), self.clock)
        self.session.flush()
        for code in CODES:
            self.model.reading[code] += 1
            self._expect_state(code, certain.get(code))
        self.machine = certain

    def _expect_state(self, code: str, certain: str | None) -> None:
        standing = self.model.standing(code)
        if (standing and certain not in (None, standing[-1].value)) or (not standing and certain is None):
            self.model.open.add(code)
        elif not standing:
            self.model.open.discard(code)
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
        machine = getattr(self, "machine", {})
        expected = dict(machine)
        expected |= {c: said[-1].value for c in CODES if (said := self.model.standing(c))}
        found = accepted_answers(self.session, self.wanted.campaign_id)
        assert {row.field_code: row.value for row in found} == expected

    @invariant()
    def what_is_open_is_open(self) -> None:
        if hasattr(self, "session"):
            rows = self.session.scalars(select(ReviewItem.field_code).where(ReviewItem.state == "open"))
            assert set(rows) == self.model.open


TestVerification = Verification.TestCase
TestVerification.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),  # a failing world takes minutes to shrink, and is readable as it is
)
