"""Evidence (tài liệu kiểm chứng): take a unit's document, cite it from components, find it again."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound, UploadTooLarge
from webapp.persistence.appraisal import EvidenceFile, EvidenceLink, current_links
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Unit
from webapp.services.evidence_kinds import clean_name, find_kind
from webapp.services.office_pages import pdf_of_office
from webapp.services.page_images import count_pages, draw_pages, drawing_place
from webapp.services.submissions import lock_unit, require_open
from webapp.storage import ScanStore

_BYTES_PER_MB = 1_000_000
_SHORTEST, _SHORT, _LONG, _LONGEST = 20, 80, 200, 2000
_MOST_PAGES = 999_999  # where nobody counted them
_LARGEST_ID = 2**31 - 1  # larger numbers come from nobody's page, and no database takes them
MAX_FILES = 10  # of one upload
_DRAWN_KINDS = ("png", "jpeg")


@dataclass(frozen=True, slots=True)
class Upload:
    """A document as it arrives: what its sender called it, and its bytes (seekable)."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class Description:
    """What a document says of itself; all of it optional. `date` as written: 08/01/2020."""

    number: str = ""
    date: str = ""
    issuer: str = ""
    abstract: str = ""


NOT_DESCRIBED = Description()


@dataclass(frozen=True, slots=True)
class Document:
    """An upload that was looked at, stored and drawn, but belongs to no unit yet."""

    name: str
    sha256: str
    size_bytes: int
    kind: str
    page_count: int | None
    page_images: list[str]


def prepare_document(store: ScanStore, upload: Upload, max_evidence_mb: int) -> Document:
    """Tell the kind, store the bytes and draw the pages. It takes seconds, so do it outside any transaction.

    Raises:
        UploadTooLarge: more than `max_evidence_mb`.
        InvalidInput: empty, of another kind, locked by a password, or broken; or too many wait to be drawn.
    """
    name = clean_name(upload.name)
    check_size(upload.stream, name, max_evidence_mb)
    kind = find_kind(upload.stream, name)
    stored = store.put(upload.stream)
    page_count, page_images = _picture_pages(store, stored.sha256, kind, name)
    named = clean_name(upload.name, kind)
    return Document(named, stored.sha256, stored.size_bytes, kind, page_count, page_images)


def keep_document(
    session: Session,
    unit: Unit,
    document: Document,
    description: Description = NOT_DESCRIBED,
    *,
    actor: str,
    now: dt.datetime,
) -> EvidenceFile:
    """Make a prepared document the unit's; the same bytes again are the file that is there already.

    Raises:
        Locked: the unit has sent its self-score, or the deadline is over.
    """
    lock_unit(session, unit)
    require_open(session, unit, now)
    return keep_file(session, unit, document, description, actor=actor, now=now)


def keep_file(
    session: Session,
    unit: Unit,
    document: Document,
    description: Description = NOT_DESCRIBED,
    *,
    actor: str,
    now: dt.datetime,
) -> EvidenceFile:
    """The same for a caller that has locked the unit and knows that it may bring files."""
    known = select(EvidenceFile).where(
        EvidenceFile.unit_id == unit.id, EvidenceFile.sha256 == document.sha256
    )
    if (file := session.scalars(known).first()) is not None:
        return file
    file = EvidenceFile(
        unit_id=unit.id,
        sha256=document.sha256,
        name=document.name,
        size_bytes=document.size_bytes,
        kind=document.kind,
        page_count=document.page_count,
        page_images=document.page_images,
        document_number=description.number[:_SHORT],
        document_date=description.date[:_SHORTEST],
        issuer=description.issuer[:_LONG],
        abstract=description.abstract[:_LONGEST],
        uploaded_by=actor,
        uploaded_at=now,
    )
    session.add(file)
    session.flush()
    write_log(session, now, actor, "evidence_uploaded", f"unit/{unit.code}", file=file.id, sha256=file.sha256)
    return file


def add_file(
    session: Session,
    store: ScanStore,
    unit: Unit,
    upload: Upload,
    *,
    actor: str,
    now: dt.datetime,
    max_evidence_mb: int,
) -> EvidenceFile:
    """Prepare and keep in one step, where nobody else waits for the database.

    Raises:
        UploadTooLarge, InvalidInput: as `prepare_document`.
        Locked: as `keep_document`.
    """
    document = prepare_document(store, upload, max_evidence_mb)
    return keep_document(session, unit, document, actor=actor, now=now)


def check_size(stream: BinaryIO, name: str, max_evidence_mb: int) -> None:
    """Refuse what is empty or too large.

    Raises:
        InvalidInput: no byte in it.
        UploadTooLarge: more than `max_evidence_mb`.
    """
    size_bytes = stream.seek(0, 2)
    stream.seek(0)
    if size_bytes == 0:
        raise InvalidInput("Tệp “%(name)s” rỗng (0 byte). Kiểm tra lại tệp rồi tải lên.", name=name)
    if size_bytes > max_evidence_mb * _BYTES_PER_MB:
        raise UploadTooLarge(
            "Tệp “%(name)s” %(size)s MB, giới hạn %(limit)s MB. Chia làm hai rồi tải lên từng phần.",
            name=name,
            size=-(-size_bytes // _BYTES_PER_MB),
            limit=max_evidence_mb,
        )


def _picture_pages(store: ScanStore, sha256: str, kind: str, name: str) -> tuple[int | None, list[str]]:
    """Number of pages (None: unknown) and their pictures, drawn but for an image, which is its own."""
    if kind in _DRAWN_KINDS:
        return 1, [sha256]
    with drawing_place(name):
        if kind == "pdf":
            return _pdf_pages(store, store.path(sha256), name)
        with pdf_of_office(store.path(sha256), kind) as pdf:
            return (None, []) if pdf is None else _pdf_pages(store, pdf, name)


def _pdf_pages(store: ScanStore, pdf: Path, name: str) -> tuple[int, list[str]]:
    page_count = count_pages(pdf, name)
    return page_count, [stored.sha256 for stored in store.put_many(draw_pages(pdf, page_count))]


def cite_file(
    session: Session,
    unit: Unit,
    component_code: str,
    file: EvidenceFile,
    *,
    page_number: int | None,
    actor: str,
    now: dt.datetime,
) -> None:
    """Put one of the unit's files behind a component, at a page; a second time changes nothing.

    Raises:
        InvalidInput: the file has no such page.
        Locked: the unit has sent its self-score, or the deadline is over.
    """
    lock_unit(session, unit)
    require_open(session, unit, now)
    add_citation(session, unit, component_code, file, page_number=page_number, actor=actor, now=now)


def add_citation(
    session: Session,
    unit: Unit,
    component_code: str,
    file: EvidenceFile,
    *,
    page_number: int | None,
    actor: str,
    now: dt.datetime,
    in_reply: bool = False,
) -> None:
    """The same for a caller that has locked the unit and knows that it may; `in_reply`: see `EvidenceLink`.

    Raises:
        InvalidInput: the file has no such page.
    """
    if page_number is not None and not 1 <= page_number <= (file.page_count or _MOST_PAGES):
        raise InvalidInput(
            "Tệp “%(name)s” có %(count)s trang, không có trang %(page)s. Sửa số trang rồi lưu lại.",
            name=file.name,
            count=file.page_count or "?",
            page=page_number,
        )
    standing = current_links(session, unit.id, in_reply=in_reply).get(component_code, [])
    if not any(link.file_id == file.id and link.page_number == page_number for link in standing):
        link = EvidenceLink(file_id=file.id, page_number=page_number, is_removal=False, in_reply=in_reply)
        _add_link(session, unit, component_code, link, actor=actor, now=now)


def remove_citation(session: Session, unit: Unit, link: EvidenceLink, actor: str, now: dt.datetime) -> None:
    """Take a file away from a component; the file and the former link stay on record.

    Raises:
        Locked: the unit has sent its self-score, or the deadline is over.
    """
    lock_unit(session, unit)
    require_open(session, unit, now)
    drop_citation(session, unit, link, actor=actor, now=now)


def drop_citation(session: Session, unit: Unit, link: EvidenceLink, *, actor: str, now: dt.datetime) -> None:
    """The same for a caller that has locked the unit and knows that it may."""
    removal = EvidenceLink(
        file_id=link.file_id, page_number=link.page_number, is_removal=True, in_reply=link.in_reply
    )
    _add_link(session, unit, link.component_code, removal, actor=actor, now=now)


def _add_link(
    session: Session, unit: Unit, component_code: str, link: EvidenceLink, *, actor: str, now: dt.datetime
) -> None:
    link.unit_id, link.component_code = unit.id, component_code
    link.made_by, link.made_at = actor, now
    session.add(link)
    session.flush()


def find_file(session: Session, unit_id: int, file_id: int) -> EvidenceFile:
    """A file of this unit; another unit's is as absent as one that never was.

    Raises:
        NotFound: the unit has no such file.
    """
    file = session.get(EvidenceFile, file_id) if 0 < file_id <= _LARGEST_ID else None
    if file is None or file.unit_id != unit_id:
        raise NotFound("Không có tệp này.")
    return file


def find_citation(
    session: Session, unit_id: int, component_code: str, link_id: int, *, in_reply: bool = False
) -> EvidenceLink:
    """A standing link of this unit's component, of its self-score or of its reply.

    Raises:
        NotFound: there is none (any more).
    """
    for link in current_links(session, unit_id, in_reply=in_reply).get(component_code, []):
        if link.id == link_id:
            return link
    raise NotFound("Minh chứng này không còn ở tiêu chí. Tải lại trang để xem bản mới.")


def page_image(file: EvidenceFile, page_number: int) -> tuple[str, str]:
    """Name in the store, and media type, of the picture of a page (from 1).

    Raises:
        NotFound: there is no picture of that page.
    """
    if not 1 <= page_number <= len(file.page_images):
        raise NotFound("Không có ảnh của trang này. Tải tệp gốc để xem.")
    media_type = "image/png" if file.kind == "png" else "image/jpeg"
    return str(file.page_images[page_number - 1]), media_type
