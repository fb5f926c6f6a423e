"""What reading gives: frozen, picklable values of plain types; see docs/formats.md for their JSON."""

from dataclasses import dataclass, field
from enum import StrEnum


class Flag(StrEnum):
    """Why a person must look. A closed list: docs/glossary.md explains each in Vietnamese."""

    # on an answer
    MARGINAL_MARK = "marginal_mark"
    MULTIPLE_MARKS = "multiple_marks"
    CORRECTED_MARK = "corrected_mark"
    NO_MARK = "no_mark"
    LOW_CONFIDENCE = "low_confidence"
    # on an answer or a page
    POOR_REGISTRATION = "poor_registration"
    STREAK = "streak"
    # on a page
    UNKNOWN_FORM = "unknown_form"
    DAMAGED_CODE = "damaged_code"
    BLANK_PAGE = "blank_page"
    POOR_IMAGE = "poor_image"
    WRONG_SCALE = "wrong_scale"
    SEPARATOR = "separator"
    COVER_SLIP = "cover_slip"
    # across pages
    DUPLICATE_SHEET = "duplicate_sheet"
    MISSING_PAGE = "missing_page"


class MarkState(StrEnum):
    """What a bubble shows; `marginal` is neither, and goes to a person."""

    EMPTY = "empty"
    MARGINAL = "marginal"
    FILLED = "filled"
    CANCELLED = "cancelled"


class PageStatus(StrEnum):
    """`read`: every field accepted; `flagged`: some go to a person; `refused`: the page itself does."""

    READ = "read"
    FLAGGED = "flagged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SheetIdentity:
    """What the code on each side says: of which sheet this is which page.

    `serial` is the sheet's number without its check digit; `page` is 1 (front) or 2 (back). On a page of a
    booklet `rows` is how many units the booklet is about, `unit` is empty, `serial` is that of its first
    row's sheet, and `page` counts on.
    """

    form: str
    version: int
    group: str
    unit: str
    serial: int
    page: int
    rows: int = 0


@dataclass(frozen=True, slots=True)
class BubbleReading:
    """One bubble: `score` in [0, 1] is the probability that the person meant this option."""

    option: str
    state: MarkState
    score: float


@dataclass(frozen=True, slots=True)
class FieldReading:
    """One question: `value` is an option, or None for blank or undecided.

    `confidence` in [0, 1] is the calibrated probability that `value` is what the person meant.
    `accepted` is True only where no person need look; then `flags` is empty.
    """

    code: str
    value: str | None
    confidence: float
    accepted: bool
    flags: tuple[Flag, ...]
    bubbles: tuple[BubbleReading, ...]


@dataclass(frozen=True, slots=True)
class TextReading:
    """A handwritten box: whether something is written, and Tesseract's draft (never more than a draft)."""

    code: str
    written: bool
    draft: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class PageQuality:
    """How good the picture is. `contrast` and the like are in [0, 1]; None where it was not measurable.

    `blur_mm` is how wide the edge of a printed marker is; `scale` is None for a photo, whose sheet need
    not fill it. `missing_corners`, of a page that could not be placed on which some markers were found:
    where the others should be ("top_left", "top_right", "bottom_right", "bottom_left").
    """

    width_px: int
    height_px: int
    dpi: float | None = None
    rotation_deg: float | None = None
    scale: float | None = None
    residual_mm: float | None = None
    blur_mm: float | None = None
    contrast: float | None = None
    ink_share: float | None = None
    streak_columns: int = 0
    missing_corners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageReading:
    """The whole reading of one page image; always exists, a bad page is a refused one.

    `page_index` counts from 0 within `source`. `engine`, `template_sha256` and `thresholds` say
    exactly with what it was read.
    """

    source: str
    page_index: int
    status: PageStatus
    identity: SheetIdentity | None
    flags: tuple[Flag, ...]
    quality: PageQuality
    fields: tuple[FieldReading, ...] = ()
    texts: tuple[TextReading, ...] = ()
    engine: str = ""
    template_sha256: str = ""
    thresholds: str = ""


@dataclass(frozen=True, slots=True)
class Crop:
    """The picture of one field, cut when the page is read; `picture` is a grey JPEG."""

    code: str
    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PageResult:
    """A reading with its pictures: question crops, a preview of the whole page (upright if known), a drawing.

    All are JPEGs, and empty where they were not asked for; the drawing shows the reading on its page.
    """

    reading: PageReading
    crops: tuple[Crop, ...] = ()
    preview: bytes = field(default=b"", repr=False)
    drawing: bytes = field(default=b"", repr=False)
