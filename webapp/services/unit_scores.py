"""All of one unit side by side: components, self-scores, evidence, appraised scores, and what is missing."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from sqlalchemy.orm import Session

from webapp.errors import Locked, NotFound
from webapp.par_index.errors import AppraisalError
from webapp.par_index.exact import vietnamese
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.par_index.scores import Evidence, Explanation, SelfScore, check_self_score, has_room
from webapp.par_index.workflow import State
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    EvidenceLink,
    SelfScoreEntry,
    Submission,
    current_links,
    evidence_changes,
    find_submission,
    latest_appraised_scores,
    latest_self_scores,
)
from webapp.persistence.campaign import Unit
from webapp.persistence.schemes import SchemeVersion
from webapp.services.declarations import declare_points, draft_of
from webapp.services.schemes import parse_version, scheme_of_level
from webapp.services.submissions import lock_reason, state_of
from webapp.services.unit_facts import DeclaredFact, declared_facts


class Standing(StrEnum):
    """How far a component's self-score has come."""

    SURVEY = "survey"  # measured by the survey, not self-scored
    EMPTY = "empty"
    STARTED = "started"  # something is there, but it gives no points yet
    UNPROVEN = "unproven"  # points, but neither evidence nor explanation
    OUTDATED = "outdated"  # points, but the newest catalogue gives others: it has to be saved again
    COMPLETE = "complete"
    NEW = "new"  # in the catalogue since the unit has sent: it said nothing about it


class Revision(StrEnum):
    """How a component differs from the catalogue that the unit sent under."""

    NEW = "new"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class ComponentScores:
    """One component of one unit, as the newest catalogue has it.

    `gap` says why its self-score cannot be sent yet. `revision`: how it differs from the catalogue that the
    unit sent under, and `as_sent` what it was there. `said_at`: when the unit last changed score or evidence.
    """

    component: ComponentCriterion
    entry: SelfScoreEntry | None
    links: Sequence[EvidenceLink]
    appraised: AppraisedScoreEntry | None
    gap: AppraisalError | None
    revision: Revision | None = None
    as_sent: ComponentCriterion | None = None
    said_at: dt.datetime | None = None

    @property
    def as_declared(self) -> ComponentCriterion:
        """The component as the unit had it before it when it declared."""
        return self.as_sent or self.component

    @property
    def needs_decision(self) -> bool:
        """Whether the appraiser has to fix the points, or to fix them again."""
        return self.appraised is None or not still_stands(self.component, self.appraised, self.said_at)

    @property
    def standing(self) -> Standing:
        """The state that the catalogue shows."""
        if self.component.is_survey:
            return Standing.SURVEY
        if self.revision is Revision.NEW:
            return Standing.NEW
        if self.gap is None:
            return Standing.COMPLETE
        if self.entry is None and not self.links:
            return Standing.EMPTY
        if self.entry is None or self.entry.points is None:
            return Standing.STARTED
        is_same = _points_now(self.as_declared, self.entry) == self.entry.points
        return Standing.UNPROVEN if is_same else Standing.OUTDATED

    @property
    def self_score(self) -> SelfScore | None:
        """What the unit declared, as the arithmetic knows it."""
        return None if self.entry is None else as_self_score(self.entry, self.links)

    @property
    def difference(self) -> Decimal | None:
        """Appraised less self-scored points, where both stand."""
        if self.appraised is None or self.entry is None or self.entry.points is None:
            return None
        return self.appraised.points - self.entry.points


@dataclass(frozen=True, slots=True)
class UnitScores:
    """One unit's submission with all its components, in printed order, by the newest catalogue.

    `sent_under`: the version that a unit sent under, where another one counts now; `dropped`: its components
    that are gone.
    """

    unit: Unit
    submission: Submission | None
    version: SchemeVersion
    scheme: Scheme
    components: Mapping[str, ComponentScores]
    lock: Locked | None
    facts: Sequence[DeclaredFact] = ()
    sent_under: SchemeVersion | None = None
    dropped: Sequence[ComponentCriterion] = ()

    @property
    def state(self) -> State:
        """Filling in, sent, appraised, …."""
        return state_of(self.submission)

    @property
    def sent(self) -> Submission:
        """The submission of a unit that has sent; asking for it earlier is a mistake of the program."""
        assert self.submission is not None  # noqa: S101 - a sent self-score has its row
        return self.submission

    @property
    def round_number(self) -> int:
        """The round of the appraisal: 1, or 2 once it was returned to the unit."""
        return 1 if self.submission is None else self.submission.round_number

    @property
    def own(self) -> list[ComponentScores]:
        """The components that the unit scores itself."""
        return [self.components[leaf.code] for leaf in self.scheme.appraised]

    @property
    def gaps(self) -> list[ComponentScores]:
        """What still keeps the self-score from being sent."""
        return [scores for scores in self.own if scores.gap is not None]

    @property
    def complete_count(self) -> int:
        """Components that could be sent as they are."""
        return len(self.own) - len(self.gaps)

    @property
    def self_points(self) -> Decimal:
        """Points of the self-score so far."""
        entries = [scores.entry for scores in self.own if scores.entry is not None]
        return sum((entry.points for entry in entries if entry.points is not None), Decimal("0.00"))

    @property
    def appraised_points(self) -> Decimal:
        """Points that the appraisal has fixed so far."""
        return sum((s.appraised.points for s in self.own if s.appraised is not None), Decimal("0.00"))

    @property
    def unappraised(self) -> list[ComponentScores]:
        """Components that still wait for the appraiser."""
        return [scores for scores in self.own if scores.needs_decision]

    @property
    def revised(self) -> list[ComponentScores]:
        """Components that are new or others since the unit has sent."""
        return [scores for scores in self.own if scores.revision is not None]

    @property
    def shows_appraisal(self) -> bool:
        """Whether the unit sees the appraised points: once all its components are appraised."""
        return self.state in (State.APPRAISED, State.FINAL)

    def in_order(self, codes: Collection[str]) -> list[str]:
        """These components in printed order."""
        return [leaf.code for leaf in self.scheme.appraised if leaf.code in codes]

    def own_component(self, code: str) -> ComponentScores:
        """A component that is scored by hand.

        Raises:
            NotFound: the scheme has none with this code, or the survey measures it.
        """
        return self.components[own_criterion(self.scheme, code).code]

    def facts_of(self, code: str) -> dict[str, DeclaredFact]:
        """The unit's facts that a component uses, by the code of its form's field."""
        return {use.field: fact for fact in self.facts for use in fact.fact.uses if use.component == code}

    @property
    def facts_without_source(self) -> list[DeclaredFact]:
        """Declared numbers of which nobody said where they are from."""
        return [fact for fact in self.facts if fact.lacks_source]

    def neighbours(self, code: str) -> tuple[str | None, str | None]:
        """Codes of the components before and after this one."""
        codes = [scores.component.code for scores in self.own]
        here = codes.index(code)
        before = codes[here - 1] if here > 0 else None
        after = codes[here + 1] if here + 1 < len(codes) else None
        return before, after


def load_unit_scores(session: Session, unit: Unit, now: dt.datetime) -> UnitScores:
    """All of one unit, by the newest version of its level's catalogue.

    Raises:
        NotFound: no scheme is loaded for the unit's level.
    """
    submission = find_submission(session, unit.id)
    version, _scheme = scheme_of_level(session, unit.campaign_id, unit.level)
    sent_under = _sent_under(session, submission)
    if sent_under is not None and sent_under.id == version.id:
        sent_under = None
    return _load(session, unit, submission, version, sent_under=sent_under, now=now)


def load_sent_scores(session: Session, unit: Unit, now: dt.datetime) -> UnitScores:
    """All of one unit by the version that it sent under: what its receipt stands for.

    Raises:
        NotFound: the unit has not sent.
    """
    submission = find_submission(session, unit.id)
    version = _sent_under(session, submission)
    if version is None:
        raise NotFound("Chưa có biên nhận: đơn vị chưa gửi bản tự chấm.")
    return _load(session, unit, submission, version, sent_under=None, now=now)


def _sent_under(session: Session, submission: Submission | None) -> SchemeVersion | None:
    """The version of the catalogue that the unit sent under; None while it has not sent."""
    if submission is None or submission.submitted_at is None:
        return None
    return session.get_one(SchemeVersion, submission.scheme_version_id)


def _load(
    session: Session,
    unit: Unit,
    submission: Submission | None,
    version: SchemeVersion,
    *,
    sent_under: SchemeVersion | None,
    now: dt.datetime,
) -> UnitScores:
    scheme = parse_version(version)
    entries = latest_self_scores(session, [unit.id])
    appraised = latest_appraised_scores(session, [unit.id])
    links, changes = current_links(session, unit.id), evidence_changes(session, [unit.id])
    former = scheme if sent_under is None else parse_version(sent_under)
    components = {
        leaf.code: _component_scores(
            leaf,
            former.appraised_component(leaf.code),
            links.get(leaf.code, []),
            entry=(entry := entries.get((unit.id, leaf.code))),
            appraised=appraised.get((unit.id, leaf.code)),
            said_at=last_said(entry, changes.get((unit.id, leaf.code))),
        )
        for leaf in scheme.scored
    }
    return UnitScores(
        unit=unit,
        submission=submission,
        version=version,
        scheme=scheme,
        components=components,
        lock=lock_reason(unit, submission, now),
        facts=declared_facts(session, unit, scheme, entries),
        sent_under=sent_under,
        dropped=[leaf for leaf in former.appraised if scheme.appraised_component(leaf.code) is None],
    )


def still_stands(
    component: ComponentCriterion, appraised: AppraisedScoreEntry, said_at: dt.datetime | None
) -> bool:
    """Whether fixed points fit the catalogue, and the unit has changed nothing since (`said_at`)."""
    fits = has_room(component, appraised.points, not_applicable=appraised.not_applicable)
    return fits and (said_at is None or said_at <= appraised.appraised_at)


def last_said(entry: SelfScoreEntry | None, evidence_changed_at: dt.datetime | None) -> dt.datetime | None:
    """When the unit last changed what it says of a component: its self-score, or the documents behind it."""
    moments = (None if entry is None else entry.entered_at, evidence_changed_at)
    return max((moment for moment in moments if moment is not None), default=None)


def own_criterion(scheme: Scheme, code: str) -> ComponentCriterion:
    """A component that units score by hand.

    Raises:
        NotFound: the scheme has none with this code, or the survey measures it.
    """
    found = scheme.appraised_component(code)
    if found is None:
        raise NotFound("Không có tiêu chí tự chấm nào mang mã này trong bộ chỉ số của đơn vị.")
    return found


def as_self_score(entry: SelfScoreEntry, links: Sequence[EvidenceLink]) -> SelfScore:
    """An entry with its evidence, as the arithmetic checks it."""
    evidence = tuple(Evidence(link.file.name, link.file.sha256, link.page_number) for link in links)
    return SelfScore(
        component=entry.component_code,
        points=entry.points,
        not_applicable=entry.not_applicable,
        reason=entry.not_applicable_reason,
        evidence=evidence,
        explanation=Explanation(entry.explanation),
    )


def _component_scores(
    component: ComponentCriterion,
    former: ComponentCriterion | None,
    links: Sequence[EvidenceLink],
    *,
    entry: SelfScoreEntry | None,
    appraised: AppraisedScoreEntry | None,
    said_at: dt.datetime | None,
) -> ComponentScores:
    """`former`: the component in the catalogue that the unit sent under, or in the newest before it has."""
    scores = ComponentScores(component, entry, links, appraised, None, said_at=said_at)
    if component.is_survey:
        return scores
    if former is None:
        return replace(scores, revision=Revision.NEW)
    gap = _find_gap(former, entry, links)
    if former == component:
        return replace(scores, gap=gap)
    return replace(scores, gap=gap, revision=Revision.CHANGED, as_sent=former)


def _find_gap(
    component: ComponentCriterion, entry: SelfScoreEntry | None, links: Sequence[EvidenceLink]
) -> AppraisalError | None:
    if entry is None or (entry.points is None and not entry.not_applicable):
        return AppraisalError("Tiêu chí %(code)s chưa đủ số liệu để tính điểm.", code=component.code)
    points = _points_now(component, entry)
    if points is None and not entry.not_applicable:
        return AppraisalError(
            "Số liệu của %(code)s không còn hợp với bộ chỉ số vừa sửa: nhập lại rồi lưu.", code=component.code
        )
    if points is not None and points != entry.points:
        return AppraisalError(
            "Bộ chỉ số đã sửa sau khi lưu %(code)s: lưu lại để tính theo bản mới, được %(points)s điểm.",
            code=component.code,
            points=vietnamese(points),
        )
    try:
        check_self_score(component, as_self_score(entry, links))
    except AppraisalError as gap:
        return gap
    return None


def _points_now(component: ComponentCriterion, entry: SelfScoreEntry) -> Decimal | None:
    """What the entry comes to under the component's rule, which may be another than when it was saved."""
    return declare_points(component, draft_of(entry)).points
