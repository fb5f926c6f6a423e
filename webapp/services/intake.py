"""Take in scanned stacks: keep every original, tell at the door what is plainly no scan, number the batch."""

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, BinaryIO, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound
from webapp.jobs.tasks import PackedFile
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign
from webapp.persistence.scans import Batch, BatchFile
from webapp.storage import StoredFile

_HEAD_BYTES = 1024
_MAX_NAME = 200
_MAX_DECLARED = 100_000
_ARCHIVE = b"PK"
_PHOTO_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # HEIC
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class ScanSink(Protocol):
    """Where originals are kept; really `webapp.storage.ScanStore`."""

    def put(self, stream: IO[bytes]) -> StoredFile:
        """Keep what the stream holds; it is on disk when this returns."""
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Give it back."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it comes in: the name it had at the clerk's, and its bytes."""

    name: str
    stream: IO[bytes]


def receive_batch(  # noqa: PLR0917 - every input is named; a wrapper would only hide them
    session: Session,
    store: ScanSink,
    actor: str,
    uploads: Sequence[Upload],
    declared_sheets: int | None,
    now: dt.datetime,
) -> Batch:
    """Keep the originals and open a batch of them, in one transaction with its waiting files.

    The files are stored before the database is touched; the caller opens no transaction before that, so
    that no lock is held while hundreds of megabytes are written.

    Raises:
        InvalidInput: no file, or a number of sheets that cannot be.
        NotFound: there is no campaign yet.
    """
    if not uploads:
        raise InvalidInput("Chưa chọn tệp nào. Chọn hoặc thả ít nhất một tệp quét.")
    if declared_sheets is not None and not 0 < declared_sheets <= _MAX_DECLARED:
        raise InvalidInput("Số tờ trong chồng phiếu phải từ 1 đến 100.000, hoặc để trống.")
    stored = [store_upload(store, upload) for upload in uploads]
    batch = open_batch(session, lock_campaign(session), actor, "upload", now)
    batch.declared_sheets = declared_sheets
    add_files(session, batch, stored)
    write_log(session, now, actor, "batch_received", f"batch:{batch.number}", files=len(stored))
    return batch


def open_batch(session: Session, campaign: Campaign, actor: str, source: str, now: dt.datetime) -> Batch:
    """A new, empty batch; the campaign is locked, so that its number is its own."""
    batch = Batch(
        campaign_id=campaign.id,
        number=_next_number(session, campaign.id),
        received_by=actor,
        received_at=now,
        source=source,
    )
    session.add(batch)
    session.flush()
    return batch


def add_files(session: Session, batch: Batch, stored: Sequence[PackedFile]) -> None:
    """Put stored files into a batch, in their order."""
    for file in stored:
        batch.files.append(admit_file(session, batch.campaign_id, file))
        session.flush()  # so that the same file again in this batch is found


def find_batch(session: Session, campaign_id: int, number: int) -> Batch:
    """The batch that the clerk calls by this number.

    Raises:
        NotFound: there is none.
    """
    batch = session.scalars(
        select(Batch).where(Batch.campaign_id == campaign_id, Batch.number == number)
    ).first()
    if batch is None:
        raise NotFound("Không có lô này.")
    return batch


def refusal_at_door(head: bytes) -> str | None:
    """Why a file is plainly no scan, told from its first bytes, as a slug; None if it may be one."""
    if not head:
        return "empty"
    if head.startswith((*_PICTURES, _ARCHIVE)) or b"%PDF-" in head:
        return None
    if head[4:8] == b"ftyp" and head[8:12] in _PHOTO_BRANDS:
        return None
    return "not_a_scan"


def lock_campaign(session: Session) -> Campaign:
    """The current campaign; batches are numbered one after another while its row is locked."""
    newest = select(Campaign).order_by(Campaign.year.desc()).limit(1).with_for_update()
    campaign = session.scalars(newest).first()
    if campaign is None:
        raise NotFound("Chưa có chu kỳ đánh giá nào. Người quản trị nạp một chu kỳ trước.")
    return campaign


def _next_number(session: Session, campaign_id: int) -> int:
    last = session.scalar(select(func.max(Batch.number)).where(Batch.campaign_id == campaign_id))
    return (last or 0) + 1


def admit_file(session: Session, campaign_id: int, file: PackedFile) -> BatchFile:
    """A row for a stored file: refused at the door, a duplicate of one that came before, or waiting."""
    first = None if file.refusal else _first_copy(session, campaign_id, file.sha256)
    state = "refused" if file.refusal else "duplicate" if first else "waiting"
    return BatchFile(
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        original_name=clean_name(file.name),
        state=state,
        failure_code=file.refusal,
        duplicate_of_id=first.id if first else None,
    )


def store_upload(store: ScanSink, upload: Upload) -> PackedFile:
    """Keep the bytes, and tell from the first of them whether they may be a scan."""
    stored = store.put(upload.stream)
    with store.open(stored.sha256) as stream:
        refusal = refusal_at_door(stream.read(_HEAD_BYTES))
    return PackedFile(upload.name, stored.sha256, stored.size_bytes, refusal)


def _first_copy(session: Session, campaign_id: int, sha256: str) -> BatchFile | None:
    """Where these bytes came first; a file that was refused may come again."""
    return session.scalars(
        select(BatchFile)
        .join(Batch)
        .where(Batch.campaign_id == campaign_id, BatchFile.sha256 == sha256, Batch.trashed_at.is_(None))
        .where(BatchFile.state.not_in(("refused", "duplicate", "trashed")))
        .order_by(BatchFile.id)
        .limit(1)
    ).first()


def clean_name(name: str) -> str:
    """The file's own name, composed, without folders and control characters."""
    base = PurePath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    printable = "".join(letter for letter in base if letter.isprintable())
    return printable[-_MAX_NAME:] or "?"
