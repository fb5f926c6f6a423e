"""Every table, imported once, so that migrations and tests see the whole schema."""

from webapp.persistence import (
    accounts,
    appraisal,
    audit,
    campaign,
    hand_over,
    jobs,
    page_resolutions,
    payments,
    people,
    readings,
    results,
    scans,
    schemes,
    trials,
    verification,
)
from webapp.persistence.base import Base

__all__ = [
    "Base",
    "accounts",
    "appraisal",
    "audit",
    "campaign",
    "hand_over",
    "jobs",
    "page_resolutions",
    "payments",
    "people",
    "readings",
    "results",
    "scans",
    "schemes",
    "trials",
    "verification",
]
