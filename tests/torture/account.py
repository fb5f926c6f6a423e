"""The account after a round: what was acknowledged is there exactly once, nothing twice, the log whole."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.torture.ledger import Ledger, repeated, sha256_of
from tests.torture.site import Site
from webapp.persistence.appraisal import EvidenceFile, SelfScoreEntry
from webapp.persistence.audit import LogEntry
from webapp.persistence.campaign import Unit
from webapp.persistence.readings import Reading, TextDraft
from webapp.persistence.results import IndexVersion
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.verification import Decision
from webapp.services.batches import reconcile_batch
from webapp.services.log_chain import verify_log
from webapp.services.recognition import FAULTS
from webapp.storage import ScanStore

_AT_ONCE = 500
_UNDONE: dict[type[BatchFile | Page | TextDraft], tuple[str, ...]] = {
    BatchFile: ("waiting", "splitting"),
    Page: ("waiting", "reading"),
    TextDraft: ("waiting", "drafting"),
}


def count_undone(session: Session) -> int:
    """Files, pages and drafts that still wait for a worker, or that one has."""
    counted = (
        session.scalar(select(func.count()).select_from(table).where(table.state.in_(states)))
        for table, states in _UNDONE.items()
    )
    return sum(count or 0 for count in counted)


def violations(site: Site, ledger: Ledger) -> list[str]:
    """Everything that is not as it was acknowledged; nothing, if the program keeps its word."""
    with site.readers() as session:
        return [
            *_database(session),
            *_log(session, ledger),
            *_scans(session, site.store, ledger),
            *_pages(session),
            *_decisions(session, ledger),
            *_drafts(session, ledger),
            *_evidence(session, site.store, ledger),
            *_versions(session, ledger),
        ]


def _database(session: Session) -> Iterator[str]:
    if session.get_bind().dialect.name == "sqlite":
        for pragma, fine in (("quick_check", ["ok"]), ("foreign_key_check", [])):
            told = [row[0] for row in session.execute(text(f"PRAGMA {pragma}"))]
            if told != fine:
                yield f"SQLite's {pragma}: {told[:3]}"


def _log(session: Session, ledger: Ledger) -> Iterator[str]:
    report = verify_log(session)
    if report.broken is not None:
        yield f"the log is broken at {report.broken}"
    wanted = {("batch_received", f"batch:{scan.batch_number}") for scan in ledger.handed_in}
    wanted |= {(f"index_{version.kind}", f"index/{version.number}") for version in ledger.versions}
    subjects = {subject for _act, subject in wanted}
    told: Counter[tuple[str, str]] = Counter()
    for some in _some(sorted(subjects)):
        rows = session.execute(select(LogEntry.act, LogEntry.subject).where(LogEntry.subject.in_(some)))
        told.update((act, subject) for act, subject in rows)
    for pair in wanted:
        if told[pair] != 1:
            yield f"the log tells {told[pair]} times of {pair}"


def _scans(session: Session, store: ScanStore, ledger: Ledger) -> Iterator[str]:
    """Each file in the batch that was named, its bytes whole, its pages there once."""
    for scan in ledger.handed_in:
        copies = session.scalars(
            select(BatchFile).where(BatchFile.sha256 == scan.sha256, BatchFile.state != "duplicate")
        ).all()
        if len(copies) != 1:
            yield f"scan {scan.sha256[:8]} counts {len(copies)} times"
            continue
        named = select(BatchFile.id).join(Batch).where(Batch.number == scan.batch_number)
        if session.scalar(named.where(BatchFile.sha256 == scan.sha256)) is None:
            yield f"batch {scan.batch_number} does not hold scan {scan.sha256[:8]}"
        pages = session.scalar(select(func.count()).where(Page.batch_file_id == copies[0].id))
        if pages != scan.pages:
            yield f"scan {scan.sha256[:8]} has {pages} pages of {scan.pages}"
        if not _is_whole(store, scan.sha256):
            yield f"scan {scan.sha256[:8]} is not on disk as it came"


def _pages(session: Session) -> Iterator[str]:
    """All of them, whoever handed them in: read once, none in two minds, every batch balanced."""
    count = func.count(Reading.id)
    doubled = select(Page.id, count).outerjoin(Reading).group_by(Page.id).having(count != 1)
    if wrong := session.execute(doubled.where(Page.state != "problem")).all():
        yield f"pages with another number of readings than one: {[tuple(row) for row in wrong[:5]]}"
    faulty = select(Page.id, Page.problem, Page.failures).where(Page.problem.in_(FAULTS))
    if told := session.execute(faulty).all():
        yield f"pages given up though nothing is wrong with them: {[tuple(row) for row in told[:5]]}"
    sides = select(Page.sheet_id, Page.side).where(Page.state == "read").group_by(Page.sheet_id, Page.side)
    if session.execute(sides.having(func.count() > 1)).all():
        yield "a side of a sheet counts twice"
    newest = select(Batch).order_by(Batch.id.desc()).limit(50)
    for batch in session.scalars(newest):
        found = reconcile_batch(session, batch)
        if not (found.is_finished and found.balance.is_balanced):
            yield f"batch {batch.number} is not accounted for: {found.balance}"


def _decisions(session: Session, ledger: Ledger) -> Iterator[str]:
    kept: Counter[tuple[str, int, str, str | None]] = Counter()
    for some in _some(sorted({said.item_id for said in ledger.said})):
        rows = session.execute(
            select(Decision.actor, Decision.item_id, Decision.kind, Decision.value).where(
                Decision.item_id.in_(some)
            )
        )
        kept.update((actor, item, kind, value) for actor, item, kind, value in rows)
    for said in ledger.said:
        times = kept[said.actor, said.item_id, said.kind, said.value]
        if times != 1:
            yield f"{said} is kept {times} times"
    twice = (
        select(Decision.item_id)
        .where(Decision.second_opinion.is_(False), Decision.stage == "first")
        .group_by(Decision.item_id, Decision.round)
        .having(func.count() > 1)
    )
    for (item_id,) in session.execute(twice):
        yield f"item {item_id} was decided twice in one round"


def _drafts(session: Session, ledger: Ledger) -> Iterator[str]:
    """Every text that was acknowledged is a revision, in the order in which they were typed."""
    rows = session.execute(
        select(Unit.code, SelfScoreEntry.component_code, SelfScoreEntry.revision, SelfScoreEntry.explanation)
        .join(Unit, Unit.id == SelfScoreEntry.unit_id)
        .order_by(Unit.code, SelfScoreEntry.component_code, SelfScoreEntry.revision)
    )
    kept: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for unit, code, revision, explanation in rows:
        kept[unit, code].append((revision, explanation))
    for place, typed in ledger.drafts.items():
        if [number for number, _ in kept[place]] != list(range(1, len(kept[place]) + 1)):
            yield f"{place}: revisions are not numbered one by one"
        texts = [words for _, words in kept[place]]
        if repeated(texts):
            yield f"{place}: kept twice: {repeated(texts)[:3]}"
        if [words for words in texts if words in set(typed)] != typed:
            missing = [words for words in typed if words not in set(texts)]
            yield f"{place}: acknowledged but not kept (or in another order): {missing[:3]}"


def _evidence(session: Session, store: ScanStore, ledger: Ledger) -> Iterator[str]:
    for proof in ledger.proofs:
        owned = select(func.count(EvidenceFile.id)).join(Unit, Unit.id == EvidenceFile.unit_id)
        times = session.scalar(owned.where(Unit.code == proof.unit, EvidenceFile.sha256 == proof.sha256))
        if times != 1:
            yield f"evidence {proof.sha256[:8]} of {proof.unit} is kept {times} times"
        if not _is_whole(store, proof.sha256):
            yield f"evidence {proof.sha256[:8]} is not on disk as it came"


def _versions(session: Session, ledger: Ledger) -> Iterator[str]:
    kinds = dict(session.execute(select(IndexVersion.number, IndexVersion.kind)).all())
    last = {version.number: version.kind for version in ledger.versions}
    for number, kind in last.items():
        came_to = {kind, "published"} if kind == "frozen" else {kind}
        if kinds.get(number) not in came_to:
            yield f"version {number} was {kind}, and is {kinds.get(number)}"
    if sorted(kinds) != list(range(1, len(kinds) + 1)):
        yield "versions are not numbered one by one"


def _is_whole(store: ScanStore, sha256: str) -> bool:
    path = store.path(sha256)
    return path.is_file() and sha256_of(path.read_bytes()) == sha256


def _some(things: Sequence[object]) -> Iterator[Sequence[object]]:
    for start in range(0, len(things), _AT_ONCE):
        yield things[start : start + _AT_ONCE]
