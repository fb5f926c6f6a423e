"""What is wrong with the installation itself, and has to be told on the first page that people open."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from webapp.persistence.audit import last_check
from webapp.persistence.backups import BackupRun, beginning, last_backup, last_good_backup
from webapp.services.backup_schedule import OLD, is_old


class AlertKind(StrEnum):
    """Most pressing first."""

    LOG_BROKEN = "log_broken"
    BACKUP_FAILED = "backup_failed"
    BACKUP_OLD = "backup_old"
    BACKUP_NEVER = "backup_never"
    SCANS_MISSING = "scans_missing"


@dataclass(frozen=True, slots=True)
class Alert:
    """One of them: since when, how many (scans) or where (the log's entry), and the slug of the reason."""

    kind: AlertKind
    since: dt.datetime | None = None
    number: int = 0
    reason: str = ""


def standing_alerts(session: Session, now: dt.datetime) -> list[Alert]:
    """All that is wrong now; usually nothing."""
    return [*_log_alerts(session), *_backup_alerts(session, now)]


def _log_alerts(session: Session) -> list[Alert]:
    check = last_check(session)
    if check is None or check.broken_seq is None:
        return []
    return [Alert(AlertKind.LOG_BROKEN, check.checked_at, check.broken_seq, check.fault or "")]


def _backup_alerts(session: Session, now: dt.datetime) -> list[Alert]:
    newest, good = last_backup(session), last_good_backup(session)
    alerts = []
    if newest is not None and newest.fault is not None:
        since = None if good is None else good.started_at
        alerts.append(Alert(AlertKind.BACKUP_FAILED, since, reason=newest.fault))
    elif good is None:
        begun = beginning(session)
        if begun is not None and now - begun > OLD:
            alerts.append(Alert(AlertKind.BACKUP_NEVER, begun))
    elif is_old(good.started_at, now):
        alerts.append(Alert(AlertKind.BACKUP_OLD, good.started_at))
    return [*alerts, *_missing(good)]


def _missing(good: BackupRun | None) -> list[Alert]:
    if good is None or not good.missing_count:
        return []
    return [Alert(AlertKind.SCANS_MISSING, good.started_at, good.missing_count)]
