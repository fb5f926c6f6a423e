"""The year's schemes: load them as numbered versions, and find the one that counts."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.template import FormLibrary
from webapp.errors import Locked, NotFound
from webapp.par_index.errors import SchemeInvalid
from webapp.par_index.exact import Words, sha256_of, words
from webapp.par_index.scheme import Scheme, scheme_as_plain, scheme_from_plain
from webapp.persistence.appraisal import Submission
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.persistence.schemes import SchemeVersion, newest_scheme_version, newest_scheme_versions
from webapp.services.scheme_files import read_scheme_file

_parsed: dict[str, Scheme] = {}


@dataclass(frozen=True, slots=True)
class SchemeFiles:
    """A level's catalogue, and the questionnaires whose answers feed it."""

    catalogue: Path
    questionnaires: Path


def load_scheme_file(
    session: Session,
    actor: str,
    campaign: Campaign,
    files: SchemeFiles,
    now: dt.datetime,
    *,
    reason: str = "",
) -> SchemeVersion:
    """Load a catalogue with its questionnaires as the newest version of its level.

    Raises:
        SchemeInvalid: the files contradict themselves; nothing is loaded.
        Locked: units score themselves already, and there is no reason.
    """
    scheme = read_scheme_file(files.catalogue, files.questionnaires, form_groups(session, campaign))
    return add_scheme(session, actor, campaign, scheme, now, reason=reason)


def load_sample_schemes(
    session: Session, actor: str, campaign: Campaign, folder: Path, now: dt.datetime
) -> list[SchemeVersion]:
    """Load every criteria_*.yaml of a sample folder with its questionnaires.yaml."""
    return [
        load_scheme_file(
            session, actor, campaign, SchemeFiles(catalogue, folder / "questionnaires.yaml"), now
        )
        for catalogue in sorted(folder.glob("criteria_*.yaml"))
    ]


def require_printed_forms(scheme: Scheme, library: FormLibrary) -> None:
    """Refuse a scheme whose survey differs from the forms that are printed (`form_contradictions`).

    Raises:
        SchemeInvalid: names every question that differs.
    """
    problems = tuple(str(problem) for problem in form_contradictions(scheme, library))
    if problems:
        raise SchemeInvalid(problems)


def form_contradictions(scheme: Scheme, library: FormLibrary) -> Iterator[Words]:
    """Where the survey differs from the forms that are printed: an answer counts by its place.

    “Có, Không” in the one and “Không, Có” in the other would turn every answer round.
    """
    for question in scheme.questions:
        form = library.latest(question.form) if question.form in library.codes() else None
        if form is None or question.code not in form.choice_codes():
            yield words(
                "Câu %(question)s không có trong mẫu phiếu %(form)s.",
                question=question.code, form=question.form,
            )  # fmt: skip
        elif tuple(form.option_labels(question.code)) != tuple(option.label for option in question.options):
            yield words(
                "Câu %(question)s: phương án khác mẫu phiếu in (%(printed)s).",
                question=question.code, printed=", ".join(form.option_labels(question.code)),
            )  # fmt: skip


def round_is_open(session: Session, campaign_id: int, level: str) -> bool:
    """Whether any unit of the level has begun to score itself: from then on its catalogue is frozen."""
    begun = (
        select(Submission.id)
        .join(Unit, Unit.id == Submission.unit_id)
        .where(Submission.campaign_id == campaign_id, Unit.level == level)
    )
    return session.scalar(begun.limit(1)) is not None


def add_scheme(
    session: Session,
    actor: str,
    campaign: Campaign,
    scheme: Scheme,
    now: dt.datetime,
    *,
    reason: str = "",
    report: dict[str, Any] | None = None,
) -> SchemeVersion:
    """Keep a scheme as the next version of its level; the same scheme again is the version it already is.

    Once units score themselves nothing changes without a `reason`; `report` is what such a change does to
    points (services.scheme_effects), kept with the version.

    Raises:
        Locked: the round is open, and there is no reason.
    """
    session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update())
    plain = scheme_as_plain(scheme)
    digest = sha256_of(plain)
    newest = newest_scheme_version(session, campaign.id, scheme.level)
    if newest is not None and newest.sha256 == digest:
        return newest
    if newest is not None and not reason.strip() and round_is_open(session, campaign.id, scheme.level):
        raise Locked(
            "Đã có đơn vị tự chấm nên bộ chỉ số đã khóa; chưa đổi gì."
            " Muốn sửa giữa kỳ thì mở bản sửa đổi và ghi lý do."
        )
    version = SchemeVersion(
        campaign_id=campaign.id,
        level=scheme.level,
        version=1 if newest is None else newest.version + 1,
        title=scheme.title,
        status=scheme.status,
        plain=plain,
        sha256=digest,
        loaded_by=actor,
        loaded_at=now,
        reason=reason.strip(),
        report=report,
    )
    session.add(version)
    session.flush()  # its id is referred to
    subject = f"scheme/{campaign.year}/{scheme.level}/{version.version}"
    write_log(session, now, actor, "scheme_loaded", subject, sha256=digest, reason=version.reason)
    return version


def copy_schemes(session: Session, actor: str, former: Campaign, made: Campaign, now: dt.datetime) -> int:
    """Take over another year's catalogues for the same levels; what is there already stays.

    Returns:
        How many were copied.
    """
    there = newest_scheme_versions(session, made.id)
    levels = {level.code for level in made.levels} - set(there)
    found = [scheme for level, scheme in schemes_of_campaign(session, former.id).items() if level in levels]
    for scheme in found:
        title = scheme.title.replace(str(former.year), str(made.year))
        mark = scheme.version.replace(str(former.year), str(made.year))
        copied = replace(scheme, year=made.year, title=title, version=mark)
        add_scheme(session, actor, made, copied, now, reason=f"Chép từ năm {former.year}")
    return len(found)


def form_groups(session: Session, campaign: Campaign) -> dict[str, list[str]]:
    """The respondent groups of each form, in the campaign's order."""
    groups: dict[str, list[str]] = {}
    rows = session.scalars(
        select(RespondentGroup)
        .where(RespondentGroup.campaign_id == campaign.id)
        .order_by(RespondentGroup.position)
    )
    for row in rows:
        groups.setdefault(row.form_code, []).append(row.code)
    return groups


def scheme_of_level(session: Session, campaign_id: int, level: str) -> tuple[SchemeVersion, Scheme]:
    """The newest scheme of a level.

    Raises:
        NotFound: none is loaded yet.
    """
    version = newest_scheme_version(session, campaign_id, level)
    if version is None:
        raise NotFound("Chưa nạp bộ chỉ số cho cấp này. Người quản trị nạp ở trang Bộ chỉ số.")
    return version, parse_version(version)


def parse_version(version: SchemeVersion) -> Scheme:
    """The scheme of a version, parsed and checked once in a process: a version never changes."""
    scheme = _parsed.get(version.sha256)
    if scheme is None:
        scheme = _parsed[version.sha256] = scheme_from_plain(version.plain)
    return scheme


def schemes_of_campaign(session: Session, campaign_id: int) -> Mapping[str, Scheme]:
    """The newest scheme of every level that has one."""
    versions = newest_scheme_versions(session, campaign_id)
    return {level: parse_version(version) for level, version in sorted(versions.items())}
