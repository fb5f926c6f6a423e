"""A campaign between its tables and its plain values."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy.orm import Session

from ocr.template import FormLibrary
from webapp.campaign_plan.parts import GENERAL, PARTS, plan_rows
from webapp.campaign_plan.plan import CampaignPlan
from webapp.campaign_plan.reading import FormFacts
from webapp.persistence.base import Base
from webapp.persistence.campaign import Campaign, FormTotal, Level, RespondentGroup, Signatory, Unit

GENERAL_NAMES = tuple(column.code for column in PARTS[GENERAL].columns)
TABLES: Mapping[str, type[Any]] = {
    "levels": Level,
    "units": Unit,
    "groups": RespondentGroup,
    "form_totals": FormTotal,
    "signatories": Signatory,
}
_RELATIONS = {code: "all_units" if code == "units" else code for code in TABLES}


def rows_of(campaign: Campaign, part: str) -> list[Any]:
    """The table rows of a part, in the office's order."""
    return list(getattr(campaign, _RELATIONS[part]))


def plan_of(campaign: Campaign) -> CampaignPlan:
    """The campaign as it stands, as plain values."""
    parts: dict[str, Any] = {
        code: tuple(
            PARTS[code].make(**{column.code: getattr(row, column.code) for column in PARTS[code].columns})
            for row in rows_of(campaign, code)
        )
        for code in TABLES
    }
    general: dict[str, Any] = {name: getattr(campaign, name) for name in GENERAL_NAMES}
    return CampaignPlan(**general, **parts, is_sample=campaign.is_sample)


def add_rows(session: Session, campaign: Campaign, plan: CampaignPlan) -> None:
    """Add all parts of a new campaign."""
    for code, table in TABLES.items():
        for position, value in enumerate(getattr(plan, code)):
            session.add(new_row(table, campaign, value, position))
    session.flush()


def new_row(table: type[Base], campaign: Campaign, value: object, position: int) -> Base:
    """A row of a part's table that holds a plain value."""
    names = [field.name for field in fields(value)]  # type: ignore[arg-type]  # all are dataclasses
    return table(campaign_id=campaign.id, position=position, **{name: getattr(value, name) for name in names})


def fingerprint(plan: CampaignPlan) -> str:
    """The same letters as long as nothing of the campaign changes."""
    return hashlib.sha256(json.dumps(plan_rows(plan), sort_keys=True).encode()).hexdigest()[:16]


def form_facts(library: FormLibrary) -> dict[str, FormFacts]:
    """What the printed forms say of themselves."""
    forms = (library.latest(code) for code in library.codes())
    return {form.code: FormFacts(form.level, tuple(form.groups)) for form in forms}
