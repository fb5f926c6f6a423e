"""Made-up evidence for the sample campaign: a short report that says on every page that it is one."""

from pathlib import Path
from random import Random

import typst

EVIDENCE_PAGES = 3
_FONTS = Path(__file__).parents[2] / "forms_templates" / "_fonts"
# Per page: title, three sentences, and the rows of its table with the range that the planned figure lies in.
_PAGES: tuple[tuple[str, str, tuple[tuple[str, int, int], ...]], ...] = (
    (
        "Chỉ đạo, điều hành cải cách hành chính",
        (
            "Ngay từ đầu năm, đơn vị đã ban hành kế hoạch cải cách hành chính, phân công rõ người phụ trách"
            " và thời hạn hoàn thành từng nhiệm vụ. "
            "Tiến độ được kiểm điểm tại cuộc họp giao ban hằng tháng; nhiệm vụ chậm đều có văn bản đôn đốc. "
            "Công tác tuyên truyền được lồng ghép trên hệ thống truyền thanh, trang thông tin điện tử và tại"
            " các hội nghị của đơn vị. "
        ),
        (
            ("Nhiệm vụ trong kế hoạch năm", 18, 30),
            ("Báo cáo định kỳ", 4, 6),
            ("Tin, bài tuyên truyền", 12, 40),
        ),
    ),
    (
        "Cải cách thủ tục hành chính",
        (
            "Toàn bộ thủ tục hành chính thuộc thẩm quyền được niêm yết công khai tại Bộ phận Tiếp nhận và Trả"
            " kết quả, kèm địa chỉ tiếp nhận phản ánh, kiến nghị. "
            "Hồ sơ được cập nhật vào sổ theo dõi điện tử ngay khi tiếp nhận và có phiếu hẹn trả kết quả. "
            "Những hồ sơ trả chậm đều có văn bản xin lỗi và hẹn lại thời gian trả kết quả. "
        ),
        (
            ("Hồ sơ tiếp nhận và giải quyết", 320, 900),
            ("Hồ sơ trực tuyến mức độ 3, 4", 40, 160),
            ("Phản ánh, kiến nghị được trả lời", 3, 15),
        ),
    ),
    (
        "Tổ chức bộ máy, tài chính và hiện đại hóa",
        (
            "Cán bộ, công chức được bố trí đúng vị trí việc làm và tham gia đầy đủ các lớp bồi dưỡng theo kế"
            " hoạch. "
            "Kinh phí được giao khoán công khai; quy chế chi tiêu nội bộ được rà soát, bổ sung trong quý I. "
            "Văn bản đi, đến được xử lý trên phần mềm quản lý văn bản và ký số theo quy định. "
        ),
        (
            ("Cán bộ, công chức được bồi dưỡng", 6, 24),
            ("Văn bản đi được ký số", 200, 700),
            ("Kiến nghị sau kiểm tra đã xử lý", 2, 9),
        ),
    ),
)
_LAYOUT = """#set page(paper: "a4", margin: 2.5cm, numbering: "1")
#set text(font: "Liberation Serif", size: 13pt, lang: "vi")
#set par(justify: true, leading: 0.8em)
"""


def evidence_pdf(unit_name: str, office_name: str, year: int) -> bytes:
    """A made-up report of three pages, the same bytes for the same unit and year."""
    dice = Random(f"{unit_name}/{year}/report")  # noqa: S311 - sample data, no secret
    pages = "\n#pagebreak()\n".join(_page(number, dice) for number in range(EVIDENCE_PAGES))
    return _set(_LAYOUT + pages, {"unit": unit_name, "office": office_name, "year": str(year)})


def made_up_notice_pdf(office_name: str, year: int) -> bytes:
    """What lies in the scan store in place of papers that never were."""
    source = f"""{_LAYOUT}#align(center)[*DỮ LIỆU MẪU – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ*]
#v(6mm)
#sys.inputs.office
#v(6mm)
Câu trả lời điều tra của năm #sys.inputs.year trong bản dùng thử này là số liệu dựng. Không có phiếu giấy,
nên cũng không có ảnh quét nào để xem.
"""
    return _set(source, {"office": office_name, "year": str(year)})


def _set(source: str, inputs: dict[str, str]) -> bytes:
    """A document as PDF."""
    pdf = typst.compile(  # type: ignore[misc]  # its stub ties the type of the source to that of the paths
        source.encode(), font_paths=[_FONTS], ignore_system_fonts=True, sys_inputs=inputs
    )
    return bytes(pdf)


def _page(number: int, dice: Random) -> str:
    """One page: the warning, whose report it is, three sentences and a table of made-up figures."""
    title, sentences, rows = _PAGES[number]
    cells = "\n".join(_row(label, dice.randint(least, most), dice) for label, least, most in rows)
    return f"""#align(center)[*DỮ LIỆU MẪU – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ*]
#v(6mm)
#sys.inputs.office \\
*#sys.inputs.unit*
#v(6mm)
#align(center, text(size: 15pt)[*Báo cáo cải cách hành chính năm #sys.inputs.year*])
#align(center)[*Phần {number + 1}. {title}*]
#v(4mm)
{sentences}
#v(4mm)
#table(columns: (1fr, auto, auto, auto), align: (left, right, right, right), inset: 7pt,
  [*Nội dung*], [*Kế hoạch*], [*Thực hiện*], [*Tỷ lệ*],
{cells})
#v(4mm)
_Số liệu trong bảng là số liệu dựng để xem thử._
"""


def _row(label: str, planned: int, dice: Random) -> str:
    """A row whose share follows from its two figures, in whole per cent, halves up."""
    done = planned - dice.randint(0, planned // 8)
    percent = (200 * done + planned) // (2 * planned)
    return f"  [{label}], [{planned}], [{done}], [{percent} %],"
