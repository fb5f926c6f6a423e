"""What a reviewer's button says, and which part of the work is wanted."""

from collections.abc import Mapping
from typing import Any

from webapp.errors import InvalidInput
from webapp.services.verification import Answer, WorkFilter

QUEUES = ("single", "comment")
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
    input_kind = fields.get("input_kind", "")
    return Answer(
        kind=kind,
        value=_value(kind, detail, fields.get("text", "")),
        reason=detail if kind in ("invalid", "escalate") else None,
        input_kind=input_kind if input_kind in _INPUTS else None,
        shown_ms=_whole(fields.get("shown_ms", ""), _LONGEST_MS),
        seen_reading_id=_whole(fields.get("reading", "")),
    )


def read_filter(fields: Mapping[str, str], campaign_id: int) -> WorkFilter:
    """Which queue (`hang`) and form (`phieu`) the address names; what is unknown is left out."""
    queue = fields.get("hang", "")
    return WorkFilter(campaign_id, queue if queue in QUEUES else None, fields.get("phieu") or None)


def filter_arguments(wanted: WorkFilter) -> dict[str, Any]:
    """The same, for addresses."""
    arguments = {"hang": wanted.queue, "phieu": wanted.form_code}
    return {name: value for name, value in arguments.items() if value is not None}


def _value(kind: str, detail: str, text: str) -> str | None:
    if kind == "option":
        return detail
    return text.strip() if kind == "text" else None


def _whole(text: str, most: int = 2**53) -> int | None:
    """A whole number from a hidden field, or None: a broken script must not cost an answer."""
    return int(text) if text.isascii() and text.isdigit() and int(text) <= most else None
