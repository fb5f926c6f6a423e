"""What becomes of a file that was split and of a page that was read; each closes its claim.

Nothing here looks at a picture: the worker's children do, and hand over plain values.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, joinedload

from ocr.model import FieldReading as ReadField
from ocr.model import Flag, PageReading, PageStatus, SheetIdentity, TextReading
from ocr.trial.sheet import is_trial
from webapp.jobs.tasks import DraftDone, ReadDone, SplitDone, TaskFailed, UnpackDone
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Sheet
from webapp.persistence.jobs import Claim, JobKind, close_claim, count_failures, give_back
from webapp.persistence.page_instructions import chosen_page_id
from webapp.persistence.readings import FieldReading, Reading, TextDraft
from webapp.persistence.scans import DIFFERING_COPY, Batch, BatchFile, Page
from webapp.services.booklets import Answers, row_sheets
from webapp.services.intake import admit_file
from webapp.services.page_copies import is_plain_copy
from webapp.services.rereading import READER, judge_copies_anew, read_anew
from webapp.services.separators import divide_stack

MAX_FAILURES = 3
DISK_FULL = "disk_full"
# A row that takes its worker with it leaves no failure behind, only a claim that ran out.
MAX_CLAIMS = 12

# What the program or the machine is to blame for; once that is put right, the same scan can be read again.
FAULTS = frozenset(
    {"internal", "crashed", "timeout", "ocr_error", "template_invalid", "engine_missing", "engine_failed"}
)

# Gives the reading's doubtful fields to people, in the same transaction; the number of new items.
EnqueueReading = Callable[[Session, Reading, dt.datetime], int]

_GIVEN_UP = {
    JobKind.TRIAL: "refused",
    JobKind.SPLIT: "refused",
    JobKind.READ: "problem",
    JobKind.DRAFT: "failed",
}
_NAMES_CAUSE = {JobKind.TRIAL: "failure_code", JobKind.SPLIT: "failure_code", JobKind.READ: "problem"}
# Of a second copy too: people compare it with the first.
_KEEPS_ANSWERS = ("read", "duplicate", "problem")
# The first that is on the page names the problem: what the clerk can do something about comes first.
_PROBLEM_FLAGS = (
    Flag.UNKNOWN_FORM,
    Flag.DAMAGED_CODE,
    Flag.WRONG_SCALE,
    Flag.POOR_REGISTRATION,
    Flag.STREAK,
    Flag.POOR_IMAGE,
)


@dataclass(frozen=True, slots=True)
class PageVerdict:
    """What a page turned out to be; `state` and `problem` as in the table."""

    state: str
    problem: str | None = None
    sheet_id: int | None = None
    side: int | None = None
    duplicate_of_id: int | None = None


def record_split(session: Session, claim: Claim, done: SplitDone) -> None:
    """A sound file: its pages wait to be read."""
    close_claim(session, claim, "split", page_count=done.page_count, failure_code=None)
    file = session.get_one(BatchFile, claim.row_id)
    rows = [
        {"batch_id": file.batch_id, "batch_file_id": file.id, "page_index": index, "state": "waiting"}
        for index in range(done.page_count)
    ]
    session.execute(insert(Page), rows)


def record_unpacking(session: Session, claim: Claim, done: UnpackDone) -> None:
    """An archive: its files wait beside it, in the same batch; what was in it twice is a duplicate."""
    close_claim(session, claim, "unpacked", failure_code=None)
    archive = session.get_one(BatchFile, claim.row_id)
    for packed in done.files:
        admitted = admit_file(session, archive.batch.campaign_id, packed)
        admitted.batch_id, admitted.archive_id = archive.batch_id, archive.id
        session.add(admitted)
        session.flush()  # so that the same file again in this archive is found


def record_reading(
    session: Session, claim: Claim, done: ReadDone, now: dt.datetime, enqueue: EnqueueReading
) -> Reading:
    """Write a page's reading, close the page, and give its doubtful fields to people.

    Raises:
        ClaimLost: the lease ran out, and the page was given to somebody else; write nothing.
    """
    page = session.get_one(Page, claim.row_id, options=[joinedload(Page.batch)])
    sheet = _lock_named_sheet(session, page, done.reading)
    verdict = judge_page(session, page, sheet, done.reading)
    former = page.sheet_id, page.side
    close_claim(session, claim, **asdict(verdict))
    if verdict.state != "read" or (verdict.sheet_id, verdict.side) != former:
        judge_copies_anew(session, READER, page, now)
    reading = _add_reading(session, page, done, now)
    session.flush()
    if sheet is not None and verdict.sheet_id is not None and verdict.state in _KEEPS_ANSWERS:
        _add_fields(session, Answers(session, sheet), reading, done)
    if verdict.state == "read":
        _order_drafts(session, reading)
    enqueue(session, reading, now)
    divide_stack(session, page, now)
    return reading


def record_draft(session: Session, claim: Claim, done: DraftDone) -> None:
    """Keep the draft of a handwritten box."""
    close_claim(session, claim, "done", draft=done.draft, confidence=done.confidence)


def record_failure(session: Session, claim: Claim, failed: TaskFailed, now: dt.datetime) -> str:
    """Try again later, or give up with the cause where that cannot help; gives the new state."""
    if failed.code == DISK_FULL:  # nobody's fault: it waits until there is room
        give_back(session, claim)
        return "waiting"
    failures = count_failures(session, claim) + 1
    if not failed.is_final and failures < MAX_FAILURES:
        close_claim(session, claim, "waiting", failures=failures)
        return "waiting"
    state = _GIVEN_UP[claim.job]
    cause = {_NAMES_CAUSE[claim.job]: failed.code} if claim.job in _NAMES_CAUSE else {}
    close_claim(session, claim, state, failures=failures, **cause)
    if claim.job is JobKind.READ:
        judge_copies_anew(session, READER, session.get_one(Page, claim.row_id), now)
    return state


def retry_faults(session: Session, batch: Batch, actor: str, now: dt.datetime) -> int:
    """Give the batch's files and pages that met a fault of the program to the readers again; their number."""
    files = update(BatchFile).where(BatchFile.batch_id == batch.id, BatchFile.failure_code.in_(FAULTS))
    again = {"state": "waiting", "failures": 0, "claims_from": BatchFile.attempt, "failure_code": None}
    renewed = len(session.scalars(files.values(again).returning(BatchFile.id)).all())
    pages = select(Page).where(Page.batch_id == batch.id, Page.state == "problem", Page.problem.in_(FAULTS))
    for page in session.scalars(pages.order_by(Page.id).with_for_update()):
        read_anew(session, actor, page, now)
        renewed += 1
    write_log(session, now, actor, "batch_read_again", f"batch:{batch.number}", rows=renewed)
    return renewed


def _lock_named_sheet(session: Session, page: Page, reading: PageReading) -> Sheet | None:
    """The sheet whose serial is on the page.

    Its row is locked until the transaction ends, so that of two copies read at once one is first.
    """
    if reading.identity is None:
        return None
    return session.scalars(
        select(Sheet)
        .where(Sheet.campaign_id == page.batch.campaign_id, Sheet.serial == reading.identity.serial)
        .options(joinedload(Sheet.group, innerjoin=True), joinedload(Sheet.unit, innerjoin=True))
        .with_for_update(of=Sheet)
    ).first()


def judge_page(session: Session, page: Page, sheet: Sheet | None, reading: PageReading) -> PageVerdict:
    """Decide what the page is: read, blank, duplicate, or a problem with a name; never silently dropped.

    `sheet` is the one whose serial is on it.
    """
    if reading.identity is None:
        return _judge_unnamed(reading)
    if sheet is None:
        return PageVerdict("problem", "trial_sheet" if is_trial(reading.identity) else "unknown_serial")
    mismatch = _mismatch(sheet, reading.identity, len(row_sheets(session, sheet)))
    if mismatch == "wrong_identity":  # another piece of paper: never linked to our sheet of the same number
        return PageVerdict("problem", mismatch)
    if mismatch is not None:
        return PageVerdict("problem", mismatch, sheet.id, reading.identity.page)
    return _judge_side(session, page, sheet, reading.identity.page, reading)


def _judge_unnamed(reading: PageReading) -> PageVerdict:
    """A page without a code of a sheet."""
    if Flag.BLANK_PAGE in reading.flags:
        return PageVerdict("blank")
    if Flag.SEPARATOR in reading.flags:
        return PageVerdict("separator")
    if Flag.COVER_SLIP in reading.flags:
        return PageVerdict("cover")
    return PageVerdict("problem", _problem_of(reading))


def _judge_side(session: Session, page: Page, sheet: Sheet, side: int, reading: PageReading) -> PageVerdict:
    """A page of a sheet that is ours: the first sound copy counts, later ones are shown beside it.

    Where a person has chosen this very page, it takes the place of the one that counted so far.
    """
    first_id = session.scalar(
        select(Page.id).where(Page.sheet_id == sheet.id, Page.side == side, Page.state == "read")
    )
    is_chosen = (
        reading.status is not PageStatus.REFUSED and chosen_page_id(session, sheet.id, side) == page.id
    )
    if first_id is not None and is_chosen:
        _step_back(session, first_id, page.id)
        return PageVerdict("read", None, sheet.id, side)
    if first_id is not None:
        if is_plain_copy(session, sheet, first_id, reading):
            return PageVerdict("duplicate", None, sheet.id, side, first_id)
        return PageVerdict("problem", DIFFERING_COPY, sheet.id, side, first_id)
    if reading.status is PageStatus.REFUSED:
        return PageVerdict("problem", _problem_of(reading), sheet.id, side)
    return PageVerdict("read", None, sheet.id, side)


def _step_back(session: Session, first_id: int, chosen_id: int) -> None:
    """The page that counted so far, and its copies, stand as copies of the chosen one."""
    copies = (Page.id == first_id) | ((Page.duplicate_of_id == first_id) & (Page.id != chosen_id))
    session.execute(update(Page).where(copies).values(duplicate_of_id=chosen_id))
    session.execute(update(Page).where(Page.id == first_id).values(state="duplicate"))


def _problem_of(reading: PageReading) -> str:
    for flag in _PROBLEM_FLAGS:
        if flag in reading.flags:
            return flag.value
    return "unreadable"


def _mismatch(sheet: Sheet, identity: SheetIdentity, rows: int) -> str | None:
    """What is wrong with a sheet, or a booklet with so many rows, whose code is sound."""
    about = "" if rows else sheet.unit.code
    printed = (sheet.form_code, sheet.form_version, sheet.group.code, about, rows)
    said = (identity.form, identity.version, identity.group, identity.unit, identity.rows)
    if printed != said or sheet.paper_id != sheet.id:
        return "wrong_identity"
    return "voided_sheet" if sheet.voided_at is not None else None


def _add_reading(session: Session, page: Page, done: ReadDone, now: dt.datetime) -> Reading:
    reading = Reading(
        page=page,
        read_at=now,
        status=done.reading.status.value,
        flags=[flag.value for flag in done.reading.flags],
        quality=asdict(done.reading.quality),
        engine=done.reading.engine,
        template_sha256=done.reading.template_sha256,
        thresholds=done.reading.thresholds,
        preview_sha256=done.preview_sha256,
    )
    session.add(reading)
    return reading


def _add_fields(session: Session, answers: Answers, reading: Reading, done: ReadDone) -> None:
    """All rows in one statement: as objects SQLite would take them one by one, for their ids."""
    choices = [_choice(*answers.place(field.code), field, done.crops) for field in done.reading.fields]
    texts = [_text(*answers.place(text.code), text, done.crops) for text in done.reading.texts]
    rows = [{"reading_id": reading.id, **row} for row in (*choices, *texts)]
    if rows:
        session.execute(insert(FieldReading), rows)


def _choice(sheet_id: int, question: str, field: ReadField, crops: dict[str, str]) -> dict[str, Any]:
    return {
        "sheet_id": sheet_id,
        "field_code": question,
        "kind": "choice",
        "value": field.value,
        "confidence": field.confidence,
        "accepted": field.accepted,
        "flags": [flag.value for flag in field.flags],
        "bubbles": [
            {"option": bubble.option, "state": bubble.state.value, "score": bubble.score}
            for bubble in field.bubbles
        ],
        "crop_sha256": crops.get(field.code),
    }


def _text(sheet_id: int, question: str, text: TextReading, crops: dict[str, str]) -> dict[str, Any]:
    return {
        "sheet_id": sheet_id,
        "field_code": question,
        "kind": "text",
        "value": text.draft,
        "confidence": text.confidence,
        "accepted": not text.written,
        "flags": [],
        "bubbles": [],
        "crop_sha256": crops.get(text.code),
    }


def _order_drafts(session: Session, reading: Reading) -> None:
    """Handwriting without a draft waits for one; it is made when no page waits."""
    for field in reading.fields:
        if field.kind == "text" and not field.accepted and field.value is None and field.crop_sha256:
            session.add(TextDraft(field_reading_id=field.id, state="waiting"))
