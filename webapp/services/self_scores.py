"""Self-scoring by a unit: keep drafts as typed, compute their points, send the whole once it is complete.

A number that several components ask for is one fact of the unit (`services.unit_facts`): typed in one of
them, it stands in all of them, each recomputed in a revision of its own.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, StaleVersion
from webapp.par_index.exact import sha256_of
from webapp.par_index.rules import facts_asked
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.par_index.unit_facts import UnitFact, facts_of_component
from webapp.par_index.workflow import Move, Party, State, advance
from webapp.persistence.appraisal import SelfScoreEntry, Submission, latest_self_scores
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Unit
from webapp.services.declarations import Draft, declare_points, draft_of
from webapp.services.schemes import scheme_of_level
from webapp.services.submissions import lock_unit, open_submission, require_open
from webapp.services.unit_facts import FactForm, declared_facts, put_fact, require_seen
from webapp.services.unit_scores import ComponentScores, UnitScores, load_unit_scores

_LONGEST_FACT = 200
_OWN_ANSWER_AWAITED = dt.timedelta(seconds=30)
_LONGEST_TEXT = 20_000


def save_draft(
    session: Session,
    unit: Unit,
    component: ComponentCriterion,
    draft: Draft,
    *,
    actor: str,
    now: dt.datetime,
    seen_revision: int | None = None,
) -> SelfScoreEntry | None:
    """Keep the draft as a new revision, complete or not; the same content again adds nothing.

    `seen_revision` is the newest revision that the form was filled in over (0: none); None does not ask.

    Returns:
        The newest revision; None while nothing was ever entered.

    Raises:
        Locked: the self-score is sent, or the deadline is over.
        StaleVersion: somebody else saved another revision since; nothing is overwritten.
    """
    lock_unit(session, unit)
    require_open(session, unit, now)
    former = latest_self_scores(session, [unit.id]).get((unit.id, component.code))
    entry = _next_revision(unit, component, former, draft, actor=actor, now=now)
    if _content(former) == _content(entry):
        return former
    if former is not None and _was_not_seen(former, seen_revision, actor, now):
        raise StaleVersion("Tiêu chí %(code)s vừa có người khác trong đơn vị lưu.", code=component.code)
    open_submission(session, unit)
    session.add(entry)
    _declare_what_changed(session, unit, former, entry)
    session.flush()
    return entry


def _next_revision(
    unit: Unit,
    component: ComponentCriterion,
    former: SelfScoreEntry | None,
    draft: Draft,
    *,
    actor: str,
    now: dt.datetime,
) -> SelfScoreEntry:
    """The draft as the revision after `former`, with the points that it comes to."""
    return SelfScoreEntry(
        unit_id=unit.id,
        component_code=component.code,
        revision=1 if former is None else former.revision + 1,
        typed=_kept_facts(component, draft),
        points=declare_points(component, draft).points,
        not_applicable=draft.not_applicable,
        not_applicable_reason=draft.not_applicable_reason[:_LONGEST_TEXT],
        explanation=draft.explanation[:_LONGEST_TEXT],
        entered_by=actor,
        entered_at=now,
    )


def _declare_what_changed(
    session: Session, unit: Unit, former: SelfScoreEntry | None, entry: SelfScoreEntry
) -> None:
    """Numbers of the unit that this revision says anew become its facts, and reach the other components."""
    _version, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
    before = {} if former is None else former.typed
    changed = [
        (fact, entry.typed.get(code, ""))
        for code, fact in facts_of_component(scheme, entry.component_code).items()
        if entry.typed.get(code, "") != before.get(code, "")
    ]
    for fact, text in changed:
        put_fact(session, unit, fact, FactForm(text), actor=entry.entered_by, now=entry.entered_at)
    if changed:
        _carry(session, unit, scheme, changed, actor=entry.entered_by, now=entry.entered_at)


def _carry(
    session: Session,
    unit: Unit,
    scheme: Scheme,
    changed: Sequence[tuple[UnitFact, str]],
    *,
    actor: str,
    now: dt.datetime,
) -> None:
    """Put facts into every component that uses them: one more revision where it says something else now."""
    session.flush()  # the revision that brought them is the newest of its own component
    typed: dict[str, dict[str, str]] = {}
    for fact, text in changed:
        for use in fact.uses:
            typed.setdefault(use.component, {})[use.field] = text
    entries = latest_self_scores(session, [unit.id])
    for component in scheme.appraised:
        if component.code in typed:
            former = entries.get((unit.id, component.code))
            draft = draft_of(former)
            carried = replace(draft, typed={**draft.typed, **typed[component.code]})
            entry = _next_revision(unit, component, former, carried, actor=actor, now=now)
            if _content(former) != _content(entry):
                session.add(entry)
    session.flush()


def declare_facts(
    session: Session, unit: Unit, forms: Mapping[str, FactForm], *, actor: str, now: dt.datetime
) -> list[StaleVersion]:
    """Keep the unit's facts as typed, by fact code, and recompute every component that uses one of them.

    Returns:
        A refusal for each fact that a colleague declared since the page was shown; that one is not kept.

    Raises:
        Locked: the self-score is sent, or the deadline is over.
    """
    lock_unit(session, unit)
    require_open(session, unit, now)
    _version, scheme = scheme_of_level(session, unit.campaign_id, unit.level)
    changed: list[tuple[UnitFact, str]] = []
    refusals: list[StaleVersion] = []
    scores = latest_self_scores(session, [unit.id])
    for declared in declared_facts(session, unit, scheme, scores):
        form = forms.get(declared.fact.code)
        if form is None or not declared.is_changed_by(form):
            continue
        try:
            require_seen(declared, form)
        except StaleVersion as refusal:
            refusals.append(refusal)
            continue
        put_fact(session, unit, declared.fact, form, actor=actor, now=now)
        changed.append((declared.fact, form.typed))
    if changed:
        open_submission(session, unit)
        _carry(session, unit, scheme, changed, actor=actor, now=now)
    return refusals


def _was_not_seen(former: SelfScoreEntry, seen: int | None, actor: str, now: dt.datetime) -> bool:
    """Whether the newest revision is another form's; the answer to this form's autosave may be on its way."""
    if seen is None or former.revision == seen:
        return False
    return former.entered_by != actor or now - former.entered_at > _OWN_ANSWER_AWAITED


def _kept_facts(component: ComponentCriterion, draft: Draft) -> dict[str, str]:
    """As typed, but only what the rule asks for."""
    asked = [fact.code for fact in facts_asked(component.rule)]
    return {code: draft.typed[code][:_LONGEST_FACT] for code in asked if draft.typed.get(code)}


def _content(entry: SelfScoreEntry | None) -> tuple[Any, ...]:
    """What a revision says; no revision says the same as an empty form."""
    if entry is None:
        return {}, None, False, "", ""
    reason, explanation = entry.not_applicable_reason, entry.explanation
    return dict(entry.typed), entry.points, entry.not_applicable, reason, explanation


def submit_self_scores(session: Session, actor: str, unit: Unit, now: dt.datetime) -> Submission:
    """Send the unit's self-score; from then on it is locked, and the receipt's hash stands for its content.

    Raises:
        Locked: it is sent already, or the deadline is over.
        InvalidInput: components lack facts, or evidence and explanation; they are named.
    """
    lock_unit(session, unit)
    require_open(session, unit, now)
    scores = load_unit_scores(session, unit, now)
    if scores.gaps:
        raise InvalidInput(
            "Còn %(count)s tiêu chí chưa đủ: %(codes)s.",
            count=len(scores.gaps),
            codes=", ".join(gap.component.code for gap in scores.gaps),
        )
    submission = open_submission(session, unit)
    submission.state = advance(State(submission.state), Move.SUBMIT, Party.UNIT)
    submission.scheme_version_id = scores.version.id
    submission.submitted_at, submission.submitted_by = now, actor
    submission.receipt_sha256 = sha256_of(sent_document(scores, submission))
    write_log(session, now, actor, "self_scores_sent", f"unit/{unit.code}", receipt=submission.receipt_sha256)
    session.flush()
    return submission


def sent_document(scores: UnitScores, submission: Submission) -> dict[str, Any]:
    """Everything that a unit sent, as plain values: what the receipt's hash is taken of."""
    sent_at = submission.submitted_at
    sources = [
        {"fact": fact.fact.label, "source": fact.source, "date": fact.source_date}
        for fact in scores.facts
        if fact.source or fact.source_date
    ]
    return {
        "schema": "chamdiem-self-scores/1",
        "year": scores.unit.campaign.year,
        "unit": scores.unit.code,
        "scheme_sha256": scores.version.sha256,
        "submitted_at": sent_at.astimezone(dt.UTC).isoformat() if sent_at else None,
        "submitted_by": submission.submitted_by,
        "components": [_sent_component(component) for component in scores.own],
        **(
            {"sources": sources} if sources else {}
        ),  # submissions from before there were sources keep their hash
    }


def _sent_component(scores: ComponentScores) -> dict[str, Any]:
    entry = scores.entry
    return {
        "code": scores.component.code,
        "facts": {} if entry is None else dict(entry.typed),
        "points": None if entry is None or entry.points is None else f"{entry.points:f}",
        "not_applicable": entry is not None and entry.not_applicable,
        "not_applicable_reason": "" if entry is None else entry.not_applicable_reason,
        "explanation": "" if entry is None else entry.explanation,
        "evidence": [{"sha256": link.file.sha256, "page": link.page_number} for link in scores.links],
    }
