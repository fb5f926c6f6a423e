"""The five dates of self-score and appraisal as people see them: what is over, what runs, what comes."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from webapp.campaign_plan.plan import APPRAISAL_DATES
from webapp.persistence.campaign import Campaign


class Phase(StrEnum):
    """Where a date lies: over, the next one, or later."""

    OVER = "over"
    NEXT = "next"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class StageDate:
    """One of the dates; `at` None while the office has not fixed it. `name`: see APPRAISAL_DATES."""

    name: str
    at: dt.datetime | None
    phase: Phase


def appraisal_dates(campaign: Campaign, now: dt.datetime) -> list[StageDate]:
    """All five in their order (domain notes §2.1: the cycle has two rounds and five dates)."""
    moments = [(name, getattr(campaign, name)) for name in APPRAISAL_DATES]
    upcoming = next((name for name, at in moments if at is not None and at > now), None)
    return [StageDate(name, at, _phase(name, at, upcoming, now)) for name, at in moments]


def _phase(name: str, at: dt.datetime | None, upcoming: str | None, now: dt.datetime) -> Phase:
    if name == upcoming:
        return Phase.NEXT
    return Phase.OVER if at is not None and at <= now else Phase.LATER
