"""What a reviewer's button says, and which part of the work is wanted."""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from webapp.errors import InvalidInput
from webapp.services.answer_kinds import Answer
from webapp.services.group_grid import TILES, GridAnswer
from webapp.services.review_queues import QUEUES
from webapp.services.verification import WorkFilter

_INPUTS = ("key", "button")
_LONGEST_MS = 24 * 3600 * 1000


def read_answer(fields: Mapping[str, str]) -> Answer:
    """The pressed button (`option:3`, `blank`, `invalid:several_marks`, `text` …) and how it was pressed.

    Raises:
        InvalidInput: no button at all.
    """
    kind, _, detail = fields.get("answer", "").partition(":")
    if not kind:
        raise InvalidInput("Chưa chọn câu trả lời nào. Chọn một trong các nút trên màn hình.")
    return Answer(
        kind=kind,
        value=_value(kind, detail, fields.get("text", "")),
        reason=fields.get("reason") or (detail if kind in ("invalid", "escalate") else None),
        input_kind=_input_kind(fields),
        shown_ms=_whole(fields.get("shown_ms", ""), _LONGEST_MS),
        seen_reading_id=_whole(fields.get("reading", "")),
    )


def read_grid_answer(fields: MultiDict[str, str]) -> GridAnswer:
    """The tiles that were on the screen (`seen`) and those that belong elsewhere (`marked`).

    Raises:
        InvalidInput: nothing was seen or marked, or more than a grid has.
    """
    seen, marked = read_ids(fields, "seen"), read_ids(fields, "marked")
    if not seen and not marked:
        raise InvalidInput("Chưa có ô nào được xem. Nhìn ảnh trước, rồi mới nhận.")
    if max(len(seen), len(marked)) > TILES:
        raise InvalidInput("Một bảng không có nhiều ô như vậy. Tải lại trang rồi làm lại.")
    return GridAnswer(
        seen=seen,
        marked=marked,
        input_kind=_input_kind(fields),
        shown_ms=_whole(fields.get("shown_ms", ""), _LONGEST_MS),
    )


def read_ids(fields: MultiDict[str, str], name: str) -> frozenset[int]:
    """The tiles that the boxes of this name stand for.

    Raises:
        InvalidInput: one of them is no number.
    """
    return frozenset(_id_in(tile) for tile in fields.getlist(name))


def read_filter(fields: Mapping[str, str], campaign_id: int) -> WorkFilter:
    """Which queue (`hang`) and form (`phieu`) the address names; what is unknown is left out."""
    queue = fields.get("hang", "")
    known = queue in {one.code for one in QUEUES}
    return WorkFilter(campaign_id, queue if known else None, fields.get("phieu") or None)


def filter_arguments(wanted: WorkFilter) -> dict[str, Any]:
    """The same, for addresses."""
    arguments = {"hang": wanted.queue, "phieu": wanted.form_code}
    return {name: value for name, value in arguments.items() if value is not None}


def _input_kind(fields: Mapping[str, str]) -> str | None:
    pressed = fields.get("input_kind", "")
    return pressed if pressed in _INPUTS else None


def _id_in(text: str) -> int:
    """The tile that a box names.

    Raises:
        InvalidInput: no number.
    """
    found = _whole(text, 2**31 - 1)
    if found is None:
        raise InvalidInput("Trang gửi lên một ô không đọc được. Tải lại trang rồi làm lại.")
    return found


def _value(kind: str, detail: str, text: str) -> str | None:
    if kind == "option":
        return detail
    return text.strip() if kind == "text" else None


def _whole(text: str, most: int = 2**53) -> int | None:
    """A whole number from a hidden field, or None: a broken script must not cost an answer."""
    return int(text) if text.isascii() and text.isdigit() and int(text) <= most else None
