"""The trial sheet at the office: keep each scan of it, note what the worker found, say what stands now."""

import datetime as dt
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.trial.judge import Check, Fault, Subject, Verdict
from webapp.errors import InvalidInput, NotFound
from webapp.jobs.tasks import TrialDone
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign
from webapp.persistence.jobs import Claim, close_claim
from webapp.persistence.trials import TrialScan
from webapp.services.intake import ScanSink, Upload, clean_name, refusal_at_door

_HEAD_BYTES = 1024


def receive_trial(
    session: Session, store: ScanSink, actor: str, campaign: Campaign, upload: Upload, *, now: dt.datetime
) -> TrialScan:
    """Keep a scan of the trial sheet; the worker judges it.

    Raises:
        InvalidInput: the file is plainly no scan.
    """
    stored = store.put(upload.stream)
    with store.open(stored.sha256) as stream:
        refusal = refusal_at_door(stream.read(_HEAD_BYTES))
    if refusal is not None:
        raise InvalidInput("Tệp này không phải bản quét: chọn tệp PDF, TIFF, JPEG hoặc PNG của máy quét.")
    scan = TrialScan(
        campaign_id=campaign.id,
        received_by=actor,
        received_at=now,
        original_name=clean_name(upload.name),
        sha256=stored.sha256,
        state="waiting",
    )
    session.add(scan)
    session.flush()
    write_log(session, now, actor, "trial_scanned", f"trial_scan/{scan.id}")
    return scan


def record_trial(session: Session, claim: Claim, done: TrialDone) -> None:
    """Keep the report beside its scan.

    Raises:
        ClaimLost: somebody else judges the scan by now; write nothing.
    """
    checks = [asdict(check) for check in done.report.checks]
    close_claim(session, claim, "checked", verdict=done.report.verdict.value, checks=checks)


def list_trials(session: Session, campaign: Campaign, limit: int = 10) -> list[TrialScan]:
    """The latest scans of trial sheets, newest first."""
    newest = select(TrialScan).where(TrialScan.campaign_id == campaign.id).order_by(TrialScan.id.desc())
    return list(session.scalars(newest.limit(limit)))


def find_last_verdict(session: Session, campaign: Campaign) -> TrialScan | None:
    """The latest trial that was judged."""
    judged = select(TrialScan).where(TrialScan.campaign_id == campaign.id, TrialScan.verdict.is_not(None))
    return session.scalars(judged.order_by(TrialScan.id.desc()).limit(1)).first()


def find_trial(session: Session, campaign: Campaign, trial_id: int) -> TrialScan:
    """A trial scan of this campaign.

    Raises:
        NotFound: no such scan, or another campaign's.
    """
    scan = session.get(TrialScan, trial_id)
    if scan is None or scan.campaign_id != campaign.id:
        raise NotFound("Không có lần thử máy này.")
    return scan


def checks_of(scan: TrialScan) -> tuple[Check, ...]:
    """The report of a scan; empty while it is not judged."""
    return tuple(
        Check(Subject(raw["subject"]), Verdict(raw["verdict"]), raw["value"], Fault(raw["fault"]))
        for raw in scan.checks or ()
    )
