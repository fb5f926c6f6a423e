"""Facts that a unit declares once (số liệu dùng chung): as typed, with their source, and who uses them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, StaleVersion
from webapp.par_index.errors import FactsInvalid
from webapp.par_index.rules import read_fact
from webapp.par_index.scheme import Scheme
from webapp.par_index.unit_facts import UnitFact, unit_facts
from webapp.persistence.appraisal import SelfScoreEntry
from webapp.persistence.campaign import Unit
from webapp.persistence.unit_facts import UnitFactEntry, latest_unit_facts

_LONGEST_FACT, _LONGEST_SOURCE, _LONGEST_DATE = 200, 300, 20
_AS_WRITTEN = "%d/%m/%Y"


@dataclass(frozen=True, slots=True)
class FactForm:
    """What stands in a fact's form. None: that field was not on the page, so it stays as it is.

    `source` names the document, `source_date` its day as written (31/12/2020); `seen_revision` is the
    revision that the page showed (0: none).
    """

    typed: str
    source: str | None = None
    source_date: str | None = None
    seen_revision: int | None = None


@dataclass(frozen=True, slots=True)
class DeclaredFact:
    """A fact with its newest revision; without one, `typed` is what a component that uses it says."""

    fact: UnitFact
    entry: UnitFactEntry | None
    typed: str

    @property
    def revision(self) -> int:
        """The newest revision's number; 0 while there is none."""
        return 0 if self.entry is None else self.entry.revision

    @property
    def source(self) -> str:
        """The document that the number is from."""
        return "" if self.entry is None else self.entry.source

    @property
    def source_date(self) -> str:
        """That document's day, as written."""
        return "" if self.entry is None else self.entry.source_date

    @property
    def lacks_source(self) -> bool:
        """Whether there is a number, but nobody said where it is from."""
        return bool(self.typed) and not (self.source and self.source_date)

    @property
    def problem(self) -> FactsInvalid | None:
        """Why the number cannot be used as it was typed; an empty one is only not there yet."""
        if not self.typed:
            return None
        try:
            read_fact(self.fact.field, self.typed)
        except FactsInvalid as problem:
            return problem
        return None

    @property
    def date_problem(self) -> InvalidInput | None:
        """Why the day is none; it is kept as typed."""
        if not self.source_date:
            return None
        try:
            dt.datetime.strptime(self.source_date, _AS_WRITTEN)  # noqa: DTZ007 - a day on paper has no zone
        except ValueError:
            return InvalidInput("“%(typed)s” không phải ngày. Ghi dạng 31/12/2020.", typed=self.source_date)
        return None

    def is_changed_by(self, form: FactForm) -> bool:
        """Whether the form says anything else than what stands."""
        kept = form.typed, form.source or "", form.source_date or ""
        standing = (
            self.typed,
            "" if form.source is None else self.source,
            "" if form.source_date is None else self.source_date,
        )
        return kept != standing


def declared_facts(
    session: Session, unit: Unit, scheme: Scheme, scores: Mapping[tuple[int, str], SelfScoreEntry]
) -> list[DeclaredFact]:
    """All facts that the scheme asks the unit for, in printed order; `scores` are its newest self-scores."""
    entries = latest_unit_facts(session, unit.id)
    found: list[DeclaredFact] = []
    for fact in unit_facts(scheme):
        entry = entries.get(fact.code)
        used = [(scores.get((unit.id, use.component)), use.field) for use in fact.uses]
        texts = (str(score.typed.get(field, "")) for score, field in used if score is not None)
        typed = entry.typed if entry is not None else next((text for text in texts if text), "")
        found.append(DeclaredFact(fact, entry, typed))
    return found


def require_seen(declared: DeclaredFact, form: FactForm) -> None:
    """Refuse a form that was filled in over another revision than the newest.

    Raises:
        StaleVersion: a colleague declared the fact since; nothing is overwritten.
    """
    if form.seen_revision is not None and form.seen_revision != declared.revision:
        raise StaleVersion(
            "“%(label)s” vừa có người khác trong đơn vị lưu là “%(typed)s” (nguồn: %(source)s). Bản của bạn"
            " còn trong ô nhưng chưa lưu: bấm Lưu lần nữa nếu bản của bạn đúng.",
            label=declared.fact.label,
            typed=declared.typed,
            source=declared.source or "–",
        )


def put_fact(
    session: Session, unit: Unit, fact: UnitFact, form: FactForm, *, actor: str, now: dt.datetime
) -> None:
    """Append a revision; what the form does not hold is taken over from the former one."""
    former = latest_unit_facts(session, unit.id).get(fact.code)
    source, source_date = form.source, form.source_date
    entry = UnitFactEntry(
        unit_id=unit.id,
        fact_code=fact.code,
        label=fact.label,
        revision=1 if former is None else former.revision + 1,
        typed=form.typed[:_LONGEST_FACT],
        source=(former.source if former else "") if source is None else source[:_LONGEST_SOURCE],
        source_date=(former.source_date if former else "")
        if source_date is None
        else source_date[:_LONGEST_DATE],
        entered_by=actor,
        entered_at=now,
    )
    if former is None or _content(former) != _content(entry):
        session.add(entry)


def _content(entry: UnitFactEntry) -> tuple[str, str, str]:
    return entry.typed, entry.source, entry.source_date
