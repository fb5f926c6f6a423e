"""What a person may say of an answer, and what each word needs beside it."""

from dataclasses import dataclass

from webapp.errors import InvalidInput
from webapp.persistence.verification import Decision, ReviewItem

INVALID_REASONS = ("several_marks", "between_options", "all_crossed_out", "unreadable_mark")
ESCALATION_REASONS = ("unsure_rule", "need_paper", "written_note", "wrong_sheet")
ARBITRATION_REASONS = ("faint_counts", "dirt", "crossed_out", "other")
_OF_ANSWERS = ("option", "blank", "invalid", "escalate")
ANSWER_KINDS = {
    "single": _OF_ANSWERS,
    "grid": _OF_ANSWERS,
    "comment": ("text", "blank", "unreadable", "escalate"),
}
_REASONS = {"invalid": INVALID_REASONS, "escalate": ESCALATION_REASONS}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said: `kind` and `value` as in Decision, and how it was entered.

    `seen_reading_id` is the field reading whose crop was on the screen; a re-read may have come since.
    `grid_id` is the group grid with which many answers were given at once.
    """

    kind: str
    value: str | None = None
    reason: str | None = None
    input_kind: str | None = None
    shown_ms: int | None = None
    seen_reading_id: int | None = None
    grid_id: int | None = None


def check_answer(item: ReviewItem, answer: Answer, stage: str | None) -> None:
    """Refuse what the item cannot have: an option that is not printed, a missing reason, empty words.

    A third person (`stage` "arbitration") has the last word, and passes nothing on.

    Raises:
        InvalidInput: not an answer that this item can have.
    """
    known = answer.kind in ANSWER_KINDS[item.queue] and (answer.kind, stage) != ("escalate", "arbitration")
    if known and answer.reason is not None and answer.kind in ("option", "blank", "text", "unreadable"):
        known = answer.reason in ARBITRATION_REASONS
    if known and answer.kind in _REASONS:
        known = answer.reason in (*_REASONS[answer.kind], *ARBITRATION_REASONS)
    if known and answer.kind == "option":
        known = answer.value in {bubble["option"] for bubble in item.field_reading.bubbles}
    if known and answer.kind == "text":
        known = bool(answer.value and answer.value.strip())
    if not known:
        raise InvalidInput("Câu trả lời này không hợp với ô đang hiện. Chọn một trong các nút trên màn hình.")


def is_same(said: Decision, answer: Answer) -> bool:
    """Whether a person says again what they said."""
    return (said.kind, said.value, said.reason) == (answer.kind, answer.value, answer.reason)
