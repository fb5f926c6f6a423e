"""The tables of a catalogue: what their columns are called, and which value stands in each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from webapp.par_index.exact import Words, words
from webapp.par_index.scheme import Classification, Policy, RespondentPool
from webapp.par_index.shapes import Measure
from webapp.scheme_tables import cells
from webapp.typed_tables.parts import Column, Part, Read

GENERAL, TREE, CHOICES, BANDS, WEIGHTS = "general", "tree", "choices", "bands", "weights"
AREA, CRITERION, COMPONENT = "area", "criterion", "component"
NODES = {AREA: "lĩnh vực", CRITERION: "tiêu chí", COMPONENT: "thành phần"}
SHAPES = {
    "levels": "mức",
    "ratio": "tỷ lệ",
    "bands": "khoảng",
    "checklist": "cộng",
    "deduct": "trừ",
    "count": "đếm",
    "survey": "điều tra",
}
POLICIES: Mapping[str, str] = {
    Policy.NOT_ALLOWED: "không được",
    Policy.FULL: "đủ điểm",
    Policy.EXCLUDE: "loại ra",
}
MEASURES: Mapping[str, str] = {Measure.COUNT: "số đếm", Measure.AMOUNT: "khối lượng"}


@dataclass(frozen=True, slots=True)
class General:
    """What is said of the catalogue as a whole; points, and the share of questions of a form that count."""

    level: str
    title: str
    version: str
    year: int
    status: str
    maximum: Decimal
    maximum_appraisal: Decimal
    maximum_survey: Decimal
    least_answered: Fraction
    smallest_cell: int


@dataclass(frozen=True, slots=True)
class Node:
    """An area, a criterion or a component. `rule` is a shape for what is scored itself, else "".

    `maximum` in points also stands for the start of a deduction, the cap of a count and the points of a full
    ratio: they are one number. `full_at` and `zero_below` are ratios, 1 = 100 %.
    """

    code: str
    kind: str
    title: str
    maximum: Decimal
    rule: str = ""
    numerator: str = ""
    denominator: str = ""
    measure: str = ""
    full_at: Fraction | None = None
    zero_below: Fraction | None = None
    floor: Decimal | None = None
    zero_if: str | None = None
    evidence: tuple[str, ...] = ()
    policy: str = ""
    condition: str = ""
    verifier: str = ""


@dataclass(frozen=True, slots=True)
class NumberedChoice:
    """A level, part, event or piece of a component's rule, counted from 1."""

    component: str
    number: int
    label: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class NumberedBand:
    """An interval of ratios of a component's rule, counted from 1."""

    component: str
    number: int
    minimum: Fraction
    minimum_inclusive: bool
    maximum: Fraction | None
    maximum_inclusive: bool
    points: Decimal


@dataclass(frozen=True, slots=True)
class ComponentWeight:
    """The share of a survey component that a pool decides."""

    component: str
    pool: str
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Question:
    """A scored question without its options."""

    code: str
    form: str
    text: str
    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """An answer of a question."""

    question: str
    code: str
    label: str
    weight: Fraction


def _required(
    code: str, title: Words, read: Read = cells.read_text, write: Callable[[object], str] = cells.write_text
) -> Column:
    return Column(code, title, read, write)


def _optional(
    code: str,
    title: Words,
    read: Read = cells.read_text,
    write: Callable[[object], str] = cells.write_text,
    default: object = "",
) -> Column:
    return Column(code, title, read, write, is_required=False, default=default)


def _points(code: str, title: Words) -> Column:
    return _required(code, title, cells.read_points, cells.write_number)


def _share(code: str, title: Words) -> Column:
    return _required(code, title, cells.read_share, cells.write_number)


def _word(code: str, title: Words, of: Mapping[str, str]) -> Column:
    return _optional(code, title, cells.read_word(of), cells.write_word(of))


_PARTS = (
    Part(
        GENERAL,
        words("Chung"),
        General,
        (
            _required("level", words("Mã cấp"), cells.read_code),
            _required("title", words("Tên bộ chỉ số")),
            _required("version", words("Ký hiệu bản")),
            _required("year", words("Năm đánh giá"), cells.read_whole),
            _optional("status", words("Mức tin cậy của bộ chỉ số")),
            _points("maximum", words("Tổng điểm")),
            _points("maximum_appraisal", words("Điểm thẩm định")),
            _points("maximum_survey", words("Điểm điều tra")),
            _share("least_answered", words("Phần câu phải trả lời để phiếu được tính")),
            _required("smallest_cell", words("Ít người hơn số này thì không hiện"), cells.read_whole),
        ),
        ("level",),
    ),
    Part(
        TREE,
        words("Tiêu chí"),
        Node,
        (
            _required("code", words("Mã"), cells.read_code),
            _required("kind", words("Loại"), cells.read_word(NODES), cells.write_word(NODES)),
            _required("title", words("Nội dung")),
            _points("maximum", words("Điểm tối đa")),
            _word("rule", words("Cách chấm"), SHAPES),
            _optional("numerator", words("Tử số")),
            _optional("denominator", words("Mẫu số")),
            _word("measure", words("Hai số là"), MEASURES),
            _optional(
                "full_at",
                words("Đủ điểm từ (phần trăm)"),
                cells.read_percent,
                cells.write_percent,
                default=None,
            ),
            _optional(
                "zero_below",
                words("0 điểm khi dưới (phần trăm)"),
                cells.read_percent,
                cells.write_percent,
                default=None,
            ),
            _optional("floor", words("Trừ không dưới"), cells.read_points, cells.write_number, default=None),
            _optional("zero_if", words("Còn 0 điểm nếu"), default=None),
            _optional(
                "evidence",
                words("Minh chứng (mỗi dòng một tài liệu)"),
                cells.read_lines,
                cells.write_lines,
                (),
            ),
            _word("policy", words("Không áp dụng thì"), POLICIES),
            _optional("condition", words("Điều kiện không áp dụng")),
            _optional("verifier", words("Nơi thẩm định")),
        ),
        ("code",),
    ),
    Part(
        CHOICES,
        words("Mức điểm"),
        NumberedChoice,
        (
            _required("component", words("Mã tiêu chí"), cells.read_code),
            _required("number", words("Thứ tự"), cells.read_whole),
            _required("label", words("Nội dung")),
            _points("points", words("Điểm")),
        ),
        ("component", "number"),
    ),
    Part(
        BANDS,
        words("Khoảng tỷ lệ"),
        NumberedBand,
        (
            _required("component", words("Mã tiêu chí"), cells.read_code),
            _required("number", words("Thứ tự"), cells.read_whole),
            _required("minimum", words("Từ (phần trăm)"), cells.read_percent, cells.write_percent),
            _required("minimum_inclusive", words("Kể cả đầu dưới"), cells.read_yes, cells.write_yes),
            _optional("maximum", words("Đến (phần trăm)"), cells.read_percent, cells.write_percent, None),
            _required("maximum_inclusive", words("Kể cả đầu trên"), cells.read_yes, cells.write_yes),
            _points("points", words("Điểm")),
        ),
        ("component", "number"),
    ),
    Part(
        WEIGHTS,
        words("Trọng số nhóm trả lời"),
        ComponentWeight,
        (
            _required("component", words("Mã tiêu chí"), cells.read_code),
            _required("pool", words("Nhóm"), cells.read_code),
            _share("weight", words("Trọng số")),
        ),
        ("component", "pool"),
    ),
    Part(
        "classes",
        words("Xếp loại"),
        Classification,
        (_required("label", words("Loại")), _points("minimum", words("Từ (phần trăm)"))),
        ("label",),
    ),
    Part(
        "pools",
        words("Nhóm gộp"),
        RespondentPool,
        (
            _required("code", words("Mã"), cells.read_code),
            _required("form", words("Mẫu phiếu"), cells.read_code),
            _required("groups", words("Các nhóm trả lời"), cells.read_codes, cells.write_codes),
            _optional("label", words("Tên nhóm")),
        ),
        ("code",),
    ),
    Part(
        "questions",
        words("Câu hỏi"),
        Question,
        (
            _required("code", words("Mã"), cells.read_code),
            _required("form", words("Mẫu phiếu"), cells.read_code),
            _required("text", words("Nội dung")),
            _optional("feeds", words("Tính vào tiêu chí"), cells.read_codes, cells.write_codes, ()),
        ),
        ("code",),
    ),
    Part(
        "options",
        words("Phương án"),
        Option,
        (
            _required("question", words("Mã câu"), cells.read_code),
            _required("code", words("Thứ tự"), cells.read_code),
            _required("label", words("Nội dung")),
            _share("weight", words("Trọng số")),
        ),
        ("question", "code"),
    ),
)
PARTS: Mapping[str, Part] = {part.code: part for part in _PARTS}
