"""The worksheets without formulas: cover, what came back, what was set aside, the log."""

from typing import Final

from openpyxl import Workbook

from webapp.papers.publication.edition import Edition
from webapp.papers.publication.grid import Grid, Heading
from webapp.par_index.exact import vietnamese

_RETURNS: Final = (
    Heading("Mã", 10), Heading("Đơn vị", 34), Heading("Mẫu phiếu", 11), Heading("Nhóm trả lời", 48),
    Heading("Phải có", 10), Heading("Được tính", 10), Heading("Không tính", 10), Heading("Chưa về", 10),
)  # fmt: skip
_SET_ASIDE: Final = (
    Heading("Mã", 10), Heading("Đơn vị", 34), Heading("Mẫu phiếu", 11), Heading("Nhóm trả lời", 48),
    Heading("Số phiếu", 10), Heading("Lý do", 44),
)  # fmt: skip
_LOG: Final = (Heading("Lúc", 20), Heading("Người", 20), Heading("Việc", 28), Heading("Đối tượng", 28))


def add_cover(book: Workbook, edition: Edition) -> None:
    """Which version this is, and how to check it."""
    title = f"Chỉ số cải cách hành chính năm {edition.year}"
    headings = (Heading("Mục", 28), Heading("Nội dung", 90))
    grid = Grid(book.create_sheet("Bìa"), title, edition.office, headings, edition.status)
    rows = [
        ("Bản số", str(edition.number)),
        ("Tính lúc", f"{edition.made_at:%d/%m/%Y %H:%M}"),
        ("Mã kiểm tra số liệu (SHA-256)", edition.sha256),
        ("Mã kiểm tra kết quả (SHA-256)", edition.result_sha256),
        (
            "Tính lại",
            "python -m webapp.par_index.compute <tệp số liệu>; hoặc các công thức của bảng tính này",
        ),
        ("Làm tròn", "Nửa lên, hai số lẻ; xếp hạng trên chỉ số đã làm tròn, bằng nhau thì cùng hạng"),
    ]
    for level in edition.result.levels:
        scheme = edition.scheme(level)
        said = f"{scheme.title}, bản {scheme.version}: {len(level.units)} đơn vị"
        rows.append((edition.level_names[level.level], f"{said}. {scheme.status}"))
    if edition.status:
        rows.insert(0, ("Lưu ý", edition.status))
    if not edition.shows_small_cells:
        rows.append(
            ("Số liệu ẩn", "Phân bố trả lời có nhóm dưới mức tối thiểu người trả lời không có trong bản này")
        )
    for row in rows:
        grid.add(row)


def add_returns(book: Workbook, edition: Edition) -> None:
    """Sheets by unit and group: due, counted, set aside, not back."""
    note = "Phiếu theo đơn vị được đánh giá và nhóm trả lời."
    grid = Grid(book.create_sheet("Thu hồi phiếu"), "Thu hồi phiếu theo nhóm", note, _RETURNS, edition.status)
    for level in edition.result.levels:
        for unit in level.units:
            for back in unit.returns:
                missing = max(0, back.due - back.counted - back.set_aside)
                numbers = [back.due, back.counted, back.set_aside, missing]
                grid.add([unit.code, unit.name, back.form, back.label, *numbers])


def add_set_aside(book: Workbook, edition: Edition) -> None:
    """Sheets that came back and do not count, with the reason."""
    grid = Grid(book.create_sheet("Phiếu loại"), "Phiếu không được tính", "", _SET_ASIDE, edition.status)
    for level in edition.result.levels:
        share = vietnamese(edition.scheme(level).least_answered * 100)
        for unit in level.units:
            for back in unit.returns:
                if back.set_aside:
                    reason = f"Trả lời dưới {share}% số câu tính điểm"
                    grid.add([unit.code, unit.name, back.form, back.label, back.set_aside, reason])


def add_log(book: Workbook, edition: Edition) -> None:
    """Who computed, fixed and published."""
    grid = Grid(book.create_sheet("Nhật ký"), "Nhật ký tính và công bố", "", _LOG, edition.status)
    for act in edition.log:
        grid.add([act.at, act.actor, act.act, act.subject])
