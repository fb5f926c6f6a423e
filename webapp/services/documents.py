"""Official documents on a fixed version: what people write into them, and the documents themselves."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound, StaleVersion
from webapp.papers.official import decision, minutes, report
from webapp.papers.official.document import OfficialDocument
from webapp.papers.official.office import Office, Signatory
from webapp.papers.official.wording import PASSAGES, SIGNATORY, Kind, Wording, wording_of
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign
from webapp.persistence.documents import DocumentWording, newest_wording
from webapp.persistence.results import TRIAL, IndexVersion, published_index_version
from webapp.services.editions import edition_of_version
from webapp.services.publication import require_version

LONGEST_TEXT = 5_000
_COMPOSERS: Mapping[Kind, Callable[..., OfficialDocument]] = {
    Kind.DECISION: decision.compose,
    Kind.REPORT: report.compose,
    Kind.MINUTES: minutes.compose,
}
_DRAFT = "DỰ THẢO"


@dataclass(frozen=True, slots=True)
class Written:
    """The texts of a document, and the revision that they come from (None: as usual, nobody wrote any)."""

    wording: Wording
    entry: DocumentWording | None

    @property
    def revision(self) -> int:
        """What a page shows, so that the next one to save is told of a newer one."""
        return 0 if self.entry is None else self.entry.revision


def require_fixed_version(session: Session, campaign: Campaign, number: int) -> IndexVersion:
    """A version that documents can be made of.

    Raises:
        NotFound: there is none with this number, or it is a trial.
    """
    version = require_version(session, campaign, number)
    if version.kind == TRIAL:
        raise NotFound("Văn bản chỉ lập từ bản đã chốt hoặc đã công bố; bản số %(number)s là bản tính thử.",
                       number=number)  # fmt: skip
    return version


def office_of(campaign: Campaign) -> Office:
    """The campaign's office as its documents name it."""
    people = [Signatory(one.name, one.title) for one in campaign.signatories]
    return Office(campaign.office_name, campaign.place, people)


def load_wording(session: Session, campaign: Campaign, kind: Kind) -> Written:
    """The texts of a document as they stand."""
    entry = newest_wording(session, campaign.id, kind)
    saved = {} if entry is None else entry.texts
    return Written(wording_of(kind, saved, campaign.office_name, campaign.year), entry)


def save_wording(
    session: Session,
    actor: str,
    campaign: Campaign,
    kind: Kind,
    texts: Mapping[str, str],
    *,
    seen_revision: int,
    now: dt.datetime,
) -> DocumentWording:
    """Keep the texts as a new revision; an empty one becomes the usual one again.

    Raises:
        InvalidInput: a text is too long, or nobody of this name signs.
        StaleVersion: somebody saved since `seen_revision`.
    """
    session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update())
    current = load_wording(session, campaign, kind)
    if current.revision != seen_revision:
        raise StaleVersion("Lời của văn bản này vừa có người khác lưu.")
    kept = {passage.code: texts.get(passage.code, "").strip() for passage in PASSAGES[kind]}
    if any(len(text) > LONGEST_TEXT for text in kept.values()):
        raise InvalidInput("Mỗi ô dài nhất %(limit)s ký tự. Rút gọn rồi lưu lại.", limit=LONGEST_TEXT)
    signatory = kept.get(SIGNATORY.code, "")
    if signatory and signatory not in {one.name for one in campaign.signatories}:
        raise InvalidInput("Chọn người ký trong danh sách người ký của chu kỳ.")
    entry = DocumentWording(
        campaign_id=campaign.id,
        document=kind,
        revision=current.revision + 1,
        texts=kept,
        written_by=actor,
        written_at=now,
    )
    session.add(entry)
    session.flush()
    write_log(session, now, actor, "document_worded", f"document/{kind}", revision=entry.revision)
    return entry


def compose_document(
    session: Session, version: IndexVersion, kind: Kind, *, is_draft: bool
) -> OfficialDocument:
    """The document on this version, ready to be set.

    Raises:
        StaleVersion: this program no longer computes what was kept.
    """
    campaign = session.get_one(Campaign, version.campaign_id)
    edition = edition_of_version(session, version, shows_small_cells=False)
    written = load_wording(session, campaign, kind)
    marks = [*([_DRAFT] if is_draft else []), *([edition.status] if edition.status else [])]
    newest = published_index_version(session, campaign.id)
    if newest is not None and newest.standing > version.standing:
        marks.append(f"ĐÃ CÓ BẢN SỐ {newest.number} THAY")
    made = f"Bản số {edition.number}, tính lúc {edition.made_at:%d/%m/%Y %H:%M}"
    small_print = [made, f"số liệu đầu vào (SHA-256) {edition.sha256}"]
    return _COMPOSERS[kind](edition, office_of(campaign), written.wording, marks, small_print)
