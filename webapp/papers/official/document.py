"""An official document before it becomes a file of any kind; its words are Vietnamese, as the law asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from webapp.papers.signed_paper import Table


class Style(StrEnum):
    """How a paragraph is set."""

    BODY = "body"  # first line indented, both edges straight
    BASIS = "basis"  # the same in italics: what the document is founded on
    HEADING = "heading"  # the same in bold
    CENTRED = "centred"  # bold, in the middle
    NOTE = "note"  # small, under a table


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `lead` stands in bold before its words ("Điều 1.")."""

    words: str
    style: Style = Style.BODY
    lead: str = ""


Block = Text | Table


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The head of page one. Lines of `superior` upright, of `issuer` bold; `place_and_day` may be empty."""

    superior: Sequence[str]
    issuer: Sequence[str]
    number: str
    place_and_day: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs: the capacity in capitals, line by line, and the name ("" where it is not known yet)."""

    capacity: Sequence[str]
    name: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The end: who signs at the right, who besides at the left, and who gets the document."""

    right: Signature
    left: Signature | None
    recipients: Sequence[str]


@dataclass(frozen=True, slots=True)
class Appendix:
    """Pages of their own behind the signature, numbered apart; `attached` says what they belong to."""

    number: str
    title: str
    attached: str
    blocks: Sequence[Block]
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class OfficialDocument:
    """All that stands on it, from top to bottom.

    `marks` ("DỰ THẢO") stand under the number and at every foot, `small_print` at every foot.
    """

    letterhead: Letterhead
    title: str
    subject: str
    blocks: Sequence[Block]
    closing: Closing
    appendices: Sequence[Appendix]
    marks: Sequence[str]
    small_print: Sequence[str]

    @property
    def foot(self) -> str:
        """What stands at the foot of every page."""
        return " · ".join([*self.marks, *self.small_print])
