"""What one item's screen shows, put together from the item and its form; nothing here is stored.

The machine's states and scores never come near the page: only a suggestion where `suggest_answer` allows it.
"""

from dataclasses import dataclass

from ocr.layout import Field, PageLayout
from ocr.sheet_code import serial_text
from ocr.template import FormLibrary, FormTemplate
from webapp.blueprints.verification.words import KIND_WORDS, reasons_to_look
from webapp.http.context import current_session
from webapp.http.documents import picture_within
from webapp.http.locale import gettext, language
from webapp.persistence.verification import Decision, ReviewItem
from webapp.services.booklets import find_place
from webapp.services.suggestions import suggest_answer

CROP_MARGIN_MM = 2.0  # the reader cuts this much around the field (ocr.pictures)
NUMBER_STRIP_MM = 6.0


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: the option's code is also its key."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Number:
    """A digit drawn at a bubble, in millimetres of the picture."""

    text: str
    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class Picture:
    """The crop with the options' numbers; `start_share` is where on its width the answers begin.

    `left_mm` and `top_mm` are where on the paper it begins.
    """

    left_mm: float
    top_mm: float
    width_mm: float
    crop_height_mm: float
    height_mm: float
    numbers: tuple[Number, ...]
    start_share: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The question's place on the whole page."""

    page_width_mm: float
    page_height_mm: float
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class ItemScreen:
    """One item as a reviewer sees it; units have numbers here, not names, so that nobody favours his own.

    `crop` is the picture itself as a `data:` address; None: the part of the page is shown instead.
    """

    item: ReviewItem
    serial: str
    unit_number: int
    place: str
    question: str
    reasons: list[str]
    choices: tuple[Choice, ...]
    is_blind: bool
    suggestion: Choice | None
    picture: Picture
    crop: str | None
    frame: Frame
    said: str | None
    draft: str | None

    @property
    def announcement(self) -> str:
        """What a screen reader says when the item appears."""
        return f"{self.place}, {gettext('phiếu %(serial)s', serial=self.serial)}: {', '.join(self.reasons)}"


def make_screen(
    library: FormLibrary, item: ReviewItem, said: Decision | None, draft: str | None
) -> ItemScreen:
    """Everything that the item's screen shows."""
    sheet = item.sheet
    form = library.form(sheet.form_code, sheet.form_version)
    page, field = find_field(library, item)
    choices = _choices(form, item.field_code)
    return ItemScreen(
        item=item,
        serial=serial_text(sheet.serial),
        unit_number=sheet.unit.position + 1,
        place=place_of(form, item.field_code),
        question=form.text(item.field_code, language()),
        reasons=reasons_to_look(item),
        choices=choices,
        is_blind=item.state == "second",
        suggestion=_suggestion(item, choices),
        picture=picture_of(field),
        crop=_crop(item),
        frame=Frame(page.width_mm, page.height_mm, field.x_mm, field.y_mm, field.width_mm, field.height_mm),
        said=None if said is None else said_words(form, said),
        draft=draft,
    )


def place_of(form: FormTemplate, field_code: str) -> str:
    """Where on the form: “Câu 7/17”, the head's or the comment's name."""
    for question in form.questions:
        if question.id == field_code:
            return gettext("Câu %(number)s/%(total)s", number=question.number, total=len(form.questions))
    return gettext("Ý kiến viết tay") if field_code == form.comment.id else gettext("Thông tin chung")


def said_words(form: FormTemplate, decision: Decision) -> str:
    """A decision in few words: “2 Hài lòng”, “trống”."""
    return value_words(form, decision.item.field_code, decision.kind, decision.value)


def value_words(form: FormTemplate, field_code: str, kind: str, value: str | None) -> str:
    """The same, of a value that nobody said yet."""
    if kind != "option":
        return str(KIND_WORDS[kind])
    labels = form.option_labels(field_code, language())
    return f"{value} {labels[int(value or 1) - 1]}"


def find_field(library: FormLibrary, item: ReviewItem) -> tuple[PageLayout, Field]:
    """The item's place on paper."""
    return find_place(current_session(), library, item.sheet, item.field_code)


def _crop(item: ReviewItem) -> str | None:
    sha256 = item.field_reading.crop_sha256
    return None if sha256 is None else picture_within(sha256, "image/jpeg")


def _choices(form: FormTemplate, field_code: str) -> tuple[Choice, ...]:
    if field_code == form.comment.id:
        return ()
    labels = form.option_labels(field_code, language())
    return tuple(Choice(str(number), label) for number, label in enumerate(labels, start=1))


def _suggestion(item: ReviewItem, choices: tuple[Choice, ...]) -> Choice | None:
    code = suggest_answer(item)
    if code == "blank":
        return Choice("0", gettext("Để trống"))
    return next((choice for choice in choices if choice.code == code), None)


def picture_of(field: Field) -> Picture:
    """The crop's geometry; numbers stand below one row of bubbles, beside the bubbles of several rows."""
    left, top = field.x_mm - CROP_MARGIN_MM, field.y_mm - CROP_MARGIN_MM
    width, height = field.width_mm + 2 * CROP_MARGIN_MM, field.height_mm + 2 * CROP_MARGIN_MM
    one_row = len({bubble.y_mm for bubble in field.bubbles}) == 1
    numbers = tuple(
        Number(b.option, b.x_mm - left, height + 0.7 * NUMBER_STRIP_MM)
        if one_row
        else Number(b.option, b.x_mm - left - b.r_mm - 2.0, b.y_mm - top + 1.2)
        for b in field.bubbles
    )
    first_mm = min((number.x_mm for number in numbers), default=0.0)
    strip_mm = NUMBER_STRIP_MM if one_row else 0.0
    return Picture(left, top, width, height, height + strip_mm, numbers, max(0.0, (first_mm - 5) / width))
