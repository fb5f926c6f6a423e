"""The number in a figure is the number of answers listed behind it, whatever was answered and by whom."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.conftest import NOW
from tests.worlds.read_pages import add_page, add_reading, add_sheet, blank, double, sure
from tests.worlds.self_scored import add_schemes
from tests.worlds.small import SmallWorld, make_small_world
from webapp.persistence.all_tables import Base
from webapp.persistence.base import make_engine, make_session_factory
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.provenance import trace_component, trace_question, trace_unit
from webapp.services.publication import compute_trial
from webapp.services.schemes import scheme_of_level
from webapp.services.verification import enqueue_reading, record_decision

UNIT = "19186"
SAYS = {
    "blank": Answer("blank"),
    "several": Answer("invalid", reason="several_marks"),
    "two": Answer("option", "2"),
}
ANSWERS = st.sampled_from(["1", "2", "none", "both"])
SHEETS = st.lists(st.lists(ANSWERS, min_size=9, max_size=9), min_size=1, max_size=7)


@settings(max_examples=5)
@given(sheets=SHEETS, said=st.lists(st.sampled_from([*SAYS, "open"]), min_size=1, max_size=20))
def test_every_figure_is_the_number_of_answers_listed(sheets: list[list[str]], said: list[str]) -> None:
    engine = make_engine("sqlite://")
    Base.metadata.create_all(engine)
    with make_session_factory(engine)() as session:
        world = make_small_world(session, NOW)
        add_schemes(session, world, NOW)
        answer(session, world, sheets, said)
        version = compute_trial(session, "head", world.campaign, NOW + dt.timedelta(hours=1))
        traced = trace_unit(session, version, UNIT)
        listed = 0
        for part in (part for part in traced.index.parts if part.pools):
            for pool in trace_component(traced, part.component).pools:
                if not pool.sheets:
                    assert not any(q.valid + q.blank + q.invalid for q in pool.mean.questions)
                    continue
                for mean in pool.mean.questions:
                    question = trace_question(session, traced, pool.mean.pool, mean.question)
                    assert question.mean == mean
                    assert question.agrees
                    assert sum(mean.question in row.answers for row in pool.sheets) == len(question.answers)
                    assert not any(one.has_changed for one in question.answers)
                    listed += len(question.answers)
        due = {row.form: row for row in traced.index.returns if row.counted}
        assert sum(row.counted for row in due.values()) == sum(not row.set_aside for row in traced.sheets)
        assert listed > 0 or all(row.set_aside for row in traced.sheets)
    engine.dispose()


def answer(session: Session, world: SmallWorld, sheets: list[list[str]], said: list[str]) -> None:
    """Sheets of CX4 as the machine read them; then people settle what they settle, in turn."""
    _, scheme = scheme_of_level(session, world.campaign.id, world.units[UNIT].level)
    codes = [question.code for question in scheme.questions if question.form == "CX4"]
    for serial, answers in enumerate(sheets, start=1):
        page = add_page(session, add_sheet(session, world, serial, unit=UNIT), NOW)
        pairs = zip(codes, answers * len(codes), strict=False)
        reads = [{"none": blank(c), "both": double(c)}.get(a) or sure(c, a) for c, a in pairs]
        enqueue_reading(session, add_reading(session, page, NOW, reads), NOW)
    session.flush()
    for number, item in enumerate(session.scalars(select(ReviewItem).order_by(ReviewItem.id)).all()):
        word = said[number % len(said)]
        if word != "open":
            record_decision(session, world.users["reviewer"], item.id, SAYS[word], NOW)
