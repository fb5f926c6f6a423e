"""Every table, imported once, so that migrations and tests see the whole schema."""

from webapp.persistence import (
    accounts,
    appraisal,
    audit,
    campaign,
    jobs,
    page_instructions,
    page_resolutions,
    readings,
    results,
    scans,
    schemes,
    trash,
    trials,
    verification,
    watched_folder,
)
from webapp.persistence.base import Base

__all__ = [
    "Base",
    "accounts",
    "appraisal",
    "audit",
    "campaign",
    "jobs",
    "page_instructions",
    "page_resolutions",
    "readings",
    "results",
    "scans",
    "schemes",
    "trash",
    "trials",
    "verification",
    "watched_folder",
]
