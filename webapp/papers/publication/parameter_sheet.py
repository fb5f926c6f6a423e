"""“Tham số”: everything that the formulas use and that the scheme lays down."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from openpyxl import Workbook

from webapp.papers.publication.edition import Edition
from webapp.papers.publication.grid import Grid, Heading
from webapp.par_index.scheme import Scheme
from webapp.par_index.shapes import SurveyRule

MOST_OPTIONS: Final = 6
_HEADINGS: Final = (
    Heading("Loại tham số", 20), Heading("Cấp", 12), Heading("Mã", 12), Heading("Nội dung", 60),
    *(Heading(f"Giá trị {n}", 10) for n in range(1, MOST_OPTIONS + 1)),
)  # fmt: skip
_NOTE: Final = (
    "Điểm tối đa của tiêu chí; trọng số của nhóm trả lời trong tiêu chí; trọng số của từng phương án "
    "(giá trị 1 là phương án 1); ngưỡng xếp loại. Điểm điều tra = tối đa × Σ trọng số nhóm × trung bình "
    "các câu; chỉ số = tổng điểm ÷ điểm tối đa áp dụng × 100, làm tròn nửa lên đến hai số lẻ."
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Where each parameter stands, as formulas call it."""

    maxima: Mapping[tuple[str, str], str]  # (level, component) → cell
    pool_weights: Mapping[tuple[str, str, str], str]  # (level, component, pool) → cell
    options: Mapping[tuple[str, str], str]  # (level, question) → row of weights, option by option
    classes: Mapping[str, str]  # level → thresholds and labels, lowest first


def add_parameters(book: Workbook, edition: Edition) -> Parameters:
    """Write the worksheet; where everything stands."""
    grid = Grid(book.create_sheet("Tham số"), "Tham số và công thức", _NOTE, _HEADINGS, edition.status)
    maxima: dict[tuple[str, str], str] = {}
    weights: dict[tuple[str, str, str], str] = {}
    options: dict[tuple[str, str], str] = {}
    classes: dict[str, str] = {}
    for level in edition.result.levels:
        scheme, name = edition.scheme(level), edition.level_names[level.level]
        _add_components(grid, scheme, name, maxima, weights)
        for question in scheme.questions:
            shares = [option.weight for option in question.options]
            row = grid.add(["Phương án", name, question.code, question.text, *shares])
            last = chr(ord("E") + len(shares) - 1)
            options[level.level, question.code] = f"'{grid.name}'!$E${row}:${last}${row}"
        lowest_first = sorted(scheme.classes, key=lambda c: c.minimum)
        rows = [grid.add(["Xếp loại từ", name, "", "", c.minimum, c.label]) for c in lowest_first]
        classes[level.level] = f"'{grid.name}'!$E${rows[0]}:$F${rows[-1]}"
    return Parameters(maxima, weights, options, classes)


def _add_components(
    grid: Grid,
    scheme: Scheme,
    name: str,
    maxima: dict[tuple[str, str], str],
    weights: dict[tuple[str, str, str], str],
) -> None:
    labels = {pool.code: pool.label for pool in scheme.pools}
    for leaf in scheme.scored:
        row = grid.add(["Điểm tối đa", name, leaf.code, leaf.title, leaf.maximum])
        maxima[scheme.level, leaf.code] = grid.at("E", row)
        if isinstance(leaf.rule, SurveyRule):
            for weight in leaf.rule.weights:
                said = f"{weight.pool}: {labels.get(weight.pool, '')}"
                row = grid.add(["Trọng số nhóm", name, leaf.code, said, Fraction(weight.weight)])
                weights[scheme.level, leaf.code, weight.pool] = grid.at("E", row)
