"""What a unit's pages may hold: its own scores, components, files and citations, loaded within the unit."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.http.context import now
from webapp.par_index.scheme import ComponentCriterion
from webapp.persistence.accounts import User
from webapp.persistence.appraisal import EvidenceFile, EvidenceLink
from webapp.persistence.campaign import Unit
from webapp.services.evidence import find_citation, find_file, page_image
from webapp.services.schemes import scheme_of_level
from webapp.services.unit_scores import (
    ComponentScores,
    UnitScores,
    load_sent_scores,
    load_unit_scores,
    own_criterion,
)


@dataclass(frozen=True, slots=True)
class OwnComponent:
    """A component of the signed-in unit, within all its scores."""

    scores: UnitScores
    here: ComponentScores

    @property
    def code(self) -> str:
        """The component's code."""
        return self.here.component.code

    @property
    def unit(self) -> Unit:
        """The unit that is signed in."""
        return self.scores.unit


@dataclass(frozen=True, slots=True)
class OwnForm:
    """Where a draft of the signed-in unit goes, before anything of its scores is loaded."""

    unit: Unit
    component: ComponentCriterion

    @property
    def code(self) -> str:
        """The component's code."""
        return self.component.code


@dataclass(frozen=True, slots=True)
class OwnCitation:
    """A piece of evidence behind a component of the signed-in unit."""

    owner: OwnComponent
    link: EvidenceLink


def load_own(session: Session, user: User) -> UnitScores:
    """All scores of the user's own unit; there is no way to name another."""
    return load_unit_scores(session, _own_unit(user), now())


def load_sent(session: Session, user: User) -> UnitScores:
    """What the user's own unit has sent, by the catalogue that it was sent under."""
    return load_sent_scores(session, _own_unit(user), now())


def load_form(session: Session, user: User, code: str) -> OwnForm:
    """The form of a component that the user's unit scores itself."""
    unit = _own_unit(user)
    _version, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
    return OwnForm(unit, own_criterion(scheme, code))


def load_component(session: Session, user: User, code: str) -> OwnComponent:
    """A component that the user's unit scores itself."""
    scores = load_own(session, user)
    return OwnComponent(scores, scores.own_component(code))


def load_citation(session: Session, user: User, code: str, link_id: int) -> OwnCitation:
    """Evidence that stands behind a component of the user's unit."""
    owner = load_component(session, user, code)
    return OwnCitation(owner, find_citation(session, owner.unit.id, code, link_id))


def load_file(session: Session, user: User, file_id: int) -> EvidenceFile:
    """A file of the user's own unit."""
    return find_file(session, load_own(session, user).unit.id, file_id)


def load_page(session: Session, user: User, file_id: int, page_number: int) -> tuple[str, str]:
    """The picture of a page of the unit's own file."""
    return page_image(load_file(session, user, file_id), page_number)


def _own_unit(user: User) -> Unit:
    if user.unit is None:
        raise NotFound("Tài khoản của bạn chưa gắn với đơn vị nào. Người quản trị sẽ gắn giúp.")
    return user.unit
