"""Biên bản họp thẩm định: who met, what the appraisal changed and why, component by component."""

from collections.abc import Sequence

from webapp.papers.official.changes import UnitChanges, level_changes
from webapp.papers.official.document import (
    Block,
    Closing,
    Letterhead,
    OfficialDocument,
    Signature,
    Style,
    Text,
)
from webapp.papers.official.figures import levels_of, points, sentence_start, signed
from webapp.papers.official.office import Office
from webapp.papers.official.wording import BLANK, Wording
from webapp.papers.publication.edition import Edition
from webapp.papers.signed_paper import Cell, Column, Table
from webapp.par_index.exact import ZERO
from webapp.par_index.outcome import LevelResult, Origin, Part

_TEAM, _SYMBOL = "TỔ THẨM ĐỊNH", "TTĐ"
_ADDRESSED = ("Ông ", "Bà ", "ông ", "bà ")
_SET_ASIDE = {Origin.EXCLUDED: "không áp dụng", Origin.FULL: "tính đủ"}


def compose(
    edition: Edition, office: Office, wording: Wording, marks: Sequence[str], small_print: Sequence[str]
) -> OfficialDocument:
    """The minutes of the meeting that fixed the points of this version."""
    levels = levels_of(edition)
    return OfficialDocument(
        letterhead=Letterhead((office.name.upper(),), (_TEAM,), f"Số:         /BB-{_SYMBOL}", ""),
        title="BIÊN BẢN",
        subject=f"Họp thẩm định kết quả tự chấm Chỉ số cải cách hành chính năm {edition.year}",
        blocks=[
            *_meeting(wording),
            Text("I. KẾT QUẢ THẨM ĐỊNH", Style.HEADING),
            *(_summary(edition, level) for level in levels),
            Text("II. ĐIỂM THÀNH PHẦN THAY ĐỔI HOẶC KHÔNG ÁP DỤNG", Style.HEADING),
            *(block for level in levels for unit in level_changes(level) for block in _details(unit)),
            Text("III. Ý KIẾN TẠI CUỘC HỌP", Style.HEADING),
            *(Text(paragraph) for paragraph in wording.paragraphs("opinions")),
            Text("IV. THÀNH VIÊN KÝ XÁC NHẬN", Style.HEADING),
            _members(wording),
            Text(
                f"Cuộc họp kết thúc vào {wording.text('ended')}; biên bản được đọc lại, mọi người thống nhất"
                " và cùng ký./."
            ),
        ],
        closing=Closing(
            right=Signature(("CHỦ TRÌ",), _signing_name(wording.text("chair"))),
            left=Signature(("THƯ KÝ",), _signing_name(wording.text("secretary"))),
            recipients=wording.lines("recipients"),
        ),
        appendices=(),
        marks=marks,
        small_print=small_print,
    )


def _meeting(wording: Wording) -> list[Text]:
    return [
        Text(wording.text("begun"), lead="Thời gian bắt đầu:"),
        Text(wording.text("place"), lead="Địa điểm:"),
        Text(wording.text("chair"), lead="Chủ trì:"),
        Text(wording.text("secretary"), lead="Thư ký:"),
        Text("; ".join(wording.lines("members")), lead="Thành viên:"),
    ]


def _signing_name(person: str) -> str:
    """“Ông Nguyễn Văn A, Trưởng phòng Nội vụ” signs as “Nguyễn Văn A”."""
    name = person.partition(",")[0].strip()
    for word in _ADDRESSED:
        name = name.removeprefix(word)
    return "" if BLANK in name else name


def _summary(edition: Edition, level: LevelResult) -> Table:
    columns = [
        Column("TT", 8, is_number=True), Column("Đơn vị", 50), Column("Tự chấm", 15, is_number=True),
        Column("Thẩm định", 15, is_number=True), Column("Chênh lệch", 15, is_number=True),
        Column("Số chỗ thay đổi", 14, is_number=True), Column("Không áp dụng", 13, is_number=True),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            place, sentence_start(one.unit.name), points(one.self_points), points(one.appraised_points),
            signed(one.appraised_points - one.self_points), len(one.changed) + len(one.refused),
            len(one.set_aside),
        ]
        for place, one in enumerate(level_changes(level), 1)
    ]  # fmt: skip
    return Table(edition.level_names[level.level], columns, rows)


def _details(one: UnitChanges) -> list[Block]:
    """Changed and set-aside components of a unit with their reasons; a unit without any in one sentence."""
    name = sentence_start(one.unit.name)
    if not one.changed and not one.refused and not one.set_aside:
        return [Text(f"{name}: giữ nguyên điểm tự chấm.")]
    columns = [
        Column("Mã", 9), Column("Tiêu chí thành phần", 42), Column("Tự chấm", 11, is_number=True),
        Column("Thẩm định", 14, is_number=True), Column("Lý do", 44),
    ]  # fmt: skip
    rows = [_changed(part) for part in one.changed]
    rows += [[*_declared_aside(part), points(part.points), part.reason] for part in one.refused]
    rows += [[*_declared_aside(part), _SET_ASIDE[Origin(part.origin)], part.reason] for part in one.set_aside]
    return [Table(name, columns, rows)]


def _changed(part: Part) -> list[Cell]:
    difference = signed((part.points or ZERO) - (part.self_points or ZERO))
    fixed = f"{points(part.points)} ({difference})"
    return [part.component, part.title, points(part.self_points), fixed, part.reason]


def _declared_aside(part: Part) -> list[Cell]:
    own = "không áp dụng" if part.self_points is None else points(part.self_points)
    return [part.component, part.title, own]


def _members(wording: Wording) -> Table:
    """A line for everybody to sign."""
    rows: list[list[Cell]] = [[place, member, ""] for place, member in enumerate(wording.lines("members"), 1)]
    columns = [Column("TT", 8, is_number=True), Column("Họ và tên, chức vụ", 60), Column("Chữ ký", 40)]
    return Table("", columns, rows, is_signed=True)
