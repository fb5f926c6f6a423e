"""All of one unit side by side: components, self-scores, evidence, appraised scores, and what is missing."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy.orm import Session

from webapp.errors import Locked, NotFound
from webapp.par_index.errors import AppraisalError
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.par_index.scores import Evidence, Explanation, SelfScore, check_self_score
from webapp.par_index.workflow import State
from webapp.persistence.appraisal import (
    AppraisedScoreEntry,
    EvidenceLink,
    SelfScoreEntry,
    Submission,
    current_links,
    find_submission,
    latest_appraised_scores,
    latest_self_scores,
)
from webapp.persistence.campaign import Unit
from webapp.persistence.schemes import SchemeVersion
from webapp.services.schemes import parse_version, scheme_of_level
from webapp.services.submissions import lock_reason, state_of
from webapp.services.unit_facts import DeclaredFact, declared_facts


class Standing(StrEnum):
    """How far a component's self-score has come."""

    SURVEY = "survey"  # measured by the survey, not self-scored
    EMPTY = "empty"
    STARTED = "started"  # something is there, but it gives no points yet
    UNPROVEN = "unproven"  # points, but neither evidence nor explanation
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class ComponentScores:
    """One component of one unit; `gap` says why its self-score cannot be sent yet."""

    component: ComponentCriterion
    entry: SelfScoreEntry | None
    links: Sequence[EvidenceLink]
    appraised: AppraisedScoreEntry | None
    gap: AppraisalError | None

    @property
    def standing(self) -> Standing:
        """The state that the catalogue shows."""
        if self.component.is_survey:
            return Standing.SURVEY
        if self.gap is None:
            return Standing.COMPLETE
        if self.entry is None and not self.links:
            return Standing.EMPTY
        has_points = self.entry is not None and self.entry.points is not None
        return Standing.UNPROVEN if has_points else Standing.STARTED

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
    """One unit's submission with all its components, in printed order."""

    unit: Unit
    submission: Submission | None
    version: SchemeVersion
    scheme: Scheme
    components: Mapping[str, ComponentScores]
    lock: Locked | None
    facts: Sequence[DeclaredFact] = ()

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
        return [scores for scores in self.own if scores.appraised is None]

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
    """All of one unit.

    Raises:
        NotFound: no scheme is loaded for the unit's level.
    """
    submission = find_submission(session, unit.id)
    version, scheme = scheme_that_counts(session, unit, submission)
    entries = latest_self_scores(session, [unit.id])
    appraised = latest_appraised_scores(session, [unit.id])
    links = current_links(session, unit.id)
    components = {
        leaf.code: _component_scores(
            leaf,
            entries.get((unit.id, leaf.code)),
            links.get(leaf.code, []),
            appraised.get((unit.id, leaf.code)),
        )
        for leaf in scheme.scored
    }
    facts = declared_facts(session, unit, scheme, entries)
    return UnitScores(
        unit, submission, version, scheme, components, lock_reason(unit, submission, now), facts
    )


def scheme_that_counts(
    session: Session, unit: Unit, submission: Submission | None
) -> tuple[SchemeVersion, Scheme]:
    """The newest version while the unit fills in; afterwards the one under which it was sent.

    Raises:
        NotFound: no scheme is loaded for the unit's level.
    """
    if submission is not None and submission.submitted_at is not None:
        version = session.get_one(SchemeVersion, submission.scheme_version_id)
        return version, parse_version(version)
    return scheme_of_level(session, unit.campaign_id, unit.level)


def own_criterion(scheme: Scheme, code: str) -> ComponentCriterion:
    """A component that units score by hand.

    Raises:
        NotFound: the scheme has none with this code, or the survey measures it.
    """
    found = next((leaf for leaf in scheme.appraised if leaf.code == code), None)
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
    entry: SelfScoreEntry | None,
    links: Sequence[EvidenceLink],
    appraised: AppraisedScoreEntry | None,
) -> ComponentScores:
    return ComponentScores(component, entry, links, appraised, _find_gap(component, entry, links))


def _find_gap(
    component: ComponentCriterion, entry: SelfScoreEntry | None, links: Sequence[EvidenceLink]
) -> AppraisalError | None:
    if component.is_survey:
        return None
    if entry is None or (entry.points is None and not entry.not_applicable):
        return AppraisalError("Tiêu chí %(code)s chưa đủ số liệu để tính điểm.", code=component.code)
    try:
        check_self_score(component, as_self_score(entry, links))
    except AppraisalError as gap:
        return gap
    return None
