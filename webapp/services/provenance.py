"""From a survey figure of a version to the answers it counted, and from an answer to all that was said of it.

Reading only. What a version counted was kept with it (services.counting); what counts now is derived anew.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from webapp.errors import NotFound
from webapp.par_index.exact import from_plain
from webapp.par_index.outcome import Part, UnitIndex
from webapp.par_index.scheme import RespondentPool, Scheme
from webapp.par_index.survey import PoolMean, QuestionMean
from webapp.persistence.campaign import Sheet, Unit
from webapp.persistence.counted_sheets import CountedSheet, counted_sheets
from webapp.persistence.readings import FieldReading, Reading
from webapp.persistence.responses import AcceptedAnswer, accepted_answers
from webapp.persistence.results import IndexVersion
from webapp.persistence.verification import UNFINISHED, Decision, ReviewItem
from webapp.services.result_pages import UnitPage, load_unit_page


@dataclass(frozen=True, slots=True)
class TracedUnit:
    """One unit of a version with the sheets it counted.

    `hidden_pools`: a part that they feed is hidden, or one of their groups is so small that a single sheet,
    which says its group, would point at somebody.
    """

    version: IndexVersion
    page: UnitPage
    unit: Unit
    scheme: Scheme
    sheets: Sequence[CountedSheet]
    hidden_pools: frozenset[str]

    @property
    def index(self) -> UnitIndex:
        """The unit's line of the version."""
        return self.page.unit

    def pool(self, code: str) -> RespondentPool:
        """A pool of the scheme.

        Raises:
            NotFound: it has none with this code.
        """
        for pool in self.scheme.pools:
            if pool.code == code:
                return pool
        raise NotFound("Bộ chỉ số của bản này không có nhóm trả lời đó.")

    def sheets_of(self, pool: RespondentPool, *, set_aside: bool = False) -> list[CountedSheet]:
        """The pool's sheets that count, or those that were set aside."""
        return [
            row
            for row in self.sheets
            if row.form_code == pool.form and row.group_code in pool.groups and row.set_aside == set_aside
        ]


@dataclass(frozen=True, slots=True)
class PoolSheets:
    """A pool of a component: its mean as printed, and the sheets that gave it."""

    mean: PoolMean
    sheets: Sequence[CountedSheet]


@dataclass(frozen=True, slots=True)
class TracedComponent:
    """A survey component of a unit: its part of the index, and its pools."""

    traced: TracedUnit
    part: Part
    pools: Sequence[PoolSheets]


@dataclass(frozen=True, slots=True)
class CountedAnswer:
    """One answer that a version counted; `now` is what it counts as today, None where nothing counts."""

    row: CountedSheet
    outcome: str
    keyed: bool
    now: str | None

    @property
    def has_changed(self) -> bool:
        """Whether it counts as something else since."""
        return self.outcome != self.now


@dataclass(frozen=True, slots=True)
class TracedQuestion:
    """The answers of a pool to a question: as printed (`mean`), and one by one."""

    traced: TracedUnit
    pool: RespondentPool
    mean: QuestionMean
    components: Sequence[Part]
    answers: Sequence[CountedAnswer]
    set_aside: Sequence[CountedSheet]
    uncounted_since: int

    @property
    def tally(self) -> Counter[str]:
        """How many of the listed answers there are of each outcome."""
        return Counter(answer.outcome for answer in self.answers)

    @property
    def agrees(self) -> bool:
        """Whether the list adds up to the printed figures."""
        printed = {count.option: count.count for count in self.mean.counts}
        printed |= {"blank": self.mean.blank, "invalid": self.mean.invalid}
        return self.tally == Counter({outcome: count for outcome, count in printed.items() if count})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was read or said of an answer: exactly one of `reading` and `decision` is there."""

    at: dt.datetime
    reading: FieldReading | None = None
    decision: Decision | None = None
    is_undone: bool = False
    counts: bool = False


@dataclass(frozen=True, slots=True)
class TracedAnswer:
    """One answer with everything that happened to it, oldest first.

    `counted` and `current` are outcomes as in CountedSheet: in the version, and today.
    """

    traced: TracedUnit
    sheet: Sheet
    pool: RespondentPool | None
    field_code: str
    counted: str | None
    set_aside: bool
    current: str | None
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class TracedReading:
    """One reading of an answer, on its way to the picture, the file and the paper."""

    answer: TracedAnswer
    field: FieldReading


def trace_unit(session: Session, version: IndexVersion, code: str) -> TracedUnit:
    """One unit of a version with its sheets.

    Raises:
        NotFound: the version has no such unit, or was computed before lists were kept.
    """
    page = load_unit_page(session, version, code)
    unit = session.scalars(
        select(Unit).where(Unit.campaign_id == version.campaign_id, Unit.code == code)
    ).one()
    sheets = counted_sheets(session, version.id, unit.id)
    if not sheets and page.unit.survey_points:
        raise NotFound(
            "Bản số %(number)s được tính trước khi chương trình giữ danh sách câu trả lời."
            " Tính một bản mới để xem nguồn gốc.",
            number=version.number,
        )
    scheme = _scheme_of(version, unit.level)
    smallest_cell = version.levels[unit.level]["smallest_cell"]
    hidden = _hidden_pools(page, scheme, sheets, smallest_cell)
    return TracedUnit(version, page, unit, scheme, sheets, hidden)


def _hidden_pools(
    page: UnitPage, scheme: Scheme, sheets: Sequence[CountedSheet], smallest_cell: int
) -> frozenset[str]:
    views = [view for area in page.parts.values() for view in area]
    hidden = {pool.pool for view in views if view.hides_groups for pool in view.part.pools}
    back = Counter((row.form_code, row.group_code) for row in sheets)
    small = {
        pool.code
        for pool in scheme.pools
        if any(0 < back[pool.form, group] < smallest_cell for group in pool.groups)
    }
    return frozenset(hidden | small)


def trace_component(traced: TracedUnit, code: str) -> TracedComponent:
    """A survey component with the sheets behind it.

    Raises:
        NotFound: the survey does not measure it.
    """
    for part in traced.index.parts:
        if part.component == code and part.pools:
            pools = [PoolSheets(mean, traced.sheets_of(traced.pool(mean.pool))) for mean in part.pools]
            return TracedComponent(traced, part, pools)
    raise NotFound("Không có tiêu chí điều tra nào mang mã này ở đơn vị này.")


def trace_question(session: Session, traced: TracedUnit, pool_code: str, question: str) -> TracedQuestion:
    """The answers of a pool to a question.

    Raises:
        NotFound: the pool was not asked it.
    """
    pool = traced.pool(pool_code)
    feeding = [part for part in traced.index.parts if _mean_of(part, pool_code, question) is not None]
    mean = _mean_of(feeding[0], pool_code, question) if feeding else None
    if mean is None:
        raise NotFound("Nhóm này không trả lời câu đó.")
    now = {answer.sheet_id: outcome_of(answer) for answer in _about(session, traced, pool, question)}
    rows = [row for row in traced.sheets_of(pool) if question in row.answers]
    answers = [
        CountedAnswer(row, row.answers[question], question in row.keyed, now.get(row.sheet_id))
        for row in rows
    ]
    known = {row.sheet_id for row in traced.sheets if question in row.answers}
    return TracedQuestion(
        traced, pool, mean, feeding, answers, traced.sheets_of(pool, set_aside=True), len(now.keys() - known)
    )


def trace_answer(session: Session, version: IndexVersion, serial: int, field_code: str) -> TracedAnswer:
    """One answer and its chain.

    Raises:
        NotFound: no such sheet in the version's campaign, or nothing was ever read of this field.
    """
    sheet = find_sheet(session, version, serial)
    traced = trace_unit(session, version, sheet.unit.code)
    row = next((row for row in traced.sheets if row.sheet_id == sheet.id), None)
    current = next(
        (
            outcome_of(answer)
            for answer in accepted_answers(session, version.campaign_id, sheet.unit_id)
            if (answer.sheet_id, answer.field_code) == (sheet.id, field_code)
        ),
        None,
    )
    return TracedAnswer(
        traced=traced,
        sheet=sheet,
        pool=pool_of(traced.scheme, sheet),
        field_code=field_code,
        counted=None if row is None else row.answers.get(field_code),
        set_aside=row is not None and row.set_aside,
        current=current,
        events=_events(session, sheet, field_code),
    )


def find_sheet(session: Session, version: IndexVersion, serial: int) -> Sheet:
    """A sheet of the version's campaign.

    Raises:
        NotFound: there is none with this serial.
    """
    sheet = session.scalars(
        select(Sheet)
        .where(Sheet.campaign_id == version.campaign_id, Sheet.serial == serial)
        .options(joinedload(Sheet.unit), joinedload(Sheet.pack), joinedload(Sheet.group))
    ).first()
    if sheet is None:
        raise NotFound("Không có tờ phiếu này trong chu kỳ.")
    return sheet


def trace_reading(answer: TracedAnswer, field_reading_id: int) -> TracedReading:
    """One reading within its answer.

    Raises:
        NotFound: it is a reading of something else.
    """
    for event in answer.events:
        if event.reading is not None and event.reading.id == field_reading_id:
            return TracedReading(answer, event.reading)
    raise NotFound("Không có lần đọc này của câu trả lời.")


def pool_of(scheme: Scheme, sheet: Sheet) -> RespondentPool | None:
    """The pool in which a sheet's answers count together; None where the scheme has none for it."""
    for pool in scheme.pools:
        if pool.form == sheet.form_code and sheet.group.code in pool.groups:
            return pool
    return None


def outcome_of(answer: AcceptedAnswer) -> str:
    """An accepted answer as it is counted: the option's code, "blank" or "invalid"."""
    return answer.value if answer.validity == "valid" and answer.value else answer.validity


def _scheme_of(version: IndexVersion, level: str) -> Scheme:
    """The scheme under which a version was computed, out of what it keeps."""
    plain = next(scheme for scheme in version.snapshot["inputs"]["schemes"] if scheme["level"] == level)
    scheme: Scheme = from_plain(Scheme, plain)
    return scheme


def _mean_of(part: Part, pool: str, question: str) -> QuestionMean | None:
    means = [q for p in part.pools if p.pool == pool for q in p.questions]
    return next((mean for mean in means if mean.question == question), None)


def _about(session: Session, traced: TracedUnit, pool: RespondentPool, question: str) -> list[AcceptedAnswer]:
    """What counts today of a pool's answers to a question."""
    answers = accepted_answers(session, traced.version.campaign_id, traced.unit.id)
    return [
        answer
        for answer in answers
        if answer.form_code == pool.form
        and answer.group_code in pool.groups
        and answer.field_code == question
    ]


def _events(session: Session, sheet: Sheet, field_code: str) -> list[Event]:
    """All readings and decisions, oldest first; of one moment the readings come first.

    No decision counts while the answer waits for somebody.

    Raises:
        NotFound: there are none.
    """
    readings = session.scalars(
        select(FieldReading)
        .where(FieldReading.sheet_id == sheet.id, FieldReading.field_code == field_code)
        .options(joinedload(FieldReading.reading).joinedload(Reading.page))
        .order_by(FieldReading.id)
    ).all()
    if not readings:
        raise NotFound("Chưa đọc được câu này trên tờ phiếu.")
    decisions = session.scalars(
        select(Decision)
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(ReviewItem.sheet_id == sheet.id, ReviewItem.field_code == field_code)
        .order_by(Decision.id)
    ).all()
    undone = {said.undoes_id for said in decisions if said.undoes_id is not None}
    standing = [
        said
        for said in decisions
        if said.kind != "undo" and not said.second_opinion and said.id not in undone
    ]
    last = standing[-1] if standing and standing[-1].item.state not in UNFINISHED else None
    events = [Event(r.reading.read_at, reading=r, counts=r.id == _latest_id(readings)) for r in readings]
    events += [
        Event(said.decided_at, decision=said, is_undone=said.id in undone, counts=said is last)
        for said in decisions
    ]
    return sorted(events, key=lambda event: event.at)


def _latest_id(readings: Sequence[FieldReading]) -> int | None:
    """The reading that stands for the answer: the newest of a page that counts."""
    usable = [r.id for r in readings if r.reading.page.state == "read" and r.reading.status != "refused"]
    return usable[-1] if usable else None


def roles_of(events: Sequence[Event], roles: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Each person of a chain as a role and a number within it, in the order in which they appear."""
    people = dict.fromkeys(event.decision.actor for event in events if event.decision is not None)
    seen: Counter[str] = Counter()
    numbered: dict[str, tuple[str, int]] = {}
    for person in people:
        role = roles.get(person, "")
        seen[role] += 1
        numbered[person] = (role, seen[role])
    return numbered
