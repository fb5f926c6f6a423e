"""The steps of `chamdiem campaign`, one after another."""

import multiprocessing
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from ocr.deck.build import PageMap, page_workers, scan_print
from ocr.deck.order import DeckOrder
from ocr.deck.score import Score
from ocr.deck.stack import Feed
from ocr.deck.truth import PageKind, TruthPage, write_truth
from ocr.printing import PrintRun, print_sheets
from ocr.template import FormLibrary
from webapp.cli.memory import tree_memory_mb
from webapp.par_index.compute import compute_index
from webapp.persistence.all_tables import Base
from webapp.persistence.answer_audit import AnswerAudit
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.persistence.campaign import Unit
from webapp.services.publication import (
    compute_trial,
    confirmation_words,
    freeze_version,
    pre_flight,
    publish_version,
)
from webapp.services.rehearsal import (
    Answers,
    Looked,
    Rehearsal,
    Size,
    count_unread,
    deck_of,
    hand_in,
    open_rehearsal,
    order_quota,
    score_rehearsed_unit,
    settle_next,
    sides_to_rescan,
)
from webapp.services.rehearsal_audit import (
    AUDITORS,
    PlayedAudit,
    begin_audit,
    end_audit,
    go_on,
    look_at_all,
)
from webapp.services.rehearsal_check import (
    AnswerCheck,
    IndexCheck,
    check_answers,
    check_index,
    score_readings,
)
from webapp.services.snapshots import build_snapshot
from webapp.settings import Settings
from webapp.storage import ScanStore
from webapp.worker import run_worker

Say = Callable[[str], None]
_RESCAN_BATCH = 900
_RESCANS = 3
_POLL_S = 0.5
_TELL_EVERY_S = 15.0
_TELL_EVERY_UNITS = 5
_STUCK_S = 180.0


class RehearsalStuck(Exception):
    """The worker died, or nothing has been read for minutes."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What to rehearse; see `chamdiem campaign --help`."""

    seed: int
    size: Size
    profile: str
    dpi: int
    workers: int
    forms_dir: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, for the table."""

    units: int
    sheets: int
    pages_scanned: int
    sides_rescanned: int
    sides_not_read: int
    fill_s: float
    read_s: float
    pages_read: int
    worker_memory_mb: float
    score: Score
    looked: Looked
    settle_s: float
    audit: PlayedAudit
    answers: AnswerCheck
    index: IndexCheck
    is_published: bool
    blocked_by: tuple[str, ...]
    total_s: float

    @property
    def passed(self) -> bool:
        """Every true answer is recovered, none wrong behind anybody's back, and the index is the true one."""
        whole = not (self.answers.wrong or self.answers.lost or self.sides_not_read)
        return self.score.passed and whole and self.index.is_true


def rehearse(orders: Orders, folder: Path, say: Say) -> Outcome:
    """Do the whole job in `folder`; `say` is told each step."""
    return _Run(orders, folder, say).outcome()


class _Run:
    """One rehearsal: its database, its folders, and the truth as it grows."""

    def __init__(self, orders: Orders, folder: Path, say: Say) -> None:
        self._orders = orders
        self._say = say
        self._settings = Settings(
            data_dir=folder,
            database_url=f"sqlite:///{folder / 'campaign.sqlite3'}",
            forms_dir=orders.forms_dir,
            secret_key="rehearsal",  # noqa: S106 - nobody signs in to a rehearsal
            reader_processes=orders.workers,
        )
        self._store = ScanStore(self._settings.scans_dir)
        engine = make_engine(self._settings.database_url)
        Base.metadata.create_all(engine)
        self._sessions: sessionmaker[Session] = make_session_factory(engine)
        self._library = FormLibrary(orders.forms_dir)
        self._prints = folder / "prints"
        self._scans = folder / "stacks"
        for made in (self._prints, self._scans):
            made.mkdir(exist_ok=True)
        self._truth: list[TruthPage] = []
        self._memory_mb = 0.0
        self._read_s = 0.0

    def outcome(self) -> Outcome:
        """All steps."""
        started = time.monotonic()
        with self._sessions.begin() as session:
            rehearsal = open_rehearsal(session, self._orders.size, utc_now())
            printed = order_quota(session, rehearsal.campaign, self._library, utc_now())
        sheets = sum(len(run.serials) for run in printed)
        self._say(f"{len(rehearsal.campaign.units)} đơn vị, {sheets} tờ phiếu: in, điền, quét")
        fill_s = self._timed(lambda: self._fill_and_hand_in(printed))
        self._say(f"{self._pages()} trang đã quét trong {fill_s:.0f} giây; đọc")
        self._read(rehearsal)
        rescanned = self._rescan(rehearsal, printed)
        write_truth(self._truth, self._settings.data_dir / "truth.jsonl")
        answers = Answers(self._truth)
        with self._sessions() as session:
            score = score_readings(session, rehearsal.campaign, self._truth)
            not_read = len(sides_to_rescan(session, rehearsal.campaign))
        self._say("rà soát các ô máy không chắc")
        settle_started = time.monotonic()
        looked = self._settle(rehearsal, answers)
        settle_s = time.monotonic() - settle_started
        self._say("tự chấm, thẩm định")
        self._score_units(rehearsal)
        self._say("kiểm toán: chốt, gieo xúc xắc, xem ảnh mà không biết máy đọc gì")
        audit = self._audit(rehearsal, answers)
        self._say("tính chỉ số")
        is_published, blocked_by, index, answer_check = self._compute(rehearsal, answers)
        return Outcome(
            units=len(rehearsal.campaign.units),
            sheets=sheets,
            pages_scanned=self._pages(),
            sides_rescanned=rescanned,
            sides_not_read=not_read,
            fill_s=fill_s,
            read_s=self._read_s,
            pages_read=self._pages(),
            worker_memory_mb=self._memory_mb,
            score=score,
            looked=looked,
            settle_s=settle_s,
            audit=audit,
            answers=answer_check,
            index=index,
            is_published=is_published,
            blocked_by=blocked_by,
            total_s=time.monotonic() - started,
        )

    def _timed(self, work: Callable[[], None]) -> float:
        started = time.monotonic()
        work()
        return time.monotonic() - started

    def _pages(self) -> int:
        return sum(page.kind is not PageKind.MISSING for page in self._truth)

    # --- paper ------------------------------------------------------------------------------------

    def _fill_and_hand_in(self, printed: list[PrintRun]) -> None:
        """Unit by unit: print, fill in, scan, and hand the stack in as one batch."""
        by_unit: defaultdict[str, list[PrintRun]] = defaultdict(list)
        for run in printed:
            by_unit[run.unit].append(run)
        with page_workers(self._orders.workers) as page_map:
            for done, runs in enumerate(by_unit.values()):
                if done and done % _TELL_EVERY_UNITS == 0:
                    self._say(f"… xong {done}/{len(by_unit)} đơn vị, {self._pages()} trang")
                files = [path for run in runs for path in self._fill(run, page_map)]
                self._hand_in(files, sum(len(run.serials) for run in runs))

    def _fill(self, run: PrintRun, page_map: PageMap) -> tuple[Path, ...]:
        print_sheets(self._library, run, self._pdf(run))
        stack = scan_print(self._deck(run), self._pdf(run), self._scans, page_map)
        self._truth += stack.truth
        return stack.files

    def _hand_in(self, files: list[Path], sheets: int) -> None:
        with self._sessions.begin() as session:
            hand_in(session, self._store, files, sheets, utc_now())
        for path in files:
            path.unlink()

    def _pdf(self, run: PrintRun) -> Path:
        return self._prints / f"{run.form}-{run.group}-{run.unit}.pdf"

    def _deck(self, run: PrintRun) -> DeckOrder:
        orders = self._orders
        return deck_of(run, orders.forms_dir, orders.seed, orders.profile, orders.dpi)

    def _rescan(self, rehearsal: Rehearsal, printed: list[PrintRun]) -> int:
        """Look for sides that are missing or could not be read, and scan them (again); how many."""
        count = 0
        for attempt in range(_RESCANS):
            with self._sessions() as session:
                wanted = sides_to_rescan(session, rehearsal.campaign)
            if not wanted:
                break
            self._say(f"{len(wanted)} mặt phiếu thiếu hoặc không đọc được: quét lại")
            files = [path for job in _by_run(printed, wanted) for path in self._scan_again(*job, attempt)]
            self._hand_in(files, len({serial for serial, _side in wanted}))
            self._read(rehearsal)
            count += len(wanted)
        return count

    def _scan_again(self, run: PrintRun, sides: list[tuple[int, int]], attempt: int) -> tuple[Path, ...]:
        feeds = [
            Feed(PageKind.SHEET, run.serials.index(serial), side, batch=_RESCAN_BATCH + attempt, page_index=n)
            for n, (serial, side) in enumerate(sides)
        ]
        with page_workers(1) as page_map:
            stack = scan_print(self._deck(run), self._pdf(run), self._scans, page_map, feeds)
        self._truth += stack.truth
        return stack.files

    # --- reading ----------------------------------------------------------------------------------

    def _read(self, rehearsal: Rehearsal) -> None:
        """Let the real worker read everything that waits."""
        worker = multiprocessing.get_context("spawn").Process(target=run_worker, args=(self._settings,))
        started = time.monotonic()
        worker.start()
        try:
            for left in self._unread(rehearsal):
                if not worker.is_alive():
                    raise RehearsalStuck(
                        f"Tiến trình đọc đã dừng (mã {worker.exitcode}) khi còn {left} việc."
                    )
                self._memory_mb = max(self._memory_mb, tree_memory_mb(worker.pid or 0))
        finally:
            self._read_s += time.monotonic() - started
            worker.terminate()
            worker.join()

    def _unread(self, rehearsal: Rehearsal) -> Iterator[int]:
        """How much is left, again and again until it is nothing."""
        former, changed_at, told_at = -1, time.monotonic(), time.monotonic()
        while True:
            with self._sessions() as session:
                left = count_unread(session, rehearsal.campaign)
            if left == 0:
                return
            now = time.monotonic()
            if left != former:
                former, changed_at = left, now
            if now - changed_at > _STUCK_S:
                raise RehearsalStuck(f"Không đọc thêm được gì trong {_STUCK_S:.0f} giây; còn {left} việc.")
            if now - told_at > _TELL_EVERY_S:
                told_at = now
                self._say(f"… còn {left} trang")
            yield left
            time.sleep(_POLL_S)

    # --- people -----------------------------------------------------------------------------------

    def _settle(self, rehearsal: Rehearsal, answers: Answers) -> Looked:
        """Settle doubtful answers, each (or a grid of them) in its own transaction, as the screen does."""
        all_looked = Looked()
        for name in ("reviewer", "second", "third"):  # each takes what is theirs and what the former left
            while True:
                with self._sessions.begin() as session:
                    reviewer = session.merge(rehearsal.people[name], load=False)
                    looked = settle_next(session, reviewer, rehearsal.campaign, answers, utc_now())
                if looked.answers == 0:
                    break
                all_looked += looked
        return all_looked

    def _audit(self, rehearsal: Rehearsal, answers: Answers) -> PlayedAudit:
        """Commit, throw the dice, and look, one auditor after another, until the rule says stop."""
        with self._sessions.begin() as session:
            audit_id = begin_audit(session, self._store, rehearsal, self._orders.seed, utc_now()).id
        looks, goes_on = 0, True
        while goes_on:
            for name in AUDITORS:
                with self._sessions.begin() as session:
                    audit = session.get_one(AnswerAudit, audit_id)
                    auditor = session.merge(rehearsal.people[name], load=False)
                    looks += look_at_all(session, auditor, audit, answers, utc_now())
            with self._sessions.begin() as session:
                audit = session.get_one(AnswerAudit, audit_id)
                goes_on = go_on(session, self._store, rehearsal, audit, utc_now())
        with self._sessions() as session:
            return end_audit(session, self._store, rehearsal, session.get_one(AnswerAudit, audit_id), looks)

    def _score_units(self, rehearsal: Rehearsal) -> None:
        for unit in rehearsal.campaign.units:
            with self._sessions.begin() as session:
                own = session.get_one(Unit, unit.id)
                score_rehearsed_unit(session, rehearsal, own, self._orders.seed, utc_now())

    def _compute(
        self, rehearsal: Rehearsal, answers: Answers
    ) -> tuple[bool, tuple[str, ...], IndexCheck, AnswerCheck]:
        """Fix and publish the index if nothing blocks it, else compute a trial; compare with the truth."""
        with self._sessions.begin() as session:
            campaign = session.merge(rehearsal.campaign)
            check = pre_flight(session, campaign)
            head = rehearsal.people["head"].username
            if check.may_freeze:
                version = freeze_version(session, head, campaign, utc_now())
                publish_version(session, head, version, confirmation_words(campaign), utc_now())
            else:
                compute_trial(session, head, campaign, utc_now())
            snapshot = build_snapshot(session, campaign)
            index = check_index(compute_index(snapshot), snapshot, answers)
            blocked = tuple(str(line.words) for line in check.blocking)
            return check.may_freeze, blocked, index, check_answers(session, campaign, answers)


def _by_run(
    printed: list[PrintRun], sides: list[tuple[int, int]]
) -> Iterator[tuple[PrintRun, list[tuple[int, int]]]]:
    for run in printed:
        serials = set(run.serials)
        own = [(serial, side) for serial, side in sides if serial in serials]
        if own:
            yield run, own
