"""The index as a workbook whose formulas compute it again: answers → survey points → sums → rank.

What is yellow is computed by the workbook; beside the ranking stand the kept figures and whether both agree.
Spreadsheets count in binary: before a half is rounded up, noise beyond the ninth decimal is taken away.
"""

import io
import re
from typing import Final

from openpyxl import Workbook

from webapp.papers.publication.detail_sheets import add_detail, add_survey
from webapp.papers.publication.edition import Edition
from webapp.papers.publication.fact_sheets import add_cover, add_log, add_returns, add_set_aside
from webapp.papers.publication.grid import FOUR_PLACES, WHOLE, Grid, Heading, Live, Value
from webapp.papers.publication.parameter_sheet import add_parameters
from webapp.par_index.bands import RankBand
from webapp.par_index.outcome import LevelResult, UnitIndex

_RANKING: Final = (
    Heading("Hạng tính lại", 9), Heading("Mã", 9), Heading("Đơn vị", 34), Heading("Điểm thẩm định", 11),
    Heading("Điểm điều tra", 11), Heading("Tổng điểm", 11), Heading("Điểm tối đa áp dụng", 11),
    Heading("Chỉ số (%)", 11), Heading("Xếp loại", 14), Heading("Hạng đã chốt", 9),
    Heading("Chỉ số đã chốt", 11), Heading("Đối chiếu", 11), Heading("Khoảng hạng", 10),
    Heading("Chỉ số biết đến ±", 10),
)  # fmt: skip
_NOTE: Final = (
    "Ô vàng là công thức: sửa điểm ở “Chi tiết tiêu chí”, câu trả lời ở “Phân bố trả lời”, "
    "trọng số ở “Tham số” thì chỉ số và hạng tính lại ngay. Hai đơn vị bằng chỉ số thì cùng hạng. "
    "Khoảng hạng là ước lượng thống kê của bản đã chốt, không tính lại ở đây."
)

_LONGEST_NAME = 30  # of a sheet; Excel's limit is 31, and of two that begin alike the second gets a figure


def write_workbook(edition: Edition) -> bytes:
    """The whole workbook as bytes."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = f"Chỉ số cải cách hành chính năm {edition.year}"
    book.properties.creator = edition.office
    add_cover(book, edition)
    places = {level.level: book.create_sheet(_sheet_name(edition, level)) for level in edition.result.levels}
    detail_sheet = book.create_sheet("Chi tiết tiêu chí")
    answers_sheet = book.create_sheet("Phân bố trả lời")
    survey_sheet = book.create_sheet("Điểm điều tra")
    add_returns(book, edition)
    add_set_aside(book, edition)
    parameters = add_parameters(book, edition)
    survey = add_survey(answers_sheet, survey_sheet, edition, parameters)
    detail = add_detail(detail_sheet, edition, parameters, survey)
    for level in edition.result.levels:
        title = f"Xếp hạng {edition.level_names[level.level]} năm {edition.year}"
        grid = Grid(places[level.level], title, _NOTE, _RANKING, foot(edition))
        _fill_ranking(grid, edition, level, parameters.classes[level.level], detail)
    add_log(book, edition)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def foot(edition: Edition) -> str:
    """What stands under every page."""
    said = f"{edition.office} · bản số {edition.number} · {edition.sha256[:12]}"
    return f"{edition.status} · {said}" if edition.status else said


def _sheet_name(edition: Edition, level: LevelResult) -> str:
    name = f"Xếp hạng {edition.level_names[level.level]}"
    return re.sub(r"[\[\]:*?/\\']", " ", name)[:_LONGEST_NAME]


def _fill_ranking(
    grid: Grid, edition: Edition, level: LevelResult, classes: str, detail: dict[str, tuple[Grid, int, int]]
) -> None:
    first, last = grid.row + 1, grid.row + len(level.units)
    for unit in level.units:
        row = _ranking_row(grid.row + 1, (first, last), unit, classes, detail)
        grid.add([*row, *_band_cells(edition.bands.get(unit.code))])
    if level.mean_percent is not None:
        mean = Live(f"ROUND(ROUND(AVERAGE(H{first}:H{last}),9),2)")
        same = _agrees(f"H{last + 1}", f"K{last + 1}")
        blank: list[Value] = ["", "", "Trung bình các đơn vị", "", "", "", ""]
        grid.add([*blank, mean, "", "", level.mean_percent, same], bold=True)


def _ranking_row(
    row: int,
    all_rows: tuple[int, int],
    unit: UnitIndex,
    classes: str,
    detail: dict[str, tuple[Grid, int, int]],
) -> list[Value]:
    grid, start, end = detail[unit.code]
    kinds, points = grid.at("E", start, end), grid.at("I", start, end)
    whole = f"COUNT({points})={end - start + 1}"
    share = f"ROUND(ROUND(100*F{row}/G{row},9),2)"
    index_range = f"$H${all_rows[0]}:$H${all_rows[1]}"
    return [
        Live(f'IF(ISNUMBER(H{row}),RANK(H{row},{index_range},0),"")', WHOLE),
        unit.code,
        unit.name,
        Live(f'SUMIF({kinds},"thẩm định",{points})'),
        Live(f'SUMIF({kinds},"điều tra",{points})'),
        Live(f"D{row}+E{row}"),
        Live(f"SUM({grid.at('J', start, end)})"),
        Live(f'IF(AND({whole},G{row}>0),{share},"")'),
        Live(f'IF(ISNUMBER(H{row}),VLOOKUP(H{row},{classes},2,TRUE),"")', "@"),
        unit.rank,
        unit.index_percent,
        _agrees(f"H{row}", f"K{row}"),
    ]


def _band_cells(band: RankBand | None) -> list[Value]:
    if band is None:
        return ["", ""]
    ranks = str(band.best) if band.is_certain else f"{band.best}–{band.worst}"
    return [ranks, band.margin_percent]


def _agrees(computed: str, kept: str) -> Live:
    """Both empty, or less than half a unit of the last digit apart."""
    return Live(f'IF(ABS(N({computed})-N({kept}))<0.005,"khớp","LỆCH")', FOUR_PLACES)
