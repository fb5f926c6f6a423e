"""`chamdiem-template/1`: where the bubbles of a form stand that somebody else printed.

A folder with `template.json` and, where there is one, the picture of a blank; docs/formats.md describes it.
Lengths are in the template's own unit from the top left of the page; a pixel's centre lies at half numbers.
"""

import hashlib
import json
import statistics
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.errors import TemplateInvalid

Grey = NDArray[np.uint8]

SCHEMA = "chamdiem-template/1"
TEMPLATE_FILE = "template.json"
BLANK_FILE = "blank.png"
MARK_FILE = "mark.png"

Unit = Literal["mm", "px"]
Outline = Literal["round", "square", "unknown"]
Method = Literal["features", "marks", "corners", "timing", "page"]
Anchor = Literal["centre", "outer"]
_CORNERS = 4


@dataclass(frozen=True, slots=True)
class TemplateBubble:
    """One bubble: its option, centre and outer size."""

    option: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Question:
    """One answer with its bubbles, in printed order."""

    code: str
    bubbles: tuple[TemplateBubble, ...]


@dataclass(frozen=True, slots=True)
class Landmarks:
    """How the page is found on a scan.

    Attributes:
        method: `features` of the blank; four `marks` of one picture (centres); four `corners` of dark shapes;
            `timing` marks (centres); or the `page`'s own outline.
        points: where these stand, top left, top right, bottom right, bottom left first; none for
            `features` and `page`.
        mark_width: of `marks` and `timing`: printed width of one.
        crop_page: the paper's outline is cut out of the picture before the marks are sought.
        anchor: of `corners`: the point is the shape's `centre`, or its `outer` corner.
    """

    method: Method
    points: tuple[tuple[float, float], ...] = ()
    mark_width: float = 0.0
    crop_page: bool = False
    anchor: Anchor = "centre"


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A form that we did not print; equal only to itself, so that what is made of it can be kept.

    Attributes:
        name: of the form; `origin` tells where the template came from.
        unit: of all lengths: millimetres, or pixels of the page as the template knows it.
        width, height: of the page.
        outline: shape of the printed bubbles.
        joined: answers that are several questions' values put together, such as a number's digits.
        blank: the page with nothing written on it, uint8, filling it from edge to edge; or None.
        mark: picture of one corner mark, for `marks`.
    """

    name: str
    origin: str
    unit: Unit
    width: float
    height: float
    outline: Outline
    landmarks: Landmarks
    questions: tuple[Question, ...]
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    blank: Grey | None = field(default=None, repr=False)
    mark: Grey | None = field(default=None, repr=False)

    @property
    def bubbles(self) -> tuple[TemplateBubble, ...]:
        """All bubbles, question by question."""
        return tuple(b for q in self.questions for b in q.bubbles)

    @property
    def radius(self) -> float:
        """Half of what a bubble is wide or high, whichever is less: the median of all."""
        return statistics.median(min(b.width, b.height) for b in self.bubbles) / 2

    @property
    def sha256(self) -> str:
        """Names the template in readings: hash of its JSON and of its blank."""
        blank = b"" if self.blank is None else self.blank.tobytes()
        return hashlib.sha256(template_as_json(self).encode() + b"\0" + blank).hexdigest()


def template_as_json(template: Template) -> str:
    """Write the documented JSON, indented, ending in a newline; pictures lie beside it."""
    raw = asdict(replace(template, blank=None, mark=None))
    raw["blank"] = None if template.blank is None else BLANK_FILE
    raw["mark"] = None if template.mark is None else MARK_FILE
    return json.dumps({"schema": SCHEMA, **raw}, ensure_ascii=False, indent=1) + "\n"


def save_template(template: Template, folder: Path) -> None:
    """Write a checked template and its pictures into a folder, which is made if need be."""
    check_template(template)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TEMPLATE_FILE).write_text(template_as_json(template), encoding="utf-8")
    for name, picture in ((BLANK_FILE, template.blank), (MARK_FILE, template.mark)):
        if picture is not None and not cv2.imwrite(str(folder / name), picture):
            raise TemplateInvalid(f"Không ghi được {folder / name}.")


def load_template(folder: Path) -> Template:
    """Read a template's folder.

    Raises:
        TemplateInvalid: no such file, another schema, or a rule of `check_template` broken.
    """
    path = folder / TEMPLATE_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.pop("schema", None) != SCHEMA:
            raise TemplateInvalid(f"{path}: không phải {SCHEMA}.")
        template = _template(raw, folder)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TemplateInvalid(f"{path}: không đọc được mẫu ({error}).") from error
    check_template(template)
    return template


def _template(raw: dict[str, Any], folder: Path) -> Template:
    landmarks = raw["landmarks"]
    points = tuple((float(x), float(y)) for x, y in landmarks["points"])
    questions = tuple(
        Question(q["code"], tuple(TemplateBubble(**b) for b in q["bubbles"])) for q in raw["questions"]
    )
    parts = {
        "landmarks": Landmarks(**{**landmarks, "points": points}),
        "questions": questions,
        "joined": {code: tuple(codes) for code, codes in raw["joined"].items()},
        "blank": _picture(folder, raw["blank"]),
        "mark": _picture(folder, raw["mark"]),
    }
    return Template(**{**raw, **parts})


def _picture(folder: Path, name: str | None) -> Grey | None:
    return None if name is None else read_grey(folder / Path(name).name)


def read_grey(path: Path) -> Grey:
    """A picture file in grey; TemplateInvalid where there is none."""
    encoded = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    picture = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE) if encoded.size else None
    if picture is None:
        raise TemplateInvalid(f"Không đọc được ảnh {path}.")
    return np.asarray(picture, np.uint8)


# --- rules ----------------------------------------------------------------------------------------


def check_template(template: Template) -> None:
    """Refuse a template by which no page can be read, with a sentence for its maker.

    Raises:
        TemplateInvalid: no questions, a code or an option twice, bubbles outside the page or over one
            another, landmarks that do not fit their method.
    """
    for check in (_check_words, _check_codes, _check_bubbles, _check_landmarks):
        fault = check(template)
        if fault:
            raise TemplateInvalid(f"Mẫu {template.name}: {fault}")


def _check_words(template: Template) -> str:
    known = (
        (template.unit, Unit),
        (template.outline, Outline),
        (template.landmarks.method, Method),
        (template.landmarks.anchor, Anchor),
    )
    wrong = [word for word, words in known if word not in get_args(words)]
    return f"không hiểu “{wrong[0]}”." if wrong else ""


def _check_codes(template: Template) -> str:
    codes = [q.code for q in template.questions]
    if not codes:
        return "không có câu hỏi nào."
    repeated = [code for code, times in Counter([*codes, *template.joined]).items() if times > 1]
    if repeated:
        return f"mã câu {repeated[0]} có hai lần."
    unknown = [part for parts in template.joined.values() for part in parts if part not in codes]
    if unknown:
        return f"câu ghép nhắc đến {unknown[0]}, nhưng không có câu ấy."
    few = [q.code for q in template.questions if len({b.option for b in q.bubbles}) < max(1, len(q.bubbles))]
    return f"câu {few[0]} có hai ô cùng một phương án." if few else ""


def _check_bubbles(template: Template) -> str:
    bubbles = template.bubbles
    if not bubbles or min(min(b.width, b.height) for b in bubbles) <= 0:
        return "có ô không có kích thước."
    centres = np.array([(b.x, b.y) for b in bubbles])
    if (centres < 0).any() or (centres > (template.width, template.height)).any():
        return "có ô nằm ngoài trang."
    sizes = [min(b.width, b.height) for b in bubbles]
    if max(sizes) > 2 * min(sizes):
        return "các ô to nhỏ khác nhau quá hai lần."
    gaps = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    np.fill_diagonal(gaps, np.inf)
    if gaps.min() < min(sizes) * 0.9:
        one = bubbles[int(gaps.min(axis=1).argmin())]
        return f"có hai ô chồng lên nhau ở ({one.x:.0f}, {one.y:.0f})."
    return ""


def _check_landmarks(template: Template) -> str:
    landmarks = template.landmarks
    if landmarks.method == "features" and template.blank is None:
        return "nhận trang theo nét in thì phải có ảnh phiếu trắng."
    if landmarks.method == "marks" and (template.mark is None or landmarks.mark_width <= 0):
        return "thiếu ảnh hay bề rộng của dấu ở góc."
    needed = {"marks": _CORNERS, "corners": _CORNERS, "timing": 2 * _CORNERS}.get(landmarks.method, 0)
    exact = landmarks.method != "timing"
    if len(landmarks.points) < needed or (exact and len(landmarks.points) != needed):
        return f"cách nhận trang “{landmarks.method}” cần {needed} điểm."
    return ""
