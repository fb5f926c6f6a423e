"""What the pages of the appraisal show: a unit, a component, a piece of evidence, each within its owner."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.http.context import current_campaign, now
from webapp.par_index.workflow import State
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import EvidenceFile, EvidenceLink
from webapp.persistence.campaign import Unit
from webapp.services.appraisal import is_own_unit
from webapp.services.evidence import find_file, page_image
from webapp.services.explanations import Explanation, sent_explanations
from webapp.services.unit_scores import ComponentScores, UnitScores, load_unit_scores


@dataclass(frozen=True, slots=True)
class AppraisedUnit:
    """A unit as this appraiser may see it; `may_decide` is false for the own unit and once it is finished."""

    scores: UnitScores
    may_decide: bool
    is_own: bool


@dataclass(frozen=True, slots=True)
class AppraisedComponent:
    """A component of a unit that has sent its self-score, and the evidence that is open beside it."""

    owner: AppraisedUnit
    here: ComponentScores
    open_link: EvidenceLink | None
    explanation: Explanation | None = None

    @property
    def code(self) -> str:
        """The component's code."""
        return self.here.component.code

    @property
    def unit(self) -> Unit:
        """The unit under appraisal."""
        return self.owner.scores.unit

    @property
    def links(self) -> list[EvidenceLink]:
        """What the unit brought with its self-score, then what it brought with its reply."""
        return [*self.here.links, *(() if self.explanation is None else self.explanation.links)]


def load_unit(session: Session, user: User, unit_code: str) -> AppraisedUnit:
    """A unit of the current campaign."""
    campaign = current_campaign()
    wanted = select(Unit).where(Unit.campaign_id == campaign.id, Unit.code == unit_code)
    unit = session.scalars(wanted).first() if unit_code.isprintable() else None
    if unit is None:
        raise NotFound("Chu kỳ này không có đơn vị mang mã đó.")
    scores = load_unit_scores(session, unit, now())
    is_own = is_own_unit(user, unit)
    return AppraisedUnit(scores, scores.state is State.SUBMITTED and not is_own, is_own)


def load_sent_unit(session: Session, user: User, unit_code: str) -> AppraisedUnit:
    """A unit that has sent its self-score: drafts are nobody's business but the unit's."""
    owner = load_unit(session, user, unit_code)
    if owner.scores.submission is None or owner.scores.submission.submitted_at is None:
        raise NotFound("Đơn vị chưa gửi bản tự chấm nên chưa có gì để xem.")
    return owner


def load_component(session: Session, user: User, unit_code: str, code: str) -> AppraisedComponent:
    """A component of a sent self-score, with its first piece of evidence open."""
    owner = load_sent_unit(session, user, unit_code)
    here = owner.scores.own_component(code)
    shown = AppraisedComponent(owner, here, None, sent_explanations(session, owner.scores).get(code))
    return replace(shown, open_link=next(iter(shown.links), None))


def load_citation(
    session: Session, user: User, unit_code: str, code: str, link_id: int
) -> AppraisedComponent:
    """A component with one named piece of its evidence open."""
    shown = load_component(session, user, unit_code, code)
    for link in shown.links:
        if link.id == link_id:
            return replace(shown, open_link=link)
    raise NotFound("Minh chứng này không còn ở tiêu chí. Tải lại trang để xem bản mới.")


def load_file(session: Session, user: User, unit_code: str, file_id: int) -> EvidenceFile:
    """A file of the unit in the address, once its self-score is sent; one of its reply once that is sent."""
    scores = load_sent_unit(session, user, unit_code).scores
    file = find_file(session, scores.unit.id, file_id)
    sent = scores.sent
    is_late = sent.returned_at is not None and file.uploaded_at >= sent.returned_at
    is_cited = any(link.file_id == file.id for here in scores.components.values() for link in here.links)
    if sent.replied_at is None and is_late and not is_cited:
        raise NotFound("Không có tệp này.")
    return file


def load_page(
    session: Session, user: User, unit_code: str, file_id: int, page_number: int
) -> tuple[str, str]:
    """The picture of a page of such a file."""
    return page_image(load_file(session, user, unit_code, file_id), page_number)
