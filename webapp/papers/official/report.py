"""Báo cáo kết quả: how the year went, what came out, where most points were lost."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from webapp.papers.official.changes import level_changes
from webapp.papers.official.document import Block, Closing, OfficialDocument, Style, Text
from webapp.papers.official.figures import (
    area_table,
    class_table,
    level_sentence,
    levels_of,
    points,
    ranking_appendix,
    signed,
)
from webapp.papers.official.office import Office
from webapp.papers.official.wording import Wording, ended
from webapp.papers.publication.edition import Edition
from webapp.papers.signed_paper import Cell, Column, Table, grouped
from webapp.par_index.exact import ZERO, round_half_up, vietnamese
from webapp.par_index.outcome import LevelResult, Part, SheetReturn

_WEAKEST = 5


def compose(
    edition: Edition, office: Office, wording: Wording, marks: Sequence[str], small_print: Sequence[str]
) -> OfficialDocument:
    """The report on this version, with the rankings behind it."""
    year, levels = edition.made_at.year, levels_of(edition)
    attached = office.attachment("Báo cáo", "BC", year)
    return OfficialDocument(
        letterhead=office.letterhead("BC", year),
        title="BÁO CÁO",
        subject=f"Kết quả xác định Chỉ số cải cách hành chính năm {edition.year}",
        blocks=[
            *_said(wording, "opening"),
            Text("I. TÌNH HÌNH TRIỂN KHAI", Style.HEADING),
            *_how_it_went(edition, levels),
            Text("II. KẾT QUẢ", Style.HEADING),
            *(block for place, level in enumerate(levels, 1) for block in _result(edition, place, level)),
            Text("III. TỒN TẠI, HẠN CHẾ VÀ NGUYÊN NHÂN", Style.HEADING),
            *_weaknesses(edition, levels),
            *_said(wording, "causes"),
            Text("IV. ĐỀ XUẤT, KIẾN NGHỊ", Style.HEADING),
            *_said(wording, "proposals"),
            Text(
                f"Trên đây là báo cáo kết quả xác định Chỉ số cải cách hành chính năm {edition.year} của"
                f" {ended(office.full_name, './.')}"
            ),
        ],
        closing=Closing(office.signature(wording.texts["signatory"]), None, wording.lines("recipients")),
        appendices=[ranking_appendix(edition, level, n, attached) for n, level in enumerate(levels, 1)],
        marks=marks,
        small_print=small_print,
    )


def _said(wording: Wording, code: str) -> list[Text]:
    return [Text(paragraph) for paragraph in wording.paragraphs(code)]


def _how_it_went(edition: Edition, levels: Sequence[LevelResult]) -> list[Block]:
    blocks: list[Block] = [Text("1. Tự chấm điểm và thẩm định", Style.HEADING)]
    blocks += [Text(_appraisal_sentence(edition, level)) for level in levels]
    blocks.append(Text("2. Điều tra xã hội học", Style.HEADING))
    for level in levels:
        if any(unit.returns for unit in level.units):
            blocks.append(_return_table(edition, level))
    return blocks


def _appraisal_sentence(edition: Edition, level: LevelResult) -> str:
    units = level_changes(level)
    changed = [part for unit in units for part in unit.changed]
    lowered = sum((part.points or ZERO) < (part.self_points or ZERO) for part in changed)
    own = sum((unit.self_points for unit in units), ZERO)
    fixed = sum((unit.appraised_points for unit in units), ZERO)
    return (
        f"{edition.level_names[level.level]}: {len(units)} đơn vị tự chấm"
        f" {grouped(sum(len(unit.scored) for unit in units))} điểm thành phần. Sau thẩm định,"
        f" {grouped(lowered)} điểm thành phần giảm, {grouped(len(changed) - lowered)} điểm thành phần tăng;"
        f" tổng điểm tự chấm {points(own)}, tổng điểm thẩm định {points(fixed)},"
        f" chênh lệch {signed(fixed - own)}."
        f" {grouped(sum(len(unit.set_aside) for unit in units))} điểm thành phần không áp dụng."
        f"{_refused_sentence(sum(len(unit.refused) for unit in units))}"
    )


def _refused_sentence(count: int) -> str:
    """Nothing where there is nothing to say; neither sum counts these."""
    if not count:
        return ""
    return f" {grouped(count)} điểm thành phần đơn vị ghi không áp dụng nhưng thẩm định có chấm."


def _return_table(edition: Edition, level: LevelResult) -> Table:
    """Sheets by form and group, over all units of the level."""
    sums: dict[tuple[str, str], list[SheetReturn]] = defaultdict(list)
    for unit in level.units:
        for one in unit.returns:
            sums[one.form, one.label].append(one)
    rows = [[form, label, *_return_cells(given)] for (form, label), given in sums.items()]
    all_given = [one for given in sums.values() for one in given]
    columns = [
        Column("Mẫu", 9), Column("Nhóm trả lời", 46), Column("Phải thu", 13, is_number=True),
        Column("Được tính", 13, is_number=True), Column("Loại", 11, is_number=True),
        Column("Tỷ lệ được tính (%)", 15, is_number=True),
    ]  # fmt: skip
    caption = f"Phiếu điều tra về {edition.level_names[level.level]}"
    return Table(caption, columns, rows, ["", "Cộng", *_return_cells(all_given)])


def _return_cells(given: Sequence[SheetReturn]) -> list[Cell]:
    due, counted = sum(one.due for one in given), sum(one.counted for one in given)
    share = points(round_half_up(Fraction(100 * counted, due))) if due else "–"
    return [due, counted, sum(one.set_aside for one in given), share]


def _result(edition: Edition, place: int, level: LevelResult) -> list[Block]:
    areas = area_table(edition, level)
    return [
        Text(f"{place}. {edition.level_names[level.level]}", Style.HEADING),
        Text(f"{level_sentence(edition, level)}."),
        class_table(level),
        Table("Kết quả theo lĩnh vực", areas.columns, areas.rows),
    ]


def _weaknesses(edition: Edition, levels: Sequence[LevelResult]) -> list[Block]:
    tables = [(level, _weakest(edition, level)) for level in levels]
    columns = [
        Column("Mã", 9), Column("Tiêu chí thành phần", 62), Column("Điểm tối đa", 12, is_number=True),
        Column("Đạt bình quân (%)", 16, is_number=True),
    ]  # fmt: skip
    return [
        Table(f"{edition.level_names[level.level]}: các tiêu chí thành phần đạt thấp nhất", columns, rows)
        for level, rows in tables
        if rows
    ]


def _weakest(edition: Edition, level: LevelResult) -> list[list[Cell]]:
    """The components with the lowest mean share of what applies."""
    shares = []
    for leaf in edition.scheme(level).scored:
        parts = [part for unit in level.units for part in unit.parts if part.component == leaf.code]
        counted = [share for part in parts if (share := _share(part)) is not None]
        if counted:
            shares.append((sum(counted, Fraction(0)) / len(counted), leaf))
    weakest = sorted(shares, key=lambda pair: pair[0])[:_WEAKEST]
    return [
        [leaf.code, leaf.title, points(leaf.maximum), vietnamese(round_half_up(100 * share), 2)]
        for share, leaf in weakest
    ]


def _share(part: Part) -> Fraction | None:
    if part.points is None or part.applicable == Decimal(0):
        return None
    return Fraction(part.points) / Fraction(part.applicable)
