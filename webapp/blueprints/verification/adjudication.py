"""The lines of the head's page: what waits, where two people differ, and what the head has settled."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from ocr.sheet_code import serial_text
from webapp.blueprints.verification.screens import place_of, said_words
from webapp.blueprints.verification.words import ESCALATION_WORDS
from webapp.http.context import current_session, form_library
from webapp.persistence.verification import Decision, ReviewItem, second_opinions
from webapp.services.review_work import Dispute


@dataclass(frozen=True, slots=True)
class Said:
    """One person's answer in words."""

    words: str
    actor: str
    decided_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """An answer with the link to where it is decided, and what was said about it."""

    address: str
    place: str
    serial: str
    said: Sequence[Said]


def waiting_line(item: ReviewItem, sent: Decision | None) -> Line:
    """An answer that was passed to the head, with the reason."""
    return _line(item, [] if sent is None else [_passed_on(sent)])


def disputed_line(dispute: Dispute) -> Line:
    """The answer that counts, then those that came too late."""
    return _line(dispute.item, [_said(said) for said in (dispute.counted, *dispute.opinions)])


def settled_lines(newest_first: Sequence[Decision]) -> list[Line]:
    """What the head said last of each answer, with the way back."""
    last = {said.item_id: said for said in reversed(newest_first)}
    return [_line(said.item, [_said(said)]) for said in newest_first if last[said.item_id] is said]


def opinion_lines(item: ReviewItem) -> list[Said]:
    """What people said about one answer too late to count."""
    return [_said(said) for said in second_opinions(current_session(), item.id)]


def _line(item: ReviewItem, said: Sequence[Said]) -> Line:
    form = form_library().form(item.sheet.form_code, item.sheet.form_version)
    return Line(
        address=url_for("verification.show_one_escalated", item_id=item.id),
        place=f"{item.form_code} · {place_of(form, item.field_code)}",
        serial=serial_text(item.sheet.serial),
        said=said,
    )


def _passed_on(sent: Decision) -> Said:
    return Said(str(ESCALATION_WORDS.get(sent.reason or "", "")), sent.actor, sent.decided_at)


def _said(said: Decision) -> Said:
    sheet = said.item.sheet
    form = form_library().form(sheet.form_code, sheet.form_version)
    words = said.value if said.kind == "text" else None
    return Said(words or said_words(form, said), said.actor, said.decided_at)
