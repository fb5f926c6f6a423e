"""“Phân bố trả lời”, “Điểm điều tra” and “Chi tiết tiêu chí”: from counts of answers to points, live."""

from collections.abc import Mapping
from typing import Final

from openpyxl.worksheet.worksheet import Worksheet

from webapp.papers.publication.edition import Edition
from webapp.papers.publication.grid import FOUR_PLACES, Grid, Heading, Live, Value
from webapp.papers.publication.parameter_sheet import MOST_OPTIONS, Parameters
from webapp.par_index.outcome import LevelResult, Origin, Part, UnitIndex
from webapp.par_index.survey import PoolMean, QuestionMean

_ANSWERS: Final = (
    Heading("Mã đơn vị", 10), Heading("Đơn vị", 26), Heading("Nhóm", 8), Heading("Câu hỏi", 10),
    Heading("Nội dung", 44), *(Heading(f"Phương án {n}", 9) for n in range(1, MOST_OPTIONS + 1)),
    Heading("Trống, không hợp lệ", 10), Heading("Hợp lệ", 9), Heading("Trung bình (0–1)", 11),
)  # fmt: skip
_SURVEY: Final = (
    Heading("Mã đơn vị", 10), Heading("Đơn vị", 30), Heading("Tiêu chí", 10), Heading("Nhóm", 10),
    Heading("Trọng số", 10), Heading("Trung bình nhóm (0–1)", 14),
)  # fmt: skip
_DETAIL: Final = (
    Heading("Mã đơn vị", 10), Heading("Đơn vị", 24), Heading("Tiêu chí", 9), Heading("Nội dung", 46),
    Heading("Nguồn điểm", 11), Heading("Tự chấm", 9), Heading("Thẩm định", 10), Heading("Không áp dụng", 10),
    Heading("Điểm tính", 9), Heading("Tối đa áp dụng", 9), Heading("Lý do", 46),
)  # fmt: skip
_HIDDEN: Final = "Ẩn phân bố vì có nhóm dưới mức tối thiểu người trả lời; điểm là số đã chốt."
_FULL, _EXCLUDED = "tính đủ", "bỏ ra"

Means = dict[tuple[str, str, str], str]  # (unit, pool, question) → cell of its mean
SurveyPlaces = dict[tuple[str, str], tuple[Grid, int, int]]  # (unit, component) → its pools' rows


def add_survey(
    answers: Worksheet, survey: Worksheet, edition: Edition, parameters: Parameters
) -> SurveyPlaces:
    """Counts of answers with their means, and the pools' means of every survey component."""
    shown = "Số câu trả lời theo phương án; trung bình = Σ số phiếu × trọng số phương án ÷ số câu hợp lệ."
    counts = Grid(answers, "Phân bố trả lời", shown, _ANSWERS, edition.status)
    pooled = "Trung bình các câu của mỗi nhóm; nhóm không có câu trả lời chia trọng số cho các nhóm còn lại."
    pools = Grid(survey, "Điểm điều tra theo nhóm", pooled, _SURVEY, edition.status)
    places: SurveyPlaces = {}
    for level in edition.result.levels:
        for unit in level.units:
            means = _add_answers(counts, edition, level, unit, parameters)
            shown_parts = [part for part in unit.parts if part.pools and _is_shown(unit, part, means)]
            for part in shown_parts:
                weights = [
                    parameters.pool_weights[unit.level, part.component, pool.pool] for pool in part.pools
                ]
                rows = [
                    _add_pool(pools, (unit, part), pool, weight, means)
                    for pool, weight in zip(part.pools, weights, strict=True)
                ]
                places[unit.code, part.component] = (pools, rows[0], rows[-1])
    return places


def _is_shown(unit: UnitIndex, part: Part, means: Means) -> bool:
    """Whether all answers behind a part stand in the workbook: a hidden question hides all that it feeds."""
    return all((unit.code, pool.pool, q.question) in means for pool in part.pools for q in pool.questions)


def _add_answers(
    grid: Grid, edition: Edition, level: LevelResult, unit: UnitIndex, parameters: Parameters
) -> Means:
    """Every pool's answers to every question once, however many components it feeds."""
    hidden = edition.hidden_of(level, unit)
    means: Means = {}
    options = {q.code: [o.code for o in q.options] for q in edition.scheme(level).questions}
    for part in unit.parts:
        for pool in part.pools:
            for question in pool.questions:
                key = (unit.code, pool.pool, question.question)
                if key not in means and (pool.pool, question.question) not in hidden:
                    weights = parameters.options[level.level, question.question]
                    means[key] = _add_question(
                        grid, unit, pool, (question, weights), options[question.question]
                    )
    return means


def _add_question(
    grid: Grid, unit: UnitIndex, pool: PoolMean, asked: tuple[QuestionMean, str], options: list[str]
) -> str:
    """A row of counts; `asked` is the question with the range of its options' weights."""
    question, weights = asked
    counts = {count.option: count.count for count in question.counts}
    numbers: list[Value] = [counts.get(option, 0) for option in options]
    row = grid.row + 1
    last = chr(ord("F") + len(numbers) - 1)
    own = f"F{row}:{last}{row}"
    mean = Live(f'IF(M{row}=0,"",SUMPRODUCT({own},{weights})/M{row})', FOUR_PLACES)
    blank: list[Value] = [None] * (MOST_OPTIONS - len(numbers))
    grid.add(
        [
            unit.code, unit.name, pool.pool, question.question, question.text, *numbers, *blank,
            question.blank + question.invalid, Live(f"SUM({own})", "#,##0"), mean,
        ]
    )  # fmt: skip
    return grid.at("N", row)


def _add_pool(grid: Grid, owner: tuple[UnitIndex, Part], pool: PoolMean, weight: str, means: Means) -> int:
    unit, part = owner
    cells = [
        cell
        for question in pool.questions
        if (cell := means.get((unit.code, pool.pool, question.question))) is not None
    ]
    mean = Live(f'IFERROR(AVERAGE({",".join(cells)}),"")', FOUR_PLACES)
    return grid.add([unit.code, unit.name, part.component, pool.pool, Live(weight, "0.####"), mean])


def add_detail(
    sheet: Worksheet, edition: Edition, parameters: Parameters, survey: SurveyPlaces
) -> dict[str, tuple[Grid, int, int]]:
    """Every component of every unit; where the rows of each unit stand."""
    note = (
        "Điểm tính: điểm thẩm định, hoặc điểm điều tra tính từ “Điểm điều tra”; "
        "“không áp dụng” theo chính sách của tiêu chí."
    )
    grid = Grid(sheet, "Chi tiết tiêu chí", note, _DETAIL, edition.status)
    places = {}
    for level in edition.result.levels:
        for unit in level.units:
            rows = [_add_part(grid, unit, part, parameters, survey) for part in unit.parts]
            places[unit.code] = (grid, rows[0], rows[-1])
    return places


def _add_part(
    grid: Grid, unit: UnitIndex, part: Part, parameters: Parameters, survey: Mapping[tuple[str, str], object]
) -> int:
    row = grid.row + 1
    maximum = parameters.maxima[unit.level, part.component]
    is_survey = part.origin == Origin.SURVEY or bool(part.pools)
    aside = {Origin.FULL: _FULL, Origin.EXCLUDED: _EXCLUDED}.get(Origin(part.origin), "")
    appraised = part.points if part.origin == Origin.APPRAISED else None
    reason, points = part.reason, _appraised_points(row, maximum)
    if is_survey:
        place = survey.get((unit.code, part.component))
        points = part.points if place is None else _survey_points(maximum, place)
        reason = _HIDDEN if place is None and part.points is not None else ""
    return grid.add(
        [
            unit.code, unit.name, part.component, part.title, "điều tra" if is_survey else "thẩm định",
            part.self_points, appraised, aside, points,
            Live(f'IF(H{row}="{_EXCLUDED}",0,{maximum})'), reason,
        ]
    )  # fmt: skip


def _appraised_points(row: int, maximum: str) -> Value:
    known = f'IF(ISNUMBER(G{row}),G{row},"")'
    return Live(f'IF(H{row}="{_FULL}",{maximum},IF(H{row}="{_EXCLUDED}",0,{known}))')


def _survey_points(maximum: str, place: object) -> Value:
    assert isinstance(place, tuple)  # noqa: S101 - for the types
    grid, first, last = place
    weights, means = grid.at("E", first, last), grid.at("F", first, last)
    answering = f'SUMIF({means},">=0",{weights})'
    exact = f"{maximum}*SUMPRODUCT({weights},{means})/{answering}"
    return Live(f'IF(COUNT({means})=0,"",ROUND(ROUND({exact},9),2))')
