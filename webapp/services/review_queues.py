"""The queues in the order of work, and which an answer enters: among others of its group, or alone.

The group grid takes an answer whose predicted value one look can confirm, and nothing else is in question
(ux.md B2, Q1):
- nothing marked: the one flag `no_mark`, and every bubble surely empty;
- one dominant mark: all other bubbles surely empty, the machine's value the marked option, at least four
  fifths sure of it, and the one flag `low_confidence`, or `marginal_mark` where the mark itself is the faint
  one. A sure mark with `marginal_mark` has something odd beside it: that is looked at alone.
Two marks, corrections, streaks, doubtful registration, and whatever has no picture, go to the single items.
Whose turn an item is, after a first person, is told by its state (services.second_key).
"""

import datetime as dt
import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, or_

from webapp.persistence.accounts import User
from webapp.persistence.jobs import LONGEST_LEASE
from webapp.persistence.readings import FieldReading
from webapp.persistence.verification import ReviewItem, has_spoken


@dataclass(frozen=True, slots=True)
class Queue:
    """One kind of work; `anchor_s` is what a piece costs until enough was measured (ux.md B7)."""

    code: str
    anchor_s: float


QUEUES = (  # cheapest first (ux.md B2): the order in which one button leads through them
    Queue("page", 15.0),
    Queue("grid", 0.6),
    Queue("single", 2.0),
    Queue("second", 1.8),
    Queue("arbitration", 8.0),
    Queue("comment", 20.0),
)
TURNS = ("second", "arbitration")  # states of items that wait for another person
ONE_BY_ONE = ("single", "comment")  # queues whose items come one at a time
BLANK = "0"  # the predicted value of a group in which nothing is marked
_GROUP_KEY = re.compile(r"[1-9]\d?-\d{1,2}", re.ASCII)
_LEAST_SURE = 0.80
_BLANK_ALONE = ["no_mark"]
_DOUBT_OF_MARK = {"low_confidence": ("filled", "marginal"), "marginal_mark": ("marginal",)}


def queue_of(field: FieldReading) -> str:
    """Which queue a doubtful field enters."""
    if field.kind == "text":
        return "comment"
    return "single" if group_of(field) is None else "grid"


def group_of(field: FieldReading) -> str | None:
    """The group of a tile: how many options are printed, and the predicted one; None where it is no tile."""
    predicted = _predicted(field)
    return None if predicted is None else f"{len(field.bubbles)}-{predicted}"


def doubt_of(field: FieldReading) -> float:
    """How probable it is that the predicted value is wrong, in [0, 1].

    Of a blank, how near it comes to being an answer: its highest bubble score.
    """
    if field.value is not None and field.kind == "choice":
        return 1.0 - field.confidence
    return max((float(bubble["score"]) for bubble in field.bubbles), default=0.0)


def predicted_of(group_key: str) -> str:
    """The predicted option of a group; BLANK where nothing is marked."""
    return group_key.partition("-")[2]


def options_of(group_key: str) -> int:
    """How many options are printed beside each tile of a group."""
    return int(group_key.partition("-")[0])


def is_group_key(text: str) -> bool:
    """Whether a text from a page names a group."""
    return _GROUP_KEY.fullmatch(text) is not None


def _predicted(field: FieldReading) -> str | None:
    """What one look at the picture can confirm, if anything."""
    if field.kind != "choice" or field.crop_sha256 is None:
        return None
    marked = [bubble for bubble in field.bubbles if bubble["state"] != "empty"]
    if not marked:
        return BLANK if field.flags == _BLANK_ALONE else None
    return str(field.value) if _is_dominant(field, marked) else None


def _is_dominant(field: FieldReading, marked: list[dict[str, object]]) -> bool:
    """Whether there is one mark, the machine takes it for the answer, and only doubts the mark itself."""
    if len(marked) != 1 or len(field.flags) != 1 or field.value != marked[0]["option"]:
        return False
    return field.confidence >= _LEAST_SURE and marked[0]["state"] in _DOUBT_OF_MARK.get(field.flags[0], ())


def is_free(now: dt.datetime) -> ColumnElement[bool]:
    """Whether nobody's lease is on an item; one from a clock that was ahead holds nothing."""
    too_late = ReviewItem.lease_until > now + LONGEST_LEASE
    return or_(ReviewItem.lease_user.is_(None), ReviewItem.lease_until <= now, too_late)


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
