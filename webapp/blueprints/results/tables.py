"""Tables as files: UTF-8 with a byte order mark and semicolons, as spreadsheets here expect it."""

import csv
import io
from collections.abc import Iterable, Iterator

from flask import Response, make_response

from webapp.http.figures import format_points
from webapp.http.locale import _, language
from webapp.http.log import log_reading
from webapp.par_index.bands import RankBand
from webapp.services.result_pages import LevelTable

BYTE_ORDER_MARK = "\ufeff"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def send_table(table: LevelTable, year: int) -> Response:
    """The table of one level, to be saved."""
    log_reading("results_exported", f"results/{year}/{table.level}")
    return send_rows(table_rows(table), f"chi-so-{year}-{table.level}.csv")


def send_rows(rows: Iterable[list[str]], name: str) -> Response:
    """Rows of text as a file of this name."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    response = make_response((BYTE_ORDER_MARK + text.getvalue()).encode())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def table_rows(table: LevelTable) -> Iterator[list[str]]:
    """Header and one row a unit; a text that a spreadsheet would take for a formula stays a text."""
    yield [
        _("Hạng"), _("Mã"), _("Đơn vị"), _("Điểm thẩm định"), _("Điểm điều tra"), _("Tổng điểm"),
        _("Điểm tối đa áp dụng"), _("Chỉ số CCHC (%)"), _("Xếp loại"),
        *([_("Khoảng hạng từ"), _("Khoảng hạng đến"), _("Chỉ số biết đến ±")] if table.bands else []),
    ]  # fmt: skip
    for line in table.lines:
        numbers = [line.appraised_points, line.survey_points, line.total, line.applicable]
        yield [
            str(line.rank or ""),
            as_text(line.code),
            as_text(line.name),
            *(format_points(number, language()) for number in numbers),
            "" if line.index_percent is None else format_points(line.index_percent, language()),
            as_text(line.class_label),
            *(_band_cells(table.band_of(line.code)) if table.bands else []),
        ]


def _band_cells(band: RankBand | None) -> list[str]:
    if band is None:
        return ["", "", ""]
    return [str(band.best), str(band.worst), format_points(band.margin_percent, language())]


def as_text(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
