"""A booklet from order to count: every answer in a row counts for that row's unit, and for no other."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.booklet import plan_booklet, row_code
from ocr.model import (
    BubbleReading,
    FieldReading,
    Flag,
    MarkState,
    PageQuality,
    PageReading,
    PageStatus,
    SheetIdentity,
)
from ocr.template import FormLibrary
from webapp.jobs.tasks import ReadDone
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign, PrintOrder, Sheet
from webapp.persistence.jobs import Claim, JobKind
from webapp.persistence.responses import accepted_answers, count_unaccounted
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.batches import reconcile_batch
from webapp.services.campaigns import create_campaign, sample_plan
from webapp.services.hand_over import issue, take_back
from webapp.services.print_files import batch_files, write_pdf
from webapp.services.print_needs import Need, load_needs
from webapp.services.printing import find_batch, order_missing, plan_replacement, replace_sheet
from webapp.services.recognition import record_reading
from webapp.services.second_key import rule_of
from webapp.services.sheet_counts import count_sheets, forms_by_place
from webapp.services.verification import WorkFilter, claim_next_item, enqueue_reading, record_decision

LIBRARY = FormLibrary(Path(__file__).parents[2] / "forms_templates")
FORM = LIBRARY.form("CH1", 1)
ROWS = 13
PAGES = 6


@pytest.fixture
def campaign(session: Session, now: dt.datetime) -> Campaign:
    """The sample campaign whose leaders get booklets; here the machine's sure answers count at once."""
    plan = sample_plan()
    groups = [replace(group, in_booklets=group.form_code == "CH1") for group in plan.groups]
    made = create_campaign(session, "administrator", replace(plan, groups=groups), now)
    session.flush()
    rule_of(session, made.id).full_up_to_sheets = 0
    return made


def order(session: Session, campaign: Campaign, now: dt.datetime) -> list[PrintOrder]:
    return order_missing(
        session,
        "clerk",
        LIBRARY,
        campaign=campaign,
        is_wanted=lambda need: need.group.form_code == "CH1",
        now=now,
    )


def sheets_of(session: Session, made: PrintOrder) -> list[Sheet]:
    rows = select(Sheet).where(Sheet.print_order_id == made.id).order_by(Sheet.serial)
    return list(session.scalars(rows))


def scan(
    session: Session, campaign: Campaign, booklet: Sheet, answers: dict[str, str | None], now: dt.datetime
) -> Batch:
    """The reader's results for every page of a booklet; `answers` by printed code, None for a blank."""
    number = session.query(Batch).count() + 1
    batch = Batch(campaign_id=campaign.id, number=number, received_by="clerk", received_at=now)
    file = BatchFile(batch=batch, sha256=f"{number:064x}", size_bytes=1, original_name="a.pdf", state="split")
    session.add(file)
    session.flush()
    for side, blocks in enumerate(plan_booklet(FORM, ROWS).pages, 1):
        page = Page(batch_id=batch.id, batch_file_id=file.id, page_index=side - 1, state="reading", attempt=1)
        session.add(page)
        session.flush()
        session.expire(page)  # the worker loads it anew
        fields = tuple(
            read(row_code(block.field, row), answers.get(row_code(block.field, row)))
            for block in blocks
            if block.field != FORM.comment.id
            for row in range(block.first, block.last + 1)
        )
        identity = SheetIdentity("CH1", 1, "LD", "", booklet.serial, side, ROWS)
        reading = PageReading(
            "a.pdf", side - 1, PageStatus.READ, identity, (), PageQuality(10, 10), fields,
            engine="test", template_sha256="0" * 64, thresholds="test",
        )  # fmt: skip
        done = ReadDone(reading, {}, None)
        record_reading(session, Claim(JobKind.READ, page.id, 1), done, now, enqueue_reading)
    session.flush()
    return batch


def read(code: str, value: str | None) -> FieldReading:
    bubbles = tuple(
        BubbleReading(str(n), MarkState.FILLED if str(n) == value else MarkState.EMPTY, 0.5)
        for n in range(1, 5)
    )
    flags = () if value else (Flag.NO_MARK,)
    return FieldReading(code, value, 0.99, value is not None, flags, bubbles)


def known_answers() -> dict[str, str | None]:
    """Another answer in every row and question; row 4 is blank throughout."""
    return {
        row_code(question.id, row): None if row == 4 else str((row + question.number) % 4 + 1)
        for question in FORM.questions
        for row in range(1, ROWS + 1)
    }


def test_a_persons_forms_become_one_booklet(session: Session, campaign: Campaign, now: dt.datetime) -> None:
    before = sum((need.need.due for need in load_needs(session, campaign)), 0)
    orders = order(session, campaign, now)
    assert before == 3108
    assert [made.sheet_count for made in orders] == [ROWS] * 3
    sheets = sheets_of(session, orders[1])
    assert {sheet.paper_id for sheet in sheets} == {sheets[0].id}
    assert {sheet.sides for sheet in sheets} == {PAGES}
    assert len({sheet.unit_id for sheet in sheets}) == ROWS
    needs = [need.need for need in load_needs(session, campaign) if need.group.form_code == "CH1"]
    assert needs == [Need(ROWS, ROWS, 0)] * 3
    batch = find_batch(session, campaign, orders[0].id)
    assert (batch.sheet_count, batch.booklets, batch.papers) == (39, 3, 9)


def test_the_pdf_has_the_cover_and_the_booklets_pages(
    session: Session, campaign: Campaign, now: dt.datetime, tmp_path: Path
) -> None:
    import pikepdf

    orders = order(session, campaign, now)
    with (tmp_path / "packs.pdf").open("wb") as out:
        write_pdf(LIBRARY, batch_files(session, campaign, find_batch(session, campaign, orders[0].id)), out)
    with pikepdf.open(tmp_path / "packs.pdf") as pdf:
        assert len(pdf.pages) == 3 * (2 + PAGES)


def test_every_answer_is_found_at_its_unit(session: Session, campaign: Campaign, now: dt.datetime) -> None:
    sheets = sheets_of(session, order(session, campaign, now)[0])
    truth = known_answers()
    batch = scan(session, campaign, sheets[0], truth, now)
    found = {
        (answer.unit_id, answer.field_code): answer.value for answer in accepted_answers(session, campaign.id)
    }
    assert found == {
        (sheet.unit_id, question.id): truth[row_code(question.id, row)]
        for row, sheet in enumerate(sheets, 1)
        for question in FORM.questions
        if row != 4
    }
    items = session.scalars(select(ReviewItem)).all()
    assert {(item.sheet_id, item.field_code) for item in items} == {
        (sheets[3].id, question.id) for question in FORM.questions
    }
    assert count_unaccounted(session, campaign.id) == 0
    account = reconcile_batch(session, batch)
    assert (account.missing_sides, account.sheets_seen) == ((), PAGES // 2)


def test_each_row_counts_as_one_form_and_a_blank_row_as_a_blank_one(
    session: Session, campaign: Campaign, now: dt.datetime
) -> None:
    sheets = sheets_of(session, order(session, campaign, now)[0])
    scan(session, campaign, sheets[0], known_answers(), now)
    counts = {
        count.unit_id: count.reached for count in count_sheets(session, campaign) if count.person_number == 1
    }
    assert {unit: (c.printed, c.returned, c.read) for unit, c in counts.items()} == {
        sheet.unit_id: (1, 1, 1) for sheet in sheets
    }
    assert {unit for unit, c in counts.items() if not c.valid} == {sheets[3].unit_id}
    (office,) = [
        form for form in forms_by_place(session, campaign)[None] if form.group_id == sheets[0].group_id
    ]
    assert (office.returned, office.valid) == (ROWS, ROWS - 1)


def test_a_booklet_goes_out_and_comes_back_as_one(
    session: Session, campaign: Campaign, now: dt.datetime
) -> None:
    sheets = sheets_of(session, order(session, campaign, now)[0])
    out = issue(session, "clerk", campaign, str(sheets[0].serial), person="Anh Nam", now=now)
    assert out.sheet_count == ROWS
    back = take_back(session, "clerk", campaign, str(sheets[5].serial), now=now)
    assert back.sheet_count == ROWS


def test_a_lost_booklet_is_replaced_whole(session: Session, campaign: Campaign, now: dt.datetime) -> None:
    sheets = sheets_of(session, order(session, campaign, now)[0])
    plan = plan_replacement(session, campaign, sheets[7].serial)
    assert (plan.is_booklet, list(plan.paper), plan.trashed_pages) == (True, sheets, 0)
    new = replace_sheet(
        session, "clerk", LIBRARY, campaign=campaign, serial=sheets[7].serial, now=now + dt.timedelta(hours=1)
    )
    fresh = sheets_of(session, new)
    assert all(sheet.voided_at is not None for sheet in sheets)
    assert [sheet.replaces_id for sheet in fresh] == [sheet.id for sheet in sheets]
    assert {sheet.booklet_id for sheet in fresh} == {fresh[0].id}
    scan(session, campaign, sheets[0], known_answers(), now)
    assert {page.problem for page in session.scalars(select(Page))} == {"voided_sheet"}
    assert accepted_answers(session, campaign.id) == []


def test_the_same_booklet_twice_counts_once(session: Session, campaign: Campaign, now: dt.datetime) -> None:
    sheets = sheets_of(session, order(session, campaign, now)[0])
    truth = known_answers()
    scan(session, campaign, sheets[0], truth, now)
    scan(session, campaign, sheets[0], truth, now)
    other = truth | {row_code("CH1.1", 2): "1" if truth[row_code("CH1.1", 2)] != "1" else "2"}
    scan(session, campaign, sheets[0], other, now)
    states = [page.state for page in session.scalars(select(Page).order_by(Page.id))]
    assert states == ["read"] * PAGES + ["duplicate"] * PAGES + ["duplicate", "problem"] + ["duplicate"] * 4
    assert len(accepted_answers(session, campaign.id)) == (ROWS - 1) * len(FORM.questions)


def test_a_row_is_keyed_twice_for_its_own_unit_alone(
    session: Session, campaign: Campaign, now: dt.datetime
) -> None:
    """Leaders' forms are few: every answer of every row waits for a person who keys it blind."""
    rule_of(session, campaign.id).full_up_to_sheets = 3
    sheets = sheets_of(session, order(session, campaign, now)[0])
    truth = known_answers()
    scan(session, campaign, sheets[0], truth, now)
    one, two = (User(username=name, display_name=name, role="reviewer", password_hash="-") for name in "ab")
    session.add_all([one, two])
    blind = WorkFilter(campaign.id, "second")
    assert accepted_answers(session, campaign.id) == []
    first, second = (truth[row_code("CH1.1", row)] for row in (1, 2))
    agreed = key(session, one, blind, Answer("option", first), now)
    assert (agreed.sheet_id, agreed.field_code, agreed.state) == (sheets[0].id, "CH1.1", "done")
    other = str(int(str(second)) % 4 + 1)
    disputed = key(session, one, blind, Answer("option", other), now)
    assert (disputed.sheet_id, disputed.field_code, disputed.state) == (sheets[1].id, "CH1.1", "arbitration")
    assert counted(session, campaign) == {(sheets[0].unit_id, "CH1.1"): first}
    key(session, two, WorkFilter(campaign.id, "arbitration"), Answer("option", other, "faint_counts"), now)
    assert counted(session, campaign) == {
        (sheets[0].unit_id, "CH1.1"): first,
        (sheets[1].unit_id, "CH1.1"): other,
    }
    assert count_unaccounted(session, campaign.id) == 0


def key(session: Session, person: User, wanted: WorkFilter, answer: Answer, now: dt.datetime) -> ReviewItem:
    """The next item that is wanted, answered by this person."""
    item = claim_next_item(session, person, now, wanted)
    assert item is not None
    assert record_decision(session, person, item.id, answer, now) == "settled"
    session.flush()
    return item


def counted(session: Session, campaign: Campaign) -> dict[tuple[int, str], str | None]:
    return {(one.unit_id, one.field_code): one.value for one in accepted_answers(session, campaign.id)}
