"""The year's schemes: load them as numbered versions, and find the one that counts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ocr.template import FormLibrary
from webapp.errors import NotFound
from webapp.par_index.errors import SchemeInvalid
from webapp.par_index.exact import sha256_of
from webapp.par_index.scheme import Scheme, scheme_as_plain, scheme_from_plain
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, RespondentGroup
from webapp.persistence.schemes import SchemeVersion, newest_scheme_version, newest_scheme_versions
from webapp.services.scheme_files import read_scheme_file

_parsed: dict[str, Scheme] = {}


@dataclass(frozen=True, slots=True)
class SchemeFiles:
    """A level's catalogue, and the questionnaires whose answers feed it."""

    catalogue: Path
    questionnaires: Path


def load_scheme_file(
    session: Session, actor: str, campaign: Campaign, files: SchemeFiles, now: dt.datetime
) -> SchemeVersion:
    """Load a catalogue with its questionnaires as the newest version of its level.

    Raises:
        SchemeInvalid: the files contradict themselves; nothing is loaded.
    """
    scheme = read_scheme_file(files.catalogue, files.questionnaires, form_groups(session, campaign))
    return add_scheme(session, actor, campaign, scheme, now)


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
    """Refuse a scheme whose survey differs from the forms that are printed: an answer counts by its place.

    “Có, Không” in the one and “Không, Có” in the other would turn every answer round.

    Raises:
        SchemeInvalid: names every question that differs.
    """
    problems: list[str] = []
    for question in scheme.questions:
        form = library.latest(question.form) if question.form in library.codes() else None
        if form is None or question.code not in form.choice_codes():
            problems.append(f"Câu {question.code} không có trong mẫu phiếu {question.form}.")
        elif tuple(form.option_labels(question.code)) != tuple(option.label for option in question.options):
            printed = ", ".join(form.option_labels(question.code))
            problems.append(f"Câu {question.code}: phương án khác mẫu phiếu in ({printed}).")
    if problems:
        raise SchemeInvalid(tuple(problems))


def add_scheme(
    session: Session, actor: str, campaign: Campaign, scheme: Scheme, now: dt.datetime
) -> SchemeVersion:
    """Keep a scheme as the next version of its level; the same scheme again is the version it already is."""
    plain = scheme_as_plain(scheme)
    digest = sha256_of(plain)
    newest = newest_scheme_version(session, campaign.id, scheme.level)
    if newest is not None and newest.sha256 == digest:
        return newest
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
    )
    session.add(version)
    session.flush()  # its id is referred to
    write_log(session, now, actor, "scheme_loaded", f"scheme/{scheme.level}/{version.version}", sha256=digest)
    return version


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
        raise NotFound("Chưa nạp bộ chỉ số cho cấp này. Nạp bằng lệnh chamdiem load-scheme.")
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
