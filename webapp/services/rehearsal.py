"""A whole campaign rehearsed: the same use cases that people drive, with answers that are known beforehand.

`chamdiem campaign` calls these one after another, and the real worker in between.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ocr.deck.order import DeckOrder
from ocr.deck.truth import PageKind, TruthField, TruthPage
from ocr.printing import PrintRun
from ocr.sheet_code import serial_text
from ocr.template import FormLibrary
from webapp.campaign_plan.plan import CampaignPlan, GroupPlan
from webapp.persistence.accounts import User
from webapp.persistence.campaign import Campaign, Sheet, Unit
from webapp.persistence.scans import Batch, BatchFile, Page
from webapp.persistence.verification import ReviewItem
from webapp.services.accounts import NewAccount, Role, create_user
from webapp.services.answer_kinds import Answer
from webapp.services.campaigns import SAMPLE_DIR, create_campaign, sample_plan
from webapp.services.group_grid import DealtGrid, GridAnswer, deal_grid, settle_grid
from webapp.services.intake import ScanSink, Upload, receive_batch
from webapp.services.preflight import UNREAD_FILES, UNREAD_PAGES
from webapp.services.print_files import unit_runs
from webapp.services.printing import order_missing
from webapp.services.review_queues import BLANK, QUEUES, TURNS, predicted_of
from webapp.services.sample_scores import appraise_unit, enter_self_scores
from webapp.services.schemes import load_sample_schemes
from webapp.services.self_scores import submit_self_scores
from webapp.services.verification import WorkFilter, claim_next_item, record_decision

ACTOR = "dien-tap"
PACE_S = {queue.code: queue.anchor_s for queue in QUEUES}
_PEOPLE = {
    "clerk": Role.CLERK,
    "reviewer": Role.REVIEWER,
    "second": Role.REVIEWER,
    "third": Role.REVIEWER,
    "auditor": Role.AUDITOR,
    "auditor2": Role.AUDITOR,
    "auditor3": Role.AUDITOR,
    "appraiser": Role.APPRAISER,
    "head": Role.HEAD,
}
_PASSWORD = "dien-tap-khong-dang-nhap"  # noqa: S105 - accounts of a throw-away database that nobody signs in to


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the sample campaign: units of each level (None: all), and the share of the sheets."""

    units_per_level: int | None = None
    sheets_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The campaign with its people by what they do."""

    campaign: Campaign
    people: Mapping[str, User]


def open_rehearsal(session: Session, size: Size, now: dt.datetime) -> Rehearsal:
    """The sample campaign, cut to size, with its schemes and an account of each role."""
    plan = _cut_to_size(sample_plan(), size, now)
    campaign = create_campaign(session, ACTOR, plan, now)
    load_sample_schemes(session, ACTOR, campaign, SAMPLE_DIR / "bo_trach_2020", now)
    people = {
        name: create_user(session, ACTOR, NewAccount(f"dt-{name}", name, role), _PASSWORD, now)
        for name, role in _PEOPLE.items()
    }
    session.flush()
    return Rehearsal(campaign, people)


def order_quota(
    session: Session, campaign: Campaign, library: FormLibrary, now: dt.datetime
) -> list[PrintRun]:
    """Order every sheet that the plan is short of; the sheets by form, group and rated unit."""
    order_missing(session, ACTOR, library, campaign=campaign, is_wanted=lambda _need: True, now=now)
    return unit_runs(session, campaign)


def deck_of(run: PrintRun, forms_dir: Path, seed: int, profile: str = "office", dpi: int = 200) -> DeckOrder:
    """The deck of printed sheets: people fill in the very sheets that were printed."""
    return DeckOrder(
        forms_dir=forms_dir,
        form=run.form,
        version=run.version,
        group=run.group,
        unit=run.unit,
        unit_name=run.unit_name,
        sheets=len(run.serials),
        seed=seed,
        profile=profile,
        dpi=dpi,
        serials=tuple(run.serials),
    )


def hand_in(
    session: Session, store: ScanSink, files: Sequence[Path], declared_sheets: int, now: dt.datetime
) -> Batch:
    """Drop a unit's scan files on the intake, as a clerk does."""
    with ExitStack() as opened:
        uploads = [Upload(path.name, opened.enter_context(path.open("rb"))) for path in files]
        return receive_batch(session, store, ACTOR, uploads, declared_sheets, now)


def sides_to_rescan(session: Session, campaign: Campaign) -> list[tuple[int, int]]:
    """Printed sides of which no page counts as read, as (serial, side): a clerk looks for these."""
    printed = session.execute(
        select(Sheet.serial, Sheet.sides).where(
            Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None), Sheet.paper_id == Sheet.id
        )
    )
    read = session.execute(
        select(Sheet.serial, Page.side)
        .join(Page, Page.sheet_id == Sheet.id)
        .where(Sheet.campaign_id == campaign.id, Page.state == "read")
    )
    known = {(serial, side) for serial, side in read}
    return sorted({(serial, side) for serial, sides in printed for side in range(1, sides + 1)} - known)


class Answers:
    """The true answers by serial and question; each sheet counts once, however often it was scanned."""

    def __init__(self, pages: Iterable[TruthPage]) -> None:
        """Take the truth of every deck."""
        self.by_place: dict[tuple[str, str], TruthField] = {}
        self.pages: dict[tuple[str, int], TruthPage] = {}
        for page in pages:
            if page.kind in {PageKind.BLANK, PageKind.MISSING} or page.serial is None or page.page is None:
                continue
            self.pages[page.serial, page.page] = page
            self.by_place |= {(page.serial, asked.code): asked for asked in page.fields}

    def of_item(self, item: ReviewItem) -> TruthField:
        """The answer that a review item asks for."""
        return self.of_sheet(item.sheet, item.field_code)

    def of_sheet(self, sheet: Sheet, field_code: str) -> TruthField:
        """The answer of a sheet to a question."""
        return self.by_place[serial_text(sheet.serial), field_code]


@dataclass(frozen=True, slots=True)
class Looked:
    """What simulated people looked at, by queue: each tile of a grid (`decoys` among them) and each item."""

    by_queue: Mapping[str, int] = field(default_factory=dict)
    decoys: int = 0

    def __add__(self, other: "Looked") -> "Looked":
        """All of both."""
        return Looked(Counter(self.by_queue) + Counter(other.by_queue), self.decoys + other.decoys)

    @property
    def answers(self) -> int:
        """How many pieces of work."""
        return sum(self.by_queue.values())

    def seconds_of(self, queue: str) -> float:
        """What a queue would cost a person, at the published pace a piece (ux.md B7)."""
        return self.by_queue.get(queue, 0) * PACE_S[queue]

    @property
    def seconds(self) -> float:
        """What all of it would cost one person."""
        return sum(map(self.seconds_of, self.by_queue))


def settle_next(
    session: Session, reviewer: User, campaign: Campaign, answers: Answers, now: dt.datetime
) -> Looked:
    """Settle a grid, else one doubtful answer, as somebody who sees the paper; nothing when none is left."""
    dealt = deal_grid(session, reviewer, now, WorkFilter(campaign.id))
    if dealt is not None:
        settle_grid(session, reviewer, dealt.grid, _said_of_grid(dealt, answers), now)
        return Looked({"grid": len(dealt.tiles)}, sum(tile.is_decoy for tile in dealt.tiles))
    for queue in ("single", *TURNS):
        item = claim_next_item(session, reviewer, now, WorkFilter(campaign.id, queue=queue))
        if item is not None:
            record_decision(session, reviewer, item.id, _said(answers.of_item(item), queue), now)
            return Looked({queue: 1})
    return Looked()


def score_rehearsed_unit(
    session: Session, rehearsal: Rehearsal, unit: Unit, seed: int, now: dt.datetime
) -> None:
    """Self-score, send and appraise one unit with made-up facts."""
    enter_self_scores(session, unit, None, actor=ACTOR, seed=seed, now=now)
    submit_self_scores(session, ACTOR, unit, now)
    appraise_unit(session, rehearsal.people["appraiser"], unit, seed=seed, now=now)


def _said_of_grid(dealt: DealtGrid, answers: Answers) -> GridAnswer:
    """Every tile was seen; those that are not as predicted on the paper are marked."""
    predicted = predicted_of(dealt.grid.group_key)
    expected = None if predicted == BLANK else predicted
    marked = {tile.id for tile in dealt.tiles if answers.of_item(tile.item).value != expected}
    return GridAnswer(frozenset(tile.id for tile in dealt.tiles), frozenset(marked))


def _said(meant: TruthField, queue: str) -> Answer:
    why = "other" if queue == "arbitration" else None
    if meant.value is None:
        return Answer("blank", reason=why)
    if isinstance(meant.value, tuple):
        return Answer("invalid", reason=why or "several_marks")
    return Answer("option", meant.value, reason=why)


def _cut_to_size(plan: CampaignPlan, size: Size, now: dt.datetime) -> CampaignPlan:
    kept = [
        unit
        for unit in plan.units
        if size.units_per_level is None or _place_in_level(plan, unit.code) < size.units_per_level
    ]
    scaled = replace(plan, groups=[_scaled(group, size.sheets_scale) for group in plan.groups])
    return replace(scaled.with_units(kept), self_score_due_at=now + dt.timedelta(days=30))


def _scaled(group: GroupPlan, scale: float) -> GroupPlan:
    """Fewer sheets a unit; where one person rates all units, fewer people at each place."""
    if group.people_per_place is not None:
        return replace(group, people_per_place=max(1, round(group.people_per_place * scale)))
    return replace(group, sheets_per_unit=max(1, round(group.sheets_per_unit * scale)))


def _place_in_level(plan: CampaignPlan, code: str) -> int:
    level = next(unit.level for unit in plan.units if unit.code == code)
    return [unit.code for unit in plan.units if unit.level == level].index(code)


def count_unread(session: Session, campaign: Campaign) -> int:
    """Files and pages that the worker has not done yet."""
    pages = select(func.count(Page.id)).join(Batch, Batch.id == Page.batch_id)
    files = select(func.count(BatchFile.id)).join(Batch, Batch.id == BatchFile.batch_id)
    own = Batch.campaign_id == campaign.id
    unread = session.scalar(pages.where(own, Page.state.in_(UNREAD_PAGES))) or 0
    return unread + (session.scalar(files.where(own, BatchFile.state.in_(UNREAD_FILES))) or 0)
