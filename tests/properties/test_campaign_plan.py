"""The plan's arithmetic and its rows: sums are exact, and what is written is read back as it was."""

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ocr.template import FormLibrary
from tests.clients import FORMS_DIR
from webapp.campaign_plan.allocation import allocate
from webapp.campaign_plan.cells import OFFICE_ZONE, read_count, read_day, read_moment, write
from webapp.campaign_plan.differences import differences
from webapp.campaign_plan.parts import plan_rows
from webapp.campaign_plan.plan import CampaignPlan, GroupPlan, UnitPlan
from webapp.campaign_plan.reading import read_plan
from webapp.campaign_plan.worksheets import read_worksheets, worksheets_of
from webapp.http.figures import format_number
from webapp.services.campaign_rows import form_facts
from webapp.services.campaigns import plan_of_next_year, sample_plan
from webapp.typed_tables.differences import Kind

SAMPLE = sample_plan()
FORMS = form_facts(FormLibrary(FORMS_DIR))
COUNTS = st.integers(0, 2000)
GROUPS = st.lists(
    st.builds(
        GroupPlan,
        form_code=st.sampled_from(["CX1", "CX2", "CX3"]),
        code=st.sampled_from(["A", "B", "C"]),
        name=st.just("nhóm"),
        level=st.sampled_from(["one", "two"]),
        sheets_per_unit=COUNTS,
    ),
    max_size=8,
)
UNITS = st.fixed_dictionaries({"one": st.integers(0, 400), "two": st.integers(0, 400)})
DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))


@given(GROUPS, UNITS, st.dictionaries(st.sampled_from(["CX1", "CX2", "CX4"]), COUNTS))
def test_the_sums_are_those_of_a_calculator(
    groups: list[GroupPlan], units: dict[str, int], stated: dict[str, int]
) -> None:
    allocation = allocate(groups, units, stated, None)
    assert allocation.sheets == sum(group.sheets_per_unit * units[group.level] for group in groups)
    for form in allocation.forms:
        assert form.stated is None or form.sheets == form.stated + form.difference
    if allocation.stated_by_forms is not None:
        differences_sum = sum(form.difference for form in allocation.forms)
        assert allocation.sheets - allocation.stated_by_forms == differences_sum


@given(GROUPS, UNITS)
def test_a_plan_that_states_the_quotas_is_sound(groups: list[GroupPlan], units: dict[str, int]) -> None:
    sums = {form.form_code: form.sheets for form in allocate(groups, units, {}, None).forms}
    sound = allocate(groups, units, sums, sum(sums.values()))
    assert sound.is_sound
    assert not sound.is_contradictory
    assert not allocate(groups, units, sums, sum(sums.values()) + 1).is_sound


@given(st.integers(0, 1_000_000))
def test_a_number_is_read_as_it_is_written(number: int) -> None:
    for text in (str(number), format_number(number, "vi"), f"{number}.0"):
        assert read_count(text) == number


@given(DAYS, st.times())
def test_a_day_and_an_hour_are_read_as_they_are_written(day: dt.date, time: dt.time) -> None:
    moment = dt.datetime.combine(day, time.replace(second=0, microsecond=0), OFFICE_ZONE)
    assert read_day(write(day)) == day
    assert read_moment(write(moment)) == moment


@given(st.permutations(SAMPLE.units), st.integers(0, 41), st.dates(dt.date(2020, 1, 1), dt.date(2021, 1, 1)))
def test_a_plan_survives_its_workbook(units: list[UnitPlan], count: int, last: dt.date) -> None:
    plan = replace(SAMPLE, units=tuple(replace(unit, valid_to=last) for unit in units[:count]))
    rows, problems = read_worksheets(worksheets_of(plan))
    read, faults = read_plan(rows, FORMS, is_sample=True)
    assert (problems, faults) == ([], [])
    assert read is not None
    assert plan_rows(read) == plan_rows(plan)
    assert differences(plan, read) == []


@given(st.sets(st.sampled_from([unit.code for unit in SAMPLE.units])), st.booleans())
def test_every_difference_is_found_once(gone: set[str], is_turned: bool) -> None:  # noqa: FBT001 - drawn
    kept = [unit for unit in SAMPLE.units if unit.code not in gone]
    after: CampaignPlan = replace(SAMPLE, units=kept[::-1] if is_turned else kept)
    found = differences(SAMPLE, after)
    assert {one.key for one in found if one.kind is Kind.REMOVED} == gone
    assert any(one.kind is Kind.MOVED for one in found) == (is_turned and len(kept) > 1)
    back = differences(after, SAMPLE)
    assert {one.key for one in back if one.kind is Kind.ADDED} == gone


@given(st.integers(2021, 2090))
def test_another_year_is_the_same_office(year: int) -> None:
    copied = plan_of_next_year(SAMPLE, year)
    assert (copied.year, len(copied.units), copied.groups) == (year, len(SAMPLE.units), SAMPLE.groups)
    assert copied.self_score_due_at.year == SAMPLE.self_score_due_at.year + year - SAMPLE.year
