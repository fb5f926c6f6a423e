"""What became of a stack: every page accounted for, every missing side and sheet named.

*scanned = read + duplicate + blank + separator + cover + problem + trashed*; while pages are still being
read, they are counted apart.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from ocr.booklet import SIDES_PER_PAPER
from webapp.persistence.campaign import Pack, Sheet
from webapp.persistence.jobs import last_pulse
from webapp.persistence.page_resolutions import open_problems
from webapp.persistence.readings import Reading
from webapp.persistence.scans import DIFFERING_COPY, Batch, BatchFile, Page

_UNDONE_PAGES = ("waiting", "reading")
_UNDONE_FILES = ("waiting", "splitting")
_PAGES_TO_TELL_PACE = 4
_SILENT_WORKER = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Balance:
    """Pages of a batch by what became of them; `unread` are still on their way."""

    scanned: int
    read: int
    duplicate: int
    blank: int
    problem: int
    unread: int
    separator: int = 0
    cover: int = 0
    trashed: int = 0

    @property
    def is_balanced(self) -> bool:
        """Whether every page is accounted for."""
        accounted = self.read + self.duplicate + self.blank + self.problem + self.unread
        return self.scanned == accounted + self.separator + self.cover + self.trashed

    @property
    def done(self) -> int:
        """Pages that are no longer waiting."""
        return self.scanned - self.unread


@dataclass(frozen=True, slots=True)
class MissingSide:
    """A sheet of which this batch holds one side, and no batch the other."""

    serial: int
    side: int


@dataclass(frozen=True, slots=True)
class PackInBatch:
    """A pack of which a part is in this batch, and what of it nobody has scanned yet."""

    pack: Pack
    printed: int
    missing_serials: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The account of one batch; sheets are pieces of paper, pages their sides.

    `open_problems`: those of its problem pages that nobody has settled.
    """

    balance: Balance
    files_refused: int
    files_duplicate: int
    files_undone: int
    sheets_declared: int | None
    sheets_seen: int
    pages_of_no_sheet: int
    open_problems: int
    missing_sides: tuple[MissingSide, ...]
    packs: tuple[PackInBatch, ...]

    @property
    def is_finished(self) -> bool:
        """Whether nothing of the batch is still to be split or read."""
        return self.files_undone == 0 and self.balance.unread == 0


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One line of the list of batches; `one_sided`: sheets with a page here whose rest no batch has."""

    batch: Batch
    balance: Balance
    files: int
    files_refused: int
    open_problems: int
    one_sided: int
    is_finished: bool


def reconcile_batch(session: Session, batch: Batch) -> Reconciliation:
    """Account for every page and file of the batch."""
    files = Counter(session.scalars(select(BatchFile.state).where(BatchFile.batch_id == batch.id)))
    seen = select(Page.sheet_id).where(Page.batch_id == batch.id, Page.sheet_id.is_not(None)).distinct()
    papers = seen.add_columns((Page.side + 1) // SIDES_PER_PAPER)
    return Reconciliation(
        balance=_balances(session, [batch.id])[batch.id],
        files_refused=files["refused"],
        files_duplicate=files["duplicate"],
        files_undone=sum(files[state] for state in _UNDONE_FILES),
        sheets_declared=batch.declared_sheets,
        sheets_seen=session.scalar(select(func.count()).select_from(papers.subquery())) or 0,
        pages_of_no_sheet=_count_pages_of_no_sheet(session, batch.id),
        open_problems=open_problems(session, batch.campaign_id)[batch.id],
        missing_sides=_missing_sides(session, batch.id),
        packs=_packs(session, seen),
    )


def list_batches(session: Session, campaign_id: int, limit: int = 100) -> list[BatchLine]:
    """The campaign's batches with their balance, the newest first."""
    newest = (
        select(Batch)
        .where(Batch.campaign_id == campaign_id, Batch.trashed_at.is_(None))
        .options(selectinload(Batch.files))
        .order_by(Batch.number.desc())
        .limit(limit)
    )
    batches = list(session.scalars(newest))
    balances = _balances(session, [batch.id for batch in batches])
    problems, one_sided = open_problems(session, campaign_id), _one_sided_by_batch(session, campaign_id)
    return [_line(batch, balances[batch.id], problems[batch.id], one_sided[batch.id]) for batch in batches]


def one_sided_sheets(session: Session, campaign_id: int) -> Sequence[Sheet]:
    """Sheets of which some sides were scanned and others never, by serial: on nobody's desk any more."""
    return session.scalars(select(Sheet).where(_is_one_sided(campaign_id)).order_by(Sheet.serial)).all()


def count_one_sided_sheets(session: Session, campaign_id: int) -> int:
    """How many these are."""
    return session.scalars(select(func.count(Sheet.id)).where(_is_one_sided(campaign_id))).one()


def _is_one_sided(campaign_id: int) -> ColumnElement[bool]:
    good, sides = aliased(Sheet), func.count(Page.side.distinct())
    scanned = select(good.id).join(Page, Page.sheet_id == good.id).where(Page.state != "trashed")
    scanned = scanned.where(good.campaign_id == campaign_id, good.voided_at.is_(None))
    return Sheet.id.in_(scanned.group_by(good.id).having(and_(sides > 0, sides < good.sides)))


def missing_sides_of(session: Session, sheet: Sheet) -> tuple[list[int], list[int]]:
    """Which sides of a sheet nobody has scanned, and the numbers of the batches that have the others."""
    rows = session.execute(
        select(Page.side, Batch.number)
        .join(Batch, Batch.id == Page.batch_id)
        .where(Page.sheet_id == sheet.id, Page.state != "trashed")
    ).all()
    seen = {side for side, _number in rows}
    missing = [side for side in range(1, sheet.sides + 1) if side not in seen]
    return missing, sorted({number for _side, number in rows})


def _one_sided_by_batch(session: Session, campaign_id: int) -> Counter[int]:
    sheets = [sheet.id for sheet in one_sided_sheets(session, campaign_id)]
    held = select(Page.batch_id, Page.sheet_id).where(Page.sheet_id.in_(sheets), Page.state != "trashed")
    return Counter(batch_id for batch_id, _sheet_id in session.execute(held.distinct()))


def list_problem_pages(session: Session, batch_id: int) -> Sequence[tuple[Page, str | None]]:
    """Pages that a person must look at, in the order of the stack, each with its preview's SHA-256."""
    return _with_preview(session, _pages_in(batch_id, "problem"))


def list_duplicate_pages(session: Session, batch_id: int) -> Sequence[tuple[Page, str | None]]:
    """Second copies, in the order of the stack, each with its preview's SHA-256."""
    return _with_preview(session, _pages_in(batch_id, "duplicate"))


def list_all_pages(session: Session, batch_id: int) -> Sequence[tuple[Page, str | None]]:
    """Every page of the stack in its order, each with its preview's SHA-256: the strip of pictures."""
    return _with_preview(session, select(Page).where(Page.batch_id == batch_id))


def list_blank_pages(session: Session, batch_id: int) -> Sequence[tuple[Page, str | None]]:
    """Pages taken for blank paper; a form has print on both sides, so a person can tell."""
    return _with_preview(session, _pages_in(batch_id, "blank"))


def find_pages(session: Session, page_ids: Iterable[int]) -> dict[int, tuple[Page, str | None]]:
    """These pages (first copies of duplicates, say) by id, with previews."""
    wanted = select(Page).where(Page.id.in_(list(page_ids)))
    return {page.id: (page, preview) for page, preview in _with_preview(session, wanted)}


def find_files(session: Session, file_ids: Iterable[int]) -> dict[int, BatchFile]:
    """These files with their batches, by id."""
    wanted = select(BatchFile).where(BatchFile.id.in_(list(file_ids))).options(joinedload(BatchFile.batch))
    return {file.id: file for file in session.scalars(wanted)}


def sheets_read_elsewhere(session: Session, pages: Iterable[Page]) -> dict[int, int]:
    """For problem pages whose side was read from another page since: page id → that batch's number."""
    first = aliased(Page)
    rescanned = (
        select(Page.id, Batch.number)
        .join(first, (first.sheet_id == Page.sheet_id) & (first.side == Page.side) & (first.state == "read"))
        .join(Batch, Batch.id == first.batch_id)
        .where(Page.id.in_([page.id for page in pages if page.problem != DIFFERING_COPY]))
    )
    return dict(session.execute(rescanned).all())


def count_pages_by_file(session: Session, batch_id: int) -> dict[int, tuple[int, int]]:
    """Of each file: pages no longer waiting, and pages in all."""
    rows = session.execute(
        select(Page.batch_file_id, Page.state, func.count())
        .where(Page.batch_id == batch_id)
        .group_by(Page.batch_file_id, Page.state)
    )
    counts: dict[int, tuple[int, int]] = {}
    for file_id, state, number in rows:
        done, total = counts.get(file_id, (0, 0))
        counts[file_id] = (done + (0 if state in _UNDONE_PAGES else number), total + number)
    return counts


def has_any(session: Session, batch: Batch, codes: Collection[str]) -> bool:
    """Whether a file or page of the batch was given up for one of these causes."""
    page = exists().where(Page.batch_id == batch.id, Page.problem.in_(codes))
    return session.scalar(select(page)) or any(file.failure_code in codes for file in batch.files)


def estimate_seconds_left(batch: Batch, balance: Balance, now: dt.datetime) -> int | None:
    """How long the rest will take at the pace so far; None while too little is read to tell."""
    if balance.done < _PAGES_TO_TELL_PACE or balance.unread == 0:
        return None
    elapsed_s = (now - batch.received_at).total_seconds()
    return max(1, round(elapsed_s * balance.unread / balance.done))


def is_reader_silent(session: Session, now: dt.datetime) -> bool:
    """Whether no worker has shown a sign of life lately: what waits is kept, but nobody reads it."""
    last = last_pulse(session)
    return last is None or abs(now - last) > _SILENT_WORKER


def _line(batch: Batch, balance: Balance, problems: int, one_sided: int) -> BatchLine:
    states = Counter(file.state for file in batch.files)
    undone = sum(states[state] for state in _UNDONE_FILES) + balance.unread
    return BatchLine(batch, balance, len(batch.files), states["refused"], problems, one_sided, undone == 0)


def _balances(session: Session, batch_ids: Sequence[int]) -> dict[int, Balance]:
    """Counted by state in one query; a state that is none of the four is on its way."""
    counts: dict[int, Counter[str]] = {batch_id: Counter() for batch_id in batch_ids}
    rows = session.execute(
        select(Page.batch_id, Page.state, func.count())
        .where(Page.batch_id.in_(batch_ids))
        .group_by(Page.batch_id, Page.state)
    )
    for batch_id, state, number in rows:
        counts[batch_id][state] = number
    return {batch_id: _balance(states) for batch_id, states in counts.items()}


def _balance(states: Counter[str]) -> Balance:
    return Balance(
        scanned=states.total(),
        read=states["read"],
        duplicate=states["duplicate"],
        blank=states["blank"],
        problem=states["problem"],
        unread=sum(states[state] for state in _UNDONE_PAGES),
        separator=states["separator"],
        cover=states["cover"],
        trashed=states["trashed"],
    )


def _count_pages_of_no_sheet(session: Session, batch_id: int) -> int:
    unknown = select(func.count(Page.id)).where(
        Page.batch_id == batch_id, Page.state == "problem", Page.sheet_id.is_(None)
    )
    return session.scalar(unknown) or 0


def _missing_sides(session: Session, batch_id: int) -> tuple[MissingSide, ...]:
    """Sides that nobody has scanned, of sheets in this batch; a side with a problem is not missing."""
    anywhere = aliased(Page)
    rows = session.execute(
        select(Sheet.serial, Sheet.sides, anywhere.side)
        .join(anywhere, (anywhere.sheet_id == Sheet.id) & (anywhere.state != "trashed"))
        .where(exists().where(Page.batch_id == batch_id, Page.sheet_id == Sheet.id, Page.state != "trashed"))
        .where(Sheet.voided_at.is_(None))
        .distinct()
    )
    seen: dict[tuple[int, int], set[int | None]] = {}
    for serial, sides, side in rows:
        seen.setdefault((serial, sides), set()).add(side)
    return tuple(
        MissingSide(serial, side)
        for serial, sides in sorted(seen)
        for side in range(1, sides + 1)
        if side not in seen[serial, sides]
    )


def _packs(session: Session, seen_sheets: Select[int | None]) -> tuple[PackInBatch, ...]:
    """The packs that this batch has a part of."""
    touched = (
        select(Pack)
        .where(Pack.id.in_(select(Sheet.pack_id).where(Sheet.id.in_(seen_sheets), Sheet.voided_at.is_(None))))
        .options(joinedload(Pack.group), joinedload(Pack.place_unit))
        .order_by(Pack.id)
    )
    return tuple(_pack(session, pack) for pack in session.scalars(touched))


def _pack(session: Session, pack: Pack) -> PackInBatch:
    is_scanned = exists().where(Page.sheet_id == Sheet.paper_id, Page.state != "trashed")
    printed = select(Sheet.serial, is_scanned).where(Sheet.pack_id == pack.id, Sheet.voided_at.is_(None))
    sheets = session.execute(printed.order_by(Sheet.serial)).all()
    return PackInBatch(pack, len(sheets), tuple(serial for serial, scanned in sheets if not scanned))


def _pages_in(batch_id: int, state: str) -> Select[Page]:
    return select(Page).where(Page.batch_id == batch_id, Page.state == state)


def _with_preview(session: Session, pages: Select[Page]) -> Sequence[tuple[Page, str | None]]:
    """Pages in stack order with the preview of their newest reading."""
    newest = select(func.max(Reading.id)).where(Reading.page_id == Page.id).correlate(Page).scalar_subquery()
    statement = (
        pages.add_columns(Reading.preview_sha256)
        .outerjoin(Reading, Reading.id == newest)
        .options(joinedload(Page.file), joinedload(Page.sheet), joinedload(Page.batch))
        .order_by(Page.batch_file_id, Page.page_index)
    )
    return [(page, preview) for page, preview in session.execute(statement)]
