"""Complaints after publication: recorded, answered with a reason, linked to the version that put it right."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound, StaleVersion
from webapp.par_index.outcome import unit_index_from_plain
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, Unit
from webapp.persistence.complaints import Complaint, ComplaintAnswer, last_complaint_number
from webapp.persistence.results import (
    TRIAL,
    IndexVersion,
    find_index_unit,
    list_index_versions,
    published_index_version,
)
from webapp.services.evidence import Upload, check_size
from webapp.services.evidence_kinds import clean_name, find_kind
from webapp.storage import ScanStore

LONGEST_TEXT = 5_000
LONGEST_NAME = 200


class Outcome(StrEnum):
    """What the office says to a complaint."""

    UPHELD = "upheld"
    PARTLY = "partly"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a complaint; it lies in the scan store already."""

    sha256: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Petition:
    """What is recorded: who complains ("": the unit itself), about which component ("": all), and why."""

    petitioner: str
    component_code: str
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the office says; `version_number` names the version that put it right, if there is one."""

    outcome: str
    reason: str
    version_number: int | None = None


def store_attachment(store: ScanStore, upload: Upload, max_evidence_mb: int) -> Attachment:
    """Tell the kind and store the bytes; nothing is written to the database.

    Raises:
        UploadTooLarge: more than `max_evidence_mb`.
        InvalidInput: empty, or of a kind that is not taken.
    """
    name = clean_name(upload.name)
    check_size(upload.stream, name, max_evidence_mb)
    kind = find_kind(upload.stream, name)
    return Attachment(store.put(upload.stream).sha256, clean_name(upload.name, kind), kind)


def require_published(session: Session, campaign: Campaign) -> IndexVersion:
    """What can be complained about.

    Raises:
        NotFound: nothing is published yet.
    """
    version = published_index_version(session, campaign.id)
    if version is None:
        raise NotFound("Chưa có kết quả công bố nên chưa nhận kiến nghị.")
    return version


def record_complaint(
    session: Session,
    actor: str,
    campaign: Campaign,
    unit: Unit,
    petition: Petition,
    *,
    attachment: Attachment | None = None,
    now: dt.datetime,
) -> Complaint:
    """Record a complaint about the published version.

    Raises:
        NotFound: nothing is published, or the version does not have this unit.
        InvalidInput: no words, too many, or a component that the unit does not have.
    """
    session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update())
    version = require_published(session, campaign)
    words = _checked_length(petition.words)
    if not words:
        raise InvalidInput("Ghi nội dung kiến nghị.")
    codes = {code for code, _title in components_of(session, version, unit)}
    if petition.component_code and petition.component_code not in codes:
        raise InvalidInput("Chọn tiêu chí trong danh sách của đơn vị.")
    complaint = Complaint(
        campaign_id=campaign.id,
        number=last_complaint_number(session, campaign.id) + 1,
        version=version,
        unit=unit,
        component_code=petition.component_code or None,
        petitioner=" ".join(petition.petitioner.split())[:LONGEST_NAME] or unit.name,
        words=words,
        file_sha256=None if attachment is None else attachment.sha256,
        file_name=None if attachment is None else attachment.name,
        file_kind=None if attachment is None else attachment.kind,
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(complaint)
    session.flush()
    write_log(
        session,
        now,
        actor,
        "complaint_recorded",
        f"complaint/{complaint.number}",
        unit=unit.code,
        version=version.number,
        file=complaint.file_sha256,
    )
    return complaint


def components_of(session: Session, version: IndexVersion, unit: Unit) -> list[tuple[str, str]]:
    """Codes and titles of what the unit was scored on, in printed order.

    Raises:
        NotFound: the version does not have this unit.
    """
    line = find_index_unit(session, version.id, unit.code)
    if line is None:
        raise NotFound("Không có đơn vị này trong bảng kết quả.")
    return [(part.component, part.title) for part in unit_index_from_plain(line.detail).parts]


def answer_complaint(
    session: Session, actor: str, complaint: Complaint, answer: Answer, *, seen: int, now: dt.datetime
) -> ComplaintAnswer:
    """Add an answer; earlier ones stay. `seen`: how many answers the page showed.

    Raises:
        StaleVersion: somebody else answered since.
        InvalidInput: no reason, no outcome, or a version that cannot have put it right.
    """
    session.execute(select(Campaign.id).where(Campaign.id == complaint.campaign_id).with_for_update())
    session.refresh(complaint, ["answers"])
    if len(complaint.answers) != seen:
        raise StaleVersion("Kiến nghị số %(number)s vừa có người khác trả lời.", number=complaint.number)
    if answer.outcome not in set(Outcome):
        raise InvalidInput("Chọn kết luận: chấp nhận toàn bộ, một phần, hoặc không chấp nhận.")
    reason = _checked_length(answer.reason)
    if not reason:
        raise InvalidInput("Ghi lý do của câu trả lời.")
    version = _version_named(session, complaint, answer)
    entry = ComplaintAnswer(
        complaint=complaint,
        position=seen + 1,
        outcome=answer.outcome,
        reason=reason,
        version=version,
        answered_by=actor,
        answered_at=now,
    )
    session.add(entry)
    session.flush()
    write_log(
        session,
        now,
        actor,
        "complaint_answered",
        f"complaint/{complaint.number}",
        outcome=entry.outcome,
        version=None if version is None else version.number,
    )
    return entry


def versions_after(session: Session, complaint: Complaint) -> list[IndexVersion]:
    """Versions that were published, or fixed, after the one complained about; the highest number first."""
    versions = list_index_versions(session, complaint.campaign_id)
    return [v for v in versions if v.kind != TRIAL and v.standing > complaint.version.standing]


def find_complaint(session: Session, campaign: Campaign, number: int, unit_id: int | None) -> Complaint:
    """A complaint, for a unit only one about itself: another's is as absent as one that never was.

    Raises:
        NotFound: there is none.
    """
    asked = select(Complaint).where(Complaint.campaign_id == campaign.id, Complaint.number == number)
    complaint = session.scalars(asked).first()
    if complaint is None or (unit_id is not None and complaint.unit_id != unit_id):
        raise NotFound("Không có kiến nghị này.")
    return complaint


def _version_named(session: Session, complaint: Complaint, answer: Answer) -> IndexVersion | None:
    if answer.version_number is None:
        return None
    if answer.outcome == Outcome.REFUSED:
        raise InvalidInput("Không chấp nhận thì không gắn với bản mới. Bỏ chọn bản, hoặc đổi kết luận.")
    for version in versions_after(session, complaint):
        if version.number == answer.version_number:
            return version
    raise InvalidInput("Chọn một bản được chốt hoặc công bố sau bản bị kiến nghị.")


def _checked_length(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_TEXT:
        raise InvalidInput("Mỗi ô dài nhất %(limit)s ký tự. Rút gọn rồi gửi lại.", limit=LONGEST_TEXT)
    return text
