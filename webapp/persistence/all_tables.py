"""Every table, imported once, so that migrations and tests see the whole schema."""

from webapp.persistence import accounts, audit, campaign, readings, responses, scans, schemes, verification
from webapp.persistence.base import Base

__all__ = ["Base", "accounts", "audit", "campaign", "jobs", "readings", "responses", "scans", "schemes", "verification"]
