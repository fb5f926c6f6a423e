"""Sheets that were scanned and read, without a scanner: what verification starts from."""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.worlds.packs import pack_about
from tests.worlds.small import SmallWorld
from webapp.persistence.campaign import RespondentGroup, Sheet
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import Batch, BatchFile, Page

_sha = (f"{number:064x}" for number in itertools.count(1))


@dataclass(frozen=True)
class Read:
    """What the machine says about one field; `states` are its bubbles' states in printed order."""

    code: str
    value: str | None = None
    flags: tuple[str, ...] = ()
    states: tuple[str, ...] = ("empty",) * 5
    kind: str = "choice"
    crop_sha256: str | None = None
    score: float = 0.5  # of every bubble
    confidence: float = 0.5  # where it is not accepted

    @property
    def accepted(self) -> bool:
        """Nobody need look where there is no flag; a written text always needs somebody."""
        return not self.flags


def sure(code: str, value: str) -> Read:
    """An answer that no person need look at."""
    states = tuple("filled" if str(place) == value else "empty" for place in range(1, 6))
    return Read(code, value, (), states)


def faint(code: str, value: str) -> Read:
    """One faint mark: the only doubt that may suggest an answer."""
    states = tuple("marginal" if str(place) == value else "empty" for place in range(1, 6))
    return Read(code, value, ("marginal_mark",), states)


def double(code: str) -> Read:
    """Two marks; the machine never picks the darker."""
    return Read(code, None, ("multiple_marks",), ("empty", "filled", "filled", "empty", "empty"))


def blank(code: str, score: float = 0.01, crop_sha256: str = "c" * 64) -> Read:
    """No mark at all, and nothing else odd: a tile of a grid."""
    return Read(code, None, ("no_mark",), crop_sha256=crop_sha256, score=score)


def doubted(code: str, value: str, confidence: float = 0.95, crop_sha256: str = "c" * 64) -> Read:
    """One dominant mark of which the machine is not quite sure: a tile of its option's grid."""
    states = sure(code, value).states
    return Read(code, value, ("low_confidence",), states, crop_sha256=crop_sha256, confidence=confidence)


def striped(code: str) -> Read:
    """No mark at all, but a scanner's streak beside it: looked at alone."""
    return Read(code, None, ("no_mark", "streak"))


def comment(code: str, *, written: bool = True) -> Read:
    """A comment box."""
    return Read(code, None, ("low_confidence",) if written else (), (), "text")


def add_sheet(
    session: Session, world: SmallWorld, serial: int, form: str = "CX4", unit: str = "19186"
) -> Sheet:
    """One printed sheet of a form's first group."""
    group = session.scalars(select(RespondentGroup).where(RespondentGroup.form_code == form)).first()
    assert group is not None
    sheet = Sheet(
        campaign_id=world.campaign.id,
        serial=serial,
        form_code=form,
        form_version=1,
        group=group,
        pack=pack_about(session, group, world.units[unit]),
        unit=world.units[unit],
        printed_at=dt.datetime(2021, 3, 1, tzinfo=dt.UTC),
    )
    session.add(sheet)
    session.flush()
    return sheet


def add_page(session: Session, sheet: Sheet, now: dt.datetime, side: int = 1, state: str = "read") -> Page:
    """One scanned page of the sheet, in a batch of its own."""
    number = session.query(Batch).count() + 1
    batch = Batch(campaign_id=sheet.campaign_id, number=number, received_by="clerk", received_at=now)
    file = BatchFile(
        batch=batch, sha256=next(_sha), size_bytes=1, original_name="lo.pdf", state="split", page_count=1
    )
    session.add(file)
    session.flush()
    page = Page(batch_id=batch.id, batch_file_id=file.id, page_index=0, state=state, sheet=sheet, side=side)
    session.add(page)
    session.flush()
    return page


def add_reading(session: Session, page: Page, now: dt.datetime, reads: Sequence[Read]) -> Reading:
    """A reading of the page, as the worker adds it."""
    reading = Reading(
        page=page,
        read_at=now,
        status="flagged" if any(not read.accepted for read in reads) else "read",
        flags=[],
        quality={},
        engine="test 1",
        template_sha256="0" * 64,
        thresholds="test",
        fields=[_field(page, read) for read in reads],
    )
    session.add(reading)
    return reading


def _field(page: Page, read: Read) -> FieldReading:
    assert page.sheet_id is not None
    bubbles = [
        {"option": str(place), "state": state, "score": read.score}
        for place, state in enumerate(read.states, start=1)
    ]
    return FieldReading(
        sheet_id=page.sheet_id,
        field_code=read.code,
        kind=read.kind,
        value=read.value,
        confidence=1.0 if read.accepted else read.confidence,
        accepted=read.accepted,
        flags=list(read.flags),
        bubbles=bubbles,
        crop_sha256=read.crop_sha256,
    )
