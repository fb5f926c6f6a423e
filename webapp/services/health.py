"""What the program knows of its own state: for `/healthz`, for Prometheus, and for `chamdiem doctor`."""

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.persistence.audit import last_check, read_head
from webapp.persistence.backups import BackupRun, last_backup, last_good_backup
from webapp.persistence.jobs import JobKind, Queue, last_pulse, queues
from webapp.persistence.scans import Page
from webapp.persistence.verification import ReviewItem
from webapp.services.alerts import AlertKind, standing_alerts
from webapp.services.disks import standing_folder


@dataclass(frozen=True, slots=True)
class Health:
    """The state of one moment; counts of pages and review items by their state."""

    moment: dt.datetime
    queues: Mapping[JobKind, Queue]
    pulse: dt.datetime | None
    pages: Mapping[str, int]
    items: Mapping[str, int]
    backup: BackupRun | None
    good_backup: BackupRun | None
    log_entries: int
    log_is_broken: bool
    alerts: frozenset[AlertKind]


def read_health(session: Session, now: dt.datetime) -> Health:
    """Ask the database; a handful of counts."""
    check = last_check(session)
    return Health(
        moment=now,
        queues=queues(session, now),
        pulse=last_pulse(session),
        pages=_counts(session, Page),
        items=_counts(session, ReviewItem),
        backup=last_backup(session),
        good_backup=last_good_backup(session),
        log_entries=read_head(session).seq,
        log_is_broken=check is not None and check.broken_seq is not None,
        alerts=frozenset(alert.kind for alert in standing_alerts(session, now)),
    )


def free_bytes(folder: Path) -> int:
    """The room where a folder lies or would lie."""
    return shutil.disk_usage(standing_folder(folder)).free


def metrics(health: Health, places: Mapping[str, Path], version: str) -> Iterator[str]:
    """The lines of Prometheus' text format (exposition 0.0.4); every value is of this moment."""
    yield from _gauge("build_info", "The program's version", {f'version="{version}"': 1})
    waiting = {f'kind="{job}"': queue.waiting for job, queue in health.queues.items()}
    held = {f'kind="{job}"': queue.held for job, queue in health.queues.items()}
    yield from _gauge("jobs_waiting", "Files and pages that wait for a worker", waiting)
    yield from _gauge("jobs_held", "Files and pages that a worker has in hand", held)
    pages = {f'state="{state}"': count for state, count in health.pages.items()}
    items = {f'state="{state}"': count for state, count in health.items.items()}
    yield from _gauge("pages", "Scanned pages by state", pages)
    yield from _gauge("review_items", "Doubtful answers by state", items)
    yield from _age(
        "worker_pulse_age_seconds", "Since a worker last showed a sign of life", health, health.pulse
    )
    good = health.good_backup
    yield from _age(
        "backup_age_seconds",
        "Since the newest good backup",
        health,
        None if good is None else good.started_at,
    )
    if good is not None:
        yield from _gauge("backup_bytes", "Size of the newest good backup", {"": good.size_bytes})
        yield from _gauge("backup_missing_files", "Scans that it lacks", {"": good.missing_count})
    yield from _gauge("log_entries", "Length of the log", {"": health.log_entries})
    alerts = {f'kind="{kind}"': int(kind in health.alerts) for kind in AlertKind}
    yield from _gauge("alert", "1 where the home page shows this alert", alerts)
    free = {f'place="{name}"': free_bytes(folder) for name, folder in places.items()}
    yield from _gauge("disk_free_bytes", "Room on the disk of this folder", free)


def _age(name: str, told: str, health: Health, since: dt.datetime | None) -> Iterator[str]:
    if since is not None:
        yield from _gauge(name, told, {"": int((health.moment - since).total_seconds())})


def _gauge(name: str, told: str, values: Mapping[str, int]) -> Iterator[str]:
    yield f"# HELP chamdiem_{name} {told}\n# TYPE chamdiem_{name} gauge\n"
    for labels, value in values.items():
        yield f"chamdiem_{name}{{{labels}}} {value}\n" if labels else f"chamdiem_{name} {value}\n"


def _counts(session: Session, table: type[Page] | type[ReviewItem]) -> dict[str, int]:
    rows = session.execute(select(table.state, func.count()).group_by(table.state).order_by(table.state))
    return {state: count for state, count in rows}  # noqa: C416 - a row is no tuple for the types
