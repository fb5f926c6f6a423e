"""Họp tổ thẩm định: one component at a time in large type, decided in the room; its minutes."""

from dataclasses import dataclass, replace

from flask import Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.appraisal.components import conflict_page, typed_from
from webapp.blueprints.appraisal.forms import read_decision, read_typed
from webapp.blueprints.appraisal.loading import AppraisedComponent, load_component
from webapp.errors import AppError, InvalidInput, NotFound, StaleVersion
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.locale import gettext
from webapp.http.papers import send_official
from webapp.papers.official.wording import PASSAGES, Kind
from webapp.persistence.accounts import User
from webapp.services.accounts import find_display_names
from webapp.services.appraisal import PointsOption, appraise_component, may_set_aside, points_options
from webapp.services.documents import LONGEST_TEXT, load_wording
from webapp.services.meetings import (
    CLOSING,
    OPENING,
    AgendaItem,
    compose_meeting_minutes,
    meeting_agenda,
    note_meeting,
    office_clock,
    opinions_of,
)


@dataclass(frozen=True, slots=True)
class MeetingItem:
    """A component on the meeting's screen, and its place in the agenda (from 0)."""

    shown: AppraisedComponent
    agenda: list[AgendaItem]
    position: int

    @property
    def item(self) -> AgendaItem:
        """The line of the agenda."""
        return self.agenda[self.position]

    def neighbour(self, step: int) -> AgendaItem | None:
        """The item so many places on, if there is one."""
        place = self.position + step
        return self.agenda[place] if 0 <= place < len(self.agenda) else None


def load_item(session: Session, user: User, unit_code: str, code: str) -> MeetingItem:
    """A component that the team has to decide or has decided."""
    shown = load_component(session, user, unit_code, code)
    agenda = meeting_agenda(session, current_campaign())
    places = [item.place for item in agenda]
    if (unit_code, code) not in places:
        raise NotFound("Tiêu chí này không chờ họp tổ. Mở lại chương trình họp để xem danh sách mới.")
    return MeetingItem(shown, agenda, places.index((unit_code, code)))


@access.policy(Permission.APPRAISE)
def show_meeting() -> str:
    """The agenda, and who meets."""
    return opening_page(None)


@access.policy(Permission.APPRAISE)
def begin() -> Response:
    """Write down who meets, and go to the first component that waits."""
    refusal = note_passages(OPENING)
    if refusal is not None:
        return make_response(opening_page(refusal), refusal.status)
    return htmx.go_to(next_address(meeting_agenda(current_session(), current_campaign())))


@access.policy(Permission.APPRAISE, scope=load_item)
def show_item(item: MeetingItem) -> str:
    """One component, large enough for the whole room."""
    return item_page(item, None)


@access.policy(Permission.APPRAISE, scope=load_item)
def decide(item: MeetingItem) -> Response:
    """The team has decided: keep it as a new version and go on to what still waits."""
    shown, typed = item.shown, read_typed(request.form)
    entry = shown.here.appraised
    question = "" if entry is None or shown.owner.scores.round_number > 1 else entry.question
    try:
        decision = replace(
            read_decision(typed, shown.code), question=question, awaits_meeting=False, in_meeting=True
        )
        appraise_component(
            current_session(), current_user(), shown.unit, shown.code, decision=decision, now=now()
        )
    except StaleVersion as conflict:
        return conflict_page(shown, typed, conflict, save_address=request.path, keep_address=request.path)
    except InvalidInput as refusal:
        return make_response(item_page(item, refusal), refusal.status)
    later = [*item.agenda[item.position + 1 :], *item.agenda[: item.position]]
    return htmx.go_to(next_address(later))


@access.policy(Permission.APPRAISE)
def show_end() -> str:
    """What was decided, as the minutes will tell it, to be put right before they are kept."""
    return closing_page(None)


@access.policy(Permission.APPRAISE)
def end() -> Response:
    """Write the opinions and the hour into the minutes."""
    refusal = note_passages(CLOSING)
    if refusal is not None:
        return make_response(closing_page(refusal), refusal.status)
    return htmx.go_to(url_for(".show_end"), gettext("Đã ghi vào biên bản. Tải biên bản để trình ký."))


@access.policy(Permission.APPRAISE)
def download_minutes(file_kind: str) -> Response:
    """The minutes as they stand, a draft; the ones to be signed are made of the frozen version."""
    campaign = current_campaign()
    document = compose_meeting_minutes(current_session(), campaign, now())
    return send_official(document, file_kind, f"bien-ban-hop-tham-dinh-{campaign.year}-du-thao")


def options_of(shown: AppraisedComponent) -> list[PointsOption]:
    """What the rule can give, what the unit declared, and what the appraiser proposes."""
    options, entry = points_options(shown.here), shown.here.appraised
    if entry is None or entry.not_applicable or entry.points in {option.points for option in options}:
        return options
    proposed = PointsOption(entry.points, gettext("Thẩm định đề nghị"))
    return sorted([*options, proposed], key=lambda option: option.points, reverse=True)


def next_address(agenda: list[AgendaItem]) -> str:
    """The first component that waits, or the end of the meeting."""
    for item in agenda:
        if not item.is_decided:
            return url_for(".show_item", unit_code=item.unit.code, code=item.component.code)
    return url_for(".show_end")


def note_passages(codes: tuple[str, ...]) -> AppError | None:
    """Keep these passages of the minutes as they were typed; why they were not kept, else None."""
    texts = {code: request.form.get(code, "").strip() for code in codes}
    seen = request.form.get("seen_revision", 0, type=int)
    session, actor = current_session(), current_user().username
    try:
        note_meeting(session, actor, current_campaign(), texts, seen_revision=seen, now=now())
    except (InvalidInput, StaleVersion) as refusal:
        return refusal
    return None


def opening_page(refusal: AppError | None) -> str:
    """The agenda with the form of who meets; a meeting that was not begun yet begins now."""
    return _passages_page("appraisal/meeting.html", OPENING, {"begun": office_clock(now())}, refusal)


def closing_page(refusal: AppError | None) -> str:
    """The decisions with the form of the opinions; a meeting that was not ended yet ends now."""
    agenda = meeting_agenda(current_session(), current_campaign())
    drafted = {"opinions": opinions_of(agenda), "ended": office_clock(now())}
    return _passages_page("appraisal/meeting_end.html", CLOSING, drafted, refusal)


def _passages_page(
    template: str, codes: tuple[str, ...], drafted: dict[str, str], refusal: AppError | None
) -> str:
    session, campaign = current_session(), current_campaign()
    written = load_wording(session, campaign, Kind.MINUTES)
    usual = {passage.code: passage.usual for passage in PASSAGES[Kind.MINUTES]}
    texts = {
        code: "" if written.wording.texts[code] == usual[code] else written.wording.texts[code]
        for code in codes
    }
    texts = {code: request.form.get(code, texts[code] or drafted.get(code, "")) for code in codes}
    agenda = meeting_agenda(session, campaign)
    entry = written.entry
    return render_template(
        template,
        campaign=campaign,
        agenda=agenda,
        waiting=[item for item in agenda if not item.is_decided],
        first_address=next_address(agenda),
        texts=texts,
        drafted=drafted,
        revision=written.revision,
        blank_count=written.wording.blank_count,
        written_at=None if entry is None else entry.written_at,
        writer="" if entry is None else find_display_names(session, [entry.written_by])[entry.written_by],
        refusal=refusal,
        longest=LONGEST_TEXT,
    )


def item_page(item: MeetingItem, refusal: InvalidInput | None) -> str:
    """The screen of one component; nothing is chosen before the team has decided."""
    shown = item.shown
    typed = read_typed(request.form) if refusal is not None else typed_from(shown.here)
    if refusal is None and not item.item.is_decided:
        typed = replace(typed, choice="", other="")
    entry = item.item.newest
    return render_template(
        "appraisal/meeting_item.html",
        meeting=item,
        shown=shown,
        scores=shown.owner.scores,
        here=shown.here,
        typed=typed,
        refusal=refusal,
        options=options_of(shown),
        may_set_aside=may_set_aside(shown.here),
        before=item.neighbour(-1),
        after=item.neighbour(1),
        name=find_display_names(current_session(), [entry.appraised_by])[entry.appraised_by],
    )
