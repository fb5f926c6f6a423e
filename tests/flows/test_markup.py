"""Whatever people type stands on the pages as they typed it, and never becomes a part of the page.

Every text column that a person can fill holds markup here, which says where it is from; everybody follows
every link that they are shown.
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, String, Table, Text, select, update
from sqlalchemy.orm import Session

from tests.clients import Browser, Office, close_office, open_office
from tests.conftest import NOW
from tests.flows.test_results import WORDS
from tests.flows.test_results import fill as finish_year
from tests.worlds.read_pages import add_page, add_reading, add_sheet, comment, faint
from tests.worlds.small import SmallWorld
from webapp.par_index.scheme import scheme_as_plain, scheme_from_plain
from webapp.persistence.accounts import User
from webapp.persistence.all_tables import Base
from webapp.persistence.appraisal import EvidenceFile, EvidenceLink, ExplanationReply, Submission
from webapp.persistence.campaign import Campaign, RespondentGroup, Unit
from webapp.persistence.certainty import CertaintyDecision
from webapp.persistence.complaints import Complaint, ComplaintAnswer
from webapp.persistence.guards import lift_guards, set_guards
from webapp.persistence.hand_over import HandOver, Substitution
from webapp.persistence.page_instructions import PageInstruction
from webapp.persistence.page_resolutions import PageResolution
from webapp.persistence.people import Enumerator, Respondent
from webapp.persistence.readings import TextDraft
from webapp.persistence.results import IndexVersion
from webapp.persistence.trash import TrashMove
from webapp.persistence.trials import TrialScan
from webapp.persistence.unit_facts import UnitFactEntry
from webapp.persistence.verification import ReviewItem
from webapp.services.answer_kinds import Answer
from webapp.services.scheme_changes import load_catalogue, open_revision
from webapp.services.schemes import add_scheme, scheme_of_level
from webapp.services.verification import enqueue_reading, record_decision
from webapp.storage import ScanStore

pytestmark = pytest.mark.slow

OPENING = '<b class="xss">'
LONG = 100  # shorter columns hold codes, names of accounts and hashes
TYPED_SHORT = {("evidence_file", "document_number"), ("enumerator", "phone")}
NOT_TYPED = {
    *(("app_user", "password_hash"), ("backup_run", "path"), ("backup_run", "detail")),
    *(("folder_state", "path"), ("folder_file", "name"), ("folder_file", "moved_to")),
    *(("log_entry", "subject"), ("sign_in_brake", "subject"), ("worker_pulse", "worker")),
    ("field_reading", "value"),
}
FROZEN = {("index_unit", "name"), ("index_unit", "class_label")}  # copies of what stands elsewhere
WORDS_OF_A_SCHEME = {"title", "label", "text", "guidance", "status"}
PEOPLE = (
    *("administrator", "head", "appraiser", "clerk", "reviewer", "auditor", "treasurer", "viewer"),
    *("unit-nv", "unit-19186"),
)
LINK = re.compile(r"""(?:href|src|hx-get)=["'](/[^"'#]*)""")
MOST_OF_A_KIND = 5
# Shown only before a year is finished, or never: left to the contract of the templates.
NOT_MET = {
    *("explanation_reply.words", "page_instruction.reason", "text_draft.draft"),
    *("unit_fact_entry.label", "unit_fact_entry.source", "unit_fact_entry.typed"),
}
FIRST_PAGES = {"treasurer": ("/", "/chi-tra/noi-phat/NV")}


def marked(table: str, column: str) -> str:
    """Markup that says where it was typed."""
    return f"{OPENING}{table}.{column}'&"


def typed_columns() -> list[tuple[Table, Column[Any]]]:
    """Every column that holds what people type."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if (
            isinstance(column.type, String)
            and (column.type.length is None or column.type.length >= LONG or isinstance(column.type, Text))
            and (table.name, column.name) not in NOT_TYPED | FROZEN
        )
        or (table.name, column.name) in TYPED_SHORT
    ]


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A published year in which every word is markup."""
    folder = tmp_path_factory.mktemp("markup")
    database = folder / "chamdiem.sqlite3"
    shutil.copy(sqlite_template, database)
    office = open_office(f"sqlite:///{database}", folder, NOW)
    finish_year(office, NOW)
    sha256 = ScanStore(folder / "scans").put_bytes(b"%PDF-1.7\n").sha256
    with office.session() as session:
        session.execute(update(Submission).values(receipt_sha256="0" * 64))
        _mark_scheme(session)
        _fill_empty_tables(session, sha256)
        _mark_everything(session)
        session.commit()
    head = office.browser("head")
    assert head.post("/chi-so/chot").status_code == 303
    assert head.post("/chi-so/1/cong-bo", WORDS).status_code == 303
    with office.session() as session:
        _complain(session, sha256)
        _leave_work(session)
        _mark_everything(session)
        session.commit()
    yield office
    close_office(office)


def _mark_everything(session: Session) -> None:
    lift_guards(session.connection())
    for table, column in typed_columns():
        filled = column.is_not(None) & (column != "") if column.name == "value" else column.is_not(None)
        session.execute(update(table).where(filled).values({column: marked(table.name, column.name)}))
    set_guards(session.connection())


def _mark_scheme(session: Session) -> None:
    campaign = session.scalars(select(Campaign)).one()
    for level in ("division", "commune"):
        _version, scheme = scheme_of_level(session, campaign.id, level)
        plain = _marked_words(scheme_as_plain(scheme), "scheme")
        add_scheme(session, "administrator", campaign, scheme_from_plain(plain), NOW, reason="x")


def _marked_words(plain: Any, name: str) -> Any:
    if isinstance(plain, dict):
        return {key: _marked_words(value, key) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_marked_words(value, name) for value in plain]
    return f"{plain} {marked('scheme', name)}" if name in WORDS_OF_A_SCHEME and plain else plain


def _fill_empty_tables(session: Session, sha256: str) -> None:
    """One row of each kind of word that a finished small year has none of."""
    campaign, unit = session.scalars(select(Campaign)).one(), _unit(session)
    group = session.scalars(select(RespondentGroup)).first()
    assert group is not None
    catalogue = load_catalogue(session, campaign, unit.level)
    open_revision(session, "administrator", catalogue, "x", NOW)
    code = catalogue.scheme.appraised[0].code
    file = EvidenceFile(
        unit_id=unit.id, sha256=sha256, name="x", size_bytes=1, kind="pdf", page_count=1, page_images=[],
        document_number="x", issuer="x", abstract="x", uploaded_by="unit-nv", uploaded_at=NOW,
    )  # fmt: skip
    session.add_all(
        [
            file,
            EvidenceLink(
                unit_id=unit.id, component_code=code, file=file, page_number=1, made_by="unit-nv", made_at=NOW
            ),
            ExplanationReply(
                unit_id=unit.id, component_code=code, revision=1, words="x", written_by="x", written_at=NOW
            ),
            UnitFactEntry(
                unit_id=unit.id, fact_code="X", label="x", revision=1, typed="x", source="x",
                entered_by="unit-nv", entered_at=NOW,
            ),
            Enumerator(campaign_id=campaign.id, place_unit_id=unit.id, name="x", post="x", phone="x"),
            Respondent(campaign_id=campaign.id, place_unit_id=unit.id, group_id=group.id, name="x", post="x"),
            CertaintyDecision(
                campaign_id=campaign.id, filled=0.5, accept=0.9, sha256="0" * 64, reason="x",
                decided_by="administrator", decided_at=NOW, pages_reread=0,
            ),
            TrialScan(
                campaign_id=campaign.id, received_by="clerk", received_at=NOW, original_name="x",
                sha256="0" * 64, state="refused", failure_code="damaged",
            ),
        ]
    )  # fmt: skip
    session.flush()


def _complain(session: Session, sha256: str) -> None:
    version = session.scalars(select(IndexVersion)).one()
    complaint = Complaint(
        campaign_id=version.campaign_id, number=1, version_id=version.id, unit_id=_unit(session).id,
        petitioner="x", words="x", file_sha256=sha256, file_name="x", file_kind="pdf",
        recorded_by="head", recorded_at=NOW,
    )  # fmt: skip
    answer = ComplaintAnswer(position=1, outcome="refused", reason="x", answered_by="head", answered_at=NOW)
    complaint.answers.append(answer)
    session.add(complaint)
    session.flush()


def _leave_work(session: Session) -> None:
    """Scans, packs and comments that people have said something about."""
    campaign = session.scalars(select(Campaign)).one()
    world = SmallWorld(campaign, {unit.code: unit for unit in campaign.units}, {})
    problem = add_page(session, add_sheet(session, world, 901), NOW, state="problem")
    told, read = (add_page(session, add_sheet(session, world, serial), NOW) for serial in (902, 903))
    for page in (told, read):
        reading = add_reading(session, page, NOW, [faint("CX4.1", "1"), comment("CX4.18")])
        session.flush()
        enqueue_reading(session, reading, NOW)
    session.flush()
    reviewer = session.scalars(select(User).where(User.username == "reviewer")).one()
    items = session.scalars(select(ReviewItem).where(ReviewItem.queue == "comment")).all()
    record_decision(session, reviewer, items[0].id, Answer("text", "x"), NOW)
    pack = problem.sheet.pack if problem.sheet else None
    assert pack is not None
    session.add_all(
        [
            TextDraft(field_reading_id=items[1].field_reading_id, state="done", draft="x", confidence=90.0),
            PageResolution(
                page_id=problem.id, resolution="not_a_form", reason="x", resolved_by="clerk", resolved_at=NOW
            ),
            PageInstruction(page_id=told.id, kind="turn", quarters=2, reason="x", given_by="x", given_at=NOW),
            TrashMove(
                batch_id=told.batch_id, page_id=told.id, kind="trash", reason="x", moved_by="x", moved_at=NOW
            ),
            HandOver(
                campaign_id=campaign.id, pack=pack, kind="issued", at=NOW, by="x", person="x", sheet_count=1,
                sheets=[problem.sheet],
            ),
            Substitution(
                campaign_id=campaign.id, pack=pack, sheet_count=1, reason="x", recorded_at=NOW,
                recorded_by="clerk",
            ),
        ]
    )  # fmt: skip
    session.flush()


def _unit(session: Session) -> Unit:
    return session.scalars(select(Unit).where(Unit.code == "NV")).one()


def test_every_word_that_people_type_is_here(office: Office) -> None:
    """A new column of words needs a row above."""
    with office.session() as session:
        empty = [
            f"{table.name}.{column.name}"
            for table, column in typed_columns()
            if session.scalar(select(column).where(column == marked(table.name, column.name))) is None
        ]
    assert not empty


def test_no_word_becomes_a_part_of_a_page(office: Office) -> None:
    shown: set[str] = set()
    for name in PEOPLE:
        for path, text in _walk(office.browser(name), FIRST_PAGES.get(name, ("/",))):
            assert OPENING not in text, (name, path)
            shown |= set(re.findall(r"<b class=\"xss\">([a-z_]+\.[a-z_]+)", unescape(text)))
    never = {f"{table.name}.{column.name}" for table, column in typed_columns()} - shown
    assert sorted(never - NOT_MET) == []


def _walk(browser: Browser, first: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every kind of page that this person is led to, with its text; of each kind a few."""
    addresses = browser.office.app.url_map.bind("localhost")
    waiting, known, opened = list(first), set(first), Counter[str]()
    while waiting:
        path = waiting.pop(0)
        kind = addresses.match(path.partition("?")[0])[0]
        opened[kind] += 1
        if kind == "static" or opened[kind] > MOST_OF_A_KIND:
            continue
        answer = browser.get(path)
        assert answer.status_code < 500, path
        if answer.mimetype == "text/html":
            yield path, answer.text
            links = [unescape(link) for link in LINK.findall(answer.text)]
            waiting += [link for link in dict.fromkeys(links) if link not in known]
            known.update(links)
        answer.close()
