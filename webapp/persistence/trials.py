"""Scans of trial sheets: each is judged once by the worker, like a page, and its report is kept."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.persistence.base import Base, Id, Sha256, Slug, reference


class TrialScan(Base):
    """One uploaded scan of the trial sheet.

    `state`: waiting → checking → checked (`checks` holds the report), or refused (`failure_code`).
    `checks` is a list of {subject, verdict, value, fault}, as `ocr.trial.judge` names them.
    """

    __tablename__ = "trial_scan"
    id: Mapped[Id]
    campaign_id: Mapped[int] = reference("campaign.id")
    received_by: Mapped[str] = mapped_column(String(80))
    received_at: Mapped[dt.datetime]
    original_name: Mapped[str]
    sha256: Mapped[Sha256]
    state: Mapped[Slug] = mapped_column(index=True)
    attempt: Mapped[int] = mapped_column(default=0)
    claims_from: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[dt.datetime | None]
    failure_code: Mapped[Slug | None]
    verdict: Mapped[Slug | None]
    checks: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
