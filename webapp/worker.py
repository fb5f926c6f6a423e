"""The worker: where rows, reader and child processes are put together; `chamdiem worker` runs it.

Two commits happen here and in `http/transaction.py`, and nowhere else.
"""

import datetime as dt
import functools
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, joinedload, sessionmaker

from ocr.errors import OcrError, ScanTooLarge, ScanUnreadable, TemplateInvalid
from webapp.errors import ClaimLost, DiskFull
from webapp.jobs.children import HeldTask
from webapp.jobs.loop import LoopTimes, run_loop
from webapp.jobs.tasks import (
    DraftDone,
    DraftTask,
    MakeEngine,
    Outcome,
    ReadDone,
    ReadTask,
    SplitDone,
    SplitTask,
    Task,
    TaskFailed,
    TrialDone,
    TrialTask,
    UnpackDone,
)
from webapp.persistence.base import Clock, make_engine, make_session_factory, utc_now
from webapp.persistence.jobs import (
    Claim,
    JobKind,
    claim_rows,
    give_back,
    renew_claims,
    show_pulse,
    waiting_jobs,
)
from webapp.persistence.readings import FieldReading, TextDraft
from webapp.persistence.scans import BatchFile, Page
from webapp.persistence.trials import TrialScan
from webapp.services.archives import ArchiveLimits, ArchiveRefused, is_archive, unpack
from webapp.services.backup_schedule import Retention
from webapp.services.backups import BackupSource
from webapp.services.page_instructions import reading_task
from webapp.services.recognition import (
    MAX_CLAIMS,
    EnqueueReading,
    record_draft,
    record_failure,
    record_reading,
    record_split,
    record_unpacking,
)
from webapp.services.trials import record_trial
from webapp.services.upkeep import Upkeep, UpkeepPlan
from webapp.services.verification import enqueue_reading
from webapp.services.watched_folder import FolderTimes, FolderWatch
from webapp.settings import Settings
from webapp.storage import ScanStore

if TYPE_CHECKING:
    from ocr.source import OpenScan

_LOG = logging.getLogger(__name__)
_LIMITS_S = {JobKind.TRIAL: 120.0, JobKind.SPLIT: 120.0, JobKind.READ: 60.0, JobKind.DRAFT: 30.0}
_TRIES = 3
_FOLDER_POLL_S = 2.0
_BESIDE_FINISH_S = 10.0
_UPKEEP_EVERY_S = 60.0
_STRAY_UPLOAD_AGE = dt.timedelta(days=1)
_Answer = TypeVar("_Answer")


def run_worker(
    settings: Settings,
    make_reader: MakeEngine | None = None,
    tell_alive: Callable[[], None] = lambda: None,
) -> None:
    """Read what waits until SIGTERM or SIGINT; then finish the pages in hand.

    Args:
        settings: the installation's.
        make_reader: loads the engine in each child process; the real reader by default.
        tell_alive: called again and again as long as the loop does not hang.

    Raises:
        EngineBroken: the reader cannot be loaded on this machine.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, functools.partial(_stop, stopping))
    store = ScanStore(settings.scans_dir)
    store.sweep_incoming(_STRAY_UPLOAD_AGE)
    engine = make_engine(settings.database_url)
    lease = dt.timedelta(seconds=settings.lease_s)
    ledger = RowLedger(make_session_factory(engine), store, lease, utc_now, enqueue_reading)
    upkeep = _upkeep(settings, engine, ledger, store)
    beside = [
        threading.Thread(target=_watch_folder, args=(settings, ledger, store, stopping), daemon=True),
        threading.Thread(target=_keep_up, args=(upkeep, stopping), daemon=True),
    ]
    for thread in beside:
        thread.start()
    times = LoopTimes(renew_s=min(5.0, settings.lease_s / 3))
    _LOG.info("worker started: %d processes, lease %d s", settings.reader_processes, settings.lease_s)
    try:
        run_loop(
            ledger,
            make_reader or _paper_reader(settings),
            settings.reader_processes,
            functools.partial(_is_over, stopping, tell_alive),
            times,
        )
    finally:
        stopping.set()
        for thread in beside:
            thread.join(_BESIDE_FINISH_S)
        engine.dispose()
    _LOG.info("worker stopped")


def _stop(stopping: threading.Event, _number: int, _frame: FrameType | None) -> None:
    stopping.set()


def _is_over(stopping: threading.Event, tell_alive: Callable[[], None]) -> bool:
    """Asked by the loop before each turn."""
    tell_alive()
    return stopping.is_set()


def _watch_folder(
    settings: Settings, ledger: "RowLedger", store: ScanStore, stopping: threading.Event
) -> None:
    """Look into the scanners' folder again and again; beside the reading, for a share may be slow."""
    if settings.scan_folder is None:
        return
    times = FolderTimes(still_s=settings.scan_still_s, quiet=dt.timedelta(minutes=settings.scan_quiet_min))
    watch = FolderWatch(settings.scan_folder, store, ledger.commit, times)
    while not stopping.is_set():
        try:
            watch.look(utc_now(), time.monotonic())
        except Exception:  # noqa: BLE001 - a share can fail in any way; the next look may succeed
            _LOG.exception("the watched folder could not be looked at")
        stopping.wait(_FOLDER_POLL_S)


def _upkeep(settings: Settings, engine: Engine, ledger: "RowLedger", store: ScanStore) -> Upkeep:
    kept = Retention(*settings.backups_kept)
    return Upkeep(
        source=BackupSource(settings.database_url, store, settings.forms_dir),
        plan=UpkeepPlan(settings.backups_dir, settings.backup_hour, kept, settings.logs_dir),
        read_sessions=make_session_factory(engine, read_only=True),
        commit=ledger.commit,
    )


def _keep_up(upkeep: Upkeep, stopping: threading.Event) -> None:
    """The nightly work; a machine that was off at night does it a minute after it was switched on."""
    while not stopping.wait(_UPKEEP_EVERY_S):
        try:
            upkeep.look(utc_now, stopping.is_set)
        except Exception:  # noqa: BLE001 - a failing night must not end the reading; it is tried again
            _LOG.exception("the nightly work failed")


class RowLedger:
    """The rows of the database as the loop's ledger; each call is one transaction."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        store: ScanStore,
        lease: dt.timedelta,
        clock: Clock,
        enqueue: EnqueueReading,
    ) -> None:
        """Keep what the calls need; nothing is opened yet."""
        self._sessions = sessions
        self._store = store
        self._lease = lease
        self._clock = clock
        self._enqueue = enqueue
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    def take(self, limit: int) -> list[HeldTask]:
        """Claim up to `limit` rows: trials, files, pages; drafts only when nothing else waits."""
        return self.commit(functools.partial(self._take, limit)) or []

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Write the outcome and close the claim in one transaction; a lost claim writes nothing."""
        if isinstance(outcome, TaskFailed):
            _LOG.warning("%s %d failed: %s %s", claim.job, claim.row_id, outcome.code, outcome.detail)
        try:
            self.commit(functools.partial(self._record, claim, outcome))
        except ClaimLost:
            _LOG.warning("%s %d was given to somebody else meanwhile", claim.job, claim.row_id)

    def renew(self, claims: Iterable[Claim]) -> None:
        """Keep the claims, and show that this worker lives."""
        self.commit(functools.partial(self._renew, list(claims)))

    def release(self, claims: Iterable[Claim]) -> None:
        """Give claims back, free for anybody at once."""
        for claim in claims:
            try:
                self.commit(functools.partial(give_back, claim=claim))
            except ClaimLost:
                continue

    def commit(self, work: Callable[[Session], _Answer]) -> _Answer | None:
        """One transaction; tried again where the database was busy. None where it stayed so."""
        for attempt in range(_TRIES):
            try:
                with self._sessions.begin() as session:
                    return work(session)
            except (OperationalError, IntegrityError):
                _LOG.exception("the database refused, try %d of %d", attempt + 1, _TRIES)
                time.sleep(0.2 * (attempt + 1))
        return None

    def _take(self, limit: int, session: Session) -> list[HeldTask]:
        now = self._clock()
        waiting = waiting_jobs(session, now)
        if not waiting or not self._store.has_room():
            return []
        taken: list[HeldTask] = []
        for job in waiting:
            if job is JobKind.DRAFT and taken:
                break
            for claim in claim_rows(session, job, limit - len(taken), now, self._lease):
                if claim.tries > MAX_CLAIMS:
                    record_failure(session, claim, TaskFailed("internal", is_final=True), now)
                else:
                    taken.append(HeldTask(claim, self._task(session, claim), _LIMITS_S[job]))
        return taken

    def _task(self, session: Session, claim: Claim) -> Task:
        if claim.job is JobKind.TRIAL:
            return TrialTask(self._store.path(session.get_one(TrialScan, claim.row_id).sha256))
        if claim.job is JobKind.SPLIT:
            return SplitTask(self._store.path(session.get_one(BatchFile, claim.row_id).sha256))
        if claim.job is JobKind.READ:
            around = [joinedload(Page.file, innerjoin=True), joinedload(Page.batch, innerjoin=True)]
            return reading_task(session, self._store, session.get_one(Page, claim.row_id, options=around))
        crop = select(FieldReading.crop_sha256).join(TextDraft).where(TextDraft.id == claim.row_id)
        return DraftTask(self._store.path(session.scalars(crop).one() or ""))

    def _record(self, claim: Claim, outcome: Outcome, session: Session) -> None:
        match outcome:
            case TaskFailed():
                record_failure(session, claim, outcome, self._clock())
            case TrialDone():
                record_trial(session, claim, outcome)
            case SplitDone():
                record_split(session, claim, outcome)
            case UnpackDone():
                record_unpacking(session, claim, outcome)
            case ReadDone():
                record_reading(session, claim, outcome, self._clock(), self._enqueue)
            case DraftDone():
                record_draft(session, claim, outcome)

    def _renew(self, claims: list[Claim], session: Session) -> None:
        now = self._clock()
        renew_claims(session, claims, now + self._lease)
        show_pulse(session, self._name, now)


def _paper_reader(settings: Settings) -> MakeEngine:
    """The real reader, loaded in the child processes only."""
    max_bytes = settings.max_upload_mb * 1024 * 1024
    return functools.partial(PaperEngine, settings.forms_dir, settings.scans_dir, max_bytes)


class PaperEngine:
    """The reader in a child process: takes a file or a page apart, and stores its pictures.

    The image libraries are imported here, late: the worker itself never needs them.
    """

    def __init__(self, forms_dir: Path, scans_dir: Path, max_bytes: int) -> None:
        """Open the forms and the store; a form is loaded when its first page comes.

        Raises:
            TemplateInvalid: there are no forms. Whatever else is missing fails here too, so that a broken
                installation stops the worker instead of being blamed on every page.
        """
        from ocr.decide import load_model
        from ocr.pipeline import ReadOptions
        from ocr.source import ScanLimits
        from ocr.template import FormLibrary

        load_model()
        self._library = FormLibrary(forms_dir)
        self._store = ScanStore(scans_dir)
        self._limits = ScanLimits(max_bytes=max_bytes)
        self._options = ReadOptions(crops="doubtful", preview=True)
        self._close = ExitStack()
        self._opened: tuple[Path, OpenScan] | None = None
        if not self._library.codes():
            raise TemplateInvalid(f"Không có mẫu phiếu nào trong {forms_dir}.")

    def perform(self, task: Task) -> Outcome:
        """Do the task; what the file is to blame for is final, what the machine is to blame for is not."""
        try:
            return self._do(task)
        except ScanUnreadable as error:
            return TaskFailed(error.reason, is_final=True, detail=str(error))
        except ScanTooLarge as error:
            return TaskFailed("too_large", is_final=True, detail=str(error))
        except ArchiveRefused as error:
            return TaskFailed(error.reason, is_final=True)
        except (OcrError, DiskFull) as error:
            return TaskFailed(error.code, is_final=False, detail=str(error))

    def _do(self, task: Task) -> Outcome:
        from ocr.source import count_pages
        from ocr.trial.measure import check_trial

        match task:
            case TrialTask():
                return TrialDone(check_trial(task.path, self._library, self._limits))
            case SplitTask():
                if is_archive(task.path):
                    return UnpackDone(
                        unpack(task.path, self._store, ArchiveLimits(max_bytes=self._limits.max_bytes))
                    )
                return SplitDone(count_pages(task.path, self._limits))
            case ReadTask():
                return self._read(task)
            case DraftTask():
                return self._draft(task)

    def _read(self, task: ReadTask) -> ReadDone:
        from ocr.pipeline import read_page
        from ocr.scan_view import turn

        page = replace(self._open(task.path).load(task.page_index), source=task.source)
        page = replace(page, grey=turn(page.grey, -task.quarters % 4))
        options = replace(self._options, certainty=task.certainty)
        result = read_page(page, self._library, options, task.identity)
        pictures = [crop.picture for crop in result.crops]
        pictures += [result.preview] if result.preview else []
        names = [stored.sha256 for stored in self._store.put_many(pictures)]
        crops = {crop.code: name for crop, name in zip(result.crops, names, strict=False)}
        return ReadDone(result.reading, crops, names[-1] if result.preview else None)

    def _open(self, path: Path) -> "OpenScan":
        """The file, which stays open for its next page: opening a long one costs as much as reading a page.

        A stored file never changes; one that cannot be opened is tried anew.
        """
        from ocr.source import open_scan

        if self._opened is None or self._opened[0] != path:
            self._close.close()
            self._opened = None
            self._opened = (path, self._close.enter_context(open_scan(path, self._limits)))
        return self._opened[1]

    def _draft(self, task: DraftTask) -> Outcome:
        import cv2
        import numpy as np

        from ocr.text import TesseractRecogniser

        crop = cv2.imdecode(np.fromfile(task.path, np.uint8), cv2.IMREAD_GRAYSCALE)
        if crop is None:
            return TaskFailed("damaged", is_final=True)
        [(draft, confidence)] = TesseractRecogniser().recognise([np.asarray(crop, np.uint8)])
        return DraftDone(draft, confidence)
