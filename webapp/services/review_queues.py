"""In which way a person is asked about an answer: alone, as written words, or on a contact sheet.

And whose turn an item is.
"""

from sqlalchemy import ColumnElement, and_, case, or_

from webapp.persistence.accounts import User
from webapp.persistence.readings import FieldReading
from webapp.persistence.verification import ReviewItem, has_spoken

KINDS_OF_WORK = ("blank", "single", "second", "arbitration", "comment")
TURNS = ("second", "arbitration")  # states of items that wait for another person
ONE_BY_ONE = ("single", "comment")  # queues whose items come one at a time
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


def turns_of(user: User) -> ColumnElement[bool]:
    """Items that wait for this person, one at a time: nobody has two turns of one item."""
    alone = and_(ReviewItem.state == "open", ReviewItem.queue.in_(ONE_BY_ONE))
    return or_(alone, and_(ReviewItem.state.in_(TURNS), ~has_spoken(user.username)))


def kind_of_work() -> ColumnElement[str]:
    """Of an unfinished item: second, arbitration, else its queue."""
    return case((ReviewItem.state.in_(TURNS), ReviewItem.state), else_=ReviewItem.queue)


COMMENTS_LAST = (
    ReviewItem.queue == "comment",
    case({"open": 0, "second": 1}, value=ReviewItem.state, else_=2),
)
