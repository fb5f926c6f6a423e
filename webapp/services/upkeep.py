"""What the worker does every night: recompute the log's chain, back everything up, clear old backups away."""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from webapp.logs import clear_old_logs
from webapp.persistence.audit import last_check
from webapp.persistence.backups import BackupOccasion, beginning, last_backup, last_good_backup, open_request
from webapp.persistence.base import Clock
from webapp.services.backup_archive import BackupStopped
from webapp.services.backup_schedule import Retention, is_due
from webapp.services.backups import BackupSource, clear_superfluous, make_backup, record_backup
from webapp.services.log_chain import Occasion, record_check, verify_log

_LOG = logging.getLogger(__name__)
_CHECK_HOUR = 2  # of the log, where backups have no hour

Commit = Callable[[Callable[[Session], object]], object]


@dataclass(frozen=True, slots=True)
class UpkeepPlan:
    """Where backups go, at which hour of the office's clock (None: not by the worker), how many stay.

    `logs` is the folder of the program's own log, of which old days are deleted.
    """

    folder: Path
    hour: int | None
    kept: Retention
    logs: Path


class Upkeep:
    """Looks every minute whether the nightly work is still to be done."""

    def __init__(
        self, source: BackupSource, plan: UpkeepPlan, read_sessions: sessionmaker[Session], commit: Commit
    ) -> None:
        """`commit` runs its argument in a transaction; `read_sessions` hold no lock while the log is read."""
        self._source = source
        self._plan = plan
        self._read_sessions = read_sessions
        self._commit = commit

    def look(self, clock: Clock, is_stopping: Callable[[], bool]) -> None:
        """Do what is due."""
        if self._is_check_due(clock()):
            self._check_log(clock())
            clear_old_logs(self._plan.logs, clock())
        occasion = self._backup_due(clock())
        if occasion is not None:
            self._back_up(occasion, clock, is_stopping)

    def _is_check_due(self, now: dt.datetime) -> bool:
        hour = _CHECK_HOUR if self._plan.hour is None else self._plan.hour
        with self._read_sessions() as session:
            newest = last_check(session, Occasion.NIGHTLY)
            return is_due(now, hour, beginning(session) if newest is None else newest.checked_at, None)

    def _check_log(self, now: dt.datetime) -> None:
        with self._read_sessions() as session:
            report = verify_log(session)
        self._commit(partial(record_check, report=report, occasion=Occasion.NIGHTLY, now=now))
        if report.broken is not None:
            _LOG.error("the log is broken at entry %d (%s)", report.broken.seq, report.broken.fault)

    def _backup_due(self, now: dt.datetime) -> BackupOccasion | None:
        with self._read_sessions() as session:
            if open_request(session) is not None:
                return BackupOccasion.PERSON
            good, newest = last_good_backup(session), last_backup(session)
            since = beginning(session) if good is None else good.started_at
        failed_at = newest.ended_at if newest is not None and newest.fault is not None else None
        hour = self._plan.hour
        is_night = hour is not None and is_due(now, hour, since, failed_at)
        return BackupOccasion.SCHEDULED if is_night else None

    def _back_up(self, occasion: BackupOccasion, clock: Clock, is_stopping: Callable[[], bool]) -> None:
        try:
            made = make_backup(self._source, self._plan.folder, occasion, clock(), is_stopping)
        except BackupStopped:
            return
        if made is None:
            return
        self._commit(partial(record_backup, made=made, now=clock()))
        if made.fault is not None:
            _LOG.error("the backup failed: %s %s", made.fault, made.detail)
            return
        _LOG.info("backed up: %s, %d bytes, %d scans", made.path, made.size_bytes, made.content.file_count)
        for path in clear_superfluous(self._plan.folder, self._plan.kept):
            _LOG.info("old backup deleted: %s", path)
