"""Which files of the scan store the database names; read from a database of any age, older ones too."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Select, inspect, select, union
from sqlalchemy.orm import InstrumentedAttribute

from webapp.persistence.answer_audit import AnswerAudit, AuditTicket
from webapp.persistence.appraisal import EvidenceFile
from webapp.persistence.complaints import Complaint
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.scans import BatchFile, Page
from webapp.persistence.trash import Move, TrashMove
from webapp.persistence.trials import TrialScan

# A contract test walks the schema: whatever else is called sha256 is the hash of something that is no file.
NAMING_COLUMNS: tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...] = (
    BatchFile.sha256,
    Reading.preview_sha256,
    FieldReading.crop_sha256,
    EvidenceFile.sha256,
    Complaint.file_sha256,
    TrialScan.sha256,
    AnswerAudit.manifest_sha256,
    AuditTicket.crop_sha256,
)
_READ_AT_ONCE = 1000


def named_files(connection: Connection) -> Iterator[str]:
    """Every SHA-256 name once; only a few rows are held at a time."""
    columns = _columns(connection)
    images = set(_evidence_images(connection)) if EvidenceFile.__tablename__ in columns else set()
    yield from sorted(images)
    known = [c for c in NAMING_COLUMNS if c.key in columns.get(c.class_.__tablename__, ())]
    for name in _stream(connection, *(select(column) for column in known)):
        if name not in images:
            yield name


def erased_files(connection: Connection) -> Iterator[str]:
    """Names whose files an administrator had deleted for good: their absence is no loss."""
    if TrashMove.__tablename__ not in _columns(connection):
        return
    erased = select(TrashMove.batch_id).where(TrashMove.kind == Move.ERASE)
    pages = select(Page.id).where(Page.batch_id.in_(erased))
    readings = select(Reading.id).where(Reading.page_id.in_(pages))
    yield from _stream(
        connection,
        select(BatchFile.sha256).where(BatchFile.batch_id.in_(erased)),
        select(Reading.preview_sha256).where(Reading.page_id.in_(pages)),
        select(FieldReading.crop_sha256).where(FieldReading.reading_id.in_(readings)),
    )


def _stream(connection: Connection, *selects: Select[str] | Select[str | None]) -> Iterator[str]:
    if not selects:
        return
    options = {"yield_per": _READ_AT_ONCE}
    with connection.execute(union(*selects), execution_options=options) as rows:
        yield from (name for (name,) in rows if name)


def _evidence_images(connection: Connection) -> Iterator[str]:
    options = {"yield_per": _READ_AT_ONCE}
    with connection.execute(select(EvidenceFile.page_images), execution_options=options) as rows:
        for (images,) in rows:
            yield from images


def _columns(connection: Connection) -> dict[str, Iterable[str]]:
    """The columns that are there, by table."""
    schema = inspect(connection)
    return {name: {c["name"] for c in schema.get_columns(name)} for name in schema.get_table_names()}
