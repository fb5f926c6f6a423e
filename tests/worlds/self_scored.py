"""Schemes for the small world, read from their files once, and a unit that has declared everything."""

import datetime as dt

from sqlalchemy.orm import Session

from tests.worlds.small import SmallWorld
from webapp.par_index.rules import FactKind, facts_asked
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.persistence.appraisal import Submission
from webapp.persistence.campaign import Unit
from webapp.services.campaigns import SAMPLE_DIR
from webapp.services.declarations import Draft
from webapp.services.scheme_files import read_scheme_file
from webapp.services.schemes import add_scheme, form_groups
from webapp.services.self_scores import save_draft, submit_self_scores
from webapp.services.unit_scores import load_unit_scores

_schemes: list[Scheme] = []
EXPLANATION = "Theo sổ theo dõi của đơn vị"
_TYPED = {FactKind.CHOICE: "1", FactKind.AMOUNT: "950,5", FactKind.COUNT: "1", FactKind.YES_NO: "yes"}


def add_schemes(session: Session, world: SmallWorld, now: dt.datetime) -> None:
    """Load the sample schemes of both levels; reading YAML is the slow part, so it is done once."""
    if not _schemes:
        folder = SAMPLE_DIR / "bo_trach_2020"
        groups = form_groups(session, world.campaign)
        catalogues = sorted(folder.glob("criteria_*.yaml"))
        _schemes.extend(read_scheme_file(path, folder / "questionnaires.yaml", groups) for path in catalogues)
    for scheme in _schemes:
        add_scheme(session, "administrator", world.campaign, scheme, now)


def complete_draft(component: ComponentCriterion) -> Draft:
    """Best level, one of everything, 9 of 10: valid facts for every shape of rule."""
    typed = {fact.code: _TYPED[fact.kind] for fact in facts_asked(component.rule)}
    if typed.get("numerator") == "1":
        typed |= {"numerator": "9", "denominator": "10"}
    if "zero_if" in typed:
        typed["zero_if"] = "no"
    return Draft(typed=typed, explanation=EXPLANATION)


def declare_everything(session: Session, unit: Unit, actor: str, now: dt.datetime) -> None:
    """Fill in every component of the unit, with an explanation each."""
    for scores in load_unit_scores(session, unit, now).own:
        save_draft(session, unit, scores.component, complete_draft(scores.component), actor=actor, now=now)


def send_everything(session: Session, unit: Unit, actor: str, now: dt.datetime) -> Submission:
    """The same, and send it."""
    declare_everything(session, unit, actor, now)
    return submit_self_scores(session, actor, unit, now)
