"""Answers of a year of which there is no paper: made up, sure, and saying of themselves that they are.

Sheets are read as far as the database goes: pages, readings and fields stand there, their pictures do not.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from random import Random
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ocr.layout import Field
from ocr.template import FormLibrary
from webapp.persistence.campaign import Campaign, Pack, Sheet, Unit
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.services.sample_documents import made_up_notice_pdf
from webapp.services.sample_facts import unit_diligence
from webapp.storage import ScanStore

ENGINE = "dữ liệu dựng, không có giấy"
_BLANK_SHARE = 0.02
_STRAIGHT_SHARE = 0.04  # people who give one answer all the way down
_SPREAD = 0.9  # how far moods lie apart: the best units still meet people who are not content


@dataclass(frozen=True, slots=True)
class _Respondent:
    """Who fills in a sheet: how content (0–1), and whether one answer does for everything."""

    mood: float
    is_straight: bool

    def answer(self, dice: Random, options: int) -> str | None:
        """An option in printed order, the best one first, or None for a blank."""
        if self.is_straight:
            return str(1 + min(1, round((1 - self.mood) * (options - 1))))
        if dice.random() < _BLANK_SHARE:
            return None
        doubt = max(0.0, 0.05 + (1 - self.mood) * 0.7 + dice.gauss(0, 0.12))
        return str(1 + min(options - 1, int(doubt * options)))


def add_made_up_answers(
    session: Session,
    store: ScanStore,
    library: FormLibrary,
    campaign: Campaign,
    *,
    actor: str,
    seed: int,
    now: dt.datetime,
) -> int:
    """Read every printed sheet of the campaign as if people had filled it in; how many sheets."""
    kept = store.put(BytesIO(made_up_notice_pdf(campaign.office_name, campaign.year)))
    sheets = list(_sheets(session, campaign, library, seed))
    batch = Batch(
        campaign_id=campaign.id, number=1, received_by=actor, received_at=now, declared_sheets=len(sheets)
    )
    file = BatchFile(
        batch=batch,
        sha256=kept.sha256,
        size_bytes=kept.size_bytes,
        original_name="Dữ liệu dựng - không có phiếu giấy.pdf",
        state="split",
        page_count=sum(len(sheet.sides) for sheet in sheets),
    )
    session.add(file)
    session.flush()
    places = [(sheet, side) for sheet in sheets for side in sheet.sides]
    page_ids = _insert(session, Page, (_page_row(file, n, *place) for n, place in enumerate(places)))
    readings = [
        {
            "page_id": page_id, "read_at": now, "status": "read", "flags": [], "quality": {},
            "engine": ENGINE, "thresholds": ENGINE, "template_sha256": sheet.template_sha256,
        }
        for page_id, (sheet, _side) in zip(page_ids, places, strict=True)
    ]  # fmt: skip
    reading_ids = _insert(session, Reading, readings)
    answers = zip(reading_ids, places, strict=True)
    rows = [row for reading_id, place in answers for row in _field_rows(reading_id, *place)]
    session.execute(insert(FieldReading), rows)
    return len(sheets)


@dataclass(frozen=True, slots=True)
class _Filled:
    """One sheet with its answers, side by side: field code → option or None."""

    id: int
    template_sha256: str
    sides: Mapping[int, Mapping[str, str | None]]


def _sheets(session: Session, campaign: Campaign, library: FormLibrary, seed: int) -> Iterator[_Filled]:
    form = (Sheet.form_code, Sheet.form_version)
    rows = session.execute(
        select(Sheet.id, Sheet.serial, *form, Unit.code, Pack.code, Pack.person_number)
        .join(Unit, Unit.id == Sheet.unit_id)
        .join(Pack, Pack.id == Sheet.pack_id)
        .where(Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None))
        .order_by(Sheet.serial)
    )  # fmt: skip
    for sheet_id, serial, code, version, unit, pack, person in rows:
        who = f"{seed}/{pack}" if person is not None else f"{seed}/{serial}"
        respondent = _respondent(who, unit_diligence(seed, unit))
        dice = Random(f"{seed}/{serial}/answers")  # noqa: S311 - sample data, no secret
        layout = library.layout(code, version)
        sides = {
            page.page: {
                field.code: respondent.answer(dice, len(field.bubbles)) for field in _choices(page.fields)
            }
            for page in layout.pages
        }
        yield _Filled(sheet_id, layout.template_sha256, sides)


def _respondent(who: str, diligence: float) -> _Respondent:
    """The same person for the same name, more content with a better unit."""
    dice = Random(f"{who}/person")  # noqa: S311 - sample data, no secret
    mood = diligence + (1 - diligence) * dice.random() - (1 - _SPREAD) * dice.random()
    return _Respondent(min(max(mood, 0.0), 1.0), dice.random() < _STRAIGHT_SHARE)


def _choices(fields: Iterable[Field]) -> Iterator[Field]:
    return (field for field in fields if field.kind == "choice")


def _insert(session: Session, table: type[Page] | type[Reading], rows: Iterable[dict[str, Any]]) -> list[int]:
    """Add rows at once; their ids in the same order."""
    added = insert(table).returning(table.id, sort_by_parameter_order=True)
    return list(session.scalars(added, list(rows)))


def _page_row(file: BatchFile, index: int, sheet: _Filled, side: int) -> dict[str, Any]:
    return {
        "batch_id": file.batch_id, "batch_file_id": file.id, "page_index": index, "state": "read",
        "sheet_id": sheet.id, "side": side,
    }  # fmt: skip


def _field_rows(reading_id: int, sheet: _Filled, side: int) -> Iterator[dict[str, Any]]:
    for code, value in sheet.sides[side].items():
        yield {
            "reading_id": reading_id, "sheet_id": sheet.id, "field_code": code, "kind": "choice",
            "value": value, "confidence": 1.0, "accepted": True, "flags": [], "bubbles": [],
        }  # fmt: skip
