"""What a rehearsed campaign came to, held against the truth: readings, answers and the index itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from ocr.deck.readings import ReadAnswer, ReadPage
from ocr.deck.score import Score, score_deck
from ocr.deck.truth import TruthField, TruthPage
from ocr.model import Flag, PageStatus
from ocr.sheet_code import serial_text
from webapp.par_index.compute import compute_index
from webapp.par_index.outcome import IndexResult, UnitIndex
from webapp.par_index.snapshot import Snapshot
from webapp.par_index.survey import Answer, UnitSurvey, tally_answers
from webapp.persistence.campaign import Campaign, Sheet
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.responses import AcceptedAnswer, accepted_answers
from webapp.persistence.scans import Batch, Page
from webapp.services.rehearsal import Answers


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    """Settled answers against the truth: all that were given, those recovered, wrong ones, and lost ones."""

    true: int
    recovered: int
    wrong: int
    lost: int


@dataclass(frozen=True, slots=True)
class IndexCheck:
    """The index against the one from the true answers.

    `largest` is the largest difference of any unit's published percent (two decimals), None where no unit
    has an index; `one_sided` counts units that have one only here or only there; `ranks_changed` counts
    units whose rank differs.
    """

    units: int
    with_index: int
    largest: Decimal | None
    one_sided: int
    ranks_changed: int

    @property
    def is_true(self) -> bool:
        """Whether every unit has just the index and rank that the truth gives it."""
        return self.with_index > 0 and not (self.largest or self.one_sided or self.ranks_changed)


def score_readings(session: Session, campaign: Campaign, truth: Iterable[TruthPage]) -> Score:
    """Score what the machine read, before any person: silent errors and review.

    Second scans that the intake set aside as duplicates of the right sheet have no answers to score.
    """
    pages = list(truth)
    by_place = {(page.source, page.page_index): page for page in pages if page.source is not None}
    readings = []
    for read in _read_pages(session, campaign):
        page = by_place[read.source, read.page_index]
        if Flag.DUPLICATE_SHEET in read.flags and (read.serial, read.page) == (page.serial, page.page):
            del by_place[read.source, read.page_index]
        else:
            readings.append(read)
    never_scanned = [page for page in pages if page.source is None]
    return score_deck(readings, [*by_place.values(), *never_scanned])


def check_answers(session: Session, campaign: Campaign, answers: Answers) -> AnswerCheck:
    """Compare every settled answer with the truth, and count true answers that are nowhere."""
    rows = session.execute(select(Sheet.id, Sheet.serial).where(Sheet.campaign_id == campaign.id))
    serials = {sheet_id: serial_text(serial) for sheet_id, serial in rows}
    settled = {
        (serials[answer.sheet_id], answer.field_code): answer
        for answer in accepted_answers(session, campaign.id)
    }
    recovered = sum(_agrees(settled.get(place), meant) for place, meant in answers.by_place.items())
    lost = len(answers.by_place.keys() - settled.keys())
    wrong = len(answers.by_place) - recovered - lost + len(settled.keys() - answers.by_place.keys())
    return AnswerCheck(len(answers.by_place), recovered, wrong, lost)


def check_index(result: IndexResult, snapshot: Snapshot, answers: Answers) -> IndexCheck:
    """Compute the index once more, from the true answers, and compare."""
    true_result = compute_index(with_true_answers(snapshot, answers))
    true_units = {(unit.level, unit.code): unit for unit in _units(true_result)}
    pairs = [(unit, true_units[unit.level, unit.code]) for unit in _units(result)]
    differences = [
        abs(computed.index_percent - true.index_percent)
        for computed, true in pairs
        if computed.index_percent is not None and true.index_percent is not None
    ]
    return IndexCheck(
        units=len(pairs),
        with_index=len(differences),
        largest=max(differences, default=None),
        one_sided=sum((unit.index_percent is None) != (true.index_percent is None) for unit, true in pairs),
        ranks_changed=sum(computed.rank != true.rank for computed, true in pairs),
    )


def with_true_answers(snapshot: Snapshot, answers: Answers) -> Snapshot:
    """The snapshot as it would be if every answer had reached it as it was meant."""
    by_unit: defaultdict[str, list[Answer]] = defaultdict(list)
    for page in answers.pages.values():
        by_unit[page.unit or ""] += [_as_answer(page, field) for field in page.fields]
    surveys: dict[tuple[str, str], UnitSurvey] = {}
    for unit in snapshot.units:
        scheme = snapshot.scheme_of(unit.level)
        if scheme is not None:
            surveys[unit.level, unit.code] = tally_answers(scheme, by_unit[unit.code])
    return replace(
        snapshot,
        units=tuple(replace(unit, survey=surveys[unit.level, unit.code]) for unit in snapshot.units),
    )


def _as_answer(page: TruthPage, field: TruthField) -> Answer:
    return Answer(
        sheet=int((page.serial or "0").replace("-", "")),
        form=page.form or "",
        group=page.group or "",
        question=field.code,
        option=field.value if isinstance(field.value, str) else None,
        is_blank=field.value is None,
    )


def _agrees(settled: AcceptedAnswer | None, meant: TruthField) -> bool:
    if settled is None:
        return False
    if meant.value is None:
        return settled.validity == "blank"
    if isinstance(meant.value, tuple):
        return settled.validity == "invalid"
    return settled.validity == "valid" and settled.value == meant.value


def _read_pages(session: Session, campaign: Campaign) -> Iterator[ReadPage]:
    """The first reading of every page, in the shape of `chamdiem-reading/1`."""
    rows = session.scalars(
        select(Reading)
        .join(Page, Page.id == Reading.page_id)
        .join(Batch, Batch.id == Page.batch_id)
        .where(Batch.campaign_id == campaign.id)
        .options(
            selectinload(Reading.fields),
            joinedload(Reading.page).joinedload(Page.file),
            joinedload(Reading.page).joinedload(Page.sheet).joinedload(Sheet.group),
            joinedload(Reading.page).joinedload(Page.sheet).joinedload(Sheet.unit),
        )
        .order_by(Reading.id)
        .execution_options(yield_per=500)
    )
    for reading in rows:
        yield _as_read_page(reading)


def _as_read_page(reading: Reading) -> ReadPage:
    page, sheet = reading.page, reading.page.sheet
    flags = frozenset(Flag(flag) for flag in reading.flags)
    return ReadPage(
        source=page.file.original_name,
        page_index=page.page_index,
        status=PageStatus(reading.status) if page.state in {"read", "duplicate"} else PageStatus.REFUSED,
        serial=None if sheet is None else serial_text(sheet.serial),
        page=page.side,
        form=None if sheet is None else sheet.form_code,
        version=None if sheet is None else sheet.form_version,
        group=None if sheet is None else sheet.group.code,
        unit=None if sheet is None else sheet.unit.code,
        flags=flags | {Flag.DUPLICATE_SHEET} if page.state == "duplicate" else flags,
        answers=tuple(_as_read_answer(field) for field in reading.fields if field.kind == "choice"),
        texts=tuple((text.field_code, not text.accepted) for text in reading.fields if text.kind == "text"),
    )


def _as_read_answer(field: FieldReading) -> ReadAnswer:
    return ReadAnswer(
        field.field_code, field.value, field.accepted, frozenset(Flag(flag) for flag in field.flags)
    )


def _units(result: IndexResult) -> Iterator[UnitIndex]:
    for level in result.levels:
        yield from level.units
