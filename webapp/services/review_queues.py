"""In which way a person is asked about an answer: alone, as written words, or on a contact sheet."""

from webapp.persistence.readings import FieldReading

_BLANK_ALONE = ["no_mark"]


def queue_of(field: FieldReading) -> str:
    """Which queue a doubtful field enters: a contact sheet only where nothing but blankness is in question.

    Without a picture there is nothing to see at a glance.
    """
    if field.kind == "text":
        return "comment"
    is_empty = all(bubble["state"] == "empty" for bubble in field.bubbles)
    is_blank = field.flags == _BLANK_ALONE and is_empty and field.crop_sha256 is not None
    return "blank" if is_blank else "single"


def doubt_of(field: FieldReading) -> float:
    """The highest bubble score, in [0, 1]: how near a blank comes to being an answer."""
    return max((float(bubble["score"]) for bubble in field.bubbles), default=0.0)
