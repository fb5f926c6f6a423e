"""When a reviewer may see what the machine would answer: only where seeing it does no harm.

A shown value is believed: checking by eye leaves many times more errors than keying (ux.md B1). So nothing is
suggested for two marks, corrections, doubtful registration, streaks, or answers that a re-read contradicts.
One case remains, a single faint mark: the question is whether it is a mark at all, and the picture answers
it. What one look can confirm is confirmed on group grids (services.review_queues); of a tile that a person
set aside nothing is suggested.
"""

from webapp.persistence.readings import FieldReading
from webapp.persistence.verification import ReviewItem

_FAINT = frozenset({"marginal_mark"})


def suggest_answer(item: ReviewItem) -> str | None:
    """The option that Enter would accept, or None where the person decides without one."""
    field = item.field_reading
    if item.queue != "single" or item.state != "open":
        return None
    if item.reopened_at is not None or item.set_aside_at is not None:
        return None
    flags = frozenset(field.flags)
    marked = [bubble for bubble in field.bubbles if bubble["state"] != "empty"]
    if flags == _FAINT and len(marked) == 1:
        return _option_of(field, str(marked[0]["option"]))
    return None


def _option_of(field: FieldReading, marked: str) -> str | None:
    """The marked option, unless the machine itself leans to another one."""
    return marked if field.value in (None, marked) else None
