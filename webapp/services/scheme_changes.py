"""Edit a level's catalogue: a draft is saved as often as one likes, a version only when it is sound.

Once a unit has begun to score itself the catalogue is frozen: nothing changes but by a revision that was
opened with a reason, and that shows what it does to points before it counts.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ocr.template import FormLibrary
from webapp.errors import InvalidInput, Locked, NotFound, StaleVersion
from webapp.par_index.exact import Words, words
from webapp.par_index.point_sums import PointSums, point_sums
from webapp.par_index.scheme import Scheme, scheme_contradictions
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign
from webapp.persistence.schemes import SchemeDraft, SchemeVersion, newest_draft
from webapp.scheme_tables.changes import differences
from webapp.scheme_tables.reading import read_scheme
from webapp.scheme_tables.writing import tables_of
from webapp.services.scheme_effects import Report, effects_of, report_as_plain
from webapp.services.schemes import (
    add_scheme,
    form_contradictions,
    form_groups,
    parse_version,
    round_is_open,
    scheme_of_level,
)
from webapp.typed_tables.differences import Difference
from webapp.typed_tables.parts import RowProblem, Tables


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A level's catalogue as it counts, and the draft over it if somebody edits it."""

    campaign: Campaign
    version: SchemeVersion
    scheme: Scheme
    draft: SchemeDraft | None
    is_open: bool  # the round: units score themselves

    @property
    def level(self) -> str:
        """Whose catalogue."""
        return self.version.level

    @property
    def tables(self) -> Tables:
        """The rows to edit: the draft's, else those of the version that counts."""
        return tables_of(self.scheme) if self.draft is None else self.draft.tables

    @property
    def may_be_edited(self) -> bool:
        """Before the round opens, or within a revision that was opened with a reason."""
        return not self.is_open or (self.draft is not None and bool(self.draft.reason))

    @property
    def fingerprint(self) -> str:
        """The same letters as long as nobody saves anything."""
        return f"{self.version.version}-{0 if self.draft is None else self.draft.revision}"


@dataclass(frozen=True, slots=True)
class Check:
    """What rows come to: the scheme if they can be read, and everything that is wrong with them."""

    tables: Tables
    scheme: Scheme | None
    sums: PointSums | None
    problems: tuple[RowProblem, ...]
    contradictions: tuple[Words, ...]

    @property
    def is_sound(self) -> bool:
        """Whether a version can be made of it."""
        return self.scheme is not None and not self.problems and not self.contradictions


@dataclass(frozen=True, slots=True)
class Proposal:
    """What saving would do; `report` only while the round is open."""

    check: Check
    differences: tuple[Difference, ...]
    report: Report | None


def load_catalogue(session: Session, campaign: Campaign, level: str) -> Catalogue:
    """A level's catalogue.

    Raises:
        NotFound: the campaign has no such level, or no catalogue for it yet.
    """
    if level not in {known.code for known in campaign.levels}:
        raise NotFound("Chu kỳ này không có cấp đó.")
    version, scheme = scheme_of_level(session, campaign.id, level)
    draft = newest_draft(session, version.id)
    if draft is not None and draft.is_discarded:
        draft = None
    return Catalogue(campaign, version, scheme, draft, round_is_open(session, campaign.id, level))


def check_tables(
    session: Session, campaign: Campaign, level: str, tables: Tables, forms: FormLibrary
) -> Check:
    """Read the rows of a level's catalogue and say all that is wrong, with themselves and with the forms."""
    scheme, problems = read_scheme(tables)
    if scheme is None:
        return Check(tables, None, None, tuple(problems), ())
    found = (
        *_other_office(session, campaign, level, scheme),
        *scheme_contradictions(scheme),
        *form_contradictions(scheme, forms),
    )
    return Check(tables, scheme, point_sums(scheme), (), found)


def _other_office(session: Session, campaign: Campaign, level: str, scheme: Scheme) -> Iterator[Words]:
    """Where the catalogue is not this campaign's."""
    if scheme.level != level:
        yield words("Bộ chỉ số này của cấp %(found)s, không phải %(level)s.", found=scheme.level, level=level)
    if scheme.year != campaign.year:
        yield words(
            "Năm đánh giá ghi %(found)s, chu kỳ này là %(year)s.",
            found=str(scheme.year),
            year=str(campaign.year),
        )
    groups = form_groups(session, campaign)
    for pool in scheme.pools:
        for group in pool.groups:
            if group not in groups.get(pool.form, ()):
                yield words(
                    "Nhóm gộp %(pool)s: chu kỳ không có nhóm %(form)s.%(group)s.",
                    pool=pool.code, form=pool.form, group=group,
                )  # fmt: skip


def propose(session: Session, catalogue: Catalogue, tables: Tables, forms: FormLibrary) -> Proposal:
    """What making a version of these rows would do."""
    check = check_tables(session, catalogue.campaign, catalogue.level, tables, forms)
    if check.scheme is None:
        return Proposal(check, (), None)
    found = tuple(differences(tables_of(catalogue.scheme), tables_of(check.scheme)))
    report = None
    if check.is_sound and catalogue.is_open and found:
        report = effects_of(session, catalogue.campaign, catalogue.scheme, check.scheme)
    return Proposal(check, found, report)


def open_revision(
    session: Session, actor: str, catalogue: Catalogue, reason: str, now: dt.datetime
) -> SchemeDraft:
    """Begin a change in mid-round; the reason stays with everything that follows.

    Raises:
        InvalidInput: there is no reason.
        Locked: the round is not open: the catalogue can be edited as it is.
    """
    if not catalogue.is_open:
        raise Locked("Chưa đơn vị nào tự chấm: sửa thẳng, không cần mở bản sửa đổi.")
    if not reason.strip():
        raise InvalidInput("Ghi lý do sửa giữa kỳ: lý do được lưu cùng tên người sửa.")
    subject = f"scheme/{catalogue.campaign.year}/{catalogue.level}"
    write_log(session, now, actor, "scheme_revision_opened", subject, reason=reason.strip())
    return _add_draft(session, actor, catalogue, tables_of(catalogue.scheme), now, reason=reason.strip())


def keep_tables(
    session: Session, actor: str, catalogue: Catalogue, tables: Tables, *, seen: str, now: dt.datetime
) -> SchemeDraft | None:
    """Save rows as the draft, sound or not; the same rows again add nothing.

    Raises:
        Locked: the round is open, and no revision was.
        StaleVersion: somebody else saved since; nothing of theirs is overwritten.
    """
    require_editable(catalogue, seen)
    if tables == catalogue.tables:
        return catalogue.draft
    reason = "" if catalogue.draft is None else catalogue.draft.reason
    return _add_draft(session, actor, catalogue, tables, now, reason=reason)


def discard_draft(session: Session, actor: str, catalogue: Catalogue, *, seen: str, now: dt.datetime) -> None:
    """Go back to the version that counts; what was typed stays on record.

    Raises:
        StaleVersion: somebody else saved since.
    """
    _require_seen(catalogue, seen)
    if catalogue.draft is not None:
        _add_draft(session, actor, catalogue, catalogue.draft.tables, now, is_discarded=True)


def save_version(
    session: Session,
    actor: str,
    catalogue: Catalogue,
    proposal: Proposal,
    *,
    reason: str,
    seen: str,
    now: dt.datetime,
) -> SchemeVersion:
    """Make the proposal the version that counts. Self-scores and appraised points are never touched.

    Raises:
        InvalidInput: it contradicts itself.
        Locked: the round is open, and no revision was.
        StaleVersion: somebody else saved since.
    """
    require_editable(catalogue, seen)
    scheme = proposal.check.scheme
    if scheme is None or not proposal.check.is_sound:
        raise InvalidInput("Chưa lưu: còn chỗ phải sửa.")
    if catalogue.is_open and catalogue.draft is not None:
        reason = catalogue.draft.reason
    report = None if proposal.report is None else report_as_plain(proposal.report)
    return add_scheme(session, actor, catalogue.campaign, scheme, now, reason=reason, report=report)


def require_editable(catalogue: Catalogue, seen: str) -> None:
    """Refuse an edit of what is frozen, or of what somebody else has saved meanwhile.

    Raises:
        Locked: the round is open, and no revision was.
        StaleVersion: `seen` is no longer how it stands.
    """
    if not catalogue.may_be_edited:
        raise Locked(
            "Đã có đơn vị tự chấm nên bộ chỉ số đã khóa; chưa đổi gì."
            " Muốn sửa giữa kỳ thì mở bản sửa đổi và ghi lý do."
        )
    _require_seen(catalogue, seen)


def _require_seen(catalogue: Catalogue, seen: str) -> None:
    if seen != catalogue.fingerprint:
        raise StaleVersion(
            "Bộ chỉ số vừa được người khác sửa. Chưa lưu gì của bạn; mở lại trang rồi sửa tiếp."
        )


def _add_draft(
    session: Session,
    actor: str,
    catalogue: Catalogue,
    tables: Tables,
    now: dt.datetime,
    *,
    reason: str = "",
    is_discarded: bool = False,
) -> SchemeDraft:
    former = newest_draft(session, catalogue.version.id)
    draft = SchemeDraft(
        base_id=catalogue.version.id,
        revision=1 if former is None else former.revision + 1,
        tables=tables,
        reason=reason,
        is_discarded=is_discarded,
        made_by=actor,
        made_at=now,
    )
    session.add(draft)
    session.flush()
    return draft


def version_changes(versions: list[SchemeVersion], number: int) -> list[Difference]:
    """What a version changed in the one before it; nothing for the first."""
    by_number = {version.version: version for version in versions}
    if number - 1 not in by_number:
        return []
    before, after = (tables_of(parse_version(by_number[n])) for n in (number - 1, number))
    return differences(before, after)
