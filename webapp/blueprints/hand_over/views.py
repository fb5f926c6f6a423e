"""Phát và thu: one box for serials and packs' codes, what is missing by name, slips and reminders."""

import functools
from collections import Counter
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from ocr.sheet_code import serial_text
from webapp.blueprints.hand_over import papers
from webapp.errors import AppError, NotFound
from webapp.http import access
from webapp.http.access import Permission
from webapp.http.collation import searchable
from webapp.http.context import current_campaign, current_session, current_user, now
from webapp.http.figures import VIETNAM
from webapp.http.htmx import go_to, render, wants_fragment
from webapp.http.locale import _
from webapp.http.papers import send_paper
from webapp.http.transaction import roll_back
from webapp.http.wording import install_wording
from webapp.persistence.accounts import User
from webapp.persistence.hand_over import HandOver, HandOverKind
from webapp.services import hand_over, hand_over_lists
from webapp.services.accounts import find_display_names
from webapp.services.hand_over_lists import PackLine
from webapp.services.packs import Place, find_place, place_code, place_name
from webapp.services.sheet_counts import Reached

blueprint = Blueprint("hand_over", __name__, url_prefix="/phat-thu")
install_wording(blueprint)

_INVALID = 422
_SHOWN_LINES = 40  # of a search
ISSUE, TAKE_BACK = "giao", "thu"
BY_UNIT = "don-vi"


def load_place(_session: Session, _user: User, code: str) -> Place:
    """A place of issue of the current campaign."""
    return find_place(current_campaign(), code)


@blueprint.get("")
@access.policy(Permission.HAND_OVER)
def show_desk() -> Response:
    """The box, what was written last, and how far the paper is on either axis; or the packs looked for."""
    return render("hand_over/desk.html", "hand_over/_table.html", **_desk(), **_table())


@blueprint.post("")
@access.policy(Permission.HAND_OVER)
def record() -> Response:
    """One serial or pack's code was typed or scanned."""
    typed, person = request.form.get("typed", ""), request.form.get("person", "")
    common = (current_session(), current_user().username, current_campaign(), typed)
    try:
        if request.form.get("act") == ISSUE:
            line = hand_over.issue(*common, person=person, now=now())
        else:
            missing = request.form.get("missing", "")
            line = hand_over.take_back(*common, person=person, missing=missing, now=now())
    except AppError as refusal:
        return _answer(_(refusal.message, **refusal.values), is_refused=True)
    return _answer(_line_words(line))


@blueprint.post("/<int:number>/hoan-tac")
@access.policy(Permission.HAND_OVER)
def undo(number: int) -> Response:
    """Take a line back by a new one."""
    try:
        former = hand_over.undo(current_session(), current_user().username, current_campaign(), number, now())
    except AppError as refusal:
        return _answer(_(refusal.message, **refusal.values), is_refused=True)
    return _answer(_("Đã hoàn tác: %(line)s", line=_line_words(former)))


@blueprint.get("/noi/<code>")
@access.policy(Permission.HAND_OVER, scope=load_place)
def show_place(place: Place) -> str:
    """One place's packs, its slips, and who stood in for whom."""
    return _place_page(place)


@blueprint.post("/noi/<code>/thay-doi-tuong")
@access.policy(Permission.HAND_OVER, scope=load_place)
def note_substitution(place: Place) -> Response | tuple[str, int]:
    """Others answered sheets of a pack here."""
    try:
        hand_over_lists.record_substitution(
            current_session(),
            current_user().username,
            current_campaign(),
            code=request.form.get("pack", ""),
            sheet_count=request.form.get("count", type=int),
            reason=request.form.get("reason", ""),
            now=now(),
        )
    except AppError as refusal:
        roll_back()
        return _place_page(place, _(refusal.message, **refusal.values)), _INVALID
    return go_to(url_for(".show_place", code=place.code), _("Đã ghi việc thay đối tượng trả lời."))


@blueprint.post("/noi/<code>/thay-doi-tuong/<int:note>/bo")
@access.policy(Permission.HAND_OVER)
def undo_substitution(code: str, note: int) -> Response:
    """Take such a note back."""
    hand_over_lists.undo_substitution(
        current_session(), current_user().username, current_campaign(), note, now()
    )
    return go_to(url_for(".show_place", code=code), _("Đã bỏ ghi chú thay đối tượng trả lời."))


@blueprint.get("/noi/<code>/bien-ban-<slip>.<kind>")
@access.policy(Permission.HAND_OVER)
def download_slip(code: str, slip: str, kind: str) -> Response:
    """What a place was given or brought back, with two places to sign."""
    session, campaign = current_session(), current_campaign()
    place = find_place(campaign, code)
    lines = _lines_of(place)
    if slip == "giao":
        serials = hand_over_lists.issued_serials(session, campaign)
        paper = papers.issue_slip(campaign, place, lines, serials, now())
    elif slip == "nhan":
        paper = papers.return_slip(campaign, place, lines, now())
    else:
        raise NotFound("Không có biên bản này.")
    return send_paper(paper, kind, f"bien-ban-{slip}-{place.code}")


@blueprint.get("/nhac")
@access.policy(Permission.HAND_OVER)
def show_reminders() -> str:
    """What is out and not back, by place, and how long is left."""
    campaign = current_campaign()
    return render_template(
        "hand_over/reminders.html",
        places=hand_over_lists.reminders(current_session(), campaign),
        days_left=(hand_over_lists.due_day(campaign) - now().astimezone(VIETNAM).date()).days,
        due_day=hand_over_lists.due_day(campaign),
        **_words(),
    )


@blueprint.get("/nhac.<kind>")
@access.policy(Permission.HAND_OVER)
def download_reminders(kind: str) -> Response:
    """The same on paper."""
    campaign = current_campaign()
    places = hand_over_lists.reminders(current_session(), campaign)
    return send_paper(papers.reminder_paper(campaign, places, now()), kind, f"nhac-nop-phieu-{campaign.year}")


def _answer(words: str, *, is_refused: bool = False) -> Response:
    """The line that was written, or why none was; nothing of a refused one is kept."""
    if is_refused:
        roll_back()
    status = _INVALID if is_refused else 200
    context = _desk(words, is_refused=is_refused)
    if wants_fragment():  # the table asks for itself, once no more lines come
        return render("hand_over/desk.html", "hand_over/_result.html", status, {"handed": True}, **context)
    return render("hand_over/desk.html", "hand_over/_result.html", status, **context, **_table())


def _desk(words: str = "", *, is_refused: bool = False) -> dict[str, Any]:
    recent = hand_over.recent(current_session(), current_campaign())
    return {
        "words": words,
        "is_refused": is_refused,
        "recent": recent,
        "names": find_display_names(current_session(), [line.by for line, _holds in recent]),
        "line_words": _line_words,
        "typed": request.form.get("typed", "") if is_refused else "",
        "person": request.form.get("person", ""),
        "act": request.form.get("act", request.args.get("viec", ISSUE)),
    }


def _table() -> dict[str, Any]:
    """Packs that match what is looked for; without a search the sums along the chosen axis."""
    wanted = request.args.get("q", "").strip()
    found: list[PackLine] = []
    if wanted:
        lines = hand_over_lists.list_lines(current_session(), current_campaign())
        found = [line for line in lines if _matches(line, wanted)]
    return {"query": wanted, "found": found[:_SHOWN_LINES], "found_count": len(found), **_sums()}


def _sums() -> dict[str, Any]:
    session, campaign = current_session(), current_campaign()
    by_unit = request.values.get("theo") == BY_UNIT
    sums = hand_over_lists.sum_by_unit if by_unit else hand_over_lists.sum_by_place
    rows = sums(session, campaign)
    return {"by_unit": by_unit, "rows": rows, "total": sum(rows.values(), Reached()), **_words()}


def _matches(line: PackLine, wanted: str) -> bool:
    """Whether code, place, form or group hold every word that was typed, or the pack a missing serial."""
    pack = line.pack
    name = place_name(current_campaign(), pack.place_unit)
    serials = " ".join(serial_text(serial) for serial in line.missing_serials)
    text = searchable(f"{pack.code} {name} {pack.group.form_code} {pack.group.name} {line.person} {serials}")
    return all(word in text for word in searchable(wanted).split())


def _place_page(place: Place, problem: str | None = None) -> str:
    session, campaign = current_session(), current_campaign()
    lines = _lines_of(place)
    notes = [
        note
        for note in hand_over_lists.list_substitutions(session, campaign)
        if note.pack.place_unit_id == place.unit_id
    ]
    return render_template(
        "hand_over/place.html",
        place=place,
        lines=lines,
        total=sum((line.reached for line in lines), Reached()),
        notes=notes,
        noted=Counter(
            {line.pack.id: sum(n.sheet_count for n in notes if n.pack_id == line.pack.id) for line in lines}
        ),
        open_packs=[line.pack for line in lines if line.pack.group.substitutes],
        names=find_display_names(session, [note.recorded_by for note in notes]),
        problem=problem,
        **_words(),
    )


def _lines_of(place: Place) -> list[PackLine]:
    lines = hand_over_lists.list_lines(current_session(), current_campaign())
    return [line for line in lines if line.pack.place_unit_id == place.unit_id]


def _line_words(line: HandOver) -> str:
    """What a line says: “Đã giao bộ B017-4, 30 tờ, cho Phòng Nội vụ”."""
    values = {"code": line.pack.code, "sheets": line.sheet_count, "person": line.person}
    if line.sheet_count == 1:
        values["serial"] = serial_text(line.sheets[0].serial)
        if line.kind == HandOverKind.ISSUED:
            return _("Đã giao phiếu %(serial)s (bộ %(code)s) cho %(person)s.", **values)
        return _("Đã thu phiếu %(serial)s (bộ %(code)s).", **values)
    if line.kind == HandOverKind.ISSUED:
        return _("Đã giao bộ %(code)s, %(sheets)s tờ, cho %(person)s.", **values)
    return _("Đã thu bộ %(code)s, %(sheets)s tờ.", **values)


def _words() -> dict[str, Any]:
    return {
        "place_code": place_code,
        "place_name": functools.partial(place_name, current_campaign()),
        "pack_words": papers.pack_words,
        "serial_text": serial_text,
    }
